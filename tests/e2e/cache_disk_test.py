#!/usr/bin/env python3
"""A disk that is full stops the keeping of files, not their serving."""

import os
import random

from harness import EndToEndTest, main
from network import Folder, one_server_one_client
from tftp import ERROR, RawTftp
from upstream import Upstream

BLOCK = (("blksize", 1428),)
MIB = 1 << 20
# A disk of this size, which only bootd sees, in place of the cache's folder.
DISK = 3 * MIB
MOUNT = f'mount -t tmpfs -o mode=777,size={DISK} none "$0" && exec "$@"'


class FullDisk(EndToEndTest):
    """A cache that may be larger than its disk."""

    programs = ("unshare",)

    @classmethod
    def make_network(cls):
        network = one_server_one_client()
        network.add_address("cli", "c0", "10.77.0.2/24")
        return network

    def setUp(self):
        self.upstream = Upstream(self.network)
        self.addCleanup(self.upstream.close)
        folder = Folder("disk")
        self.addCleanup(folder.close)
        self.cache = folder.path
        self.files = {}

    def put(self, name, size):
        """A file of random bytes."""
        self.files[name] = self.upstream.put(name, random.randbytes(size))

    def start(self, **cache):
        """A bootd with the small disk."""
        return self.bootd(
            {"tftp": {"root": self.upstream.root},
             "cache": {"directory": self.cache, "revalidate_after": "86400", **cache}},
            arguments=("-t",), before=("unshare", "--mount", "sh", "-c", MOUNT, self.cache))

    def check(self, *names):
        """Each comes whole and right."""
        for name in names:
            with self.subTest(name), RawTftp(self.network) as client:
                self.assertTrue(client.read(name, BLOCK)[0] == self.files[name])

    def ending(self, name):
        """How a transfer ends that is not to be whole: its last packet."""
        with RawTftp(self.network) as client:
            with self.assertRaises(AssertionError) as caught:
                client.read(name, BLOCK)
        return str(caught.exception)

    def on_disk(self, bootd):
        """The names of the disk that only bootd sees."""
        return os.listdir(f"/proc/{bootd.pid}/root{self.cache}")

    def test_the_oldest_files_go(self):
        for number in range(4):
            self.put(f"file{number}", MIB)
        bootd = self.start()
        self.check(*self.files)
        self.assertEqual(len(self.on_disk(bootd)), 2)
        self.check("file3", "file2")
        self.assertEqual(len(self.upstream.requests()), 4)
        self.check("file0")
        self.assertEqual(len(self.upstream.requests()), 5)
        self.assertEqual(bootd.lines("not kept"), [])

    def test_what_has_no_room_is_served_from_memory(self):
        self.put("large", 5 * MIB)
        self.put("small", MIB)
        bootd = self.start()
        for _ in range(2):
            self.check("large")
        self.assertEqual(len(self.upstream.requests("large")), 2)
        bootd.wait_for("large.*not kept.*No space left on device")
        self.check("small")
        self.check("small")
        self.assertEqual(len(self.upstream.requests("small")), 1)
        self.assertEqual(len(self.on_disk(bootd)), 1)

    def test_without_memory_large_files_are_errors_and_others_are_served(self):
        self.put("large", 5 * MIB)
        self.upstream.put("unknown", random.randbytes(5 * MIB), framing="chunked")
        self.put("small", MIB)
        bootd = self.start(memory="0")
        for name in ("large", "unknown"):
            self.assertIn(f"kind {ERROR}", self.ending(name))
        self.check("small")
        self.assertEqual(len(self.on_disk(bootd)), 1)


if __name__ == "__main__":
    main()
