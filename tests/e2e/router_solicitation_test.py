#!/usr/bin/env python3
"""[bootp] answer_rs: firmware that asks for an IPv6 router is told at once that there is none."""

import os
import signal
import socket
import struct

from dhcp import DISCOVER, RawClient, message, pxe_options
from harness import EndToEndTest, main
from network import one_server_one_client, wait_until

ALL_ROUTERS = "ff02::2"
NO_ROUTER = b"\x86" + bytes(15)  # RFC 4861 4.2: everything is zero, the checksum apart
DEBUG = {"logger": {"level": "debug"}}


def link_local(network, namespace, port):
    """The interface's own address, once nobody else has claimed it; None: not yet."""
    shown = network.run(namespace, "ip", "-6", "-oneline", "address", "show", "dev", port, "scope",
                        "link", "-tentative").stdout.split()
    return shown[shown.index("inet6") + 1].split("/")[0] if "inet6" in shown else None


def set_ip6(network, namespace, port, name, value):
    """Writes a number into /proc/sys/net/ipv6/conf."""
    with network.inside(namespace), \
            open(f"/proc/sys/net/ipv6/conf/{port}/{name}", "w") as file:
        file.write(str(int(value)))


class RouterSolicitationTest(EndToEndTest):
    """A machine on c0, whose firmware asks by DHCP and by IPv6."""

    @classmethod
    def make_network(cls):
        network = one_server_one_client()
        set_ip6(network, "srv", "s0", "disable_ipv6", False)
        set_ip6(network, "cli", "c0", "disable_ipv6", False)
        return network

    def setUp(self):
        for namespace, port in ("srv", "s0"), ("cli", "c0"):
            wait_until(lambda at=(namespace, port): link_local(self.network, *at), 20,
                       f"an IPv6 address on {port}")
        self.server = link_local(self.network, "srv", "s0")
        self.mac = self.network.mac("cli", "c0")
        self.raw = RawClient(self.network)
        self.addCleanup(self.raw.close)
        with self.network.inside("cli"):
            self.icmp = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
            self.port = socket.if_nametoindex("c0")
        self.addCleanup(self.icmp.close)
        self.icmp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        self.icmp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, self.port)
        self.icmp.settimeout(20)

    def ask_by_dhcp(self, options):
        """A DISCOVER that is answered: bootd knows the machine then."""
        self.raw.ask(message(DISCOVER, self.mac, options))

    def solicit(self, hops=255, options=None):
        """Sends a Router Solicitation to all routers."""
        if options is None:
            options = b"\x01\x01" + self.mac
        self.icmp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, hops)
        self.icmp.sendto(b"\x85" + bytes(7) + options, (ALL_ROUTERS, 0, 0, self.port))

    def advertisement(self):
        """The next Router Advertisement: its bytes, its sender, its hop limit."""
        while True:
            data, control, _, sender = self.icmp.recvmsg(2048, 256)
            if data[0] == 134:
                return data, sender[0].split("%")[0], struct.unpack("@i", control[0][2])[0]

    def check_answered(self, bootd):
        start = bootd.mark()
        self.solicit()
        data, sender, hops = self.advertisement()
        self.assertEqual(data[:2] + b"\0\0" + data[4:], NO_ROUTER)
        self.assertEqual((sender, hops), (self.server, 255))
        bootd.wait_for("told that there is no IPv6 router", since=start)

    def check_ignored(self, bootd, why, **how):
        start = bootd.mark()
        self.solicit(**how)
        bootd.wait_for(f"ndp: .*{why}", since=start)
        bootd.stop()
        self.assertNotIn("ndp-answer", bootd.totals())

    def forward(self, is_router):
        set_ip6(self.network, "srv", "s0", "forwarding", is_router)

    def test_firmware_that_is_booting_is_answered(self):
        bootd = self.bootd(DEBUG)
        self.ask_by_dhcp(pxe_options())
        self.check_answered(bootd)

    def test_an_interface_that_is_made_anew_is_answered_too(self):
        bootd = self.bootd(DEBUG)
        since = bootd.mark()
        self.network.run("srv", "ip", "link", "delete", "s0")
        bootd.wait_for("is gone: bootd waits for it", since=since)
        self.network.add_link(("srv", "s0"), ("cli", "c0"))
        set_ip6(self.network, "srv", "s0", "disable_ipv6", False)
        set_ip6(self.network, "cli", "c0", "disable_ipv6", False)
        self.network.add_address("srv", "s0", "10.77.0.1/24")
        bootd.wait_for("is there: serving", since=since)
        # The sockets of before are of an interface that is gone.
        self.raw.close()
        self.icmp.close()
        self.setUp()
        self.ask_by_dhcp(pxe_options())
        self.check_answered(bootd)

    def test_who_did_not_ask_by_dhcp_is_not(self):
        self.check_ignored(self.bootd(DEBUG), "its firmware has not asked")

    def test_a_running_system_is_not(self):
        bootd = self.bootd(DEBUG)
        self.ask_by_dhcp(())
        self.check_ignored(bootd, "its firmware has not asked")

    def test_nobody_where_this_machine_is_a_router_itself(self):
        self.forward(True)
        self.addCleanup(self.forward, False)
        bootd = self.bootd(DEBUG)
        self.ask_by_dhcp(pxe_options())
        self.check_ignored(bootd, "this machine is an IPv6 router there")

    def test_yes_answers_there_too(self):
        self.forward(True)
        self.addCleanup(self.forward, False)
        bootd = self.bootd(DEBUG, {"bootp": {"answer_rs": "yes"}})
        self.ask_by_dhcp(pxe_options())
        self.check_answered(bootd)

    def test_no_answers_nobody_and_a_reload_changes_it(self):
        bootd = self.bootd(DEBUG, {"bootp": {"answer_rs": "no"}})
        self.ask_by_dhcp(pxe_options())
        start = bootd.mark()
        self.solicit()
        bootd.wait_for("ndp: .*answer_rs = no", since=start)
        start = bootd.mark()
        bootd.configure(DEBUG)
        os.kill(bootd.pid, signal.SIGHUP)
        bootd.wait_for("reloaded", since=start)
        self.check_answered(bootd)

    def test_what_passed_a_router_is_malformed(self):
        bootd = self.bootd(DEBUG)
        self.ask_by_dhcp(pxe_options())
        self.check_ignored(bootd, "malformed", hops=64)

    def test_what_does_not_name_its_sender_is_malformed(self):
        bootd = self.bootd(DEBUG)
        self.ask_by_dhcp(pxe_options())
        self.check_ignored(bootd, "malformed", options=b"")


if __name__ == "__main__":
    main()
