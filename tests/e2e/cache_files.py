"""The objects of the cache on disk, read by their documented format (src/content/cache_header.h) and
not by bootd."""

import os
import re
import struct

HEADER_SIZE = 4096
OBJECT_NAME = r"[0-9a-f]{16}\.object"
DRAFT_NAME = r"[0-9a-f]{16}\.draft"


def fnv_1a(data):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


class Object:
    """One object: url, etag, body. ValueError: the file is none."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        header, self.body = data[:HEADER_SIZE], data[HEADER_SIZE:]
        if len(header) < HEADER_SIZE:
            raise ValueError(f"{path} has only {len(header)} octets")
        magic, version, size = struct.unpack(">8sIQ", header[:20])
        checksum, = struct.unpack(">Q", header[-8:])
        texts = header[20:-8].split(b"\0", 3)
        if magic != b"bootdobj" or version != 1 or checksum != fnv_1a(header[:-8]):
            raise ValueError(f"{path} has no header of an object")
        self.url, self.etag, self.modified = (text.decode() for text in texts[:3])
        if size != len(self.body):
            raise ValueError(f"{path} has {len(self.body)} octets of {size}")
        if os.path.basename(path) != f"{fnv_1a(self.url.encode()):016x}.object":
            raise ValueError(f"{path} is not the place of {self.url}")


def names(folder, pattern):
    """The names in a folder that match."""
    return sorted(name for name in os.listdir(folder) if re.fullmatch(pattern, name))


def objects(folder):
    """All objects in a folder; ValueError: one of them is none."""
    return [Object(os.path.join(folder, name)) for name in names(folder, OBJECT_NAME)]
