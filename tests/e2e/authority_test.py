#!/usr/bin/env python3
"""[bootp] access = http: a real web server decides who is served, and delays nobody else."""

import os
import re
import signal
import socket
import subprocess
import sys
import uuid

from bootd import Bootd, REPOSITORY
from clients import Dhclient, Udhcpc
from dhcp import (ACK, BOOT_FILE, DECLINE, DISCOVER, HOST_NAME, INFORM, OFFER, RELEASE, REQUEST,
                  REQUESTED_ADDRESS, SERVER_ID, Message, RawClient, ip4, mac, mac_log, message,
                  pxe_options)
from dhcp_wire_test import WireTest
from harness import main
from network import Folder
from tftp import ACCESS_VIOLATION, ERROR, RawTftp

ONE = mac("52:54:00:77:0a:01")
TWO = mac("52:54:00:77:0a:02")
STATIC = mac("52:54:00:77:0a:03")
CLIENT = mac("52:54:00:77:00:01")  # the interface c0
MANY = [mac(f"52:54:00:77:0b:{number:02x}") for number in range(40)]
SHOWN = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
FIRMWARE = pxe_options(7, uuid=b"\0" + SHOWN.bytes_le)
SERVER = os.path.join(REPOSITORY, "tests", "authority", "server.py")
GRANTED = "authority: {}: granted"


def key(address):
    """A MAC address as bootd writes it."""
    return "-".join(f"{byte:02X}" for byte in address)


# The probe of WireTest.assert_silence is served whatever the authority says.
STATIC_MACHINES = {key(RawClient.PROBE_MAC): "10.77.0.99", key(STATIC): "10.77.0.20",
                   key(CLIENT): "10.77.0.21"}


class AuthorityTest(WireTest):
    """The server of the tests runs beside bootd; what it does is in the path that is asked."""

    programs = ("dhclient", "busybox")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = cls.start_server(SERVER)
        cls.port = int(server.stdout.readline())

    @classmethod
    def start_server(cls, *command):
        """A web server, ended after the tests."""
        server = cls.network.start("srv", sys.executable, *command, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.end_server, server)
        return server

    @staticmethod
    def end_server(server):
        server.kill()
        server.wait()
        server.stdin.close()
        server.stdout.close()

    def settings(self, pxe, dhcp=None, location=None, **http):
        """The configuration that asks the server for these paths."""
        return {"bootp": {"access": "http"}, "static_dhcp": STATIC_MACHINES,
                "http": {"location": location or f"http://127.0.0.1:{self.port}", "pxe": pxe,
                         "dhcp": dhcp or pxe, **http}}

    def asking(self, pxe, dhcp=None, *changes, **http):
        """A bootd with these settings."""
        return self.bootd(self.settings(pxe, dhcp, **http), *changes, env={"no_proxy": "*"})

    def lines_of(self, bootd, machine, text="authority: {}: "):
        """What the log says of what the authority said of a machine. It is whole once bootd ends."""
        bootd.stop()
        return bootd.lines(text.format(mac_log(machine)))

    def release_stage(self):
        """Asks the server for what the firmware's question awaits."""
        with self.network.inside("srv"):
            asker = socket.create_connection(("127.0.0.1", self.port))
        with asker:
            asker.sendall(b"GET /silent/stage HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            asker.shutdown(socket.SHUT_WR)
            asker.recv(1)

    def check_totals(self, bootd, **counts):
        """Of the authority's counters these, and no others."""
        bootd.stop()
        expected = {"authority-" + name.replace("_", "-"): count for name, count in counts.items()}
        self.assertEqual({name: count for name, count in bootd.totals().items()
                          if name.startswith("authority-")}, expected)


class Grants(AuthorityTest):
    def question(self, stage, machine, has_uuid=True):
        """What the server was asked, which is the file that it names."""
        return f"/grant/{stage}?mac={key(machine)}" + (f"&uuid={SHOWN}" if has_uuid else "")

    def test_each_stage_has_its_path_and_the_uuid_of_the_firmware(self):
        bootd = self.asking("grant/boot", "/grant/system")
        answer = self.raw.lease(ONE, FIRMWARE).message
        self.assertEqual(answer.file_name, self.question("boot", ONE))
        answer = self.raw.lease(ONE).message
        self.assertEqual(answer.file_name, self.question("system", ONE))
        answer = self.raw.lease(TWO).message
        self.assertEqual(answer.file_name, self.question("system", TWO, has_uuid=False))
        answer = self.raw.ask(Message(chaddr=MANY[0], xid=0x170a)).message
        self.assertEqual(answer.file_name, self.question("system", MANY[0], has_uuid=False))
        # Back to its firmware: a boot of its own.
        answer = self.raw.lease(ONE, FIRMWARE).message
        self.assertEqual(answer.file_name, self.question("boot", ONE))
        self.check_totals(bootd, grants=5)

    def test_the_location_may_leave_http_out(self):
        bootd = self.asking("/grant", location=f"127.0.0.1:{self.port}")
        self.raw.lease(ONE, FIRMWARE)
        self.check_totals(bootd, grants=1)

    def test_client_and_file_are_the_machines_host_name_and_boot_file(self):
        self.asking("/grant/boot")
        for answer in (self.raw.discover(ONE, FIRMWARE), self.raw.lease(ONE, FIRMWARE)):
            got = answer.message
            self.assertEqual(got.option(HOST_NAME), b"machine-7")
            self.assertEqual(got.option(BOOT_FILE).decode(), self.question("boot", ONE))
            self.assertEqual(got.file_name, self.question("boot", ONE))

    def test_a_proxy_asks_once_for_what_both_its_ports_tell(self):
        bootd = self.asking("/grant/boot", None, {"static_dhcp": None, "bootp": {
            "mode": "proxy", "pool_start": None, "pool_count": None}})
        bios = pxe_options(0, uuid=b"\0" + SHOWN.bytes_le)
        answer = self.raw.discover(ONE, bios).message
        self.assertEqual((answer.yiaddr, answer.file_name),
                         ("0.0.0.0", self.question("boot", ONE)))
        self.network.add_address("cli", "c0", "10.77.0.77/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        with self.network.udp_socket("cli", "10.77.0.77", 68) as sock:
            sock.settimeout(20)
            sock.sendto(message(REQUEST, ONE, bios, ciaddr="10.77.0.77").encode(),
                        ("10.77.0.1", 4011))
            self.assertEqual(Message.decode(sock.recv(4096)).file_name,
                             self.question("boot", ONE))
        # What is not for a proxy is not asked about.
        self.raw.send(message(REQUEST, TWO, [(REQUESTED_ADDRESS, ip4("10.77.0.78")),
                                             (SERVER_ID, ip4("10.77.0.2")), *bios]))
        bootd.wait_for(mac_log(TWO) + ": left REQUEST to the server")
        self.check_totals(bootd, grants=1)

    def test_without_such_lines_the_configuration_says_what_to_boot(self):
        self.asking("/bare")
        got = self.raw.lease(ONE, FIRMWARE).message
        self.assertIsNone(got.option(HOST_NAME))
        self.assertEqual(got.file_name, "efi64/grubx64.efi")

    def test_filters_know_client_and_file(self):
        bootd = self.asking("/grant/boot", None, {"filters": {
            "own.cfg": "root/{client}.cfg", "grant/boot*": "root/boot.bin"}})
        name = bootd.write("machine-7.cfg", b"of machine-7")
        boot = bootd.write("boot.bin", b"to boot")
        answer = self.raw.lease(ONE, FIRMWARE).message
        self.network.add_address("cli", "c0", answer.yiaddr + "/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        with RawTftp(self.network) as client:
            self.assertEqual(client.read("own.cfg")[0], name)
        with RawTftp(self.network) as client:
            self.assertEqual(client.read(answer.file_name)[0], boot)

    def test_real_clients(self):
        changes = {"static_dhcp": None}
        with Bootd(self.network, self.settings("/grant/boot", "/grant/system"), changes,
                   env={"no_proxy": "*"}) as bootd:
            pxe_class = 'send vendor-class-identifier "PXEClient:Arch:00007:UNDI:003016";\n'
            with Dhclient(self.network, statements=pxe_class) as client:
                first = client.start().wait_bound()
            self.assertEqual(first.boot_file, self.question("boot", CLIENT, has_uuid=False))
            with Udhcpc(self.network) as client:
                second = client.start().wait_bound()
            self.assertEqual(second.boot_file, self.question("system", CLIENT, has_uuid=False))
            self.assertEqual(first.address, second.address)
            self.assertEqual(len(self.lines_of(bootd, CLIENT, GRANTED)), 2)

    def test_a_slow_authority_is_awaited(self):
        bootd = self.asking("/slow")
        self.assertEqual(self.raw.lease(ONE, FIRMWARE).message.type, ACK)
        self.check_totals(bootd, grants=1)


class Denials(AuthorityTest):
    def check_denied(self, bootd, line, counter, options=FIRMWARE):
        """Silence, with a line and a counter of its own."""
        sent = message(DISCOVER, ONE, options)
        with RawClient(self.network) as raw:
            raw.send(sent)
            bootd.wait_for(f"authority: {mac_log(ONE)}: {line}")
            self.assertEqual(raw.answers_before_probe(), [])
        self.check_totals(bootd, **{counter: 1})
        self.assertNotIn("dhcp-denied", bootd.totals())

    def test_each_way_not_to_grant_is_silence_with_a_line_and_a_counter(self):
        other = "taken as denied: the answer is neither 200, 401 nor 403 "
        bad = "taken as denied: the answer is not HTTP, or too long"
        late = "taken as denied: no answer in time"
        cases = [
            ("/status/401", r"denied \(status 401\)", "denies"),
            ("/status/403", r"denied \(status 403\)", "denies"),
            ("/status/500", other + r"\(status 500\)", "other_status"),
            ("/status/404", other + r"\(status 404\)", "other_status"),
            ("/status/204", other + r"\(status 204\)", "other_status"),
            ("/redirect", other + r"\(status 302\)", "other_status"),
            ("/close", bad, "bad_reply"),
            ("/short", bad, "bad_reply"),
            ("/garbage", bad, "bad_reply"),
            ("/headers/1048576", bad, "bad_reply"),
            ("/header", bad, "bad_reply"),
            ("/continue", bad, "bad_reply"),
            ("/body/1048576", bad, "bad_reply"),
            ("/endless", bad, "bad_reply"),
            ("/silent/late", late, "timed_out"),
            ("/drip", late, "timed_out"),
        ]
        for path, line, counter in cases:
            timeout = "0.3" if counter == "timed_out" else "60"
            with self.subTest(path):
                self.check_denied(self.asking(path, timeout=timeout), line, counter)

    def test_an_authority_that_is_down(self):
        free = self.network.udp_socket("srv", "127.0.0.1")
        down = f"http://127.0.0.1:{free.getsockname()[1]}"  # of TCP, nobody listens there
        free.close()
        self.check_denied(self.asking("/grant", location=down),
                          "taken as denied: the authority cannot be reached", "unreachable")

    def test_an_https_server_of_a_certificate_that_nobody_signed(self):
        server = self.start_server(SERVER, "--tls")
        location = f"https://127.0.0.1:{int(server.stdout.readline())}"
        self.check_denied(self.asking("/grant", location=location),
                          "taken as denied: the authority cannot be reached", "unreachable")

    def test_the_timeout_of_bootp_counts_where_http_names_none(self):
        bootd = self.asking("/silent/bootp", None, {"bootp": {"timeout": "0.3"}})
        self.check_denied(bootd, "taken as denied: no answer in time", "timed_out")

    def test_a_denied_machine_may_ask_again(self):
        bootd = self.asking("/status/403", "/grant/system")
        since = bootd.mark()
        for _ in range(3):
            self.raw.send(message(DISCOVER, ONE, FIRMWARE))
            bootd.wait_for(f"authority: {mac_log(ONE)}: denied", since=since)
            since = bootd.mark()
        self.raw.lease(ONE)
        self.check_totals(bootd, denies=3, grants=1)

    def deny_after_a_grant(self):
        """A bootd that knows ONE at the client's address and has had it denied since."""
        bootd = self.asking("/grant/boot", "/status/403")
        bootd.write("file", b"expected")
        address = self.raw.lease(ONE, FIRMWARE).message.yiaddr
        self.network.add_address("cli", "c0", address + "/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        with RawTftp(self.network) as client:
            self.assertEqual(client.read("file")[0], b"expected")
        self.raw.send(message(DISCOVER, ONE))
        bootd.wait_for(f"authority: {mac_log(ONE)}: denied")
        return bootd, address

    def check_reads_nothing(self, bootd):
        since = bootd.mark()
        with RawTftp(self.network) as client:
            answer = client.ask("file")
        self.assertEqual((answer.kind, answer.code), (ERROR, ACCESS_VIOLATION), answer)
        bootd.wait_for("file: refused: this machine may not boot", since=since)

    def test_what_was_granted_and_is_denied_now_reads_no_files(self):
        bootd, _ = self.deny_after_a_grant()
        self.check_reads_nothing(bootd)

    def test_a_denied_machine_reads_no_files_after_messages_that_need_no_grant(self):
        bootd, address = self.deny_after_a_grant()
        named = [(SERVER_ID, ip4("10.77.0.1"))]
        for kind, options in ((INFORM, []), (RELEASE, named),
                              (DECLINE, [(REQUESTED_ADDRESS, ip4("10.77.0.140")), *named])):
            with self.subTest(kind):
                self.assert_silence(message(kind, ONE, options, ciaddr=address))
                self.check_reads_nothing(bootd)


class Waiting(AuthorityTest):
    def test_while_it_hangs_others_are_served_at_their_first_try(self):
        bootd = self.asking("/silent/forever", timeout="300")
        # More than are asked about at once: the others wait in line.
        machines = [mac(f"52:54:00:77:0c:{number:02x}") for number in range(100)]
        for machine in machines:
            self.raw.send(message(DISCOVER, machine, FIRMWARE))
        offer = self.raw.discover(STATIC)  # sends once, as request does
        self.assertEqual(offer.message.yiaddr, "10.77.0.20")
        self.assertEqual(self.raw.request(STATIC, offer).message.type, ACK)
        for program in (Udhcpc, Dhclient):
            with program(self.network) as client:
                self.assertEqual(client.start().wait_bound().address, "10.77.0.21")
        self.assertEqual(bootd.lines("authority: "), [])
        bootd.stop()

    def test_repeated_messages_ask_once_and_the_newest_is_answered(self):
        bootd = self.asking("/after/repeated", "/silent/repeated")
        sent = [message(DISCOVER, ONE, FIRMWARE, secs=number) for number in range(5)]
        for one in sent:
            self.raw.send(one)
        self.assert_silence()
        # The first question is answered once somebody else is asked about.
        self.raw.send(message(DISCOVER, TWO))
        offer = self.raw.receive(sent[-1].xid, ONE)
        self.assertEqual(offer.message.type, OFFER)
        self.assertEqual(self.raw.request(ONE, offer, FIRMWARE).message.type, ACK)
        self.assert_silence()
        self.assertEqual(len(self.lines_of(bootd, ONE)), 1)

    def test_repeated_requests_ask_once(self):
        bootd = self.asking("/after/requests", "/silent/requests", always_check="yes")
        request = message(REQUEST, ONE, [(REQUESTED_ADDRESS, ip4("10.77.0.120")), *FIRMWARE])
        for _ in range(5):
            self.raw.send(request)
        self.assert_silence()
        self.raw.send(message(DISCOVER, TWO))
        answer = self.raw.receive(request.xid, ONE).message
        self.assertEqual((answer.type, answer.yiaddr), (ACK, "10.77.0.120"))
        self.assert_silence()
        self.assertEqual(len(self.lines_of(bootd, ONE)), 1)

    def test_many_machines_are_asked_about_at_once(self):
        bootd = self.asking(f"/together/{len(MANY)}", timeout="60")
        sent = {machine: message(DISCOVER, machine, FIRMWARE) for machine in MANY}
        for one in sent.values():
            self.raw.send(one)
        addresses = {}
        for answer in self.raw.answers(60):
            self.assertEqual(answer.message.type, OFFER)
            addresses[answer.message.chaddr] = answer.message.yiaddr
            if len(addresses) == len(MANY):
                break
        self.assertEqual(set(addresses), set(MANY))
        self.assertEqual(len(set(addresses.values())), len(MANY))
        self.check_totals(bootd, grants=len(MANY))

    def test_it_ends_in_order_while_the_authority_is_silent(self):
        bootd = self.asking("/silent/end", timeout="300")
        self.raw.send(message(DISCOVER, ONE, FIRMWARE))
        self.assert_silence()
        self.check_totals(bootd)

    def test_a_system_that_asks_while_its_firmware_is_asked_about_asks_for_itself(self):
        bootd = self.asking("/after/stage", "/grant/system")
        self.raw.send(message(DISCOVER, ONE, FIRMWARE))
        self.raw.send(message(DISCOVER, ONE))
        self.assert_silence()
        self.release_stage()
        bootd.wait_for(GRANTED.format(mac_log(ONE)))
        answer = self.raw.lease(ONE).message
        self.assertTrue(answer.file_name.startswith("/grant/system?"), answer.file_name)


class HowOften(AuthorityTest):
    def boot_and_renew(self):
        """DISCOVER, REQUEST, and twice REQUEST again."""
        address = self.raw.lease(ONE, FIRMWARE).message.yiaddr
        for _ in range(2):
            sent = message(REQUEST, ONE, [(REQUESTED_ADDRESS, ip4(address)), *FIRMWARE])
            self.assertEqual(self.raw.ask(sent).message.type, ACK)

    def test_once_a_stage(self):
        bootd = self.asking("/grant/boot")
        self.boot_and_renew()
        self.raw.lease(ONE)
        self.check_totals(bootd, grants=2)

    def test_always_check_asks_at_each_packet(self):
        bootd = self.asking("/grant/boot", always_check="yes")
        self.boot_and_renew()
        self.raw.lease(ONE)
        self.check_totals(bootd, grants=6)

    def test_static_machines_are_not_asked_about(self):
        bootd = self.asking("/status/403")
        self.assertEqual(self.raw.lease(STATIC, FIRMWARE).message.yiaddr, "10.77.0.20")
        self.check_totals(bootd)

    def test_whom_bootd_would_not_serve_is_not_asked_about(self):
        bootd = self.asking("/grant", None, {"bootp": {"allow_simple_dhcp": "no"}})
        self.assert_silence(message(DISCOVER, ONE))
        bootd.wait_for(mac_log(ONE) + ".*not a boot client")
        self.check_totals(bootd)


class Example(AuthorityTest):
    """The demonstration, examples/authority, as its README says."""

    def start_example(self, config):
        """A run of the example, and bootd that asks it."""
        folder = Folder("authority")
        self.addCleanup(folder.close)
        path = os.path.join(folder.path, "config.ini")
        with open(path, "w") as file:
            file.write(config)
        example = self.start_server(
            os.path.join(REPOSITORY, "examples", "authority", "authority.py"), path)
        location = re.match("listening on (.*)", example.stdout.readline()).group(1)
        return self.asking("/boot", "/linux", location=location)

    def test_a_listed_machine_boots_then_its_system_starts(self):
        bootd = self.start_example(
            f"[httpd]\nport = 0\n[mac]\n{key(ONE)} = enable\n{key(TWO)} = off\n"
            f"[uuid]\n[client]\n{key(ONE)} = workbench\n[file]\n{key(ONE)} = dir/own.bin\n")
        # Its system first: nothing was booted from here.
        self.raw.send(message(DISCOVER, ONE))
        bootd.wait_for(rf"authority: {mac_log(ONE)}: denied \(status 401\)")
        boot = self.raw.lease(ONE, FIRMWARE).message
        self.assertEqual((boot.file_name, boot.option(HOST_NAME)), ("dir/own.bin", b"workbench"))
        self.assertEqual(self.raw.lease(ONE).message.yiaddr, boot.yiaddr)
        for machine in (TWO, MANY[0]):
            self.raw.send(message(DISCOVER, machine, FIRMWARE))
            bootd.wait_for(rf"authority: {mac_log(machine)}: denied \(status 401\)")
        self.assert_silence()
        self.check_totals(bootd, denies=3, grants=2)

    def test_a_machine_that_is_listed_by_its_uuid(self):
        bootd = self.start_example(f"[httpd]\nport = 0\n[uuid]\n{SHOWN} = yes\n")
        address = self.raw.lease(ONE, FIRMWARE).message.yiaddr
        self.assertEqual(self.raw.lease(ONE).message.yiaddr, address)
        self.check_totals(bootd, grants=2)


class Reload(AuthorityTest):
    def test_a_reload_that_keeps_the_authority_drops_no_question(self):
        bootd = self.asking("/after/stage")
        discover = message(DISCOVER, ONE, FIRMWARE)
        self.raw.send(discover)
        self.assert_silence()
        since = bootd.mark()
        os.kill(bootd.pid, signal.SIGHUP)
        bootd.wait_for("reloaded ", since=since)
        self.release_stage()
        answer = self.raw.receive(discover.xid, discover.chaddr).message
        self.assertEqual(answer.type, OFFER)
        self.check_totals(bootd, grants=1)


if __name__ == "__main__":
    main()
