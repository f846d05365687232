#!/usr/bin/env python3
"""What stands in bootd's answers, and where they go, octet by octet."""

import os
import struct

import dhcp
from bootd import REPOSITORY
from dhcp import (ACK, ANY, ARCHITECTURE, BOOT_FILE, BROADCAST_FLAG, BROADCAST_MAC, DECLINE,
                  DISCOVER, EVERYBODY, LEASE_TIME, MAX_SIZE, NAK, OFFER, PAD, RELAY_AGENT, RELEASE,
                  REQUEST, REQUESTED_ADDRESS, RawClient, SERVER_ID, SERVER_NAME, USER_CLASS, UUID,
                  VENDOR_CLASS, VENDOR_SPECIFIC, ip4, mac, message, pxe_options)
from harness import EndToEndTest, main
from network import Network, one_server_one_client

ONE = mac("52:54:00:77:02:01")
OTHER = mac("52:54:00:77:02:02")
THIRD = mac("52:54:00:77:02:03")
SERVER = "10.77.0.1"
ONLY_BOOT_CLIENTS = {"bootp": {"allow_simple_dhcp": "no"}}


class WireTest(EndToEndTest):
    """A raw client on c0."""

    def setUp(self):
        self.raw = RawClient(self.network)
        self.addCleanup(self.raw.close)

    def check_answer(self, answer, sent, server=SERVER, port="s0"):
        """What holds for every answer."""
        frame, got = answer.frame, answer.message
        self.assertTrue(frame.is_correct, "checksums and lengths")
        self.assertTrue(frame.may_fragment, "DF is never set")
        self.assertEqual((frame.source, frame.source_port), (server, 67))
        self.assertEqual(frame.from_mac, self.network.mac("srv", port))
        self.assertGreaterEqual(len(frame.payload), 300)
        self.assertEqual((got.op, got.htype, got.hlen, got.hops), (2, 1, 6, 0))
        self.assertEqual((got.xid, got.chaddr, got.giaddr), (sent.xid, sent.chaddr, sent.giaddr))
        if got.type is not None:
            self.assertEqual(got.server_id, server)
        self.assertEqual(got.tail.strip(b"\0"), b"", "only zeros behind END")

    def request_for(self, address, chaddr=ONE, options=(), **fields):
        """An INIT-REBOOT: REQUEST with option 50, without 54."""
        return message(REQUEST, chaddr, [(REQUESTED_ADDRESS, ip4(address)), *options], **fields)

    def assert_silence(self, *sent, where=None):
        got = self.raw.answers_before_probe(*sent, where=where)
        self.assertEqual([one.message for one in got], [])


class Destinations(WireTest):
    """RFC 2131 section 4.1."""

    def test_with_the_broadcast_bit_to_255_255_255_255_and_everybody(self):
        self.bootd()
        sent = message(DISCOVER, ONE, flags=BROADCAST_FLAG)
        answer = self.raw.ask(sent)
        self.check_answer(answer, sent)
        self.assertEqual((answer.frame.target, answer.frame.target_port), (EVERYBODY, 68))
        self.assertEqual(answer.frame.to_mac, BROADCAST_MAC)
        self.assertEqual(answer.message.flags, BROADCAST_FLAG)

    def test_without_the_bit_to_the_new_address_and_the_machine_itself(self):
        self.bootd()
        sent = message(DISCOVER, ONE)
        answer = self.raw.ask(sent)
        self.check_answer(answer, sent)
        self.assertEqual((answer.frame.target, answer.frame.target_port),
                         (answer.message.yiaddr, 68))
        self.assertEqual(answer.frame.to_mac, ONE)
        self.assertEqual(answer.message.flags, 0)
        ack = self.raw.request(ONE, answer)
        self.assertEqual(ack.message.type, ACK)
        self.assertEqual((ack.frame.target, ack.frame.to_mac), (answer.message.yiaddr, ONE))

    def test_a_renewal_is_answered_to_the_address_in_ciaddr(self):
        self.bootd()
        own = self.network.mac("cli", "c0")
        address = self.raw.lease(own).message.yiaddr
        self.network.add_address("cli", "c0", address + "/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        sent = message(REQUEST, own, ciaddr=address)
        answer = self.raw.ask(sent, to_mac=self.network.mac("srv", "s0"), source=address,
                              target=SERVER)
        self.check_answer(answer, sent)
        self.assertEqual((answer.frame.target, answer.frame.target_port), (address, 68))
        self.assertEqual(answer.frame.to_mac, own)
        self.assertEqual((answer.message.type, answer.message.yiaddr), (ACK, address))
        self.assertEqual(answer.message.option(LEASE_TIME), struct.pack(">I", 7200))

    def test_a_relay_inside_the_network_is_answered_at_port_67_with_the_flags_as_they_came(self):
        self.bootd()
        relay = "10.77.0.2"
        self.network.add_address("cli", "c0", relay + "/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        own = self.network.mac("cli", "c0")
        for flags in (0, BROADCAST_FLAG):
            with self.subTest(flags=flags):
                sent = message(DISCOVER, ONE, giaddr=relay, flags=flags, hops=1)
                answer = self.raw.ask(sent, from_mac=own, source=relay, source_port=67,
                                      target=SERVER, to_mac=self.network.mac("srv", "s0"))
                self.check_answer(answer, sent)
                self.assertEqual((answer.frame.target, answer.frame.target_port), (relay, 67))
                self.assertEqual(answer.frame.to_mac, own)
                self.assertEqual(answer.message.flags, flags)

    def test_a_relay_of_another_network_is_ignored_with_a_reason(self):
        bootd = self.bootd()
        self.assert_silence(message(DISCOVER, ONE, giaddr="192.0.2.9"))
        bootd.wait_for("ignored DISCOVER.*192.0.2.9")
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-unknown-relay"], 1)

    def test_a_nak_is_broadcast(self):
        self.bootd()
        sent = self.request_for("192.0.2.77")
        answer = self.raw.ask(sent)
        self.check_answer(answer, sent)
        self.assertEqual(answer.message.type, NAK)
        self.assertEqual((answer.frame.target, answer.frame.to_mac), (EVERYBODY, BROADCAST_MAC))

    def test_another_port_moves_the_clients_port_too(self):
        self.bootd({"bootp": {"port": "1067"}})
        with RawClient(self.network, server_port=1067) as raw:
            answer = raw.ask(message(DISCOVER, ONE, flags=BROADCAST_FLAG), source_port=1068)
        self.assertEqual((answer.frame.source_port, answer.frame.target_port), (1067, 1068))


class Contents(WireTest):
    """Fields and options."""

    def test_an_offer_has_all_that_a_plain_server_says_and_no_more(self):
        self.bootd()
        sent = message(DISCOVER, ONE, pxe_options(0))
        answer = self.raw.ask(sent)
        self.check_answer(answer, sent)
        got = answer.message
        self.assertEqual(got.type, OFFER)
        self.assertEqual((got.ciaddr, got.siaddr), (ANY, SERVER))
        self.assertEqual(got.file_name, "bios/pxelinux.0")
        self.assertEqual(got.sname.rstrip(b"\0"), b"tester")
        self.assertEqual(got.option(SERVER_NAME), SERVER.encode())
        self.assertEqual(got.option(BOOT_FILE), b"bios/pxelinux.0")
        self.assertEqual(got.option(LEASE_TIME), struct.pack(">I", 7200))
        self.assertEqual(got.option(dhcp.SUBNET_MASK), ip4("255.255.255.0"))
        self.assertEqual(got.option(dhcp.ROUTER), ip4("10.77.0.254"))
        self.assertEqual(got.option(dhcp.DNS), ip4("10.77.0.53") + ip4("10.77.0.54"))
        self.assertEqual(got.option(dhcp.DOMAIN), b"e2e.example")
        # 60 would send firmware to port 4011, where nobody answers.
        for code in (VENDOR_CLASS, VENDOR_SPECIFIC, ARCHITECTURE, UUID):
            self.assertIsNone(got.option(code), code)
        codes = [code for code in got.codes() if code != PAD]
        self.assertEqual(len(codes), len(set(codes)), "each option once")

    def test_an_ack_says_the_same_as_the_offer(self):
        self.bootd()
        offer = self.raw.discover(ONE, pxe_options(7))
        ack = self.raw.request(ONE, offer, pxe_options(7))
        self.assertEqual(ack.message.options[0], (dhcp.MESSAGE_TYPE, bytes([ACK])))
        self.assertEqual(ack.message.options[1:], offer.message.options[1:])
        self.assertEqual((ack.message.yiaddr, ack.message.siaddr, ack.message.file),
                         (offer.message.yiaddr, offer.message.siaddr, offer.message.file))

    def test_the_boot_file_is_last_with_its_exact_length_then_a_pad_then_the_end(self):
        self.bootd()
        got = self.raw.discover(ONE, pxe_options(0)).message
        self.assertEqual(got.options[-2:], [(BOOT_FILE, b"bios/pxelinux.0"), (PAD, b"")])

    def test_the_relays_option_82_comes_back_whole_behind_the_boot_file(self):
        self.bootd()
        for value in (b"\x01\x04abcd\x02\x02xy", b"", bytes(range(200))):
            with self.subTest(length=len(value)):
                got = self.raw.discover(ONE, [*pxe_options(0), (RELAY_AGENT, value)]).message
                self.assertEqual(got.options[-3:], [(BOOT_FILE, b"bios/pxelinux.0"), (PAD, b""),
                                                    (RELAY_AGENT, value)])

    def test_a_raspberry_pi_gets_neither_pad_nor_nul(self):
        self.bootd()
        got = self.raw.discover(mac("b8:27:eb:01:02:03"), pxe_options(0)).message
        self.assertEqual(got.options[-1], (BOOT_FILE, b"bios/pxelinux.0"))
        self.assertNotIn(PAD, got.codes())

    def test_microsofts_client_gets_its_text_with_a_nul(self):
        self.bootd()
        got = self.raw.discover(ONE, [(VENDOR_CLASS, b"MSFT 5.0")]).message
        self.assertEqual(got.option(dhcp.DOMAIN), b"e2e.example\0")

    def test_the_machines_identity_is_echoed_whatever_its_length(self):
        self.bootd()
        for value in (b"\0" + bytes(range(16)), bytes(range(16)), b"abc", bytes(range(40))):
            with self.subTest(length=len(value)):
                got = self.raw.discover(ONE, pxe_options(0, uuid=value)).message
                self.assertEqual(got.option(UUID), value)

    def test_the_size_that_the_client_takes_is_kept_to(self):
        long = {"bootp": {"domain": ".".join(["d" * 60] * 4), "boot_file": "f" * 127,
                          "dns": ";".join(f"10.77.0.{n}" for n in range(10, 18))},
                "bootfile": None}
        self.bootd(long)
        # Option 57 counts the IP and UDP headers: 28 octets. Below 576 it is no legal value, and
        # above 1500 nothing travels in one frame.
        for asked, most in ((None, 548), (576, 548), (100, 548), (700, 672), (1472, 1444),
                            (65280, 1472)):
            with self.subTest(asked=asked):
                options = [(MAX_SIZE, struct.pack(">H", asked))] if asked else []
                answer = self.raw.discover(ONE, pxe_options(0, uuid=b"u" * 17) + options)
                self.assertLessEqual(len(answer.frame.payload), most)
                got = answer.message
                for code in (LEASE_TIME, SERVER_ID, dhcp.SUBNET_MASK, dhcp.ROUTER):
                    self.assertIsNotNone(got.option(code), code)
                self.assertEqual(got.file_name, "f" * 127)
                if most > 1000:
                    self.assertEqual(got.option(dhcp.DOMAIN).decode(), long["bootp"]["domain"])
                    self.assertEqual(len(got.option(dhcp.DNS)), 32)
                    self.assertEqual(got.option(BOOT_FILE), b"f" * 127)

    def test_the_first_of_a_list_of_architectures_counts(self):
        self.bootd()
        got = self.raw.discover(ONE, [(ARCHITECTURE, b"\0\7\0\0"),
                                      (VENDOR_CLASS, b"PXEClient")]).message
        self.assertEqual(got.file_name, "efi64/grubx64.efi")

    def test_netmask_and_gateway_come_from_the_interface_where_nothing_is_configured(self):
        self.bootd({"bootp": {"gateway": None, "domain": None, "dns": None, "servername": None,
                              "lease_time": None}})
        got = self.raw.discover(ONE).message
        self.assertEqual(got.option(dhcp.SUBNET_MASK), ip4("255.255.255.0"))
        self.assertEqual(got.option(dhcp.ROUTER), ip4(SERVER))
        self.assertIsNone(got.option(dhcp.DOMAIN))
        self.assertEqual(got.option(LEASE_TIME), struct.pack(">I", 86400))
        self.assertEqual(got.sname.strip(b"\0"), b"")

    def test_a_configured_netmask_is_told(self):
        self.bootd({"bootp": {"netmask": "255.255.254.0"}})
        self.assertEqual(self.raw.discover(ONE).message.option(dhcp.SUBNET_MASK),
                         ip4("255.255.254.0"))

    def test_long_runs_of_pad_and_a_missing_end_are_legal(self):
        self.bootd()
        padded = message(DISCOVER, ONE, [(PAD, b"")] * 400 + pxe_options(7))
        self.assertEqual(self.raw.ask(padded).message.file_name, "efi64/grubx64.efi")
        endless = message(DISCOVER, OTHER, pxe_options(7))
        bare = endless.encode(0)[:-1]
        self.raw.send_bytes(bare, from_mac=OTHER)
        self.assertEqual(self.raw.receive(endless.xid, OTHER).message.type, OFFER)

    def test_options_in_the_file_and_sname_fields_are_read(self):
        self.bootd(ONLY_BOOT_CLIENTS)
        sent = message(DISCOVER, ONE, [(52, b"\3")],
                       file=bytes([ARCHITECTURE, 2, 0, 7, 255]),
                       sname=bytes([VENDOR_CLASS, 9]) + b"PXEClient\xff")
        self.assertEqual(self.raw.ask(sent).message.file_name, "efi64/grubx64.efi")


class Requests(WireTest):
    """RFC 2131 section 4.3.2."""

    def test_a_request_that_names_another_server_gets_no_word(self):
        bootd = self.bootd()
        offer = self.raw.discover(ONE)
        sent = message(REQUEST, ONE, [(REQUESTED_ADDRESS, ip4(offer.message.yiaddr)),
                                      (SERVER_ID, ip4("10.77.0.9"))])
        self.assert_silence(sent)
        strange = message(REQUEST, OTHER, [(REQUESTED_ADDRESS, ip4("192.0.2.5")),
                                           (SERVER_ID, ip4("10.77.0.9"))])
        self.assert_silence(strange)
        bootd.stop()
        self.assertEqual(bootd.totals().get("dhcp-nak", 0), 0)
        self.assertEqual(bootd.totals().get("dhcp-ack", 0), 0)

    def test_what_another_server_gave_out_of_the_pool_is_given_to_nobody_else(self):
        self.bootd()
        taken = "10.77.0.100"
        self.assert_silence(message(REQUEST, ONE, [(REQUESTED_ADDRESS, ip4(taken)),
                                                   (SERVER_ID, ip4("10.77.0.9"))]))
        offer = self.raw.discover(OTHER, [(REQUESTED_ADDRESS, ip4(taken))])
        self.assertNotEqual(offer.message.yiaddr, taken)

    def test_an_unknown_machine_that_claims_a_free_address_of_the_pool_keeps_it(self):
        self.bootd()
        sent = self.request_for("10.77.0.123")
        answer = self.raw.ask(sent)
        self.check_answer(answer, sent)
        self.assertEqual((answer.message.type, answer.message.yiaddr), (ACK, "10.77.0.123"))
        self.assertEqual(self.raw.discover(ONE).message.yiaddr, "10.77.0.123")

    def test_an_unknown_machine_that_names_this_server_keeps_a_free_address(self):
        self.bootd()
        sent = self.request_for("10.77.0.124", options=[(SERVER_ID, ip4(SERVER))])
        self.assertEqual(self.raw.ask(sent).message.type, ACK)

    def test_a_claim_on_an_address_of_another_network_gets_a_nak(self):
        self.bootd()
        sent = self.request_for("192.168.50.4")
        answer = self.raw.ask(sent)
        self.check_answer(answer, sent)
        got = answer.message
        self.assertEqual((got.type, got.yiaddr, got.siaddr, got.ciaddr), (NAK, ANY, ANY, ANY))
        self.assertEqual((got.file.strip(b"\0"), got.sname.strip(b"\0")), (b"", b""))
        for code in (LEASE_TIME, BOOT_FILE, dhcp.SUBNET_MASK):
            self.assertIsNone(got.option(code), code)

    def test_a_claim_on_an_address_that_another_machine_holds_gets_a_nak(self):
        self.bootd()
        address = self.raw.lease(ONE).message.yiaddr
        self.assertEqual(self.raw.ask(self.request_for(address, OTHER)).message.type, NAK)
        # and the holder still has it
        self.assertEqual(self.raw.ask(self.request_for(address, ONE)).message.type, ACK)

    def test_a_claim_on_an_address_outside_the_pool_is_left_to_others(self):
        bootd = self.bootd()
        self.assert_silence(self.request_for("10.77.0.20"))
        bootd.wait_for("ignored REQUEST")

    def test_a_machine_with_an_address_gets_a_nak_for_another(self):
        self.bootd()
        address = self.raw.lease(ONE).message.yiaddr
        self.assertEqual(self.raw.ask(self.request_for("10.77.0.140")).message.type, NAK)
        self.assertEqual(self.raw.discover(ONE).message.yiaddr, address)

    def test_an_unknown_renewal_of_a_free_address_is_acknowledged(self):
        self.bootd()
        own = self.network.mac("cli", "c0")
        self.network.add_address("cli", "c0", "10.77.0.130/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        answer = self.raw.ask(message(REQUEST, own, ciaddr="10.77.0.130"), source="10.77.0.130")
        self.assertEqual((answer.message.type, answer.message.yiaddr), (ACK, "10.77.0.130"))


class Addresses(WireTest):
    """Who gets which address."""

    def test_a_repeated_discover_gets_the_same_offer(self):
        self.bootd()
        first = self.raw.discover(ONE).message.yiaddr
        self.assertEqual(self.raw.discover(ONE).message.yiaddr, first)

    def test_two_machines_with_one_xid_are_two_machines(self):
        self.bootd()
        offers = [self.raw.discover(one, pxe_options(0), xid=0x26F30339) for one in (ONE, OTHER)]
        self.assertEqual([one.message.chaddr for one in offers], [ONE, OTHER])
        self.assertNotEqual(offers[0].message.yiaddr, offers[1].message.yiaddr)
        acks = [self.raw.request(one, offer) for one, offer in zip((ONE, OTHER), offers)]
        self.assertEqual([ack.message.yiaddr for ack in acks],
                         [offer.message.yiaddr for offer in offers])

    def test_the_address_that_a_machine_asks_for_is_offered_where_it_is_free(self):
        self.bootd()
        wanted = "10.77.0.133"
        self.assertEqual(self.raw.lease(ONE, [(REQUESTED_ADDRESS, ip4(wanted))]).message.yiaddr,
                         wanted)
        self.assertNotEqual(
            self.raw.discover(OTHER, [(REQUESTED_ADDRESS, ip4(wanted))]).message.yiaddr, wanted)

    def test_the_servers_own_addresses_are_never_given(self):
        self.bootd({"bootp": {"pool_start": "10.77.0.1", "pool_count": "2",
                              "gateway": "10.77.0.1", "dns": None}})
        self.assertEqual(self.raw.discover(ONE).message.yiaddr, "10.77.0.2")
        self.assertEqual(self.raw.answers_before_probe(
            message(DISCOVER, OTHER), probe=message(DISCOVER, ONE)), [])

    def test_a_released_address_waits_for_its_machine(self):
        bootd = self.bootd({"bootp": {"pool_count": "2"}})
        address = self.raw.lease(ONE).message.yiaddr
        self.raw.send(message(RELEASE, ONE, [(SERVER_ID, ip4(SERVER))], ciaddr=address))
        bootd.wait_for("RELEASE " + address)
        self.assertNotEqual(self.raw.lease(OTHER).message.yiaddr, address)
        # It is not given to a third machine, though no other is left.
        self.assertEqual(self.raw.answers_before_probe(
            message(DISCOVER, THIRD), probe=message(DISCOVER, OTHER)), [])
        self.assertEqual(self.raw.lease(ONE).message.yiaddr, address)

    def test_nobody_can_release_anothers_address(self):
        bootd = self.bootd()
        address = self.raw.lease(ONE).message.yiaddr
        self.assert_silence(message(RELEASE, OTHER, [(SERVER_ID, ip4(SERVER))], ciaddr=address))
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-not-the-holder"], 1)
        self.assertNotIn("dhcp-release", bootd.totals())

    def test_a_declined_address_is_given_to_nobody(self):
        bootd = self.bootd()
        address = self.raw.lease(ONE).message.yiaddr
        self.raw.send(message(DECLINE, ONE, [(REQUESTED_ADDRESS, ip4(address)),
                                             (SERVER_ID, ip4(SERVER))]))
        bootd.wait_for("DECLINE " + address)
        wish = [(REQUESTED_ADDRESS, ip4(address))]
        given = {self.raw.lease(one, wish).message.yiaddr for one in (ONE, OTHER, THIRD)}
        self.assertEqual(len(given), 3)
        self.assertNotIn(address, given)

    def test_an_exhausted_pool_is_silence_with_a_reason(self):
        bootd = self.bootd({"bootp": {"pool_count": "2"}})
        for one in (ONE, OTHER):
            self.raw.lease(one)
        self.assertEqual(self.raw.answers_before_probe(
            message(DISCOVER, THIRD), probe=message(DISCOVER, ONE)), [])
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-pool-exhausted"], 1)


class Stages(WireTest):
    """Who counts as a machine that boots."""

    def test_each_mark_of_a_boot_stage_is_served_though_simple_clients_are_not(self):
        marks = {
            "PXE": [(VENDOR_CLASS, b"PXEClient:Arch:00000:UNDI:002001")],
            "HTTP": [(VENDOR_CLASS, b"HTTPClient:Arch:00016:UNDI:003000")],
            "U-Boot": [(VENDOR_CLASS, b"U-Boot")],
            "U-Boot of ARM": [(VENDOR_CLASS, b"U-Boot.armv8")],
            "architecture": [(ARCHITECTURE, b"\0\7")],
            "identity": [(UUID, b"\0" + bytes(range(16)))],
            "bare user class": [(USER_CLASS, b"iPXE")],
            "user class of RFC 3004": [(USER_CLASS, b"\4iPXE")],
            "iPXE's own option": [(175, b"\xb1\5\1\x1a\xf4\x10\0")],
        }
        self.bootd(ONLY_BOOT_CLIENTS, {"httpd": {"enable": "yes"}})
        for number, (name, options) in enumerate(marks.items()):
            with self.subTest(name):
                machine = mac(f"52:54:00:77:03:{number:02x}")
                self.assert_silence(message(DISCOVER, machine))
                address = self.raw.lease(machine, options).message.yiaddr
                # From now on it is served without the mark.
                again = self.raw.ask(message(DISCOVER, machine))
                self.assertEqual(again.message.yiaddr, address)

    def test_one_marked_discover_is_enough_for_the_stages_without_marks(self):
        self.bootd(ONLY_BOOT_CLIENTS)
        self.raw.discover(ONE, pxe_options(7))
        bare = self.raw.lease(ONE)
        self.assertEqual(bare.message.file_name, "efi64/grubx64.efi", "its architecture is known")

    def test_other_clients_are_not_served_and_the_reason_names_the_key(self):
        bootd = self.bootd(ONLY_BOOT_CLIENTS)
        plain = [message(DISCOVER, ONE),
                 message(DISCOVER, ONE, [(VENDOR_CLASS, b"MSFT 5.0")]),
                 message(DISCOVER, ONE, [(VENDOR_CLASS, b"udhcp 1.35.0")]),
                 message(DISCOVER, ONE, [(USER_CLASS, b"\4boot")]),
                 self.request_for("10.77.0.120")]
        self.assert_silence(*plain)
        bootd.wait_for("ignored DISCOVER.*allow_simple_dhcp")
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-simple-client"], len(plain))


class PlainBootp(WireTest):
    """RFC 951 and 1542."""

    def bootp(self, chaddr=ONE, **fields):
        return dhcp.Message(chaddr=chaddr, xid=int.from_bytes(os.urandom(4), "big"), **fields)

    def test_a_client_is_answered_in_300_octets_with_64_of_vendor_area(self):
        self.bootd({"bootp": {"domain": ".".join(["d" * 60] * 4)}})
        sent = self.bootp()
        answer = self.raw.ask(sent)
        self.check_answer(answer, sent)
        got = answer.message
        self.assertEqual(len(answer.frame.payload), 300)
        self.assertIsNone(got.type)
        self.assertRegex(got.yiaddr, r"^10\.77\.0\.1\d\d$")
        self.assertEqual(got.siaddr, SERVER)
        self.assertEqual(got.file_name, "other.bin")
        self.assertEqual(got.option(dhcp.SUBNET_MASK), ip4("255.255.255.0"))
        for code in (LEASE_TIME, SERVER_ID, BOOT_FILE):
            self.assertIsNone(got.option(code), code)
        self.assertEqual((answer.frame.target, answer.frame.to_mac), (got.yiaddr, ONE))

    def test_the_broadcast_bit_is_honoured(self):
        self.bootd()
        answer = self.raw.ask(self.bootp(flags=BROADCAST_FLAG))
        self.assertEqual((answer.frame.target, answer.frame.to_mac), (EVERYBODY, BROADCAST_MAC))

    def test_a_client_without_the_cookie_gets_none(self):
        self.bootd()
        answer = self.raw.ask(self.bootp(has_cookie=False))
        self.assertFalse(answer.message.has_cookie)
        self.assertGreaterEqual(len(answer.frame.payload), 300)

    def test_a_client_keeps_its_address(self):
        self.bootd()
        first = self.raw.ask(self.bootp()).message.yiaddr
        self.assertNotEqual(self.raw.ask(self.bootp(OTHER)).message.yiaddr, first)
        self.assertEqual(self.raw.ask(self.bootp()).message.yiaddr, first)
        self.assertEqual(self.raw.lease(ONE).message.yiaddr, first)

    def test_only_where_simple_clients_are_served(self):
        bootd = self.bootd(ONLY_BOOT_CLIENTS)
        self.assert_silence(self.bootp())
        bootd.wait_for("ignored BOOTP request.*allow_simple_dhcp")

    def test_a_request_for_a_server_of_another_name_is_not_ours(self):
        bootd = self.bootd()
        self.assert_silence(self.bootp(sname=b"elsewhere"))
        self.assertEqual(self.raw.ask(self.bootp(sname=b"tester")).message.siaddr, SERVER)
        bootd.stop()
        self.assertEqual(bootd.totals()["bootp-other-server"], 1)


class TwoInterfaces(WireTest):
    """s0 is on the pool's network, s1 on another."""

    @classmethod
    def make_network(cls):
        network = one_server_one_client()
        network.add_link(("srv", "s1"), ("cli", "c1"))
        network.add_address("srv", "s1", "192.0.2.1/24")
        return network

    def test_a_discover_where_the_pool_is_not_is_counted_and_never_answered(self):
        bootd = self.bootd()
        with RawClient(self.network, port="c1") as elsewhere:
            elsewhere.send(message(DISCOVER, ONE, pxe_options(0), flags=BROADCAST_FLAG))
            elsewhere.send(message(DISCOVER, OTHER, pxe_options(0)))
            bootd.wait_for(dhcp.mac_log(OTHER) + ".*ignored DISCOVER")
            self.assert_silence()
            self.assertEqual(list(elsewhere.answers(0.01)), [])
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-no-pool-here"], 2)

    def test_a_broadcast_answer_leaves_by_the_interface_of_arrival_only(self):
        self.bootd()
        with RawClient(self.network, port="c1") as elsewhere:
            self.raw.discover(ONE, flags=BROADCAST_FLAG)
            self.raw.discover(OTHER)
            self.assertEqual(list(elsewhere.answers(0.01)), [])

    def test_address_selects_the_interfaces(self):
        for selected in (SERVER, "10.77.0.0", "s0"):
            with self.subTest(selected):
                bootd = self.bootd({"bootp": {"address": selected}})
                with RawClient(self.network, port="c1") as elsewhere:
                    elsewhere.send(message(DISCOVER, ONE, pxe_options(0)))
                    self.assertEqual(self.raw.discover(OTHER).message.type, OFFER)
                    self.assertEqual(list(elsewhere.answers(0.01)), [])
                bootd.stop()


class TwoInterfacesOfOneNetwork(WireTest):
    """s0 and s1 are both on the pool's network, with an address each."""

    @classmethod
    def make_network(cls):
        network = one_server_one_client()
        network.add_link(("srv", "s1"), ("cli", "c1"))
        network.add_address("srv", "s1", "10.77.0.3/24")
        return network

    def test_the_answer_leaves_where_the_question_came_in_from_the_address_there(self):
        self.bootd()
        for port, server in (("0", SERVER), ("1", "10.77.0.3")):
            for flags in (0, BROADCAST_FLAG):
                with self.subTest(port=port, flags=flags), \
                        RawClient(self.network, port="c" + port) as here, \
                        RawClient(self.network, port="c" + "10"[int(port)]) as there:
                    sent = message(DISCOVER, ONE, pxe_options(0), flags=flags)
                    answer = here.ask(sent)
                    self.check_answer(answer, sent, server, "s" + port)
                    self.assertEqual(answer.message.siaddr, server)
                    self.assertEqual(list(there.answers(0.01)), [])


class TwoAddresses(WireTest):
    """One interface with two addresses: the answer's is that of the pool's network."""

    @classmethod
    def make_network(cls):
        network = Network()
        network.add_namespace("srv")
        network.add_namespace("cli")
        network.add_link(("srv", "s0"), ("cli", "c0"))
        network.add_address("srv", "s0", "192.0.2.1/24")
        network.add_address("srv", "s0", "10.77.0.1/24")
        return network

    def test_the_answer_leaves_from_the_address_on_the_pools_network(self):
        self.bootd()
        for flags in (0, BROADCAST_FLAG):
            with self.subTest(flags=flags):
                sent = message(DISCOVER, ONE, flags=flags)
                self.check_answer(self.raw.ask(sent), sent)


class RealFirmware(WireTest):
    """The packets that real machines sent, in their order."""

    machine = mac("52:54:00:77:01:01")
    address, server = "192.168.77.148", "192.168.77.1"

    @classmethod
    def make_network(cls):
        return one_server_one_client(cls.server + "/24")

    def start(self, *changes, **bootp):
        return self.bootd(*changes, {"bootp": {"pool_start": self.address, "pool_count": "1",
                                     "gateway": None, "dns": None,
                                     "allow_simple_dhcp": "no", **bootp}})

    def read(self, name):
        with open(os.path.join(REPOSITORY, "tests", "data", name + ".hex")) as file:
            return bytes.fromhex(file.read())

    def replay(self, name, kind, file, is_broadcast):
        """Sends a packet as it was and checks the answer."""
        data = self.read(name)
        sent = dhcp.Message.decode(data)
        self.raw.send_bytes(data, from_mac=self.machine)
        answer = self.raw.receive(sent.xid, self.machine)
        self.check_answer(answer, sent, self.server)
        got = answer.message
        self.assertEqual((got.type, got.yiaddr, got.siaddr), (kind, self.address, self.server))
        self.assertEqual((got.file_name, got.option(BOOT_FILE)), (file, file.encode()))
        is_http = (sent.option(VENDOR_CLASS) or b"").startswith(b"HTTPClient")
        self.assertEqual(got.option(UUID), None if is_http else sent.option(UUID))
        self.assertEqual(got.option(VENDOR_CLASS), b"HTTPClient" if is_http else None)
        target = (EVERYBODY, BROADCAST_MAC) if is_broadcast else (self.address, self.machine)
        self.assertEqual((answer.frame.target, answer.frame.to_mac), target)

    def test_the_ipxe_rom_under_bios_and_its_os(self):
        self.start()
        for stage in ("rom", "os"):
            self.replay(f"bios-ipxe-{stage}-discover", OFFER, "bios/pxelinux.0", False)
            self.replay(f"bios-ipxe-{stage}-request", ACK, "bios/pxelinux.0", False)

    def test_uefi_pxe_and_its_os(self):
        self.start()
        self.replay("uefi-pxe4-rom-discover", OFFER, "efi64/grubx64.efi", True)
        self.replay("uefi-pxe4-rom-request", ACK, "efi64/grubx64.efi", True)
        self.replay("uefi-pxe4-os-discover", OFFER, "efi64/grubx64.efi", False)
        self.replay("uefi-pxe4-os-request", ACK, "efi64/grubx64.efi", False)

    def test_uefi_http_and_its_os(self):
        self.start({"httpd": {"enable": "yes"}})
        url = f"http://{self.server}/efi64/grubx64.efi"
        self.replay("uefi-http4-rom-discover", OFFER, url, True)
        self.replay("uefi-http4-rom-request", ACK, url, True)
        self.replay("uefi-http4-os-discover", OFFER, "efi64/grubx64.efi", False)
        self.replay("uefi-http4-os-request", ACK, "efi64/grubx64.efi", False)

    def test_uboot(self):
        self.start()
        self.replay("uboot-x86-rom-discover", OFFER, "other.bin", False)
        self.replay("uboot-x86-rom-request", ACK, "other.bin", False)

    def test_the_os_alone_is_no_boot_client(self):
        bootd = self.start()
        self.raw.send_bytes(self.read("bios-ipxe-os-discover"), from_mac=self.machine)
        bootd.wait_for("ignored DISCOVER.*allow_simple_dhcp")

    def test_requests_of_before_a_restart_are_acknowledged(self):
        self.start()
        self.replay("bios-ipxe-rom-request", ACK, "bios/pxelinux.0", False)

    def test_the_choice_of_another_server_gets_no_word(self):
        bootd = self.start(pool_count="2")
        self.raw.send_bytes(self.read("bios-proxy-rom-request"), from_mac=self.machine)
        self.assert_silence()
        bootd.stop()
        self.assertNotIn("dhcp-nak", bootd.totals())
        self.assertNotIn("dhcp-ack", bootd.totals())


if __name__ == "__main__":
    main()
