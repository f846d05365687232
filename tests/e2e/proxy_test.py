#!/usr/bin/env python3
"""bootd as a proxy: it says what to boot beside real servers that give the addresses."""

import contextlib
import os
import select
import signal
import struct
import time

import dhcp
from bootd import run_binary
from clients import Dhclient
from dhcp import ACK, DISCOVER, INFORM, OFFER, REQUEST, RawClient, mac, message, pxe_options
from harness import EndToEndTest, main
from network import Network
from other_servers import ALL, Dnsmasq, Kea
from tftp import DATA, ERROR, RawTftp

SERVER, MACHINE = "10.77.0.1", mac("52:54:00:77:00:01")
VENDOR, PXE_PORT = 43, 4011
UUID_OPTION = bytes(1) + bytes(range(16))
BIOS, UEFI = 0, 7

# Nothing of what only a server needs.
NO_ADDRESSES = {name: None for name in ("pool_start", "pool_count", "allow_simple_dhcp", "domain",
                                        "dns", "gateway", "lease_time")}
PROXY = {"bootp": {**NO_ADDRESSES, "mode": "proxy"}}
MENU = {"menu": {"prompt": "Choose", "timeout": "7", "First": "first.bin", "Disk": "local",
                 "Usual": "default"}}


def is_bootds(answer):
    """Told apart by sname: the other servers send none."""
    return answer.message.sname.startswith(b"tester\0")


def offers(raw, sent, count, timeout=20, **where):
    """Sends a DISCOVER and awaits so many offers."""
    raw.send(sent, **where)
    got = []
    for answer in raw.answers(timeout):
        if answer.message.xid == sent.xid:
            got.append(answer)
        if len(got) == count:
            return got
    raise AssertionError(f"{len(got)} offers of {count}: {got}")


def sub_options(value):
    """Option 43 as {code: value}; anything but END at its end is an error."""
    result, at = {}, 0
    while value[at] != 255:
        result[value[at]] = value[at + 2:at + 2 + value[at + 1]]
        at += 2 + value[at + 1]
    assert at == len(value) - 1, value
    return result


def item_option(item, layer=0):
    """Option 43 that asks for an entry, as in captures/bios-proxy."""
    return VENDOR, struct.pack(">BBHHB", 71, 4, item, layer, 255)


class ProxyTest(EndToEndTest):
    """Helpers of the classes below."""

    programs = ("dnsmasq", "dhcpd", "kea-dhcp4", "dhclient", "curl")

    def proxy(self, *changes, **more):
        return self.bootd(PROXY, *changes, **more)

    def boot(self, raw, architecture, server_count=1):
        """Firmware's way as far as its ACK: (the address, bootd's offer)."""
        options = pxe_options(architecture, uuid=UUID_OPTION)
        got = offers(raw, message(DISCOVER, MACHINE, options), server_count + 1)
        mine = [one for one in got if is_bootds(one)]
        others = [one for one in got if not is_bootds(one)]
        self.assertEqual(len(mine), 1)
        self.assertEqual({one.message.yiaddr for one in mine}, {dhcp.ANY})
        ack = raw.request(MACHINE, others[0], options)
        self.assertFalse(is_bootds(ack))
        self.assertEqual((ack.message.type, ack.message.yiaddr),
                         (ACK, others[0].message.yiaddr))
        self.assertEqual([one for one in raw.answers(0.3) if is_bootds(one)], [])
        return ack.message.yiaddr, mine[0]

    def ask_boot_server(self, address, sent, port=68):
        """Asks port 4011 from an address and port of the client: the answer."""
        if address not in self.network.addresses("cli", "c0"):
            self.network.add_address("cli", "c0", address + "/24")
            self.addCleanup(self.network.flush, "cli", "c0")
        with self.network.udp_socket("cli", address, port) as sock:
            sock.sendto(sent.encode(), (SERVER, PXE_PORT))
            if not select.select([sock], [], [], 20)[0]:
                raise AssertionError("no answer from port 4011")
            data, source = sock.recvfrom(4096)
        self.assertEqual(source, (SERVER, PXE_PORT))
        answer = dhcp.Message.decode(data)
        self.assertEqual((answer.xid, answer.chaddr, answer.type), (sent.xid, sent.chaddr, ACK))
        self.assertEqual((answer.yiaddr, answer.ciaddr), (dhcp.ANY, sent.ciaddr))
        self.assertEqual(answer.option(dhcp.VENDOR_CLASS), b"PXEClient")
        return answer

    def request_of(self, address, architecture, *more):
        return message(REQUEST, MACHINE,
                       [*pxe_options(architecture, uuid=UUID_OPTION), *more], ciaddr=address)


class OnOneHost(ProxyTest):
    """The other server runs on bootd's own machine, and has the port."""

    def check_boots(self, raw):
        for architecture, file in ((BIOS, "bios/pxelinux.0"), (UEFI, "efi64/grubx64.efi")):
            address, offer = self.boot(raw, architecture)
            self.assertRegex(address, r"^10\.77\.0\.2[012]\d$")
            self.assertEqual(offer.frame.source_port, 67)
            self.assertEqual(offer.message.option(dhcp.UUID), UUID_OPTION)
            answer = self.ask_boot_server(address, self.request_of(address, architecture))
            self.assertEqual((answer.file_name, answer.siaddr), (file, SERVER))

    def test_beside_each_server_whichever_was_first(self):
        for program in ALL:
            for is_first in (True, False):
                with self.subTest(program.name, is_first=is_first), \
                        contextlib.ExitStack() as stack:
                    other = program(self.network)
                    if is_first:
                        stack.enter_context(other)
                    self.proxy()
                    if not is_first:
                        stack.enter_context(other)
                    self.check_boots(stack.enter_context(RawClient(self.network)))
                    self.doCleanups()

    def test_a_relays_unicast_reaches_both(self):
        """The port's owner gets it, and so does bootd."""
        self.proxy()
        # The other servers' answers need an ARP entry for the relay.
        self.network.add_address("cli", "c0", "10.77.0.250/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        for program in ALL:
            with self.subTest(program.name), program(self.network), \
                    RawClient(self.network) as raw:
                sent = message(DISCOVER, MACHINE, pxe_options(BIOS), giaddr="10.77.0.250", hops=1)
                got = offers(raw, sent, 2, source="10.77.0.250", source_port=67, target=SERVER,
                             from_mac=MACHINE, to_mac=self.network.mac("srv", "s0"))
                mine, = [one for one in got if is_bootds(one)]
                self.assertEqual((mine.frame.target, mine.frame.target_port, mine.message.yiaddr,
                                  mine.message.giaddr),
                                 ("10.77.0.250", 67, dhcp.ANY, "10.77.0.250"))

    def test_ordinary_clients_hear_the_other_server_alone(self):
        daemon = self.proxy()
        with Dnsmasq(self.network), Dhclient(self.network) as client:
            lease = client.start().wait_bound()
            self.assertRegex(lease.address, r"^10\.77\.0\.2[012]\d$")
            self.assertEqual(lease.boot_file, "")
            daemon.wait_for("left DISCOVER to the server that gives addresses: it does not ask by PXE")
            daemon.wait_for("left REQUEST to the server")
        self.assertEqual(daemon.lines("proxy (OFFER|ACK)"), [])

    def test_a_machine_is_known_by_the_address_that_the_other_server_gave_it(self):
        daemon = self.proxy({"bootp": {"access_files": "known"}})
        content = daemon.write("bios/pxelinux.0", b"loader" * 100)
        with Dnsmasq(self.network), RawClient(self.network) as raw:
            address, offer = self.boot(raw, BIOS)
            self.network.add_address("cli", "c0", address + "/24")
            self.addCleanup(self.network.flush, "cli", "c0")
            with RawTftp(self.network) as client:
                self.assertEqual(client.read(offer.message.file_name)[0], content)
        daemon.wait_for(rf"tftp: {address} \({dhcp.mac_log(MACHINE)}\): sent bios/pxelinux.0")


class Neighbours(ProxyTest):
    """Machines that ask for files, and of whose DHCP bootd has heard nothing, or not all."""

    BY_MAC = {"bootp": {"access": "mac"}, "httpd": {"enable": "yes"}}
    ROW = "52-54-00-77-00-01"

    def serve(self, *changes):
        """A proxy, or what the changes make of it, with a file; the client has an address."""
        daemon = self.proxy(*changes)
        daemon.write("file", b"content")
        self.network.add_address("cli", "c0", "10.77.0.77/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        return daemon

    def read(self, address="10.77.0.77", server=SERVER):
        """What TFTP and HTTP answer: whether each gave the file."""
        with contextlib.closing(self.network.udp_socket("cli", address)) as sock, \
                RawTftp(self.network, server=server) as client:
            client.socket.close()
            client.socket = sock
            by_tftp = client.ask("file")
        done = self.network.run("cli", "curl", "-s", "--interface", address,
                                f"http://{server}/file", "-o", "/dev/null", "-w", "%{http_code}")
        self.assertIn((by_tftp.kind, by_tftp.code if by_tftp.kind == ERROR else None, done.stdout),
                      [(DATA, None, "200"), (ERROR, 2, "403")])
        return by_tftp.kind == DATA

    def test_a_row_decides_for_a_machine_that_was_never_heard(self):
        for rows, may_read in (({self.ROW: "yes"}, True), ({self.ROW: "no"}, False),
                               ({"52-54-00-77-EE-EE": "yes"}, False)):
            for files in ("any", "known"):
                with self.subTest(rows, files=files):
                    daemon = self.serve(self.BY_MAC, {"mac": rows, "bootp": {"access_files": files}})
                    self.assertEqual(self.read(), may_read)
                    daemon.wait_for(rf"tftp: 10\.77\.0\.77 \({dhcp.mac_log(MACHINE)}\): .*file")
                    daemon.wait_for(rf"http: 10\.77\.0\.77 \({dhcp.mac_log(MACHINE)}\): .*file")
                    self.doCleanups()

    def test_a_reload_changes_the_rows_for_who_comes_then(self):
        daemon = self.serve(self.BY_MAC, {"mac": {self.ROW: "yes"}})
        self.network.add_address("cli", "c0", "10.77.0.78/24")
        self.assertTrue(self.read("10.77.0.77"))
        daemon.configure(PROXY, self.BY_MAC, {"mac": {self.ROW: "no"}})
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for("reloaded")
        # The next stage knows nobody yet, so it asks by ARP, as firmware and systems do.
        self.network.ip("cli", "neigh", "flush", "dev", "c0")
        self.assertFalse(self.read("10.77.0.78"))

    def test_a_machine_that_boots_is_known_wherever_it_turns_up(self):
        daemon = self.serve({"bootp": {"access_files": "known"}, "httpd": {"enable": "yes"}})
        self.assertFalse(self.read())
        with RawClient(self.network) as raw:
            raw.discover(MACHINE, pxe_options(BIOS))
        # Which address it got, nobody has told bootd.
        self.assertTrue(self.read())
        daemon.wait_for(rf"tftp: 10\.77\.0\.77 \({dhcp.mac_log(MACHINE)}\): sent file")

    def test_who_takes_over_an_address_is_not_who_had_it(self):
        other = mac("52:54:00:77:00:09")
        self.serve(self.BY_MAC, {"mac": {self.ROW: "no", "52-54-00-77-00-09": "yes"}})
        wish = [(dhcp.REQUESTED_ADDRESS, dhcp.ip4("10.77.0.77"))]
        with RawClient(self.network) as raw:
            # One that may boot had the address; the other is a system that is switched on later.
            raw.send(message(REQUEST, other, [*wish, *pxe_options(BIOS)]))
            raw.send(message(REQUEST, MACHINE, wish))
            raw.discover(other, pxe_options(BIOS))
        self.assertFalse(self.read())

    def test_a_router_does_not_stand_for_those_behind_it(self):
        daemon = self.serve(self.BY_MAC, {"mac": {self.ROW: "no"}})
        self.network.add_address("cli", "c0", "192.0.2.9/32")
        self.network.ip("srv", "route", "add", "192.0.2.0/24", "via", "10.77.0.77")
        self.addCleanup(self.network.ip, "srv", "route", "del", "192.0.2.0/24")
        self.assertTrue(self.read("192.0.2.9"))
        daemon.wait_for(r"tftp: 192\.0\.2\.9: ")
        self.assertFalse(self.read())

    def test_on_an_interface_that_is_left_alone_no_row_decides(self):
        self.network.add_link(("srv", "s1"), ("cli", "c1"))
        self.addCleanup(self.network.ip, "srv", "link", "del", "s1")
        self.network.add_address("srv", "s1", "10.78.0.1/24")
        self.network.add_address("cli", "c1", "10.78.0.77/24")
        row = self.network.mac("cli", "c1").hex("-").upper()
        daemon = self.serve(self.BY_MAC, {"mac": {row: "no"}, "bootp": {"address": "s0"},
                                          "tftp": {"address": "0.0.0.0"},
                                          "httpd": {"address": "0.0.0.0"}})
        self.assertTrue(self.read("10.78.0.77", "10.78.0.1"))
        daemon.wait_for(r"tftp: 10\.78\.0\.77: ")

    def test_a_server_knows_whom_it_gave_an_address(self):
        daemon = self.bootd(self.BY_MAC, {"mac": {self.ROW: "no"}})
        daemon.write("file", b"content")
        self.network.add_address("cli", "c0", "10.77.0.77/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        self.assertTrue(self.read())
        daemon.wait_for(r"tftp: 10\.77\.0\.77: ")


class OnTheWire(ProxyTest):
    """bootd alone on the wire: each field of what it says."""

    def test_an_offer_for_a_bios(self):
        self.proxy()
        for flags in (0, dhcp.BROADCAST_FLAG):
            with self.subTest(flags), RawClient(self.network) as raw:
                sent = message(DISCOVER, MACHINE, pxe_options(BIOS, uuid=UUID_OPTION), flags=flags)
                answer = raw.ask(sent)
                frame, told = answer.frame, answer.message
                self.assertEqual((frame.source, frame.source_port, frame.target, frame.target_port,
                                  frame.to_mac, frame.is_correct),
                                 (SERVER, 67, dhcp.EVERYBODY, 68, dhcp.BROADCAST_MAC, True))
                self.assertEqual((told.type, told.yiaddr, told.siaddr, told.server_id,
                                  told.file_name),
                                 (OFFER, dhcp.ANY, SERVER, SERVER, "bios/pxelinux.0"))
                self.assertEqual(told.option(dhcp.VENDOR_CLASS), b"PXEClient")
                self.assertEqual(told.option(dhcp.UUID), UUID_OPTION)
                self.assertEqual(sub_options(told.option(VENDOR)), {6: b"\x08"})
                self.assertIsNone(told.option(dhcp.LEASE_TIME))
                self.assertGreaterEqual(len(frame.payload), 300)

    def test_an_offer_for_uefi_sends_it_to_port_4011(self):
        self.proxy()
        with RawClient(self.network) as raw:
            told = raw.discover(MACHINE, pxe_options(UEFI)).message
        self.assertEqual(told.option(dhcp.VENDOR_CLASS), b"PXEClient")
        self.assertEqual((told.siaddr, told.file_name, told.option(VENDOR),
                          told.option(dhcp.BOOT_FILE)), (SERVER, "", None, None))

    def test_port_4011_answers_to_the_source_port_by_class(self):
        self.proxy()
        ipxe = (dhcp.USER_CLASS, b"iPXE")
        for port in (68, PXE_PORT):
            for kind in (REQUEST, INFORM):
                with self.subTest(port=port, kind=kind):
                    sent = message(kind, MACHINE, [*pxe_options(BIOS), ipxe],
                                   ciaddr="10.77.0.77")
                    answer = self.ask_boot_server("10.77.0.77", sent, port)
                    self.assertEqual((answer.file_name, answer.siaddr, answer.option(VENDOR)),
                                     ("bios/pxelinux.0", SERVER, None))

    def test_a_relay_gets_the_offer_at_its_own_address(self):
        self.proxy()
        with RawClient(self.network) as raw:
            sent = message(DISCOVER, MACHINE, [*pxe_options(BIOS), (dhcp.RELAY_AGENT, b"\1\2ab")],
                           giaddr="192.0.2.9", hops=1)
            answer = raw.ask(sent, source="192.0.2.9", source_port=67, target=SERVER,
                             from_mac=mac("52:54:00:77:99:99"),
                             to_mac=self.network.mac("srv", "s0"))
        frame, told = answer.frame, answer.message
        self.assertEqual((frame.target, frame.target_port, frame.source_port, frame.to_mac),
                         ("192.0.2.9", 67, 67, mac("52:54:00:77:99:99")))
        self.assertEqual((told.giaddr, told.yiaddr), ("192.0.2.9", dhcp.ANY))
        self.assertEqual(told.codes()[-1], dhcp.RELAY_AGENT)
        # With no address to send to, the relay has to broadcast.
        self.assertEqual(told.flags, dhcp.BROADCAST_FLAG)

    def test_unicast_requests_are_answered(self):
        """PXE 2.1 section 2.2.3: a boot server may be asked by unicast, on port 67, too."""
        daemon = self.proxy(MENU)
        with RawClient(self.network) as raw:
            here = {"source": "10.77.0.77", "target": SERVER, "to_mac": self.network.mac("srv", "s0")}
            answer = raw.ask(message(DISCOVER, MACHINE, pxe_options(BIOS)), **here)
            self.assertEqual((answer.frame.target, answer.frame.source_port, answer.message.type),
                             (dhcp.EVERYBODY, 67, OFFER))
            answer = raw.ask(message(REQUEST, MACHINE, [*pxe_options(BIOS), item_option(0x8000)],
                                     ciaddr="10.77.0.77"), **here)
            self.assertEqual((answer.frame.target, answer.message.type, answer.message.file_name),
                             ("10.77.0.77", ACK, "first.bin"))
            # Without an entry it is for whoever gives addresses.
            sent = message(REQUEST, MACHINE, pxe_options(BIOS), ciaddr="10.77.0.77")
            self.assertEqual(raw.answers_before_probe(sent, where=here), [])
        self.assertEqual(len(daemon.lines("proxy ACK")), 1)

    def test_port_4011_answers_through_a_router(self):
        self.proxy()
        self.network.add_address("cli", "c0", "10.77.0.77/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        self.network.add_address("cli", "c0", "192.0.2.9/32")
        self.network.ip("srv", "route", "add", "192.0.2.0/24", "via", "10.77.0.77")
        self.addCleanup(self.network.ip, "srv", "route", "del", "192.0.2.0/24")
        sent = message(REQUEST, MACHINE, pxe_options(UEFI), ciaddr="192.0.2.9")
        with self.network.udp_socket("cli", "192.0.2.9", PXE_PORT) as sock:
            sock.settimeout(20)
            sock.sendto(sent.encode(), (SERVER, PXE_PORT))
            data, source = sock.recvfrom(4096)
        self.assertEqual(source, (SERVER, PXE_PORT))
        self.assertEqual(dhcp.Message.decode(data).file_name, "efi64/grubx64.efi")

    def test_a_request_for_an_address_is_never_answered_whomever_it_names(self):
        daemon = self.proxy()
        with RawClient(self.network) as raw:
            for server in (SERVER, "10.77.0.2"):
                wish = [(dhcp.REQUESTED_ADDRESS, dhcp.ip4("10.77.0.200")),
                        (dhcp.SERVER_ID, dhcp.ip4(server)), *pxe_options(BIOS)]
                sent = [message(REQUEST, MACHINE, wish), message(4, MACHINE, wish),
                        message(7, MACHINE, wish, ciaddr="10.77.0.200")]
                self.assertEqual(raw.answers_before_probe(*sent), [])
            bootp = dhcp.Message(chaddr=MACHINE, xid=77)
            self.assertEqual(raw.answers_before_probe(bootp), [])
        self.assertEqual(daemon.lines("proxy ACK"), [])

    def test_an_inform_is_answered_where_the_machine_is(self):
        self.proxy()
        with RawClient(self.network) as raw:
            sent = message(INFORM, MACHINE, pxe_options(BIOS), ciaddr="10.77.0.77")
            answer = raw.ask(sent, source="10.77.0.77", target=SERVER,
                             to_mac=self.network.mac("srv", "s0"))
        self.assertEqual((answer.frame.target, answer.frame.to_mac), ("10.77.0.77", MACHINE))
        self.assertEqual((answer.message.type, answer.message.file_name, answer.message.yiaddr),
                         (ACK, "bios/pxelinux.0", dhcp.ANY))

    def test_a_refused_machine_gets_nothing_from_either_port(self):
        daemon = self.proxy({"bootp": {"access": "mac"}, "mac": {
            "52-54-00-77-00-01": "no", "52-54-00-77-EE-EE": "yes"}})
        with RawClient(self.network) as raw:
            sent = message(DISCOVER, MACHINE, pxe_options(BIOS))
            self.assertEqual(raw.answers_before_probe(sent), [])
        self.assertTrue(daemon.lines("ignored DISCOVER: it is denied"))
        self.network.add_address("cli", "c0", "10.77.0.77/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        with self.network.udp_socket("cli", "10.77.0.77", 68) as sock:
            sock.sendto(self.request_of("10.77.0.77", BIOS).encode(), (SERVER, PXE_PORT))
            daemon.wait_for("ignored REQUEST: it is denied")

    def test_an_unknown_architecture_gets_the_default_and_a_warning(self):
        for start in (self.proxy, self.bootd):
            daemon = start()
            with RawClient(self.network) as raw:
                raw.discover(MACHINE, pxe_options(4660))
            daemon.wait_for("warning: unknown architecture 4660 has no name here and no row in "
                            r"\[bootfile\]: it gets file other.bin")
            daemon.stop()

    def test_a_list_of_architectures_gets_the_first_that_has_a_row(self):
        self.proxy()
        options = [(code, struct.pack(">HHH", 41, 11, 0) if code == dhcp.ARCHITECTURE else value)
                   for code, value in pxe_options(BIOS)]
        with RawClient(self.network) as raw:
            raw.discover(MACHINE, options)
        answer = self.ask_boot_server("10.77.0.77", message(
            REQUEST, MACHINE, options, ciaddr="10.77.0.77"))
        self.assertEqual(answer.file_name, "bios/pxelinux.0")

    def test_the_rom_of_a_raspberry_pi_finds_its_words(self):
        self.proxy()
        with RawClient(self.network) as raw:
            told = raw.discover(mac("b8:27:eb:01:02:03"), pxe_options(BIOS)).message
        self.assertEqual(sub_options(told.option(VENDOR)), {
            6: b"\x03", 9: b"\0\0\x11Raspberry Pi Boot", 10: b"\0PXE"})
        self.assertEqual(told.siaddr, SERVER)

    def test_there_are_no_leases(self):
        daemon = self.proxy({"leases": {"type": "sqlite", "file": "leases.db"}})
        with RawClient(self.network) as raw:
            raw.discover(MACHINE, pxe_options(BIOS, uuid=UUID_OPTION))
        self.assertEqual(run_binary(self.network, "leases", "--json", "-c", daemon.config),
                         (0, "[]\n", ""))
        daemon.stop()
        self.assertFalse(os.path.exists(os.path.join(daemon.folder, "leases.db")))

    def test_a_reload_cannot_change_the_mode(self):
        daemon = self.proxy()
        daemon.configure()
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for(r"\[bootp\] mode: a reload cannot change this")
        daemon.wait_for("nothing is changed")


class WithAMenu(ProxyTest):
    """[menu], in both modes."""

    def check_menu(self, told):
        self.assertEqual(told.option(dhcp.VENDOR_CLASS), b"PXEClient")
        self.assertEqual(told.file_name, "")
        self.assertEqual(sub_options(told.option(VENDOR)), {
            6: b"\x03",
            8: b"\x80\x00\x01\x0a\x4d\x00\x01" b"\x80\x02\x01\x0a\x4d\x00\x01",
            9: b"\x80\x00\x05First" b"\x00\x00\x04Disk" b"\x80\x02\x05Usual",
            10: b"\x07Choose"})

    def check_entries(self, daemon, address):
        for item, file in ((0x8000, "first.bin"), (0x8002, "efi64/grubx64.efi")):
            sent = self.request_of(address, UEFI, item_option(item))
            answer = self.ask_boot_server(address, sent, PXE_PORT)
            self.assertEqual(answer.file_name, file)
            self.assertEqual(answer.option(VENDOR), item_option(item)[1])
        for item, layer, why in ((0x8001, 0, "no such entry"), (0x8003, 0, "no such entry"),
                                 (9, 0, "no such entry"), (0x8000, 0x8000, "credentials")):
            mark = daemon.mark()
            with self.network.udp_socket("cli", address, PXE_PORT) as sock:
                sock.sendto(self.request_of(address, UEFI, item_option(item, layer)).encode(),
                            (SERVER, PXE_PORT))
                daemon.wait_for("ignored REQUEST for a boot file: .*" + why, since=mark)

    def test_a_proxys_menu_and_its_entries(self):
        daemon = self.proxy(MENU)
        with RawClient(self.network) as raw:
            self.check_menu(raw.discover(MACHINE, pxe_options(UEFI)).message)
        self.network.add_address("cli", "c0", "10.77.0.77/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        self.check_entries(daemon, "10.77.0.77")

    def test_a_servers_menu_is_in_offer_and_ack(self):
        daemon = self.bootd(MENU)
        with RawClient(self.network) as raw:
            offer = raw.discover(MACHINE, pxe_options(UEFI))
            self.check_menu(offer.message)
            ack = raw.request(MACHINE, offer, pxe_options(UEFI))
            self.check_menu(ack.message)
            address = ack.message.yiaddr
            self.assertEqual(address, "10.77.0.100")
            # What is no PXE client boots without a menu.
            other = raw.lease(mac("52:54:00:77:00:02"), [(dhcp.VENDOR_CLASS, b"U-Boot")])
            self.assertEqual((other.message.file_name, other.message.option(VENDOR)),
                             ("other.bin", None))
        self.network.add_address("cli", "c0", address + "/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        self.check_entries(daemon, address)

    def test_one_entry_needs_no_menu(self):
        self.proxy({"menu": {"Only": "only.bin"}})
        with RawClient(self.network) as raw:
            told = raw.discover(MACHINE, pxe_options(BIOS)).message
        self.assertEqual((told.file_name, sub_options(told.option(VENDOR))),
                         ("only.bin", {6: b"\x08"}))

    def test_discovery_by_broadcast_is_answered_too(self):
        self.proxy(MENU)
        with RawClient(self.network) as raw:
            sent = self.request_of("10.77.0.77", UEFI, item_option(0x8000))
            answer = raw.ask(sent, source="10.77.0.77")
        self.assertEqual((answer.message.type, answer.message.file_name, answer.frame.target),
                         (ACK, "first.bin", "10.77.0.77"))


class Shapes(ProxyTest):
    """A machine that does not go on after an offer gets another shape, one that does keeps its own."""

    MACHINES = {name: mac(f"52:54:00:77:10:{number:02x}") for number, name in enumerate(
        ("bios", "uefi", "asks for a file", "asks the boot server", "asks for an address"))}

    GOES_ON = "{}: goes on after an offer as PXE with the boot file, which it gets from now on"

    def offer_to(self, raw, name, architecture=BIOS):
        """The shape of the offer that a machine gets now, by what is in it."""
        told = raw.discover(self.MACHINES[name], pxe_options(architecture)).message
        if told.option(VENDOR) is None:
            return "boot server"
        return "menu" if 9 in sub_options(told.option(VENDOR)) else "file"

    def go_on(self, raw, daemon):
        """What shows that three of the machines do: each in its own way."""
        wish = [(dhcp.REQUESTED_ADDRESS, dhcp.ip4("10.77.0.77")),
                (dhcp.SERVER_ID, dhcp.ip4("10.77.0.2"))]
        raw.send(message(REQUEST, self.MACHINES["asks for an address"],
                         [*wish[1:], *pxe_options(BIOS)]))
        daemon.wait_for(self.GOES_ON.format(dhcp.mac_log(self.MACHINES["asks for an address"])))
        # Nothing in its REQUEST says that it boots; its request for a file does.
        raw.send(message(REQUEST, self.MACHINES["asks for a file"], wish))
        self.network.add_address("cli", "c0", "10.77.0.77/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        with RawTftp(self.network) as client:
            self.assertEqual(client.read("file")[0], b"loader")
        sent = message(REQUEST, self.MACHINES["asks the boot server"], pxe_options(BIOS),
                       ciaddr="10.77.0.78")
        self.ask_boot_server("10.77.0.78", sent)

    def test_an_attempt_that_fails_is_followed_by_another_shape(self):
        daemon = self.proxy()
        daemon.write("file", b"loader")
        with RawClient(self.network) as raw:
            first = {name: self.offer_to(raw, name) for name in self.MACHINES if name != "uefi"}
            self.assertEqual(set(first.values()), {"file"})
            self.assertEqual(self.offer_to(raw, "uefi", UEFI), "boot server")
            self.go_on(raw, daemon)
            # The same attempt: nothing changes, whatever the xid.
            self.assertEqual(self.offer_to(raw, "bios"), "file")
            self.assertEqual(self.offer_to(raw, "uefi", UEFI), "boot server")
            # The limit of 60 s is the event that is awaited.
            time.sleep(61)
            self.assertEqual(self.offer_to(raw, "bios"), "boot server")
            self.assertEqual(self.offer_to(raw, "uefi", UEFI), "file")
            for name in ("asks for a file", "asks the boot server", "asks for an address"):
                self.assertEqual(self.offer_to(raw, name), "file")
        daemon.wait_for(dhcp.mac_log(self.MACHINES["bios"]) + ": did not go on after offers as PXE "
                        "with the boot file; the next ones are PXE with a boot server")
        daemon.wait_for(self.GOES_ON.format(dhcp.mac_log(self.MACHINES["asks for a file"])))
        self.assertEqual(len(daemon.lines("did not go on")), 2)


class Frames(ProxyTest):
    """What a packet socket sees that a UDP socket would not."""

    def test_a_checksum_that_is_left_to_hardware(self):
        self.proxy()
        self.network.run("cli", "ethtool", "-K", "c0", "tx", "on")
        self.addCleanup(self.network.run, "cli", "ethtool", "-K", "c0", "tx", "off")
        self.network.add_address("cli", "c0", "10.77.0.77/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        sent = message(DISCOVER, MACHINE, pxe_options(BIOS))
        with RawClient(self.network) as raw, \
                self.network.udp_socket("cli", "10.77.0.77", 68) as sock:
            sock.sendto(sent.encode(), ("10.77.0.255", 67))
            self.assertEqual(raw.receive(sent.xid, MACHINE).message.type, OFFER)

    def test_a_wrong_checksum_is_no_message(self):
        self.proxy()
        with RawClient(self.network) as raw:
            frame = dhcp.Frame(dhcp.BROADCAST_MAC, MACHINE, dhcp.ANY, dhcp.EVERYBODY, 68, 67,
                               message(DISCOVER, MACHINE, pxe_options(BIOS)).encode())
            data = bytearray(frame.encode())
            data[-1] ^= 1
            raw._socket.send(data)
            self.assertEqual(raw.answers_before_probe(), [])

    def test_a_frame_of_a_vlan_is_not_of_this_network(self):
        self.proxy()
        frame = dhcp.Frame(dhcp.BROADCAST_MAC, MACHINE, dhcp.ANY, dhcp.EVERYBODY, 68, 67,
                           message(DISCOVER, MACHINE, pxe_options(BIOS)).encode()).encode()
        with RawClient(self.network) as raw:
            raw._socket.send(frame[:12] + struct.pack(">HH", 0x8100, 5) + frame[12:])
            self.assertEqual(raw.answers_before_probe(), [])
            # A tag of priority only is of no VLAN.
            raw._socket.send(frame[:12] + struct.pack(">HH", 0x8100, 0xE000) + frame[12:])
            self.assertEqual([one.message.type for one in raw.answers_before_probe()], [OFFER])


class OnThreeHosts(ProxyTest):
    """Two servers that give addresses, and bootd, each on a machine of its own."""

    @classmethod
    def make_network(cls):
        network = Network()
        for number, name in enumerate(("switch", "srv", "one", "two", "cli")):
            network.add_namespace(name)
            if name != "switch":
                network.add_link(("switch", f"p{number}"), (name, "c0" if name == "cli" else "s0"),
                                 mac=f"52:54:00:77:00:{(5 - number):02x}")
        network.add_bridge("switch", "sw0", ["p1", "p2", "p3", "p4"])
        for name, address in (("srv", SERVER), ("one", "10.77.0.2"), ("two", "10.77.0.3")):
            network.add_address(name, "s0", address + "/24")
        return network

    def test_the_address_never_comes_from_bootd(self):
        self.proxy()
        with Dnsmasq(self.network, "one"), Kea(self.network, "two"), \
                RawClient(self.network) as raw:
            for architecture in (BIOS, UEFI):
                address, _ = self.boot(raw, architecture, server_count=2)
                self.assertRegex(address, r"^10\.77\.0\.2[012]\d$")
                self.ask_boot_server(address, self.request_of(address, architecture), PXE_PORT)
                self.network.flush("cli", "c0")


if __name__ == "__main__":
    main()
