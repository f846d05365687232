#!/usr/bin/env python3
"""mode = auto: bootd gives addresses only where nobody else does, and remembers who does."""

import contextlib
import json
import os

import dhcp
from bootd import run_binary
from dhcp import ACK, DISCOVER, RawClient, mac, message, pxe_options
from harness import EndToEndTest, main
from network import Folder, Network
from other_servers import Dhcpd, Dnsmasq, Kea

MACHINE, OTHER_MACHINE = mac("52:54:00:77:00:01"), mac("52:54:00:77:00:05")
LOOKS = "mode auto: looks for another DHCP server"
IS_SERVER = "mode auto: no other DHCP server answers: gives addresses"
IS_PROXY = "mode auto: gives no addresses, only says what to boot: "
# It probes for ten seconds before it decides.
DECISION_S = 60


class AutoTest(EndToEndTest):
    """bootd and another server on machines of their own."""

    programs = ("dnsmasq", "dhcpd", "kea-dhcp4")

    @classmethod
    def make_network(cls):
        network = Network()
        for number, name in enumerate(("switch", "srv", "other", "cli")):
            network.add_namespace(name)
            if name != "switch":
                network.add_link(("switch", f"p{number}"), (name, "c0" if name == "cli" else "s0"),
                                 mac=f"52:54:00:77:00:{(4 - number):02x}")
        network.add_bridge("switch", "sw0", ["p1", "p2", "p3"])
        network.add_address("srv", "s0", "10.77.0.1/24")
        network.add_address("other", "s0", "10.77.0.2/24")
        return network

    def setUp(self):
        folder = Folder("state")
        self.addCleanup(folder.close)
        os.chmod(folder.path, 0o755)
        # A folder that is not there yet: bootd makes it.
        self.state = os.path.join(folder.path, "bootd", "mode")

    def auto(self, *changes, **more):
        return self.bootd({"bootp": {"mode": "auto", "state_file": self.state}}, *changes, **more)

    def kept(self):
        with open(self.state) as file:
            return file.read().rstrip()

    def answers(self, raw, sent, timeout=2):
        """Who answers a message within some time: [(server, address)]."""
        raw.send(sent)
        return sorted((one.message.server_id, one.message.yiaddr) for one in raw.answers(timeout)
                      if one.message.xid == sent.xid)

    def check_is_proxy(self, raw, machine=MACHINE, has_other=True):
        """A machine gets its address from the other server, and its file from bootd."""
        for options in ((), pxe_options(0)):
            got = dict(self.answers(raw, message(DISCOVER, machine, options)))
            if has_other:
                self.assertRegex(got.pop("10.77.0.2"), r"^10\.77\.0\.2[012]\d$")
            self.assertEqual(got, {"10.77.0.1": dhcp.ANY} if options else {})


class AnotherServerFirst(AutoTest):
    """It is there before bootd."""

    def test_bootd_is_a_proxy_and_stays_one_over_restarts(self):
        for program in (Dnsmasq, Kea, Dhcpd):
            with self.subTest(program.name), RawClient(self.network) as raw:
                with program(self.network, "other"):
                    daemon = self.auto()
                    daemon.wait_for(LOOKS)
                    daemon.wait_for(IS_PROXY + "10.77.0.2 gives addresses", DECISION_S)
                    self.check_is_proxy(raw)
                    self.assertEqual(self.kept(), "proxy: 10.77.0.2 gives addresses")
                    daemon.stop()
                # The other server is away for a while, and bootd is started anew.
                daemon = self.auto()
                daemon.wait_for(IS_PROXY + "as it was decided before; to have it decided anew, "
                                f"end bootd and remove {self.state}")
                self.check_is_proxy(raw, has_other=False)
                self.assertEqual(daemon.lines(LOOKS), [])
                daemon.stop()
                os.unlink(self.state)

    def test_nobody_is_answered_before_it_is_decided(self):
        daemon = self.auto()
        daemon.wait_for(LOOKS)
        with RawClient(self.network) as raw:
            for options in ((), pxe_options(0)):
                raw.send(message(DISCOVER, MACHINE, options))
            daemon.wait_for("ignored DISCOVER: still looking for another DHCP server")
            for answer in raw.answers(1):
                self.assertNotEqual(answer.message.server_id, "10.77.0.1")
        self.assertEqual(daemon.lines(IS_SERVER), [])


class BootdFirst(AutoTest):
    """The other server comes later."""

    def test_bootd_gives_addresses_until_another_server_does(self):
        daemon = self.auto()
        daemon.wait_for(IS_SERVER, DECISION_S)
        self.assertEqual(self.kept(), "server: nobody else answered")
        with RawClient(self.network) as raw:
            ack = raw.lease(MACHINE)
            self.assertEqual((ack.message.server_id, ack.message.type), ("10.77.0.1", ACK))
            with Dnsmasq(self.network, "other"):
                # Its broadcast offer to any machine is enough; so would be bootd's next probe.
                raw.send(message(DISCOVER, OTHER_MACHINE, flags=dhcp.BROADCAST_FLAG))
                daemon.wait_for(IS_PROXY + "10.77.0.2 gives addresses")
                self.check_is_proxy(raw, OTHER_MACHINE)
                # Nor is what was given before renewed: the machine asks whoever is there.
                renewal = message(dhcp.REQUEST, MACHINE, ciaddr=ack.message.yiaddr)
                self.assertNotIn("10.77.0.1",
                                 [server for server, _ in self.answers(raw, renewal)])
            self.assertEqual(self.kept(), "proxy: 10.77.0.2 gives addresses")
            # Never back while it runs.
            self.check_is_proxy(raw, has_other=False)
            self.assertNotIn(67, self.network.udp_ports("srv"))

    def leases(self, daemon):
        """What a machine was acknowledged, or nobody gets: [(address, state)]."""
        _, out, _ = run_binary(self.network, "leases", "--json", "-c", daemon.config)
        return [(one["address"], one["state"]) for one in json.loads(out)
                if one["state"] != "offered"]

    def claim(self, address):
        """Announces the address by ARP (RFC 5227)."""
        sender = mac("52:54:00:77:00:01") + dhcp.ip4(address)
        with contextlib.closing(self.network.raw_socket("cli", "c0")) as sock:
            sock.send(b"\xff" * 6 + sender[:6] + bytes.fromhex("0806 0001 0800 0604 0001")
                      + sender + bytes(6) + sender[6:])

    def test_a_proxy_binds_nothing_and_tries_no_addresses(self):
        daemon = self.auto({"leases": {"type": "sqlite", "file": "leases.db"}})
        daemon.wait_for(IS_SERVER, DECISION_S)
        with RawClient(self.network) as raw:
            ack = raw.lease(MACHINE)
            self.assertEqual(ack.message.server_id, "10.77.0.1")
            before = self.leases(daemon)
            with Dnsmasq(self.network, "other"):
                raw.send(message(DISCOVER, OTHER_MACHINE, flags=dhcp.BROADCAST_FLAG))
                daemon.wait_for(IS_PROXY + "10.77.0.2 gives addresses")
                for sent in (message(DISCOVER, OTHER_MACHINE),
                             message(dhcp.REQUEST, MACHINE, ciaddr=ack.message.yiaddr),
                             message(dhcp.RELEASE, MACHINE, ciaddr=ack.message.yiaddr)):
                    self.assertNotIn("10.77.0.1",
                                     [server for server, _ in self.answers(raw, sent)])
                # Somebody says of each address of the pool that it is its own: no news to a proxy.
                for number in range(100, 150):
                    self.claim(f"10.77.0.{number}")
                self.answers(raw, message(DISCOVER, OTHER_MACHINE), 1)
            self.assertEqual(self.leases(daemon), before)
        self.assertEqual(daemon.lines("which it does not have from here"), [])

    def test_bootds_own_probes_find_it_without_any_machine(self):
        daemon = self.auto()
        daemon.wait_for(IS_SERVER, DECISION_S)
        with Kea(self.network, "other"):
            daemon.wait_for(IS_PROXY + "10.77.0.2 gives addresses", 60)

    def test_a_restart_looks_again_before_it_gives_addresses(self):
        daemon = self.auto()
        daemon.wait_for(IS_SERVER, DECISION_S)
        daemon.stop()
        with Dnsmasq(self.network, "other"), RawClient(self.network) as raw:
            daemon = self.auto()
            daemon.wait_for(IS_PROXY + "10.77.0.2 gives addresses", DECISION_S)
            self.check_is_proxy(raw)

    def test_a_proxys_offer_gives_no_address_and_changes_nothing(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.closing(proxy := self.bootd({"bootp": {
                "mode": "proxy", "pool_start": None}}, namespace="other")))
            daemon = self.auto()
            with RawClient(self.network) as raw:
                raw.discover(MACHINE, pxe_options(0))
                daemon.wait_for(IS_SERVER, DECISION_S)
                raw.discover(OTHER_MACHINE, pxe_options(0))
                proxy.wait_for(dhcp.mac_log(OTHER_MACHINE) + ": proxy OFFER")
                self.assertEqual(raw.lease(OTHER_MACHINE).message.server_id, "10.77.0.1")
            self.assertEqual(daemon.lines(IS_PROXY), [])
            proxy.stop()


class OnOneHost(AutoTest):
    """The other server runs on bootd's machine."""

    def test_the_port_is_taken(self):
        with Dnsmasq(self.network) as other, RawClient(self.network) as raw:
            daemon = self.auto()
            daemon.wait_for(IS_PROXY + "another server on this machine has the port")
            got = self.answers(raw, message(DISCOVER, MACHINE, pxe_options(0)))
            self.assertEqual(len(got), 2, other.output())
            self.assertEqual(got[0], ("10.77.0.1", dhcp.ANY))
            self.assertRegex(got[1][1], r"^10\.77\.0\.2[012]\d$")
            self.assertEqual(self.kept(), "proxy: another server on this machine has the port")


class WithoutAPool(AutoTest):
    """There is nothing to give."""

    def test_bootd_is_a_proxy_at_once(self):
        daemon = self.auto({"bootp": {"pool_start": None, "pool_count": None}})
        daemon.wait_for(IS_PROXY + "there is no pool_start")
        with RawClient(self.network) as raw:
            self.check_is_proxy(raw, has_other=False)
        # That is the configuration's word, and not what was found.
        self.assertEqual(self.kept(), "")


class StateFile(AutoTest):
    """What cannot be kept."""

    def test_a_state_file_that_cannot_be_opened_stops_the_start(self):
        os.makedirs(self.state)
        with self.assertRaisesRegex(AssertionError, r"state_file: .*cannot be opened for writing"):
            self.auto()


if __name__ == "__main__":
    main()
