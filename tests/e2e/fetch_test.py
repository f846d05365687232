#!/usr/bin/env python3
"""bootd fetch: the cache is filled before a machine asks."""

import os
import pty
import random
import re
import subprocess

from bootd import binary, config_text, environment, run_binary
from harness import EndToEndTest, main
from network import Folder, die_with_parent, one_server_one_client
from tftp import RawTftp
from upstream import Upstream

BLOCK = (("blksize", 1428),)
NEVER = {"revalidate_after": "86400"}
MIB = 1 << 20


def content(size, seed=0):
    """Bytes that repeat nowhere."""
    return random.Random(seed * 1000003 + size).randbytes(size)


class FetchTest(EndToEndTest):
    """An upstream beside bootd, and a folder for the cache that bootd makes."""

    @classmethod
    def make_network(cls):
        network = one_server_one_client()
        network.add_address("cli", "c0", "10.77.0.2/24")
        return network

    def setUp(self):
        self.upstream = Upstream(self.network)
        self.addCleanup(self.upstream.close)
        self.folder = Folder("fetch")
        self.addCleanup(self.folder.close)
        self.cache = os.path.join(self.folder.path, "cache")
        self.config = os.path.join(self.folder.path, "bootd.ini")

    def keys(self, **cache):
        """The configuration's sections, with more keys for [cache]."""
        return {"tftp": {"root": self.upstream.root},
                "cache": {"directory": self.cache, **cache}}

    def fetch(self, *names, sections=None, **more):
        """Runs it; exit code, standard output and standard error."""
        with open(self.config, "w") as file:
            file.write(config_text(sections or self.keys()))
        return run_binary(self.network, "fetch", "-c", self.config, *names, **more)

    def daemon(self, **cache):
        """A daemon on the same cache."""
        return self.bootd(self.keys(**cache), arguments=("-t",))

    def read(self, name):
        """A file by TFTP."""
        with RawTftp(self.network) as client:
            return client.read(name, BLOCK)[0]

    def requests(self, name):
        """How often the upstream was asked for it."""
        return len(self.upstream.requests(name))


class Fetched(FetchTest):
    """What comes of each file."""

    def test_each_file_is_a_line_and_all_must_be_there(self):
        self.upstream.put("linux", content(300_000), etag='"one"')
        self.upstream.put("sub/initrd.gz", content(1000), framing="chunked")
        code, said, _ = self.fetch("linux", "missing", "/sub//initrd.gz", "../x")
        self.assertEqual(code, 1)
        lines = said.splitlines()
        self.assertRegex(lines[0], r"^linux: fetched, 300000 bytes in [\d.]+ s$")
        self.assertRegex(lines[1], r"^missing: not fetched: .*no such file")
        self.assertRegex(lines[2], r"^/sub//initrd\.gz: fetched, 1000 bytes in [\d.]+ s$")
        self.assertRegex(lines[3], r"^\.\./x: not fetched: the name climbs out of the root$")
        self.assertEqual(len(lines), 4)
        self.assertNotIn("\x1b", said)

    def test_what_is_there_is_not_fetched_again(self):
        self.upstream.put("linux", content(300_000), etag='"one"')
        self.assertEqual(self.fetch("linux")[0], 0)
        code, said, _ = self.fetch("linux")
        self.assertEqual((code, said), (0, "linux: in the cache already, 300000 bytes\n"))
        sections = self.keys(revalidate_after="0")
        code, said, _ = self.fetch("linux", sections=sections)
        self.assertEqual((code, said), (0, "linux: in the cache already, 300000 bytes\n"))
        self.assertEqual(self.upstream.sent("linux"), 300_000)
        self.upstream.put("linux", content(200_000), etag='"two"')
        code, said, _ = self.fetch("linux", sections=sections)
        self.assertEqual(code, 0)
        self.assertIn("linux: fetched, 200000 bytes", said)

    def test_a_download_that_breaks_off_is_no_success(self):
        self.upstream.put("linux", content(300_000), cut=100_000)
        code, said, complaint = self.fetch("linux", sections=self.keys(stall_timeout="1"))
        self.assertEqual((code, said), (1, "linux: not fetched: the download failed\n"))
        self.assertIn("linux", complaint)
        self.assertEqual(os.listdir(self.cache), [])

    def test_what_is_not_kept_is_no_success(self):
        self.upstream.put("linux", content(MIB))
        code, said, _ = self.fetch("linux", sections=self.keys(size="1"))
        self.assertEqual((code, said), (1, "linux: fetched, but the cache does not keep it: it is "
                                           "larger than the cache\n"))
        self.assertEqual(os.listdir(self.cache), [])

    def test_on_a_terminal_there_is_a_bar(self):
        self.upstream.put("linux", content(300_000), hold=150_000)
        with open(self.config, "w") as file:
            file.write(config_text(self.keys()))
        master, slave = pty.openpty()
        process = subprocess.Popen(
            self.network.command("srv", binary(), "fetch", "-c", self.config, "linux"),
            stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env=environment(),
            preexec_fn=die_with_parent)
        os.close(slave)
        said = ""
        while not re.search(r"linux +\[#+ +\] +50 %", said):
            said += os.read(master, 4096).decode()
        self.upstream.release("linux")
        while "fetched" not in said:
            said += os.read(master, 4096).decode()
        self.assertEqual(process.wait(60), 0)
        os.close(master)
        self.assertRegex(said, r"\r\x1b\[Klinux: fetched, 300000 bytes in [\d.]+ s\r\n$")


class BesideTheDaemon(FetchTest):
    """The daemon can use what was fetched, and neither disturbs the other."""

    def test_the_daemon_serves_it_without_the_upstream(self):
        linux = self.upstream.put("linux", content(300_000))
        self.assertEqual(self.fetch("linux")[0], 0)
        self.upstream.stop_listening()
        bootd = self.daemon(**NEVER)
        self.assertEqual(self.read("linux"), linux)
        bootd.stop()
        self.assertEqual(self.requests("linux"), 1)

    def test_both_at_once(self):
        linux = self.upstream.put("linux", content(300_000), hold=100_000)
        initrd = self.upstream.put("initrd", content(200_000))
        self.daemon(**NEVER)
        with RawTftp(self.network) as client:
            first = client.ask("linux", BLOCK)
            self.upstream.wait_for("held", "linux")
            self.assertEqual(self.fetch("initrd")[0], 0)
            self.assertEqual(len([name for name in os.listdir(self.cache)
                                  if name.endswith(".draft")]), 1)
            self.assertEqual(self.read("initrd"), initrd)
            self.upstream.release("linux")
            self.assertIsNotNone(first)
        self.assertEqual(self.read("linux"), linux)
        self.assertEqual((self.requests("linux"), self.requests("initrd")), (1, 1))
        # And the other way round.
        self.assertEqual(self.fetch("linux", sections=self.keys(**NEVER))[1],
                         "linux: in the cache already, 300000 bytes\n")


class Refused(FetchTest):
    """What makes it pointless or impossible is told, and nothing is asked."""

    def test_the_configuration_must_have_a_use_for_it(self):
        for change, complaint in (
                ({"tftp": {"root": self.folder.path}}, r"\[tftp\] root: .*folder of this machine"),
                ({"cache": {"directory": self.cache, "size": "0"}}, r"\[cache\] size: .*size = 0"),
                ({"cache": {"directory": self.cache, "offline": "yes"}},
                 r"\[cache\] offline: nothing is fetched"),
                ({"cache": {"directory": "/nowhere/at/all"}},
                 r"\[cache\] directory: /nowhere/at/all .*No such file")):
            with self.subTest(complaint):
                code, said, complained = self.fetch("linux", sections={**self.keys(), **change})
                self.assertEqual((code, said), (1, ""))
                self.assertRegex(complained, complaint)
        self.assertEqual(self.upstream.requests(), [])

    def test_another_user_is_told_to_use_sudo(self):
        self.upstream.put("linux", content(1000))
        self.assertEqual(self.fetch("linux")[0], 0)
        code, said, complaint = self.fetch("linux", before=(
            "setpriv", "--reuid", "4242", "--regid", "4242", "--clear-groups"))
        self.assertEqual((code, said), (1, ""))
        self.assertRegex(complaint, r"\[cache\] directory: .*Permission denied.*sudo")


if __name__ == "__main__":
    main()
