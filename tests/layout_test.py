#!/usr/bin/env python3
"""Holds the table of docs/architecture.md: which kind of file may include what, and, in a plain
build, that what decides or decodes calls nothing that touches the outside. And holds the manual's list
of events to the table of them.

Usage: layout_test.py SOURCE_ROOT OBJECT_FOLDER
"""

import pathlib
import re
import subprocess
import sys
import unittest

SOURCE_ROOT = OBJECT_FOLDER = None

# Headers of the C library that touch nothing outside the program.
PURE_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "stdarg.h", "stdbool.h",
    "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
}

SERVICE_ROOMS = ("boot/", "lease/", "content/", "authority/", "io/", "activity/",
                 "config/config.h", "config/host.h", "config/subnet.h")
IO_LIBRARIES = ("uv.h", "libmnl/", "seccomp.h", "cap-ng.h")
OTHER_LIBRARIES = ("curl/", "gnutls/", "microhttpd.h", "sqlite3.h", "libpq-fe.h", "jansson.h")

# Files that are tables or turn bytes and text into each other.
PURE_FILES = "|".join((
    r".*_options\.[ch]",
    r".*_wire\.[ch]",
    r"boot/architecture\.[ch]",
    r"content/cache_header\.[ch]",
    r"content/filter_names\.[ch]",
    r"content/path\.[ch]",
    r"content/refusal\.h",
    r"content/remote_answer\.[ch]",
    r"content/remote_head\.[ch]",
    r"content/remote_url\.[ch]",
    r"dhcp/option_text\.[ch]",
    r"http/http_date\.[ch]",
    r"http/http_target\.[ch]",
    r"http/media_type\.[ch]",
    r"http/range\.[ch]",
))

# Files that decide, and what they are made of.
DECIDING_FILES = "|".join((
    r".*_engine\.[ch]",
    r"boot/.*",
    r"config/(host|subnet)\.[ch]",
    r"content/filter\.[ch]",
    r"dhcp/dhcp_client\.[ch]",
    r"dhcp/dhcp_reply\.[ch]",
    r"lease/lease\.h",
    r"lease/lease_heap\.[ch]",
    r"lease/lease_index\.[ch]",
    r"lease/lease_ranges\.[ch]",
    r"lease/lease_table\.[ch]",
    r"tftp/tftp_caps\.[ch]",
))

# The tables that the configuration's keys and values refer to.
CONFIG_TABLES = (
    "boot/architecture.h",
    "content/filter_names.h",
    "content/remote_url.h",
    "dhcp/iana_options.h",
    "dhcp/option_text.h",
    "tftp/tftp_options.h",
)

# The kinds of files, the first that matches: a name, which files, which of the project's own
# headers they may include beside base/ and their own room's, and which libraries. "OWN" stands for
# the file's own room. A kind whose files are pure may include of the C library only PURE_HEADERS.
KINDS = [
    ("the start", r"(main|bootd(_\w+)?)\.[ch]", ("",), (), False),
    ("base", r"base/.*", (), (), False),
    ("wire, path and tables", PURE_FILES, ("OWN_PURE",), (), True),
    ("the table of sessions, behind its lock", r"boot/session\.c",
     ("boot/",), ("pthread.h",), True),
    ("engines and what they are made of", DECIDING_FILES,
     ("OWN_PURE", "boot/", "config/config.h", "config/host.h", "config/subnet.h",
      "lease/lease.h"), (), True),
    ("config", r"config/.*", ("OWN",) + CONFIG_TABLES, (), False),
    ("io", r"io/.*", ("OWN",), IO_LIBRARIES, False),
    ("stores and content", r"lease/.*|content/.*|authority/.*", ("OWN", "io/"),
     OTHER_LIBRARIES, False),
    ("activity", r"activity/.*", ("OWN", "io/", "config/config.h"), (), False),
    ("the command line that opens a file", r"cli/(explain_file|fetch)\.[ch]",
     ("OWN", "config/", "content/", "io/loop.h", "boot/architecture.h"), (), False),
    ("the command line that asks the daemon", r"cli/leases\.[ch]",
     ("OWN", "config/", "control/control_json.h", "io/local.h"), (), False),
    ("the command line", r"cli/.*", ("OWN", "config/"), (), False),
    ("services", r"dhcp/.*|tftp/.*|http/.*|ndp/.*|control/.*", ("OWN",) + SERVICE_ROOMS,
     OTHER_LIBRARIES, False),
]

# What decoding and deciding may call: memory, text, and each other.
HARMLESS_CALLS = re.compile(
    r"mem(cpy|cmp|chr|set|move)|str(n?len|n?cmp|n?casecmp|r?chr|c?spn|str)|__stack_chk_fail"
    r"|__assert_fail|__\w+_chk|_GLOBAL_OFFSET_TABLE_|__ctype_\w+|to(upper|lower)")
# They decide, but search lists by the C library or own memory.
NM_EXCEPTIONS = "|".join((
    r"boot/access\.c",
    r"boot/attempt\.c",
    r"boot/session\.c",
    r"config/host\.c",
    r"lease/lease_heap\.c",
    r"lease/lease_index\.c",
    r"lease/lease_ranges\.c",
    r"lease/lease_table\.c",
))
NM_HELPERS = ("base/addr.c", "base/bytes.c", "base/ip.c", "base/text.c")


def kind_of(path):
    for kind in KINDS:
        if re.fullmatch(kind[1], path):
            return kind
    return None


def source_files():
    root = SOURCE_ROOT / "src"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.[ch]"))


def includes_of(path):
    text = (SOURCE_ROOT / "src" / path).read_text()
    return re.findall(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', text, re.MULTILINE)


def may_include_own(path, kind, header):
    """Whether a file may include a header of the project."""
    room = path.split("/")[0] + "/" if "/" in path else ""
    if header.startswith("base/"):
        return True
    for allowed in kind[2]:
        if allowed == "OWN":
            allowed = room
        if allowed == "OWN_PURE":
            if header.startswith(room) and kind_of(header) is not None and kind_of(header)[4]:
                return True
        elif header.startswith(allowed):
            return True
    return False


def may_include_system(kind, header):
    if kind[0] == "the start":
        return True
    if any(header.startswith(name) for name in kind[3]):
        return True
    if any(header.startswith(name) for name in IO_LIBRARIES + OTHER_LIBRARIES):
        return False
    return not kind[4] or header in PURE_HEADERS


def complaint(path):
    """What is wrong with the file's includes: a list of sentences."""
    kind = kind_of(path)
    if kind is None:
        return [f"{path}: its room is in no row of the table"]
    found = []
    for bracket, header in includes_of(path):
        if bracket == '"' and not may_include_own(path, kind, header):
            found.append(f"{path} ({kind[0]}) includes {header}")
        if bracket == "<" and not may_include_system(kind, header):
            found.append(f"{path} ({kind[0]}) includes <{header}>")
        if "_service" in path and header.endswith("_service.h") and \
                header.split("/")[0] != path.split("/")[0]:
            found.append(f"{path} includes another service, {header}")
    return found


def object_of(path):
    return OBJECT_FOLDER / ("src_" + path.replace("/", "_") + ".o")


def symbols(path, *options):
    output = subprocess.run(["nm", *options, object_of(path)], check=True, capture_output=True,
                            text=True).stdout
    return {line.split()[-1] for line in output.splitlines() if line.strip()}


class Layout(unittest.TestCase):
    def test_every_file_includes_only_what_its_kind_may(self):
        found = [sentence for path in source_files() for sentence in complaint(path)]
        self.assertEqual(found, [], "\n".join([""] + found))

    def test_the_table_refuses_what_it_should(self):
        engine = kind_of("dhcp/dhcp_engine.c")
        self.assertFalse(may_include_own("dhcp/dhcp_engine.c", engine, "io/udp.h"))
        self.assertFalse(may_include_own("dhcp/dhcp_engine.c", engine, "dhcp/dhcp_service.h"))
        self.assertFalse(may_include_system(engine, "sys/socket.h"))
        self.assertFalse(may_include_system(kind_of("dhcp/dhcp_service.c"), "uv.h"))
        self.assertTrue(may_include_own("dhcp/dhcp_engine.c", engine, "dhcp/dhcp_wire.h"))

    def test_wire_and_engine_objects_touch_nothing_outside(self):
        pure = [path for path in source_files() if path.endswith(".c")
                and re.fullmatch(f"{PURE_FILES}|{DECIDING_FILES}", path)
                and not re.fullmatch(NM_EXCEPTIONS, path)]
        self.assertGreater(len(pure), 5)
        known = set()
        for path in pure + list(NM_HELPERS):
            known |= symbols(path, "--defined-only")
        found = [f"{path} calls {symbol}" for path in pure
                 for symbol in sorted(symbols(path, "--undefined-only"))
                 if symbol not in known and not HARMLESS_CALLS.fullmatch(symbol)]
        self.assertEqual(found, [], "\n".join([""] + found))


class Manual(unittest.TestCase):
    def test_every_event_is_in_the_manual_and_no_other(self):
        table = (SOURCE_ROOT / "src/activity/event_text.c").read_text()
        manual = (SOURCE_ROOT / "man/bootd.8.scd").read_text()
        log = re.search(r"^# LOG$(.*?)^# ", manual, re.MULTILINE | re.DOTALL).group(1)
        terms = re.findall(r"^\*.*$", log, re.MULTILINE)
        events = re.findall(r"^\s*\[EVENT_\w+\] = \{ \"([^\"]+)\"", table, re.MULTILINE)
        self.assertGreater(len(events), 100)
        self.assertEqual(sorted(events), sorted(re.findall(r"\*([^*]+)\*", "\n".join(terms))))


if __name__ == "__main__":
    SOURCE_ROOT, OBJECT_FOLDER = (pathlib.Path(argument) for argument in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1], verbosity=2)
