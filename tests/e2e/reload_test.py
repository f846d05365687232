#!/usr/bin/env python3
"""SIGHUP: a right configuration takes effect, a wrong one changes nothing, and what is under way
goes on; also many times in a row.

RELOAD_COUNT: how many reloads the storm has (50)."""

import http.server
import os
import pwd
import signal
import socket
import threading

import dhcp
from dhcp import ACK, DISCOVER, NAK, REQUEST, RawClient, ip4, mac, message, pxe_options
from harness import EndToEndTest, main
from network import Folder, one_server_one_client, wait_until
from tftp import DATA, ERROR, NOT_FOUND, RawTftp, ack

COUNT = int(os.environ.get("RELOAD_COUNT", "50"))
MACHINE = mac("52:54:00:77:0a:01")
OTHER = mac("52:54:00:77:0a:02")
THIRD = mac("52:54:00:77:0a:03")
RELOADED = "reloaded "
UNCHANGED = "nothing is changed"
REFUSED = "a reload cannot change this: restart bootd, or put the old value back"
STORM_ADDRESS = "10.77.1.1"
UNANSWERED_S = 1

# The memory goes up and down with the kinds of configuration, 16 reloads in all. So the highest
# values are compared: of the first two fifths of the reloads, and of the rest, which may be that
# much more.
WARM_UP = 100
GROWTH_MAX_KIB = 2048


def mac_key(data):
    """A MAC as a key of the configuration."""
    return "-".join(f"{byte:02X}" for byte in data)


def bodies(size):
    """Two contents that differ in every byte."""
    one = os.urandom(size)
    return one, bytes(byte ^ 0xFF for byte in one)


class ReloadTest(EndToEndTest):
    """A bootd that was root at its start and is nobody now."""

    @classmethod
    def make_network(cls):
        made = one_server_one_client()
        made.add_address("cli", "c0", "10.77.0.2/24")
        return made

    def setUp(self):
        self.raw = RawClient(self.network)
        self.addCleanup(self.raw.close)

    def start(self, *changes, **more):
        started = self.bootd(*changes, **more)
        self.check_confined(started)
        return started

    def check_confined(self, bootd):
        with open(f"/proc/{bootd.pid}/status") as file:
            status = dict(line.rstrip("\n").split(":", 1) for line in file)
        names = [entry.pw_name for entry in pwd.getpwall()]
        user = pwd.getpwnam("bootd" if "bootd" in names else "nobody")
        self.assertEqual(status["Uid"].split(), [str(user.pw_uid)] * 4)
        self.assertEqual(status["Seccomp"].strip(), "2")

    def hang_up(self, bootd, until):
        """Sends SIGHUP; returns the log lines up to the one that tells the outcome, which must be
        until."""
        since = bootd.mark()
        os.kill(bootd.pid, signal.SIGHUP)
        found = bootd.wait_for(f"{RELOADED}|{UNCHANGED}", since=since)
        lines = bootd.lines("", since)
        self.assertEqual(found.group(), until, "\n".join(lines))
        return lines

    def reload(self, bootd, *changes):
        """Another configuration, which must be taken."""
        bootd.configure(*changes)
        return self.hang_up(bootd, RELOADED)

    def reload_in_vain(self, bootd, *changes):
        """Another configuration, which must be refused; returns the complaints."""
        bootd.configure(*changes)
        return "\n".join(self.hang_up(bootd, UNCHANGED))

    def read(self, name):
        with RawTftp(self.network) as client:
            return client.read(name)[0]

    def boot_file(self, machine=MACHINE):
        return self.raw.discover(machine, pxe_options(0)).message.file_name

    def address(self, machine):
        return self.raw.lease(machine, pxe_options(0)).message.yiaddr


class TakesEffect(ReloadTest):
    """Each thing that a reload may change."""

    def test_the_boot_file(self):
        bootd = self.start()
        self.assertEqual(self.boot_file(), "bios/pxelinux.0")
        self.reload(bootd, {"bootfile": {"x86-bios": "new/pxelinux.0"}})
        self.assertEqual(self.boot_file(), "new/pxelinux.0")
        self.check_confined(bootd)

    def test_what_clients_are_told(self):
        bootd = self.start()
        self.reload(bootd, {"bootp": {"dns": "10.77.0.60", "gateway": "10.77.0.61",
                                      "lease_time": "90m", "domain": "new.example"}})
        told = self.raw.lease(MACHINE, pxe_options(0)).message
        self.assertEqual(
            [told.option(code) for code in (dhcp.DNS, dhcp.ROUTER, dhcp.LEASE_TIME, dhcp.DOMAIN)],
            [ip4("10.77.0.60"), ip4("10.77.0.61"), (5400).to_bytes(4, "big"), b"new.example"])

    def test_a_pool_elsewhere(self):
        bootd = self.start()
        before = self.address(MACHINE)
        self.reload(bootd, {"bootp": {"pool_start": "10.77.0.200", "pool_count": "2"}})
        again = message(REQUEST, MACHINE, [(dhcp.REQUESTED_ADDRESS, ip4(before)), *pxe_options(0)])
        # Outside the pool it may be another server's address: nothing is said of it.
        self.assertEqual(self.raw.answers_before_probe(
            again, probe=message(DISCOVER, OTHER, pxe_options(0))), [])
        self.assertEqual({self.address(MACHINE), self.address(OTHER)},
                         {"10.77.0.200", "10.77.0.201"})
        self.assertEqual(self.raw.ask(again).message.type, NAK, "it has another one now")
        self.assertEqual(self.raw.answers_before_probe(
            message(DISCOVER, THIRD, pxe_options(0)),
            probe=message(DISCOVER, MACHINE, pxe_options(0))), [], "a pool of two")

    def test_a_fixed_address(self):
        bootd = self.start()
        self.reload(bootd, {"static_dhcp": {mac_key(MACHINE): "10.77.0.30"}})
        self.assertEqual(self.address(MACHINE), "10.77.0.30")

    def test_filters_and_the_root(self):
        bootd = self.start()
        os.mkdir(os.path.join(bootd.folder, "other"))
        for name, data in (("root/file", b"old"), ("other/file", b"new"), ("one.cfg", b"one")):
            with open(os.path.join(bootd.folder, name), "wb") as file:
                file.write(data)
        self.assertEqual(self.read("file"), b"old")
        with RawTftp(self.network) as client:
            self.assertEqual(client.ask("pxelinux.cfg/default").code, NOT_FOUND)
        self.reload(bootd, {"filters": {"pxelinux.cfg/*": "one.cfg"}, "tftp": {"root": "other"}})
        self.assertEqual(self.read("file"), b"new")
        self.assertEqual(self.read("pxelinux.cfg/default"), b"one")
        self.reload(bootd)
        self.assertEqual(self.read("file"), b"old")
        with RawTftp(self.network) as client:
            self.assertEqual(client.ask("pxelinux.cfg/default").code, NOT_FOUND)

    def test_block_size_and_timeout(self):
        bootd = self.start()
        bootd.write("file", b"x" * 2000)
        self.reload(bootd, {"tftp": {"blocksize": "600"}})
        with RawTftp(self.network) as client:
            got, packets = client.read("file", [("blksize", 1400)])
        self.assertEqual((packets[0].options, got), ({"blksize": "600"}, b"x" * 2000))

    def test_who_is_served(self):
        bootd = self.start()
        self.address(MACHINE)
        self.reload(bootd, {"bootp": {"access": "mac"}, "mac": {mac_key(OTHER): "enable"}})
        self.assertEqual(self.raw.answers_before_probe(
            message(DISCOVER, MACHINE, pxe_options(0)),
            probe=message(DISCOVER, OTHER, pxe_options(0))), [])
        self.reload(bootd)
        self.address(MACHINE)

    def test_simple_clients(self):
        bootd = self.start()
        self.assertEqual(self.raw.lease(MACHINE).message.type, ACK)
        self.reload(bootd, {"bootp": {"allow_simple_dhcp": "no"}})
        self.assertEqual(self.raw.answers_before_probe(message(DISCOVER, OTHER)), [])

    def test_the_receiver_of_notifications(self):
        receiver = self.network.udp_socket("srv", "10.77.0.1")
        self.addCleanup(receiver.close)
        receiver.settimeout(20)
        bootd = self.start()
        self.address(MACHINE)
        self.reload(bootd, {"bootp": {"notify": "10.77.0.1:%d" % receiver.getsockname()[1]}})
        address = self.address(OTHER)
        # The first machine's would have come before.
        self.assertRegex(receiver.recv(1000).decode(),
                         rf"^BOOT,[^,]*,{mac_key(OTHER)},{address}\s*$")
        self.reload(bootd)
        self.address(MACHINE)
        self.reload(bootd, {"bootp": {"notify": "10.77.0.1:%d" % receiver.getsockname()[1]}})
        self.address(THIRD)
        self.assertIn(mac_key(THIRD), receiver.recv(1000).decode())

    def test_new_interfaces_addresses_are_nobody_elses(self):
        bootd = self.start({"bootp": {"pool_count": "3"}})
        self.network.add_address("srv", "s0", "10.77.0.100/24")
        self.addCleanup(self.network.ip, "srv", "address", "del", "10.77.0.100/24", "dev", "s0")
        self.reload(bootd, {"bootp": {"pool_count": "3"}})
        self.assertEqual({self.address(MACHINE), self.address(OTHER)},
                         {"10.77.0.101", "10.77.0.102"})


class ChangesNothing(ReloadTest):
    """What is wrong, or cannot be changed."""

    def check_the_old_one_holds(self, bootd):
        self.assertEqual(self.boot_file(), "bios/pxelinux.0")
        self.assertEqual(self.read("file"), b"old")
        self.check_confined(bootd)

    def start(self, *changes, **more):
        bootd = super().start(*changes, **more)
        bootd.write("file", b"old")
        return bootd

    def test_every_mistake_is_told_and_the_old_one_holds(self):
        bootd = self.start()
        told = self.reload_in_vain(
            bootd, {"bootp": {"pool_count": "many", "dsn": "10.77.0.1"}, "tftp": {"root": "gone"},
                    "bootfile": {"x86-bios": "new"}, "sorrow": {"a": "b"}})
        for pattern in (r"bootd\.ini:\d+: .*pool_count", r"bootd\.ini:\d+: .*dsn.*dns",
                        r"bootd\.ini:\d+: .*sorrow"):
            self.assertRegex(told, pattern)
        self.check_the_old_one_holds(bootd)

    def test_a_root_that_is_missing(self):
        bootd = self.start()
        told = self.reload_in_vain(bootd, {"tftp": {"root": "gone"},
                                           "bootfile": {"x86-bios": "new"}})
        self.assertRegex(told, r"\[tftp\] root: .*gone")
        self.check_the_old_one_holds(bootd)

    def test_a_root_that_the_confinement_has_put_out_of_reach(self):
        bootd = self.start()
        folder = Folder("elsewhere")
        self.addCleanup(folder.close)
        with open(os.path.join(folder.path, "file"), "wb") as file:
            file.write(b"new")
        told = self.reload_in_vain(bootd, {"tftp": {"root": folder.path}})
        self.assertRegex(told, r"\[tftp\] root: .*" + folder.path)
        self.check_the_old_one_holds(bootd)

    def test_a_filter_that_leads_out_of_reach(self):
        bootd = self.start()
        folder = Folder("elsewhere")
        self.addCleanup(folder.close)
        told = self.reload_in_vain(bootd, {"filters": {"file": folder.path + "/file"}})
        self.assertRegex(told, r"bootd\.ini:\d+: \[filters\] file: .*" + folder.path)
        self.check_the_old_one_holds(bootd)

    def test_a_root_that_the_user_may_not_enter(self):
        bootd = self.start()
        os.mkdir(os.path.join(bootd.folder, "closed"), 0o700)
        told = self.reload_in_vain(bootd, {"tftp": {"root": "closed"}})
        self.assertRegex(told, r"\[tftp\] root: .*closed")
        self.check_the_old_one_holds(bootd)

    def test_a_file_that_is_missing_or_no_configuration(self):
        bootd = self.start()
        os.rename(bootd.config, bootd.config + ".kept")
        self.assertRegex("\n".join(self.hang_up(bootd, UNCHANGED)),
                         "bootd.ini: there is no such file")
        self.check_the_old_one_holds(bootd)
        for data in (b"", os.urandom(5000), b"[bootp\n", b"\0" * 100):
            with self.subTest(data[:10]):
                with open(bootd.config, "wb") as file:
                    file.write(data)
                self.hang_up(bootd, UNCHANGED)
                self.check_the_old_one_holds(bootd)
        os.rename(bootd.config + ".kept", bootd.config)
        self.hang_up(bootd, RELOADED)
        self.check_the_old_one_holds(bootd)

    def test_what_needs_a_restart_is_refused_by_name(self):
        bootd = self.start()
        changes = (("bootp", "port", "1067"), ("bootp", "address", "s0"), ("tftp", "port", "1069"),
                   ("tftp", "address", "10.77.0.1"), ("tftp", "max_transfers", "17"),
                   ("tftp", "workers", "7"), ("tftp", "port_range", "50000-50099"),
                   ("daemon", "user", "daemon"))
        for section, key, value in changes:
            with self.subTest(f"{section} {key}"):
                told = self.reload_in_vain(bootd, {section: {key: value}},
                                           {"bootfile": {"x86-bios": "new"}})
                self.assertIn(f"[{section}] {key}: {REFUSED}", told)
                self.check_the_old_one_holds(bootd)
        every = {}
        for section, key, value in changes:
            every.setdefault(section, {})[key] = value
        told = self.reload_in_vain(bootd, every)
        for section, key, _ in changes:
            self.assertIn(f"[{section}] {key}: {REFUSED}", told)
        self.check_the_old_one_holds(bootd)

    def test_a_log_file_out_of_reach(self):
        bootd = self.start()
        told = self.reload_in_vain(bootd, {"logger": {"type": "file", "file": "/nowhere/log"}})
        self.assertRegex(told, r"\[logger\] file: /nowhere/log")
        self.check_the_old_one_holds(bootd)

    def test_without_a_change_nothing_happens(self):
        bootd = self.start()
        for _ in range(3):
            self.hang_up(bootd, RELOADED)
        self.check_the_old_one_holds(bootd)


class GoesOn(ReloadTest):
    """What is under way when the configuration changes."""

    def test_leases_stay(self):
        bootd = self.start()
        machines = [mac(f"52:54:00:77:0b:{number:02x}") for number in range(5)]
        before = {machine: self.address(machine) for machine in machines}
        self.assertEqual(len(set(before.values())), 5)
        self.reload(bootd)
        # New machines first: they would take what had become free.
        self.assertNotIn(self.address(OTHER), before.values())
        self.assertEqual({machine: self.address(machine) for machine in machines}, before)
        last = max(before.values(), key=ip4)
        self.reload(bootd, {"bootp": {"pool_start": last, "pool_count": "20"}})
        self.assertNotEqual(self.address(THIRD), last)
        holder = next(machine for machine in machines if before[machine] == last)
        self.assertEqual(self.address(holder), last)
        self.reload_in_vain(bootd, {"bootp": {"pool_count": "x"}})
        self.assertEqual(self.address(holder), last)

    def test_an_offer_is_kept(self):
        bootd = self.start()
        offer = self.raw.discover(MACHINE, pxe_options(0))
        self.reload(bootd, {"bootp": {"lease_time": "300"}})
        answer = self.raw.request(MACHINE, offer, pxe_options(0))
        self.assertEqual((answer.message.type, answer.message.yiaddr),
                         (ACK, offer.message.yiaddr))

    def test_sessions_stay(self):
        bootd = self.start({"bootp": {"allow_simple_dhcp": "no"}})
        address = self.address(MACHINE)
        self.reload(bootd, {"bootp": {"allow_simple_dhcp": "no", "lease_time": "300"}})
        # Its system, which shows no mark of the firmware: only the session lets it in.
        self.assertEqual(self.raw.lease(MACHINE).message.yiaddr, address)
        self.assertEqual(self.raw.answers_before_probe(message(DISCOVER, OTHER)), [])

    def test_a_transfer_keeps_its_file(self):
        bootd = self.start()
        old, new = bodies(100_000)
        bootd.write("file", old)
        os.mkdir(os.path.join(bootd.folder, "other"))
        with open(os.path.join(bootd.folder, "other", "file"), "wb") as file:
            file.write(new)
        with RawTftp(self.network) as client:
            packet = client.ask("file")
            got, number = packet.data, 1
            while len(packet.data) == 512:
                if number == 40:
                    self.reload(bootd, {"tftp": {"root": "other", "blocksize": "100"}})
                if number == 80:
                    self.reload_in_vain(bootd, {"tftp": {"root": "gone"}})
                client.send(ack(number), packet.port)
                packet = client.get()
                while packet.kind == DATA and packet.block == number:
                    packet = client.get()  # sent again while the reload was awaited
                number += 1
                self.assertEqual((packet.kind, packet.block), (DATA, number))
                got += packet.data
            client.send(ack(number), packet.port)
        self.assertEqual(got, old)
        self.assertEqual(self.read("file"), new)
        bootd.wait_for("sent file, 100000 bytes")


class Told(ReloadTest):
    """The service manager and the log."""

    def start_watched(self, *changes):
        name = f"bootd-reload-{os.getpid()}-{self.id().rsplit('.', maxsplit=1)[-1]}"[:90]
        with self.network.inside("srv"):
            self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind("\0" + name)
        self.manager.settimeout(30)
        bootd = self.start(*changes, env={"NOTIFY_SOCKET": "@" + name})
        self.assertEqual(self.manager.recv(4096), b"READY=1")
        return bootd

    def check_told(self):
        """RELOADING with the time, in the form that systemd asks for, then READY."""
        self.assertRegex(self.manager.recv(4096), rb"^RELOADING=1\nMONOTONIC_USEC=[1-9]\d*\n?$")
        self.assertEqual(self.manager.recv(4096), b"READY=1")

    def test_the_manager_is_told_of_each_reload(self):
        bootd = self.start_watched()
        self.reload(bootd, {"bootp": {"lease_time": "300"}})
        self.check_told()
        self.reload_in_vain(bootd, {"bootp": {"lease_time": "soon"}})
        self.check_told()
        bootd.stop()
        self.assertEqual(self.manager.recv(4096), b"STOPPING=1")

    def test_the_level_of_the_log(self):
        bootd = self.start_watched()
        self.boot_file()
        bootd.wait_for("(?i)" + mac_key(MACHINE))
        bootd.configure({"logger": {"level": "error"}})
        os.kill(bootd.pid, signal.SIGHUP)
        self.check_told()
        since = bootd.mark()
        self.boot_file(OTHER)
        bootd.configure({"logger": {"level": "info"}})
        os.kill(bootd.pid, signal.SIGHUP)
        bootd.wait_for(RELOADED, since=since)
        self.assertEqual(bootd.lines("(?i)" + mac_key(OTHER)), [])
        self.boot_file(THIRD)
        bootd.wait_for("(?i)" + mac_key(THIRD))


class Authority(http.server.BaseHTTPRequestHandler):
    """Grants everything."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Load(threading.Thread):
    """Does one thing again and again; what goes wrong ends it and is kept."""

    def __init__(self, step):
        super().__init__(daemon=True)
        self._step = step
        self._must_end = threading.Event()
        self.count = 0
        self.error = None
        self.start()

    def run(self):
        try:
            while not self._must_end.is_set():
                self._step(self.count)
                self.count += 1
        except BaseException as error:
            self.error = error

    def end(self):
        """Awaits the step under way; returns how many there were."""
        self._must_end.set()
        self.join(120)
        if self.error is not None:
            raise self.error
        return self.count


class Storm(ReloadTest):
    """Reloads under load."""

    READERS = 3
    ROOTS = ("root", "other")
    FILES = {"small": 700, "medium": 60_000, "large": 1_000_000}

    @classmethod
    def make_network(cls):
        # Files go over a cable of their own: what waits for DHCP reads every frame of its.
        made = one_server_one_client("10.77.0.1/16")
        made.add_namespace("reader")
        made.add_link(("srv", "s1"), ("reader", "r0"))
        made.add_address("srv", "s1", "10.78.0.1/24")
        made.add_address("reader", "r0", "10.78.0.2/24")
        return made

    def start_authority(self):
        with self.network.inside("srv"):
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Authority)
        server.daemon_threads = True
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        return server.server_address[1]

    def settings(self, number, port):
        """The configuration of a reload: every second one broken, every second right one another
        root and an authority."""
        is_other = number // 2 % 2 == 1
        usual = {"logger": {"level": "info"}, "tftp": {"root": self.ROOTS[is_other]},
                 "bootp": {"pool_start": STORM_ADDRESS, "pool_count": "5000", "gateway": None,
                           "lease_time": str(300 + number)},
                 "filters": {f"name-{row}/*": f"[dir/{{mac}}-{row}]" for row in range(50)}}
        if is_other:
            usual["bootp"]["access"] = "http"
            usual["http"] = {"location": f"127.0.0.1:{port}", "pxe": "/boot", "dhcp": "/linux",
                             "timeout": "20", "always_check": "yes"}
        broken = ({"bootp": {"pool_count": "many"}}, {"tftp": {"root": "gone"}},
                  {"filters": {"a": "{nothing}"}}, {"tftp": {"port": "1069"}},
                  {"bootp": {"access": "http"}, "http": None}, {"sorrow": {"a": "b"}},
                  {"daemon": {"user": "daemon"}}, {"logger": {"type": "file", "file": "/no/log"}})
        return (usual, broken[number // 2 % len(broken)]) if number % 2 else (usual,)

    def write_files(self, bootd):
        """In each root another content; returns {name: both}."""
        whole = {}
        os.mkdir(os.path.join(bootd.folder, "other"))
        for name, size in self.FILES.items():
            whole[name] = bodies(size)
            for root, data in zip(self.ROOTS, whole[name]):
                with open(os.path.join(bootd.folder, root, name), "wb") as file:
                    file.write(data)
        return whole

    def read_one(self, whole, number):
        """A request is sent once and must be answered; the file is one of the roots', whole."""
        name = list(whole)[number % len(whole)]
        with RawTftp(self.network, "reader", "10.78.0.1") as client:
            got, _ = client.read(name, [("blksize", 1428)] if number % 2 else [])
        if got not in whole[name]:
            raise AssertionError(f"{name} is neither root's: {len(got)} bytes")

    def lease_one(self, known, number):
        """A machine asks until it is answered, as machines do; each has one address for ever."""
        machine = bytes([0x52, 0x54, 0, 0x77, 0xcc, number % 20])
        discover = message(DISCOVER, machine, pxe_options(0))
        offer = self.ask_again(discover)
        request = message(REQUEST, machine, [
            (dhcp.REQUESTED_ADDRESS, ip4(offer.yiaddr)),
            (dhcp.SERVER_ID, offer.option(dhcp.SERVER_ID)), *pxe_options(0)], xid=discover.xid)
        got = self.ask_again(request)
        if got.type != ACK or known.setdefault(machine, got.yiaddr) != got.yiaddr:
            raise AssertionError(f"{known[machine]} was expected: {got}")

    def ask_again(self, sent):
        # What the authority is being asked at the moment of a reload is dropped.
        wanted = {dhcp.DISCOVER: dhcp.OFFER, dhcp.REQUEST: ACK}[sent.type]
        for _ in range(10):
            self.raw.send(sent)
            for answer in self.raw.answers(UNANSWERED_S):
                found = answer.message
                if (found.xid, found.chaddr, found.type) == (sent.xid, sent.chaddr, wanted):
                    return found
            self.repeated += 1
        raise AssertionError(f"{sent} is not answered")

    def numbers(self, bootd):
        """(descriptors, threads) of the process."""
        return (len(os.listdir(f"/proc/{bootd.pid}/fd")),
                len(os.listdir(f"/proc/{bootd.pid}/task")))

    def memory_kib(self, bootd):
        with open(f"/proc/{bootd.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def test_many_reloads_under_load_lose_nothing_and_keep_nothing(self):
        port = self.start_authority()
        bootd = self.start(*self.settings(0, port), env={
            "ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"})
        whole = self.write_files(bootd)
        self.repeated = 0
        known = {}
        # Once through everything, so that all threads and tables are there.
        self.read_one(whole, 0)
        for number in range(WARM_UP):
            self.reload_number(bootd, number, port)
            self.lease_one(known, number)
        self.reload_number(bootd, 0, port)
        idle = self.numbers(bootd)
        loads = [Load(lambda number: self.read_one(whole, number)) for _ in range(self.READERS)]
        loads.append(Load(lambda number: self.lease_one(known, number)))
        most, memory = idle, []
        for number in range(COUNT):
            self.reload_number(bootd, number, port)
            self.await_progress(loads, number)
            most = tuple(map(max, most, self.numbers(bootd)))
            memory.append(self.memory_kib(bootd))
        done = [load.end() for load in loads]
        before = max(memory[:COUNT * 2 // 5])
        grown = max(memory[COUNT * 2 // 5:]) - before
        print(f"{COUNT} reloads, {sum(done[:-1])} transfers, {done[-1]} leases, {self.repeated} "
              f"packets repeated; {before} KiB, grown by {grown} KiB; descriptors and threads: "
              f"idle {idle}, at most {most}")
        self.reload_number(bootd, 0, port)
        wait_until(lambda: self.numbers(bootd)[0] <= idle[0], 30, f"{idle[0]} descriptors again",
                   lambda: str(self.numbers(bootd)))
        wait_until(lambda: self.numbers(bootd)[1] <= idle[1], 30, f"{idle[1]} threads again",
                   lambda: str(self.numbers(bootd)))
        # Each transfer has a socket and a file; an authority its thread, a resolver's, and its own.
        self.assertLessEqual(most[0], idle[0] + 2 * self.READERS + 16)
        self.assertLessEqual(most[1], idle[1] + 3)
        self.assertLess(grown, GROWTH_MAX_KIB)
        self.assertGreaterEqual(min(done), COUNT // 10, "there was hardly a load")
        # A reload that is taken drops at most the one question under way.
        self.assertLessEqual(self.repeated, COUNT // 2)
        self.check_confined(bootd)
        bootd.stop()
        totals = bootd.totals()
        self.assertEqual(
            {name: count for name, count in totals.items() if name in (
                "tftp-timed-out", "tftp-read-failed", "tftp-client-error", "tftp-busy",
                "tftp-not-found", "tftp-denied", "tftp-refused", "tftp-send-failed")}, {})

    def reload_number(self, bootd, number, port):
        bootd.configure(*self.settings(number, port))
        self.hang_up(bootd, UNCHANGED if number % 2 else RELOADED)

    def await_progress(self, loads, number):
        """Every load goes on: every tenth reload waits until each has done something."""
        for load in loads:
            if load.error is not None:
                raise load.error
        if number % 10 == 9:
            counts = [load.count for load in loads]
            for load, count in zip(loads, counts):
                wait_until(lambda load=load, count=count: load.count > count or load.error, 60,
                           "the load to go on")


if __name__ == "__main__":
    main()
