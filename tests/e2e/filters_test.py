"""Names through [filters], asked for by the real TFTP clients and by a raw one; who may read at all;
and what --explain-file says of it."""

import os
import random
import re

from bootd import run_binary
from clients import Dhclient
from harness import main
from network import Folder, one_server_one_client
from tftp import ACCESS_VIOLATION, ERROR, NOT_FOUND, RawTftp
from tftp_clients_test import CLIENTS, TftpTest, content

CLIENT = "10.77.0.2"
# A matcher that goes back tries this on a name of the same letter until the end of days.
STARS = "*a" * 60 + "*b"


class FiltersTest(TftpTest):
    """A bootd with files in the configuration's folder, beside the root."""

    def beside(self, bootd, name, data):
        """Puts a file into the configuration's folder; returns its bytes."""
        path = os.path.join(bootd.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return data

    def read(self, name):
        with RawTftp(self.network) as client:
            return client.read(name)[0]

    def check_refused(self, bootd, name, code, log):
        with self.subTest(name), RawTftp(self.network) as client:
            since = bootd.mark()
            answer = client.ask(name)
            self.assertEqual((answer.kind, answer.code), (ERROR, code), answer)
            bootd.wait_for(log, since=since)

    def line_of(self, bootd, text):
        """The number of the line of bootd.ini that begins with text."""
        with open(bootd.config) as file:
            return next(number for number, line in enumerate(file, 1) if line.startswith(text))


class Translation(FiltersTest):
    def test_one_file_for_every_name_below_a_folder_whoever_asks(self):
        bootd = self.bootd({"filters": {"pxelinux.cfg/*": "one.cfg"}})
        expected = self.beside(bootd, "one.cfg", content(3000))
        bootd.write("pxelinux.cfg/default", b"not this one")
        plain = bootd.write("pxelinux.0", content(5000))
        for client, (make_command, _) in CLIENTS.items():
            for name in ("pxelinux.cfg/default", "pxelinux.cfg/01-52-54-00-77-01-01",
                         "pxelinux.cfg/a/b"):
                with self.subTest(client=client, name=name):
                    self.fetch(make_command, name, expected)
            with self.subTest(client=client, name="no filter's"):
                self.fetch(make_command, "pxelinux.0", plain)
        bootd.wait_for(re.escape(
            f"sent pxelinux.cfg/default (from {bootd.folder}/one.cfg), 3000 bytes"))
        bootd.wait_for("sent pxelinux.0, 5000 bytes")

    def test_the_same_name_in_each_spelling_of_firmware(self):
        bootd = self.bootd({"filters": {"pxelinux.cfg/*": "one.cfg"}})
        expected = self.beside(bootd, "one.cfg", b"one")
        for name in ("/pxelinux.cfg/default", "pxelinux.cfg\\default", "//pxelinux.cfg//default",
                     "x/../pxelinux.cfg/default", b"pxelinux.cfg/default\xff"):
            with self.subTest(name):
                self.assertEqual(self.read(name), expected)

    def test_a_value_in_brackets_reads_the_pattern_from_a_file(self):
        bootd = self.bootd({"filters": {"startup*": "[dir/{filename}.cfg]"}})
        expected = bootd.write("real", b"the real one")
        self.beside(bootd, "dir/startup.cfg", b"  root/real \r\nanother line\n")
        self.beside(bootd, "dir/startup-mine.cfg", b"of-{ip}")
        mine = self.beside(bootd, f"of-{CLIENT}", b"mine")
        self.assertEqual(self.read("startup"), expected)
        self.assertEqual(self.read("startup-mine"), mine)
        # The file is read at each request.
        self.beside(bootd, "dir/startup.cfg", f"of-{CLIENT}".encode())
        self.assertEqual(self.read("startup"), mine)
        self.check_refused(bootd, "startup-other", NOT_FOUND,
                           rf"startup-other: not found: line {self.line_of(bootd, 'startup')} of "
                           r"\[filters\] reads its pattern from .*/dir/startup-other.cfg: there is "
                           "no such file")

    def test_translated_names_may_lie_out_of_the_root_by_the_configuration_only(self):
        elsewhere = Folder("elsewhere")
        self.addCleanup(elsewhere.close)
        bootd = self.bootd({"filters": {"absolute": os.path.join(elsewhere.path, "file"),
                                        "up/*": "root/../outside/{filename}"}})
        with open(os.path.join(elsewhere.path, "file"), "wb") as file:
            file.write(b"elsewhere")
        self.beside(bootd, "outside/file", b"outside")
        self.beside(bootd, "outside/up/there", b"there")
        self.assertEqual(self.read("absolute"), b"elsewhere")
        self.assertEqual(self.read("up/there"), b"there")
        self.assertEqual(self.read("up/x/../there"), b"there")
        for name in ("up/../../outside/file", "/../outside/file", "..\\outside\\file",
                     "up/" + "../" * 40 + "etc/passwd"):
            self.check_refused(bootd, name, ACCESS_VIOLATION, "climbs out of the root")
        # What is cleaned and leaves no filter's folder is the root's.
        self.check_refused(bootd, "up/../outside/file", NOT_FOUND, "not found")
        self.check_refused(bootd, "outside/file", NOT_FOUND, "not found")

    def test_the_first_row_wins(self):
        bootd = self.bootd({"filters": {"a/one": "one", "a/?ne": "two", "a/*": "three"}})
        for name in ("one", "two", "three"):
            self.beside(bootd, name, name.encode())
        self.assertEqual(self.read("a/one"), b"one")
        self.assertEqual(self.read("a/ine"), b"two")
        self.assertEqual(self.read("a/other"), b"three")

    def test_a_missing_file_names_row_and_path(self):
        bootd = self.bootd({"filters": {"gone": "no-such.cfg"}})
        bootd.write("gone", b"in the root, but translated")
        self.check_refused(bootd, "gone", NOT_FOUND,
                           rf"gone: not found: line {self.line_of(bootd, 'gone')} of \[filters\] "
                           rf"makes it {bootd.folder}/no-such.cfg: there is no such file")


class Hostile(FiltersTest):
    def test_names_made_for_a_matcher_that_goes_back(self):
        bootd = self.bootd({"filters": {STARS: "one.cfg", "*?" * 40 + "#": "one.cfg"}})
        expected = self.beside(bootd, "one.cfg", b"one")
        name = "/".join(["a" * 99] * 5)
        with RawTftp(self.network) as client:
            for _ in range(300):
                self.assertEqual(client.ask(name).code, NOT_FOUND)
        self.assertEqual(self.read(name + "b"), expected)
        self.assertEqual(self.read(name + "#"), expected)

    def test_random_names_get_an_answer_and_never_a_file_of_elsewhere(self):
        bootd = self.bootd({"filters": {"cfg/*": "store/{filename}", "list/*": "[store/{filename}]",
                                        "who/{mac}": "x", "mac/*": "{mac}/passwd"}})
        self.beside(bootd, "secret", b"secret")
        self.beside(bootd, "store/cfg/there", b"there")
        chance = random.Random(20240229)
        parts = ["cfg", "list", "mac", "..", ".", "/", "\\", "{filename}", "{mac}", "secret", "\xff",
                 "*", "?", "[", "]", "etc", "passwd", "%2e%2e", "a" * 30]
        with RawTftp(self.network) as client:
            for _ in range(500):
                name = "/".join(chance.choices(parts, k=chance.randint(1, 8)))
                answer = client.ask(name.encode("latin-1"))
                self.assertEqual(answer.kind, ERROR, f"{name!r}: {answer}")
        self.assertEqual(self.read("cfg/there"), b"there")

    def test_an_unknown_machine_makes_no_path_absolute(self):
        bootd = self.bootd({"filters": {"mine": "{mac}/etc/passwd"}})
        self.check_refused(bootd, "mine", ACCESS_VIOLATION, "a variable is empty or leads elsewhere")


class Machines(FiltersTest):
    """The client has its address from bootd, and has shown that it boots."""

    programs = TftpTest.programs + ("dhclient",)

    @classmethod
    def make_network(cls):
        return one_server_one_client()

    def bind(self):
        """Has the client get its address; returns it and the MAC as bootd writes it."""
        client = Dhclient(self.network, statements=(
            'send vendor-class-identifier "PXEClient:Arch:00007:UNDI:003016";\n'))
        self.addCleanup(client.close)
        lease = client.start().wait_bound()
        mac = "-".join(f"{byte:02X}" for byte in self.network.mac("cli", "c0"))
        return lease.address, mac

    def test_a_machine_that_bootd_gave_its_address_is_known_by_its_mac(self):
        bootd = self.bootd({"filters": {"boot.cfg": "machines/{mac}-{ip}-{arch}.cfg"}})
        address, mac = self.bind()
        expected = self.beside(bootd, f"machines/{mac}-{address}-x64-uefi.cfg", b"mine")
        self.assertEqual(self.read("boot.cfg"), expected)

    def test_only_known_addresses_read_where_the_configuration_says_so(self):
        bootd = self.bootd({"bootp": {"access_files": "known"}})
        expected = bootd.write("file", b"expected")
        self.network.add_address("cli", "c0", "10.77.0.2/24")
        self.check_refused(bootd, "file", ACCESS_VIOLATION,
                           r"10\.77\.0\.2: file: refused: no machine is known at this address, and "
                           r"\[bootp\] access_files = known")
        self.network.flush("cli", "c0")
        self.bind()
        self.assertEqual(self.read("file"), expected)
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-denied"], 1)

    def test_any_address_reads_unless_told_otherwise(self):
        bootd = self.bootd()
        bootd.write("file", b"expected")
        self.network.add_address("cli", "c0", "10.77.0.3/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        self.assertEqual(self.read("file"), b"expected")


class CommandLine(FiltersTest):
    def explain(self, bootd, *arguments):
        return run_binary(self.network, "-c", bootd.config, "--explain-file", *arguments)

    def test_explain_file_says_what_the_daemon_does(self):
        bootd = self.bootd({"filters": {"pxelinux.cfg/*": "machines/{mac}.cfg",
                                        "startup": "[{filename}.list]"}})
        self.beside(bootd, "machines/52-54-00-77-01-01.cfg", b"12345")
        bootd.write("plain", b"123")
        line = self.line_of(bootd, "pxelinux.cfg/")
        self.assertEqual(
            self.explain(bootd, "/pxelinux.cfg/default", "--mac", "52:54:00:77:01:01"),
            (0, "name    /pxelinux.cfg/default\n"
                f"filter  {bootd.config}:{line}: pxelinux.cfg/* = machines/{{mac}}.cfg\n"
                f"file    {bootd.folder}/machines/52-54-00-77-01-01.cfg\n"
                "served  yes, 5 bytes\n", ""))
        code, output, _ = self.explain(bootd, "pxelinux.cfg/default")
        self.assertEqual(code, 1)
        self.assertIn(f"file    {bootd.folder}/machines/.cfg\nserved  no: line {line} ", output)
        self.assertEqual(self.explain(bootd, "plain"),
                         (0, "name    plain\nfilter  none matches\n"
                             f"file    {bootd.root}/plain\nserved  yes, 3 bytes\n", ""))
        code, output, _ = self.explain(bootd, "startup")
        self.assertEqual(code, 1)
        self.assertRegex(output, r"served  no: .* reads its pattern from .*/startup.list: there is "
                                 "no such file")
        self.assertEqual(self.explain(bootd, "../secret")[0], 1)
        self.assertEqual(self.explain(bootd, "plain", "--mac", "nonsense")[0], 2)

    def test_an_unknown_variable_stops_the_start(self):
        bootd = self.bootd({"filters": {"good": "{filename}"}})
        bootd.configure({"filters": {"good": "{filename}", "bad": "x/{filname}"}})
        code, _, complaints = run_binary(self.network, "--check", "-c", bootd.config)
        self.assertEqual(code, 1)
        self.assertRegex(complaints, rf"bootd.ini:{self.line_of(bootd, 'bad')}: .*filname")


if __name__ == "__main__":
    main()
