"""bootd started as root serves as somebody else, with hardly a right left; and what systemd is told."""

import hashlib
import os
import pwd
import signal
import socket
import subprocess
import tempfile

import bootd as daemon
from dhcp import ACK, RawClient, mac, pxe_options
from harness import EndToEndTest, main
from network import run, wait_until
from tftp import ERROR, RawTftp

MACHINE = mac("52:54:00:77:09:01")
CAP_NET_RAW = 1 << 13
NO_DHCP = {"bootp": None, "bootfile": None}


def status(pid):
    """/proc/PID/status as {key: text}."""
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":", 1) for line in file)


def user_of_the_service():
    """Whom bootd becomes where the configuration names nobody."""
    for name in ("bootd", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AssertionError("there is neither a user bootd nor nobody")


class ApartTest(EndToEndTest):
    """Tests that start bootd themselves."""

    def bootd_apart(self, *changes, **more):
        """A bootd that is not started yet."""
        started = daemon.Bootd(self.network, *changes, **more)
        self.addCleanup(started.close)
        return started

    def expect_refusal(self, started, pattern):
        """Starts it in vain, for the reason given."""
        started.start(until=None)
        self.assertEqual(started.wait_exit(), 1)
        self.assertRegex(started.text(), pattern)


class SandboxTest(ApartTest):
    """What bootd may still do, and what not."""

    def check_confined(self, pid, capabilities):
        """Every thread is confined, not only the first."""
        user = user_of_the_service()
        for thread in os.listdir(f"/proc/{pid}/task"):
            state = status(f"{pid}/task/{thread}")
            self.assertEqual(state["Uid"].split(), [str(user.pw_uid)] * 4)
            self.assertEqual(state["Gid"].split(), [str(user.pw_gid)] * 4)
            self.assertEqual(state["Groups"].split(), [])
            for key in ("CapEff", "CapPrm"):
                self.assertEqual(int(state[key], 16), capabilities, key)
            for key in ("CapInh", "CapBnd", "CapAmb"):
                self.assertEqual(int(state[key], 16), 0, key)
            self.assertEqual(state["NoNewPrivs"].strip(), "1")
            self.assertEqual(state["Seccomp"].strip(), "2")

    def test_it_serves_addresses_by_raw_unicast_and_files(self):
        started = self.bootd()
        content = started.write("bios/pxelinux.0", os.urandom(200_000))
        self.check_confined(started.pid, CAP_NET_RAW)
        with RawClient(self.network) as raw:
            ack = raw.lease(MACHINE, pxe_options())
            self.assertEqual(ack.message.type, ACK)
            self.assertEqual((ack.frame.to_mac, ack.frame.target),
                             (MACHINE, ack.message.yiaddr), "by unicast, without ARP")
        self.network.add_address("cli", "c0", "10.77.0.9/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        with RawTftp(self.network) as tftp:
            got, _ = tftp.read("bios/pxelinux.0", [("blksize", 1400)])
        self.assertEqual(hashlib.sha256(got).digest(), hashlib.sha256(content).digest())
        # The worker pool that opened the file is confined, too.
        self.assertGreater(len(os.listdir(f"/proc/{started.pid}/task")), 1)
        self.check_confined(started.pid, CAP_NET_RAW)

    def test_the_start_says_in_a_line_what_holds(self):
        started = self.bootd()
        line, = started.lines("confined: ")
        self.assertRegex(line, f"user {user_of_the_service().pw_name}\\b.*only CAP_NET_RAW, "
                         "no new privileges")

    def test_without_dhcp_no_capability_is_left(self):
        started = self.bootd(NO_DHCP, arguments=("--tftp",))
        self.check_confined(started.pid, 0)

    def test_files_behind_links_and_permissions(self):
        started = self.bootd({"tftp": {"symlinks": "beneath"}})
        started.write("inside", b"in")
        started.write("secret", b"no")
        os.chmod(os.path.join(started.root, "secret"), 0o600)
        os.symlink("/etc/passwd", os.path.join(started.root, "link"))
        self.network.add_address("cli", "c0", "10.77.0.9/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        with RawTftp(self.network) as tftp:
            self.assertEqual(tftp.read("inside")[0], b"in")
            for name in ("secret", "link"):
                with self.subTest(name):
                    self.assertEqual(tftp.ask(name).kind, ERROR)
        started.wait_for("secret.*no permission to read it")

    def test_symlinks_follow_reaches_files_outside_the_root(self):
        started = self.bootd({"tftp": {"symlinks": "follow"}})
        beside = os.path.join(started.folder, "beside")
        os.mkdir(beside, 0o755)
        with open(os.path.join(beside, "file"), "wb") as file:
            file.write(b"beside")
        os.symlink(beside, os.path.join(started.root, "link"))
        os.symlink("/etc/shadow", os.path.join(started.root, "shadow"))
        self.network.add_address("cli", "c0", "10.77.0.9/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        with RawTftp(self.network) as tftp:
            self.assertEqual(tftp.read("link/file")[0], b"beside")
            self.assertEqual(tftp.ask("shadow").kind, ERROR)

    def test_an_interface_by_name_serves_too(self):
        started = self.bootd({"bootp": {"address": "s0"}})
        with RawClient(self.network) as raw:
            self.assertEqual(raw.lease(MACHINE, pxe_options()).message.type, ACK)
        self.check_confined(started.pid, CAP_NET_RAW)

    def test_a_root_that_the_user_may_not_enter_is_a_start_error(self):
        started = self.bootd_apart()
        os.chmod(started.root, 0o700)
        self.expect_refusal(started, r"\[tftp\] root: .*may not enter .*/root: "
                            "Permission denied; .*chmod o\\+rx")

    def test_the_log_file_goes_on(self):
        started = self.bootd_apart({"logger": {"type": "file", "file": "log/bootd.log",
                                               "level": "debug"}})
        os.mkdir(os.path.join(started.folder, "log"))
        path = os.path.join(started.folder, "log", "bootd.log")
        started.start(until=None)

        def text():
            if not os.path.exists(path):
                return ""
            with open(path) as file:
                return file.read()
        wait_until(lambda: "is ready" in text(), 30, "the log", text)
        self.assertEqual(os.stat(path).st_uid, user_of_the_service().pw_uid)
        started.stop()
        self.assertIn("bootd ends", text())

    def test_a_log_file_that_debug_leaves_unused_is_no_obstacle(self):
        self.bootd({"logger": {"type": "file", "file": "unused.log"}}, arguments=("--debug",))

    def test_started_by_another_user_the_rest_holds(self):
        user = pwd.getpwnam("daemon")
        started = self.bootd_apart(NO_DHCP, {"tftp": {"port": "1069"}}, arguments=("--tftp",))
        process = self.network.start(
            "srv", "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
            "--clear-groups", daemon.binary(), "-t", "-c", started.config,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=daemon.environment(), text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "is ready" in line:
                break
        self.assertRegex("".join(lines), "confined: user unchanged.*no capabilities")
        state = status(process.pid)
        self.assertEqual(state["Uid"].split(), [str(user.pw_uid)] * 4)
        self.assertEqual((state["NoNewPrivs"].strip(), state["Seccomp"].strip()), ("1", "2"))
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        self.assertEqual(process.wait(30), 0, rest)


class UserTest(ApartTest):
    """[daemon] user."""

    def test_another_user(self):
        started = self.bootd({"daemon": {"user": "daemon"}})
        user = pwd.getpwnam("daemon")
        self.assertEqual(status(started.pid)["Uid"].split(), [str(user.pw_uid)] * 4)
        self.assertEqual(status(started.pid)["Gid"].split(), [str(user.pw_gid)] * 4)

    def test_a_user_that_does_not_exist_is_a_start_error(self):
        started = self.bootd_apart({"daemon": {"user": "bootd-no-such-user"}})
        self.expect_refusal(started, r"\[daemon\] user: there is no user bootd-no-such-user")

    def test_root_is_refused(self):
        started = self.bootd_apart({"daemon": {"user": "root"}})
        self.expect_refusal(started, r"\[daemon\] user: root is root")


class SelftestTest(EndToEndTest):
    """bootd --sandbox-selftest."""

    programs = ("setpriv",)

    def test_as_root_everything_is_as_it_should_be(self):
        code, out, error = daemon.run_binary(self.network, "--sandbox-selftest")
        self.assertEqual((code, error), (0, ""), out)
        self.assertNotIn("WRONG", out)
        for pattern in ("reading a file of the served folder: works", "/etc/shadow: Perm",
                        "executing a program: Oper", "tracing a process: ",
                        "port below 1024: Perm", "writing to a file .* outside: Perm"):
            self.assertRegex(out, "(?m)^ok .*" + pattern)

    def test_without_root_it_says_what_it_needs(self):
        code, out, _ = daemon.run_binary(self.network, "--sandbox-selftest",
                                         before=("setpriv", "--reuid=65534"))
        self.assertEqual(code, 1)
        self.assertIn("sudo", out)


class ServiceManagerTest(ApartTest):
    """sd_notify's protocol."""

    def listen(self, name):
        """A socket as systemd has it. Abstract names belong to a network namespace."""
        with self.network.inside("srv"):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(name)
        sock.settimeout(30)
        return sock

    def converse(self, name, shown):
        """The start and the end of a run, as the manager sees them."""
        sock = self.listen(name)
        started = self.bootd(env={"NOTIFY_SOCKET": shown})
        self.assertEqual(sock.recv(4096), b"READY=1")
        with RawClient(self.network) as raw:
            raw.lease(MACHINE, pxe_options())  # ready means that it serves
        started.stop()
        self.assertEqual(sock.recv(4096), b"STOPPING=1")

    def test_ready_and_stopping_at_a_path(self):
        path = f"/tmp/bootd-e2e-notify-{os.getpid()}"
        self.addCleanup(os.unlink, path)
        self.converse(path, path)

    def test_ready_and_stopping_at_an_abstract_name(self):
        self.converse(f"\0bootd-e2e-{os.getpid()}", f"@bootd-e2e-{os.getpid()}")

    def test_a_socket_out_of_reach_is_a_start_error(self):
        started = self.bootd_apart(env={"NOTIFY_SOCKET": "/nowhere/at/all"})
        self.expect_refusal(started, "NOTIFY_SOCKET.*No such file")


class UnitTest(EndToEndTest):
    """systemd/, as far as it can be tried where systemd does not run."""

    programs = ("systemd-analyze", "systemd-sysusers")

    def unit(self):
        """The unit file, filled in as at the installation."""
        with open(os.path.join(daemon.REPOSITORY, "systemd", "bootd.service.in")) as file:
            return file.read().replace("@bootd@", daemon.binary()).replace("@config@", "/c.ini")

    def test_systemd_finds_nothing_wrong_with_the_unit(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bootd.service")
            with open(path, "w") as file:
                file.write(self.unit())
            result = run("systemd-analyze", "verify", "--man=no", path, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_it_is_tried_again_without_an_end(self):
        lines = self.unit().splitlines()
        for line in ("Type=notify", "Restart=on-failure", "RestartSec=2",
                     "StartLimitIntervalSec=0", "ExecReload=/bin/kill -HUP $MAINPID"):
            self.assertIn(line, lines)

    def test_sysusers_makes_the_user(self):
        source = os.path.join(daemon.REPOSITORY, "systemd", "sysusers.d", "bootd.conf")
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "etc"))
            run("systemd-sysusers", f"--root={root}", "--replace=/usr/lib/sysusers.d/bootd.conf",
                source)
            with open(os.path.join(root, "etc", "passwd")) as file:
                names = [line.split(":")[0] for line in file]
        self.assertIn("bootd", names)


if __name__ == "__main__":
    main()
