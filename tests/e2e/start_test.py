#!/usr/bin/env python3
"""The command line, the configuration's mistakes, the start and the end."""

import contextlib
import os
import re
import shutil
import signal
import subprocess

import bootd as harness_bootd
import dhcp
import tftp
from bootd import Bootd, run_binary
from harness import EndToEndTest, main
from network import Folder, wait_until

# ip(7): ip_local_port_range begins here.
CHOSEN_PORTS = 32768
MACHINE = dhcp.mac("52:54:00:77:04:01")

TEN_MISTAKES = """\
[logger]
type = winlog
level = loud
[bootp]
pool_start = 10.77.0.300
pool_count = many
allow_simple_dhcp = perhaps
lease_time = 5
netmask = 255.0.255.0
colour = blue
[tftp]
blocksize = 4
symlinks = sometimes
"""
# Line: the key that its complaint must name.
MISTAKEN_LINES = {2: "type", 3: "level", 5: "pool_start", 6: "pool_count", 7: "allow_simple_dhcp",
                  8: "lease_time", 9: "netmask", 10: "colour", 12: "blocksize", 13: "symlinks"}

NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


def as_nobody(*capabilities):
    """The command that runs another as an ordinary user with some capabilities."""
    if not capabilities:
        return [*NOBODY, "--bounding-set", "-all"]
    names = ",".join("+" + name for name in capabilities)
    return [*NOBODY, "--inh-caps", names, "--ambient-caps", names]


class StartTest(EndToEndTest):
    """A Bootd that is configured and not started."""

    programs = ("setpriv", "unshare")

    def prepare(self, *changes, **more):
        """A Bootd for the test to start, or whose folder and configuration it uses."""
        daemon = Bootd(self.network, *changes, **more)
        self.addCleanup(daemon.close)
        return daemon

    def run_bootd(self, *arguments, **more):
        return run_binary(self.network, *arguments, **more)

    def assert_fails(self, daemon, pattern, *arguments, code=1, **more):
        """It ends with the exit code, says what matches, and says it in whole sentences."""
        got, out, err = self.run_bootd("-c", daemon.config, *arguments, **more)
        self.assertEqual((got, out), (code, ""), err)
        self.assertRegex(err, pattern)
        return err

    def known_ports(self):
        """The ports that are bound, but for those of the kernel's choice, from which files are
        sent."""
        return {port for port in self.network.udp_ports("srv") if port < CHOSEN_PORTS}



class CommandLine(StartTest):
    """What it prints and how it exits."""

    def test_help_names_every_option_and_exits_0(self):
        for option in ("-h", "--help"):
            code, out, err = self.run_bootd(option)
            self.assertEqual((code, err), (0, ""))
            for name in ("--help", "-c", "--config", "-p", "--pxe", "-t", "--tftp", "-d",
                         "--debug", "--check", "--version"):
                self.assertIn(name, out)

    def test_version_exits_0(self):
        code, out, err = self.run_bootd("--version")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^bootd \d+\.\d+")

    def test_only_dhcp_and_only_tftp_together_are_an_error(self):
        for options in (("-p", "-t"), ("-pt",), ("--pxe", "--tftp"), ("--tftp", "-p")):
            with self.subTest(options):
                self.assert_fails(self.prepare(), "(?s)--pxe.*--tftp", *options, code=2)

    def test_what_it_does_not_know_is_an_error_that_points_to_the_help(self):
        for arguments in (("--colour",), ("-x",), ("-c",), ("something",), ("--check", "extra")):
            with self.subTest(arguments):
                code, out, err = self.run_bootd(*arguments)
                self.assertEqual((code, out), (2, ""))
                self.assertRegex(err, "--help")

    def test_debug_logs_everything_to_standard_error(self):
        daemon = self.prepare({"logger": {"type": "none", "level": "critical"}},
                              arguments=("--debug",))
        daemon.start()
        daemon.write("file", b"x" * 1000)
        with self.client() as client:
            answer = client.ask("file", [("tsize", 0)])
            client.send(tftp.error(0), answer.port)
        daemon.wait_for(" debug ")
        daemon.stop()

    def client(self):
        self.network.add_address("cli", "c0", "10.77.0.2/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        return tftp.RawTftp(self.network)


class Check(StartTest):
    """--check does all that the start does except bind."""

    def test_a_right_configuration_exits_0(self):
        daemon = self.prepare()
        code, _, err = self.run_bootd("--check", "-c", daemon.config)
        self.assertEqual((code, err), (0, ""))

    def test_addresses_that_are_too_many_are_a_warning(self):
        daemon = self.prepare()
        addresses = [f"address {{}} 10.78.{number // 250}.{1 + number % 250}/32 dev lo\n"
                     for number in range(300)]
        for command in ("add", "delete"):
            done = subprocess.run(self.network.command("srv", "ip", "-batch", "-"), text=True,
                                  input="".join(addresses).format(*[command] * len(addresses)),
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout)
            code, _, err = self.run_bootd("--check", "-c", daemon.config)
            self.assertEqual(code, 0)
            if command == "add":
                self.assertRegex(err, "warning: bootd looks at 256 IPv4 .* is not served")
        self.assertEqual(err, "")

    def test_nothing_is_bound(self):
        running = self.bootd()
        code, _, err = self.run_bootd("--check", "-c", running.config)
        self.assertEqual((code, err), (0, ""), "the ports are taken, and that is no matter")
        self.assertEqual(self.known_ports(), {67, 69, 4011})

    def test_it_needs_no_privilege(self):
        daemon = self.prepare()
        copy = Folder("binary")
        self.addCleanup(copy.close)
        program = shutil.copy(harness_bootd.binary(), copy.path)
        result = self.network.run("srv", *as_nobody(), program, "--check", "-c", daemon.config)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_ten_mistakes_are_ten_complaints_with_file_and_line(self):
        daemon = self.prepare()
        with open(daemon.config, "w") as file:
            file.write(TEN_MISTAKES)
        for arguments in (("--check",), ()):
            with self.subTest(arguments):
                err = self.assert_fails(daemon, ".", *arguments)
                complaints = {}
                for line in err.splitlines():
                    match = re.match(re.escape(daemon.config) + r":(\d+): (.+)", line)
                    self.assertTrue(match, line)
                    complaints[int(match.group(1))] = match.group(2)
                self.assertEqual(sorted(complaints), sorted(MISTAKEN_LINES), err)
                self.assertEqual(len(err.splitlines()), 10, err)
                for number, key in MISTAKEN_LINES.items():
                    self.assertIn(key, complaints[number])

    def test_a_missing_configuration_is_named(self):
        code, _, err = self.run_bootd("--check", "-c", "/no/such/bootd.ini")
        self.assertEqual(code, 1)
        self.assertRegex(err, "/no/such/bootd.ini: .*no such file")

    def test_the_default_configuration_is_named_where_it_is_missing(self):
        hidden = ("unshare", "-m", "sh", "-c", "mount -t tmpfs none /etc && exec \"$@\"", "sh")
        for arguments in ((), ("--check",)):
            code, _, err = self.run_bootd(*arguments, before=hidden)
            self.assertEqual(code, 1)
            self.assertRegex(err, "/etc/bootd.ini: .*-c FILE")

    def test_what_is_no_configuration_is_a_complaint(self):
        daemon = self.prepare()
        folder = daemon.folder
        os.mkfifo(os.path.join(folder, "fifo"))
        contents = {"empty": b"", "zeros": bytes(5000), "noise": os.urandom(5000),
                    "endless line": b"[bootp]\npool_start = " + b"1" * 100_000,
                    "large": b"[bootp]\n" + b"; nothing\n" * 1_000_000,
                    "deep": b"[" * 50_000, "no section": b"pool_start = 10.77.0.100\n"}
        for name, content in contents.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        for name in (*contents, "fifo", ""):
            with self.subTest(name):
                path = os.path.join(folder, name)
                code, _, err = self.run_bootd("--check", "-c", path)
                self.assertEqual(code, 1)
                self.assertIn(path, err)
                self.assertLessEqual(len(err.splitlines()), 101)

    def test_the_dialect_of_the_seed_is_read(self):
        daemon = self.prepare()
        with open(daemon.config, "w") as file:
            file.write("; a comment\n# another\n"
                       "[LOGGER]\nType = STDERR ; where\nlevel=debug\n"
                       "[bootpd]\nPool_Start = 10.77.0.100 # the first\npool_count : 5\n"
                       "ALLOW_simple_DHCP = Enabled\ndns = 10.77.0.5;10.77.0.6\n"
                       "boot_file = boot.bin\n[TFTPD]\nroot = ./root\nTimeout = 1.5\n"
                       "[leases]\nTYPE = Memory\n")
        daemon.start()
        with dhcp.RawClient(self.network) as raw:
            got = raw.discover(MACHINE).message
        self.assertEqual(got.option(dhcp.DNS), dhcp.ip4("10.77.0.5") + dhcp.ip4("10.77.0.6"))
        self.assertEqual(got.file_name, "boot.bin")
        daemon.stop()


class WrongConfigurations(StartTest):
    """Mistakes that only this machine can tell."""

    def test_a_pool_that_does_not_fit_into_its_network(self):
        daemon = self.prepare({"bootp": {"pool_count": "1000"}})
        for arguments in ((), ("--check",)):
            self.assert_fails(daemon, r"bootd.ini:\d+: .*10\.77\.0\.100.*s0.*10\.77\.0\.1/24",
                              *arguments)

    def test_a_missing_root_is_named(self):
        daemon = self.prepare({"tftp": {"root": "/no/such/folder"}})
        for arguments in ((), ("--check",)):
            self.assert_fails(daemon, "root.*/no/such/folder.*", *arguments)

    def test_a_relative_root_is_relative_to_the_configurations_folder(self):
        daemon = self.prepare({"tftp": {"root": "sub/../root"}})
        os.mkdir(os.path.join(daemon.folder, "sub"))
        code, _, err = self.run_bootd("--check", "-c", daemon.config, cwd="/")
        self.assertEqual((code, err), (0, ""))
        code, _, err = self.run_bootd("--check", "-c", "bootd.ini", cwd=daemon.folder)
        self.assertEqual((code, err), (0, ""))
        os.rmdir(daemon.root)
        self.assert_fails(daemon, re.escape(daemon.folder) + ".*root")

    def test_a_root_that_is_no_folder(self):
        daemon = self.prepare({"tftp": {"root": "bootd.ini"}})
        self.assert_fails(daemon, "root.*bootd.ini.*[Nn]ot a directory")

    def test_a_log_file_that_cannot_be_written(self):
        daemon = self.prepare({"logger": {"type": "file", "file": "/no/such/folder/log"}})
        self.assert_fails(daemon, "/no/such/folder/log")

    def test_only_tftp_needs_no_pool(self):
        daemon = self.prepare({"bootp": None, "bootfile": None}, arguments=("-t",))
        daemon.start()
        daemon.stop()


class Ports(StartTest):
    """What is bound."""

    def test_both_services_bind_their_ports(self):
        daemon = self.bootd()
        self.assertEqual(self.known_ports(), {67, 69, 4011})
        daemon.stop()
        self.assertEqual(self.network.udp_ports("srv"), set())

    def test_each_service_alone_binds_its_own_port(self):
        for options, ports in ((("-p",), {67, 4011}), (("--pxe",), {67, 4011}), (("-t",), {69}),
                               (("--tftp",), {69})):
            with self.subTest(options):
                daemon = self.bootd(arguments=options)
                self.assertEqual(self.known_ports(), ports)
                daemon.stop()

    def test_configured_ports_are_bound(self):
        self.bootd({"bootp": {"port": "1067"}, "tftp": {"port": "1069"}})
        self.assertEqual(self.known_ports(), {1067, 1069, 4011})

    def test_a_port_that_is_taken_is_named(self):
        for ports in ((67,), (69,), (67, 69)):
            with self.subTest(ports), contextlib.ExitStack() as taken:
                for port in ports:
                    taken.enter_context(self.network.udp_socket("srv", port=port))
                err = self.assert_fails(self.prepare(), ".")
                for port in ports:
                    self.assertRegex(err, rf"port {port} is already taken")
                self.assertEqual(len(err.splitlines()), len(ports), err)


class Privileges(StartTest):
    """An ordinary user."""

    def setUp(self):
        copy = Folder("binary")
        self.addCleanup(copy.close)
        shutil.copy(harness_bootd.binary(), copy.path)
        usual = os.environ.get("BOOTD")
        os.environ["BOOTD"] = os.path.join(copy.path, "bootd")
        self.addCleanup(self.restore, usual)

    @staticmethod
    def restore(usual):
        os.environ.pop("BOOTD")
        if usual is not None:
            os.environ["BOOTD"] = usual

    def test_without_any_the_missing_capability_and_sudo_are_named(self):
        err = self.assert_fails(self.prepare(), "CAP_NET_BIND_SERVICE", before=as_nobody())
        self.assertRegex(err, "sudo")
        self.assertRegex(err, r"port 67")
        self.assertRegex(err, r"port 69")

    def test_without_raw_sockets_their_capability_is_named(self):
        self.assert_fails(self.prepare(), "CAP_NET_RAW", before=as_nobody("net_bind_service"))

    def test_a_configuration_that_may_not_be_read(self):
        daemon = self.prepare()
        os.chmod(daemon.config, 0o600)
        self.assert_fails(daemon, "bootd.ini: .*permission.*sudo", before=as_nobody())

    def test_the_two_capabilities_are_enough_to_serve(self):
        daemon = self.prepare(before=as_nobody("net_bind_service", "net_raw"))
        daemon.write("file", b"content")
        daemon.start()
        with open(f"/proc/{daemon.pid}/status") as file:
            self.assertRegex(file.read(), r"(?m)^Uid:\s65534\s65534")
        with dhcp.RawClient(self.network) as raw:
            self.assertEqual(raw.lease(MACHINE).message.type, dhcp.ACK)
            self.assertEqual(raw.discover(MACHINE, flags=dhcp.BROADCAST_FLAG).message.type,
                             dhcp.OFFER)
        daemon.stop()


class Log(StartTest):
    """[logger]"""

    def read(self, daemon, name="bootd.log"):
        path = os.path.join(daemon.folder, name)
        if not os.path.exists(path):
            return ""
        with open(path) as file:
            return file.read()

    def test_a_file_gets_the_log_and_standard_error_nothing(self):
        daemon = self.prepare({"logger": {"type": "file", "file": "bootd.log", "level": "info"}})
        daemon.start(until=None)
        wait_until(lambda: "ready" in self.read(daemon), 30, "the log file to say ready",
                   daemon.text)
        with dhcp.RawClient(self.network) as raw:
            raw.discover(MACHINE)
        daemon.stop()
        self.assertRegex(self.read(daemon), r"(?m)^\d\d:\d\d:\d\d\.\d{3} info  dhcp: .*OFFER")
        self.assertRegex(self.read(daemon), "totals: ")
        self.assertEqual(daemon.text(), "")

    def test_a_file_is_appended_to(self):
        daemon = self.prepare({"logger": {"type": "file", "file": "bootd.log"}})
        with open(os.path.join(daemon.folder, "bootd.log"), "w") as file:
            file.write("of yesterday\n")
        daemon.start(until=None)
        wait_until(lambda: "ready" in self.read(daemon), 30, "the log file to say ready")
        daemon.stop()
        self.assertTrue(self.read(daemon).startswith("of yesterday\n"))

    def test_none_is_silent(self):
        daemon = self.prepare({"logger": {"type": "none"}})
        daemon.start(until=None)
        wait_until(lambda: self.known_ports() == {67, 69, 4011}, 30, "its ports")
        with dhcp.RawClient(self.network) as raw:
            raw.discover(MACHINE)
        daemon.stop()
        self.assertEqual(daemon.text(), "")

    def test_each_level_shows_itself_and_what_is_worse(self):
        shown = {"critical": set(), "error": {"error"}, "info": {"error", "info"},
                 "debug": {"error", "info", "debug"}}
        self.network.add_address("cli", "c0", "10.77.0.2/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        for level, expected in shown.items():
            with self.subTest(level):
                daemon = self.prepare({"logger": {"level": level}, "bootp": {"pool_count": "1"}})
                daemon.write("file", b"x" * 2000)
                daemon.start(until=None)
                wait_until(lambda: self.known_ports() == {67, 69, 4011}, 30, "its ports")
                self.make_every_level(daemon)
                daemon.stop()
                levels = {line.split()[1] for line in daemon.log}
                self.assertEqual(levels, expected)
                self.assertRegex(daemon.text() + "\n",
                                 r"^(\d\d:\d\d:\d\d\.\d{3} (critical|error|info|debug) +\S.*\n)*"
                                 r"\n?$")

    def make_every_level(self, daemon):
        """An aborted transfer is debug, an OFFER info, an exhausted pool an error."""
        with dhcp.RawClient(self.network) as raw, tftp.RawTftp(self.network) as client:
            answer = client.ask("file", [("tsize", 0)])
            client.send(tftp.error(8), answer.port)
            self.assertEqual(client.ask("missing").code, tftp.NOT_FOUND)
            raw.lease(MACHINE)
            self.assertEqual(raw.answers_before_probe(
                dhcp.message(dhcp.DISCOVER, dhcp.mac("52:54:00:77:04:02")),
                probe=dhcp.message(dhcp.DISCOVER, MACHINE)), [])


class End(StartTest):
    """Signals."""

    def test_sigint_and_sigterm_end_it_with_0_and_the_totals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                daemon = self.bootd()
                with dhcp.RawClient(self.network) as raw:
                    raw.discover(MACHINE)
                daemon.stop(number)
                self.assertEqual(daemon.totals(), {"dhcp-offer": 1})

    def test_a_signal_amid_transfers_ends_it_in_order(self):
        self.network.add_address("cli", "c0", "10.77.0.2/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        daemon = self.bootd({"tftp": {"timeout": "30"}})
        daemon.write("file", bytes(5000))
        with contextlib.ExitStack() as clients:
            for _ in range(20):
                client = clients.enter_context(tftp.RawTftp(self.network))
                self.assertEqual(client.ask("file").kind, tftp.DATA)
            for _ in range(200):
                # Some of these files are being opened when the signal comes.
                clients.enter_context(tftp.RawTftp(self.network)).send(tftp.request("file"))
            daemon.stop()

    def test_it_starts_again_at_once(self):
        daemon = self.prepare()
        for _ in range(3):
            daemon.start()
            daemon.stop()
            daemon.log.clear()

    def test_a_second_bootd_on_the_same_ports_is_refused(self):
        self.bootd()
        self.assert_fails(self.prepare(), "already taken")


if __name__ == "__main__":
    main()
