#!/usr/bin/env python3
"""[static_dhcp], [buggy_clients], a pool of no address and a network without a router."""

from bootd import Bootd
from clients import PROGRAMS, Udhcpc
from dhcp import (ACK, BROADCAST_MAC, DECLINE, DISCOVER, EVERYBODY, NAK, OFFER, RELEASE, REQUEST,
                  REQUESTED_ADDRESS, ROUTER, SERVER_ID, Message, RawClient, ip4, mac, mac_log,
                  message, pxe_options)
from dhcp_wire_test import WireTest
from harness import main

OWNER = mac("52:54:00:77:06:01")
SECOND_OWNER = mac("52:54:00:77:06:02")
OTHERS = [mac(f"52:54:00:77:06:1{number}") for number in range(5)]
CLIENT = mac("52:54:00:77:00:01")  # the interface c0
SERVER = "10.77.0.1"
INSIDE, OUTSIDE = "10.77.0.101", "10.77.0.20"
ONLY_BOOT_CLIENTS = {"bootp": {"allow_simple_dhcp": "no"}}


def key(address):
    """A MAC address as a key of the configuration."""
    return "-".join(f"{byte:02X}" for byte in address)


def static(**addresses):
    """[static_dhcp] of OWNER and SECOND_OWNER."""
    return {"static_dhcp": {key(globals()[name]): value for name, value in addresses.items()}}


class StaticTest(WireTest):
    programs = ("dhclient", "busybox", "dhcpcd")

    def claim(self, chaddr, address, is_selecting=False, **fields):
        """REQUEST of an address: INIT-REBOOT, or as the answer to an offer."""
        options = [(REQUESTED_ADDRESS, ip4(address))]
        if is_selecting:
            options.append((SERVER_ID, ip4(SERVER)))
        return message(REQUEST, chaddr, options, **fields)

    def check_nak(self, sent):
        answer = self.raw.ask(sent).message
        self.assertEqual((answer.type, answer.yiaddr), (NAK, "0.0.0.0"))


class Addresses(StaticTest):
    def test_every_client_gets_its_own_address_in_the_pool_or_outside_of_it(self):
        for address in (INSIDE, OUTSIDE):
            for program in PROGRAMS:
                with self.subTest(program.name, address=address):
                    with Bootd(self.network, {"static_dhcp": {key(CLIENT): address}}):
                        with program(self.network) as client:
                            lease = client.start().wait_bound()
                    self.assertEqual(lease.address, address)
                    self.assertEqual((lease.netmask, lease.lease_time), ("255.255.255.0", "7200"))

    def test_at_each_stage_and_by_bootp_too(self):
        self.bootd(static(OWNER=INSIDE, SECOND_OWNER=OUTSIDE))
        for machine, address in ((OWNER, INSIDE), (SECOND_OWNER, OUTSIDE)):
            for options in (pxe_options(7), (), [(REQUESTED_ADDRESS, ip4("10.77.0.130"))]):
                with self.subTest(address, options=options):
                    self.assertEqual(self.raw.discover(machine, options).message.yiaddr, address)
            self.assertEqual(self.raw.lease(machine, pxe_options(7)).message.yiaddr, address)
            self.assertEqual(self.raw.lease(machine).message.yiaddr, address)
            reboot = self.raw.ask(self.claim(machine, address)).message
            self.assertEqual((reboot.type, reboot.yiaddr), (ACK, address))
            self.network.add_address("cli", "c0", address + "/24")
            renewal = self.raw.ask(message(REQUEST, machine, ciaddr=address)).message
            self.network.flush("cli", "c0")
            self.assertEqual((renewal.type, renewal.yiaddr), (ACK, address))
            bootp = self.raw.ask(Message(chaddr=machine, xid=0x1706)).message
            self.assertEqual((bootp.type, bootp.yiaddr), (None, address))

    def test_its_machine_is_served_though_it_does_not_boot(self):
        self.bootd(static(OWNER=OUTSIDE), ONLY_BOOT_CLIENTS)
        self.assertEqual(self.raw.lease(OWNER).message.yiaddr, OUTSIDE)
        self.assert_silence(message(DISCOVER, OTHERS[0]))

    def test_nobody_else_gets_it(self):
        bootd = self.bootd({"bootp": {"pool_count": "3"}},
                           static(OWNER=INSIDE, SECOND_OWNER=OUTSIDE))
        for address in (INSIDE, OUTSIDE):
            wish = [(REQUESTED_ADDRESS, ip4(address))]
            self.assertNotIn(self.raw.discover(OTHERS[0], wish).message.yiaddr, (INSIDE, OUTSIDE))
            self.check_nak(self.claim(OTHERS[2], address, is_selecting=True))
        self.check_nak(self.claim(OTHERS[2], INSIDE))
        self.check_nak(message(REQUEST, OTHERS[2], ciaddr=INSIDE))
        self.assert_silence_of_strangers(self.claim(OTHERS[2], OUTSIDE))
        given = [self.raw.lease(machine).message.yiaddr for machine in OTHERS[:2]]
        self.assertEqual(sorted(given), ["10.77.0.100", "10.77.0.102"])
        since = bootd.mark()
        self.assert_silence_of_strangers(message(DISCOVER, OTHERS[2]),
                                         Message(chaddr=OTHERS[3], xid=0x1706))
        bootd.wait_for(mac_log(OTHERS[2]) + ".*no address is left", since=since)
        self.assertEqual(self.raw.lease(OWNER).message.yiaddr, INSIDE)

    def assert_silence_of_strangers(self, *sent):
        """As assert_silence, where the pool may have no address for its probe."""
        probe = message(DISCOVER, OWNER)
        got = self.raw.answers_before_probe(*sent, probe=probe)
        self.assertEqual([one.message for one in got], [])

    def test_its_machine_gets_a_nak_for_another_address(self):
        bootd = self.bootd(static(OWNER=OUTSIDE))
        for sent in (self.claim(OWNER, "10.77.0.120"), self.claim(OWNER, "10.99.0.1"),
                     self.claim(OWNER, "10.77.0.120", is_selecting=True),
                     message(REQUEST, OWNER, ciaddr="10.77.0.120")):
            self.check_nak(sent)
            bootd.wait_for(mac_log(OWNER) + ".*NAK .*the machine has another address")
        self.assertEqual(self.raw.lease(OWNER).message.yiaddr, OUTSIDE)
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-nak"], 4)

    def test_the_choice_of_another_server_gets_no_word(self):
        self.bootd(static(OWNER=OUTSIDE))
        self.assert_silence(message(REQUEST, OWNER, [(REQUESTED_ADDRESS, ip4("10.77.0.120")),
                                                     (SERVER_ID, ip4("10.77.0.9"))]))

    def test_it_stays_its_machines_after_a_release_and_a_decline(self):
        bootd = self.bootd(static(OWNER=INSIDE))
        self.raw.lease(OWNER)
        self.assert_silence(message(RELEASE, OWNER, [(SERVER_ID, ip4(SERVER))], ciaddr=INSIDE))
        bootd.wait_for(mac_log(OWNER) + f".*RELEASE {INSIDE}")
        offer = self.raw.discover(OTHERS[0], [(REQUESTED_ADDRESS, ip4(INSIDE))])
        self.assertNotEqual(offer.message.yiaddr, INSIDE)
        self.assertEqual(self.raw.lease(OWNER).message.yiaddr, INSIDE)
        self.assert_silence(message(DECLINE, OWNER, [(REQUESTED_ADDRESS, ip4(INSIDE)),
                                                     (SERVER_ID, ip4(SERVER))]))
        bootd.wait_for(mac_log(OWNER) + r".*somebody else uses the address that the configuration")
        self.assertEqual(self.raw.lease(OWNER).message.yiaddr, INSIDE)


class EmptyPool(StaticTest):
    def test_only_static_machines_get_addresses(self):
        bootd = self.bootd({"bootp": {"pool_count": "0"}},
                           {"static_dhcp": {key(OWNER): "10.77.0.100", key(CLIENT): OUTSIDE}})
        probe = message(DISCOVER, OWNER)
        sent = (message(DISCOVER, OTHERS[0]), message(DISCOVER, OTHERS[1], pxe_options(7)),
                Message(chaddr=OTHERS[2], xid=0x1706), self.claim(OTHERS[3], "10.77.0.102"))
        self.assertEqual(self.raw.answers_before_probe(*sent, probe=probe), [])
        self.check_nak(self.claim(OTHERS[4], "10.77.0.100", is_selecting=True))
        self.assertEqual(self.raw.lease(OWNER).message.yiaddr, "10.77.0.100")
        with Udhcpc(self.network) as client:
            self.assertEqual(client.start().wait_bound().address, OUTSIDE)
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-pool-exhausted"], 3)


class BuggyClients(StaticTest):
    def check_broadcast(self, answer, expected=True):
        self.assertTrue(answer.frame.is_correct)
        if expected:
            self.assertEqual((answer.frame.target, answer.frame.to_mac), (EVERYBODY, BROADCAST_MAC))
        else:
            self.assertNotEqual(answer.frame.target, EVERYBODY)
            self.assertEqual(answer.frame.to_mac, answer.message.chaddr)

    def test_machines_and_prefixes_hear_broadcasts_and_the_longest_row_counts(self):
        self.bootd({"buggy_clients": {key(OWNER): "yes", "52-54-00-77-07/40": "on",
                                      "52-54-00-77-07-02": "no"}})
        for machine, is_buggy in ((OWNER, True), (SECOND_OWNER, False),
                                  (mac("52:54:00:77:07:01"), True),
                                  (mac("52:54:00:77:07:02"), False)):
            with self.subTest(key(machine)):
                offer = self.raw.discover(machine)
                self.check_broadcast(offer, is_buggy)
                self.assertEqual(offer.message.flags, 0)
                ack = self.raw.request(machine, offer)
                self.assertEqual((offer.message.type, ack.message.type), (OFFER, ACK))
                self.check_broadcast(ack, is_buggy)
                self.check_broadcast(self.raw.ask(Message(chaddr=machine, xid=0x1706)), is_buggy)

    def test_a_static_machine_too(self):
        self.bootd(static(OWNER=OUTSIDE), {"buggy_clients": {key(OWNER): "yes"}})
        answer = self.raw.lease(OWNER)
        self.check_broadcast(answer)
        self.assertEqual(answer.message.yiaddr, OUTSIDE)

    def test_real_clients_hear_them(self):
        for program in PROGRAMS:
            with self.subTest(program.name), RawClient(self.network) as wire:
                with Bootd(self.network, {"buggy_clients": {key(CLIENT): "yes"}}):
                    with program(self.network) as client:
                        address = client.start().wait_bound().address
                    heard = next(one for one in wire.answers(20) if one.message.type == ACK)
                self.check_broadcast(heard)
                self.assertEqual(heard.message.yiaddr, address)


class NoRouter(StaticTest):
    def test_nobody_is_told_a_router(self):
        self.bootd({"bootp": {"set_gateway": "no", "gateway": None}}, static(OWNER=OUTSIDE))
        for machine in (OWNER, OTHERS[0]):
            for options in ((), pxe_options(7)):
                offer = self.raw.discover(machine, options)
                self.assertIsNone(offer.message.option(ROUTER))
                self.assertIsNone(self.raw.request(machine, offer, options).message.option(ROUTER))
        bootp = self.raw.ask(Message(chaddr=OTHERS[1], xid=0x1706)).message
        self.assertIsNone(bootp.option(ROUTER))

    def test_real_clients_have_no_router(self):
        for program in PROGRAMS:
            with self.subTest(program.name):
                with Bootd(self.network, {"bootp": {"set_gateway": "no", "gateway": None}}):
                    with program(self.network) as client:
                        lease = client.start().wait_bound()
                self.assertEqual((lease.gateway, lease.netmask), ("", "255.255.255.0"))


if __name__ == "__main__":
    main()
