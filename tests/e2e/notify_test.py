#!/usr/bin/env python3
"""[bootp] notify: a line to each receiver for each machine that is served, and nothing waits."""

import socket
import uuid

from clients import Dhclient, Udhcpc
from dhcp import DISCOVER, RELEASE, REQUEST, SERVER_ID, Message, ip4, mac, message, pxe_options
from dhcp_wire_test import WireTest
from harness import main

ONE = mac("52:54:00:77:08:01")
ONE_TEXT = "52-54-00-77-08-01"
CLIENT_TEXT = "52-54-00-77-00-01"  # the interface c0
SERVER = "10.77.0.1"
RECEIVER = "10.77.0.2"
SHOWN = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
FIRMWARE = pxe_options(7, uuid=b"\0" + SHOWN.bytes_le)
MACHINES = [mac(f"52:54:00:77:09:{number:02x}") for number in range(40)]


class NotifyTest(WireTest):
    """One receiver on the server itself, another on the clients' machine."""

    programs = ("dhclient", "busybox")

    def setUp(self):
        super().setUp()
        self.network.add_address("cli", "c0", RECEIVER + "/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        self.receivers = [self.listen("srv", "127.0.0.1"), self.listen("cli", RECEIVER)]

    def listen(self, namespace, address):
        receiver = self.network.udp_socket(namespace, address)
        self.addCleanup(receiver.close)
        return receiver

    def notify(self, *more):
        """The key with both receivers, and others before them."""
        named = ["{}:{}".format(*receiver.getsockname()) for receiver in self.receivers]
        return {"bootp": {"notify": "; ".join([*more, *named])}}

    def check_told(self, *lines):
        """Each receiver was told these lines, each in a datagram of its own."""
        for receiver in self.receivers:
            receiver.settimeout(20)
            got = [receiver.recv(2048).decode() for _ in lines]
            self.assertEqual(got, list(lines))

    def check_told_no_more(self, bootd):
        bootd.stop()
        for receiver in self.receivers:
            receiver.settimeout(0)
            with self.assertRaises(BlockingIOError):
                self.fail(receiver.recv(2048))

    def release(self, chaddr, address, options=()):
        self.raw.send(message(RELEASE, chaddr, [(SERVER_ID, ip4(SERVER)), *options],
                              ciaddr=address))


class Lines(NotifyTest):
    def test_firmware_boots_its_system_has_a_lease_and_gives_it_back(self):
        bootd = self.bootd(self.notify())
        address = self.raw.lease(ONE, FIRMWARE).message.yiaddr
        self.raw.lease(ONE)
        self.release(ONE, address)
        self.check_told(f"BOOT,{SHOWN},{ONE_TEXT},{address}", f"LEASE,{SHOWN},{ONE_TEXT},{address}",
                        f"RELEASE,{SHOWN},{ONE_TEXT},{address}")
        self.check_told_no_more(bootd)

    def test_without_a_uuid_boot_keeps_its_place_and_the_others_leave_it_out(self):
        bootd = self.bootd(self.notify())
        address = self.raw.lease(ONE).message.yiaddr
        self.release(ONE, address)
        self.raw.lease(ONE, pxe_options(0))
        self.raw.lease(ONE)
        self.check_told(f"LEASE,{ONE_TEXT},{address}", f"RELEASE,{ONE_TEXT},{address}",
                        f"BOOT,,{ONE_TEXT},{address}", f"LEASE,{ONE_TEXT},{address}")
        self.check_told_no_more(bootd)

    def test_a_loader_that_gives_its_address_back(self):
        bootd = self.bootd(self.notify())
        address = self.raw.lease(ONE, pxe_options(0)).message.yiaddr
        self.release(ONE, address, pxe_options(0))
        self.check_told(f"BOOT,,{ONE_TEXT},{address}", f"RELEASE,{ONE_TEXT},{address}")
        self.check_told_no_more(bootd)

    def test_bootp_and_static_machines_too(self):
        bootd = self.bootd(self.notify(), {"static_dhcp": {ONE_TEXT: "10.77.0.20"}})
        self.raw.ask(Message(chaddr=ONE, xid=0x1708))
        self.raw.lease(ONE, FIRMWARE)
        self.release(ONE, "10.77.0.20")
        self.check_told(f"LEASE,{ONE_TEXT},10.77.0.20", f"BOOT,{SHOWN},{ONE_TEXT},10.77.0.20",
                        f"RELEASE,{SHOWN},{ONE_TEXT},10.77.0.20")
        self.check_told_no_more(bootd)

    def test_offers_refusals_and_what_is_ignored_are_told_to_nobody(self):
        bootd = self.bootd(self.notify(), {"bootp": {"access": "mac"}, "mac": {
            ONE_TEXT: "yes", "52-54-00-77-EE-EE": "yes"}})
        self.raw.discover(ONE)
        self.raw.ask(message(REQUEST, ONE, [(50, ip4("10.99.0.1"))]))
        self.release(ONE, "10.77.0.120")
        self.assert_silence(message(DISCOVER, MACHINES[0]))
        address = self.raw.lease(ONE).message.yiaddr
        self.check_told(f"LEASE,{ONE_TEXT},{address}")
        self.check_told_no_more(bootd)


class RealClients(NotifyTest):
    def setUp(self):
        super().setUp()
        # The client's own interface has the address that it is given.
        self.receivers = [self.listen("srv", "127.0.0.1"), self.listen("srv", SERVER)]
        self.network.flush("cli", "c0")

    def test_a_system_has_a_lease_renews_it_and_gives_it_back(self):
        bootd = self.bootd(self.notify())
        with Udhcpc(self.network) as client:
            address = client.start().wait_bound().address
            client.renew()
            client.release()
            bootd.wait_for("RELEASE " + address)
        # It may renew more than once.
        renewals = len(bootd.lines("ACK " + address)) - 1
        self.assertGreaterEqual(renewals, 1)
        self.check_told(*[f"LEASE,{CLIENT_TEXT},{address}"] * (1 + renewals),
                        f"RELEASE,{CLIENT_TEXT},{address}")
        self.check_told_no_more(bootd)

    def test_dhclient_as_a_pxe_client_boots(self):
        self.bootd(self.notify())
        text = ":".join(f"{byte:x}" for byte in b"\0" + SHOWN.bytes_le)
        with Dhclient(self.network, statements=(
                'send vendor-class-identifier "PXEClient:Arch:00007:UNDI:003016";\n'
                "option e2e-uuid code 97 = string;\n" f"send e2e-uuid {text};\n")) as client:
            address = client.start().wait_bound().address
            self.check_told(f"BOOT,{SHOWN},{CLIENT_TEXT},{address}")


class BadReceivers(NotifyTest):
    """Each machine is served by its first packets, and the good receivers are told of all."""

    def check_all_are_served_and_told(self):
        lines = []
        for machine in MACHINES:
            address = self.raw.lease(machine, FIRMWARE).message.yiaddr
            lines.append("BOOT,{},{},{}".format(
                SHOWN, "-".join(f"{byte:02X}" for byte in machine), address))
        self.check_told(*lines)

    def test_a_receiver_that_is_not_there(self):
        closed = self.listen("srv", "127.0.0.1")
        port = closed.getsockname()[1]
        closed.close()
        # Nobody at the port; nobody at the address; no way to the network.
        bootd = self.bootd(self.notify(f"127.0.0.1:{port}", "10.77.0.66:514", "192.0.2.1:514"))
        self.check_all_are_served_and_told()
        bootd.stop()
        self.assertEqual(bootd.totals()["notification-lost"], len(MACHINES))

    def test_a_receiver_that_never_reads(self):
        deaf = self.listen("srv", "127.0.0.1")
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        bootd = self.bootd(self.notify("127.0.0.1:{}".format(deaf.getsockname()[1])))
        self.check_all_are_served_and_told()
        deaf.settimeout(0)
        heard = 0
        with self.assertRaises(BlockingIOError):
            while deaf.recv(2048):
                heard += 1
        self.assertLess(heard, len(MACHINES), "its buffer was full")
        bootd.stop()


if __name__ == "__main__":
    main()
