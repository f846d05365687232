#!/usr/bin/env python3
"""Who is served: [mac], [uuid], and what both mean for TFTP."""

import contextlib
import os
import signal
import uuid

from bootd import Bootd, run_binary
from clients import Dhclient, Udhcpc
from dhcp import (DISCOVER, INFORM, Message, RawClient, RELEASE, REQUEST, REQUESTED_ADDRESS, ip4,
                  mac, mac_log, message, pxe_options)
from dhcp_wire_test import WireTest
from harness import main
from tftp import ACCESS_VIOLATION, ERROR, RawTftp

LISTED = mac("52:54:00:77:05:01")
FORBIDDEN = mac("52:54:00:77:05:02")
STRANGER = mac("52:54:00:77:05:03")
CLIENT = mac("52:54:00:77:00:01")  # the interface c0
UNLISTED_LOG = r".*ignored {}: \[bootp\] access lists it nowhere"
NAMES = {DISCOVER: "DISCOVER", REQUEST: "REQUEST", None: "BOOTP request"}
DENIED_LOG = ".*ignored {}: it is denied"

# As firmware's setup shows it; option 97 has a type octet before it.
SHOWN = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
OTHER_SHOWN = uuid.UUID("00112233-4455-6677-8899-aabbccddee00")
BYTE_ORDERS = {"as it is written": SHOWN.bytes, "as SMBIOS keeps it": SHOWN.bytes_le}


def key(address):
    """A MAC address as a key of the configuration."""
    return "-".join(f"{byte:02X}" for byte in address)


# The probe of WireTest.assert_silence is served whatever access says.
PROBE = {"static_dhcp": {key(RawClient.PROBE_MAC): "10.77.0.99"}}


def firmware(identity, architecture=7):
    """The options of firmware with a UUID of 16 octets."""
    return pxe_options(architecture, uuid=b"\0" + identity)


class AccessTest(WireTest):
    programs = ("dhclient", "busybox")

    def by_mac(self, rows, *changes):
        return {"bootp": {"access": "mac"}, "mac": rows, **PROBE}, *changes

    def by_uuid(self, rows, *changes):
        return {"bootp": {"access": "uuid"}, "uuid": rows, **PROBE}, *changes

    def check_refused(self, bootd, sent, log):
        """Silence, and the reason in the log."""
        since = bootd.mark()
        self.assert_silence(sent)
        bootd.wait_for(mac_log(sent.chaddr) + log.format(NAMES[sent.type]), since=since)

    def check_is_unlisted(self, bootd, client):
        """The same of a real client on c0."""
        with RawClient(self.network) as raw:
            bootd.wait_for(mac_log(CLIENT) + UNLISTED_LOG.format("DISCOVER"))
            self.assertEqual(raw.answers_before_probe(), [])
        self.assertIsNone(client.find_lease())

    @contextlib.contextmanager
    def at(self, address):
        """The client's interface has this address meanwhile."""
        self.network.add_address("cli", "c0", address + "/24")
        try:
            yield
        finally:
            self.network.flush("cli", "c0")

    def check_reads(self, expected):
        with RawTftp(self.network) as client:
            self.assertEqual(client.read("file")[0], expected)

    def check_reads_nothing(self, bootd, why):
        since = bootd.mark()
        with RawTftp(self.network) as client:
            answer = client.ask("file")
        self.assertEqual((answer.kind, answer.code), (ERROR, ACCESS_VIOLATION), answer)
        bootd.wait_for(f"file: refused: {why}", since=since)


class ByMac(AccessTest):
    def test_a_listed_machine_is_served_and_others_get_silence_a_reason_and_a_count(self):
        bootd = self.bootd(*self.by_mac({key(LISTED): "enable", key(FORBIDDEN): "disable"}))
        self.raw.lease(LISTED)
        self.raw.lease(LISTED, pxe_options(7))
        refusals = [(FORBIDDEN, DENIED_LOG), (STRANGER, UNLISTED_LOG)]
        for machine, log in refusals:
            for options in ((), pxe_options(0)):
                with self.subTest(key(machine), options=options):
                    self.check_refused(bootd, message(DISCOVER, machine, options), log)
                    self.check_refused(bootd, message(
                        REQUEST, machine, [(REQUESTED_ADDRESS, ip4("10.77.0.120")), *options]), log)
        self.check_refused(bootd, Message(chaddr=STRANGER, xid=0x1705), UNLISTED_LOG)
        bootd.stop()
        self.assertEqual((bootd.totals()["dhcp-denied"], bootd.totals()["dhcp-unlisted"]), (4, 5))

    def test_the_longest_prefix_counts(self):
        bootd = self.bootd(*self.by_mac({
            "52-54-00/24": "yes", "52-54-00-77-05/40": "no", key(LISTED): "yes",
            "52-54-00-77-05-80/41": "yes", "52-54-00-77-05-82/47": "no"}))
        for machine, log in (
                ("52:54:00:77:06:01", None),  # /24
                ("52:54:00:77:05:02", DENIED_LOG),  # /40
                ("52:54:00:77:05:01", None),  # its own row
                ("52:54:00:77:05:ff", None),  # /41
                ("52:54:00:77:05:83", DENIED_LOG),  # /47
                ("52:54:00:77:05:84", None),
                ("52:54:01:77:05:01", UNLISTED_LOG)):
            with self.subTest(machine):
                if log is None:
                    self.raw.lease(mac(machine))
                else:
                    self.check_refused(bootd, message(DISCOVER, mac(machine)), log)

    def test_real_clients_of_a_prefix(self):
        for program in (Dhclient, Udhcpc):
            with self.subTest(program.name):
                with Bootd(self.network, *self.by_mac({"52-54-00-77/32": "on"})):
                    with program(self.network) as client:
                        client.start().wait_bound()
                with Bootd(self.network, *self.by_mac({"52-54-00-78/32": "on"})) as bootd:
                    with program(self.network) as client:
                        client.start()
                        self.check_is_unlisted(bootd, client)

    def test_a_listed_machine_is_still_no_boot_client(self):
        bootd = self.bootd(*self.by_mac({key(LISTED): "yes"},
                                        {"bootp": {"allow_simple_dhcp": "no"}}))
        self.check_refused(bootd, message(DISCOVER, LISTED), ".*ignored {}: not a boot client")
        self.raw.lease(LISTED, pxe_options(7))

    def test_a_machine_of_static_dhcp_is_allowed_unless_denied(self):
        bootd = self.bootd(*self.by_mac(
            {key(FORBIDDEN): "no", "52-54-00-77-05-08/45": "no", "52-54-00-77-05-0A": "yes"},
            {"static_dhcp": {key(STRANGER): "10.77.0.20", key(FORBIDDEN): "10.77.0.21",
                             "52-54-00-77-05-09": "10.77.0.22",
                             "52-54-00-77-05-0A": "10.77.0.23"}}))
        self.assertEqual(self.raw.lease(STRANGER).message.yiaddr, "10.77.0.20")
        self.assertEqual(self.raw.lease(mac("52:54:00:77:05:0a")).message.yiaddr, "10.77.0.23")
        for machine in (FORBIDDEN, mac("52:54:00:77:05:09")):
            self.check_refused(bootd, message(DISCOVER, machine), DENIED_LOG)


class ByUuid(AccessTest):
    def test_both_byte_orders_of_firmware_are_its_row(self):
        bootd = self.bootd(*self.by_uuid({str(SHOWN).upper(): "yes", str(OTHER_SHOWN): "no"}))
        for number, (order, identity) in enumerate(BYTE_ORDERS.items()):
            with self.subTest(order):
                self.raw.lease(mac(f"52:54:00:77:05:1{number}"), firmware(identity))
        for identity in (OTHER_SHOWN.bytes, OTHER_SHOWN.bytes_le):
            self.check_refused(bootd, message(DISCOVER, FORBIDDEN, firmware(identity)), DENIED_LOG)
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-denied"], 2)

    def test_firmware_of_an_unlisted_uuid_or_of_none_is_refused(self):
        bootd = self.bootd(*self.by_uuid({str(SHOWN): "yes"}))
        unlisted = [firmware(uuid.UUID(int=SHOWN.int + 1).bytes), pxe_options(7),
                    firmware(bytes(16)), firmware(b"\xff" * 16)]
        for options in unlisted:
            self.check_refused(bootd, message(DISCOVER, STRANGER, options), UNLISTED_LOG)
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-unlisted"], len(unlisted))

    def test_the_system_is_judged_by_the_uuid_of_its_firmware(self):
        bootd = self.bootd(*self.by_uuid({str(SHOWN): "yes", str(OTHER_SHOWN): "no"}))
        self.check_refused(bootd, message(DISCOVER, LISTED), UNLISTED_LOG)
        address = self.raw.lease(LISTED, firmware(SHOWN.bytes_le)).message.yiaddr
        self.assertEqual(self.raw.lease(LISTED).message.yiaddr, address)
        # Of the machine with that MAC only.
        self.check_refused(bootd, message(DISCOVER, STRANGER), UNLISTED_LOG)
        self.check_refused(bootd, message(DISCOVER, FORBIDDEN, firmware(OTHER_SHOWN.bytes_le)),
                           DENIED_LOG)
        self.check_refused(bootd, message(DISCOVER, FORBIDDEN), DENIED_LOG)

    def test_a_real_client_gets_the_address_of_its_firmware(self):
        bootd = self.bootd(*self.by_uuid({str(SHOWN): "yes"}))
        with Dhclient(self.network) as client:
            client.start()
            self.check_is_unlisted(bootd, client)
        address = self.raw.lease(CLIENT, firmware(SHOWN.bytes)).message.yiaddr
        with Dhclient(self.network) as client:
            self.assertEqual(client.start().wait_bound().address, address)

    def test_a_machine_of_static_dhcp_is_allowed_unless_denied(self):
        bootd = self.bootd(*self.by_uuid(
            {str(OTHER_SHOWN): "no"},
            {"static_dhcp": {key(STRANGER): "10.77.0.20", key(FORBIDDEN): "10.77.0.21"}}))
        self.assertEqual(self.raw.lease(STRANGER).message.yiaddr, "10.77.0.20")
        self.check_refused(bootd, message(DISCOVER, FORBIDDEN, firmware(OTHER_SHOWN.bytes)),
                           DENIED_LOG)


class Start(AccessTest):
    def test_the_section_that_access_names_must_be_there(self):
        daemon = Bootd(self.network)
        self.addCleanup(daemon.close)
        for access in ("mac", "uuid", "http"):
            for more in ((), ("--check",)):
                with self.subTest(access, more=more):
                    daemon.configure({"bootp": {"access": access}})
                    code, _, output = run_binary(self.network, "-c", daemon.config, *more)
                    self.assertEqual(code, 1)
                    self.assertRegex(output, r"bootd\.ini:\d+: .*access.*there is no section "
                                             rf"\[{access}\]")

    def test_without_access_the_sections_decide_nothing_and_that_is_told(self):
        for access in (None, "none"):
            with self.subTest(access), Bootd(self.network, {
                    "bootp": {"access": access}, "mac": {key(LISTED): "no"},
                    "uuid": {str(SHOWN): "no"}}) as bootd:
                self.raw.lease(LISTED, firmware(SHOWN.bytes))
                for section in ("mac", "uuid"):
                    bootd.wait_for(rf"\[{section}\].*no effect without \[bootp\] access")


class Files(AccessTest):
    """What TFTP makes of it."""

    def deny(self, bootd):
        """Has LISTED be known at its address and then denied; returns the address."""
        bootd.write("file", b"expected")
        address = self.raw.lease(LISTED, firmware(SHOWN.bytes)).message.yiaddr
        with self.at(address):
            self.check_reads(b"expected")
        self.check_refused(bootd, message(DISCOVER, LISTED, firmware(OTHER_SHOWN.bytes)),
                           DENIED_LOG)
        return address

    def test_a_machine_that_is_known_and_denied_reads_nothing(self):
        bootd = self.bootd(*self.by_uuid({str(SHOWN): "yes", str(OTHER_SHOWN): "no"}))
        address = self.deny(bootd)
        with self.at(address):
            self.check_reads_nothing(bootd, "this machine may not boot")
        with self.at("10.77.0.2"):
            self.check_reads(b"expected")
        self.raw.lease(LISTED, firmware(SHOWN.bytes))
        with self.at(address):
            self.check_reads(b"expected")
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-denied"], 1)

    def test_a_denied_machine_reads_nothing_after_other_messages_of_its_own(self):
        bootd = self.bootd(*self.by_uuid({str(SHOWN): "yes", str(OTHER_SHOWN): "no"}))
        address = self.deny(bootd)
        for kind in (INFORM, RELEASE):
            self.assert_silence(message(kind, LISTED, ciaddr=address))
            with self.subTest(kind), self.at(address):
                self.check_reads_nothing(bootd, "this machine may not boot")

    def test_a_row_that_a_reload_turns_to_no(self):
        bootd = self.bootd(*self.by_mac({key(LISTED): "yes"}))
        bootd.write("file", b"expected")
        address = self.raw.lease(LISTED, pxe_options(7)).message.yiaddr
        bootd.configure(*self.by_mac({key(LISTED): "no"}))
        since = bootd.mark()
        os.kill(bootd.pid, signal.SIGHUP)
        bootd.wait_for("reloaded ", since=since)
        self.check_refused(bootd, message(REQUEST, LISTED, [
            (REQUESTED_ADDRESS, ip4(address)), *pxe_options(7)]), DENIED_LOG)
        with self.at(address):
            self.check_reads_nothing(bootd, "this machine may not boot")

    def test_machines_that_are_listed_nowhere_read_files_all_the_same(self):
        bootd = self.bootd(*self.by_mac({key(LISTED): "yes"}))
        bootd.write("file", b"expected")
        self.check_refused(bootd, message(DISCOVER, STRANGER, pxe_options(7)), UNLISTED_LOG)
        with self.at("10.77.0.2"):
            self.check_reads(b"expected")

    def test_access_files_known_serves_whom_bootd_gave_an_address_and_refuses_strangers(self):
        bootd = self.bootd({"bootp": {"access_files": "known"},
                            "static_dhcp": {key(LISTED): "10.77.0.20"}})
        bootd.write("file", b"expected")
        simple, booting = (mac(f"52:54:00:77:05:2{number}") for number in range(2))
        for machine, options in ((simple, ()), (booting, pxe_options(7)), (LISTED, ())):
            with self.subTest(key(machine)):
                offered = self.raw.discover(machine, options).message.yiaddr
                with self.at(offered):
                    self.check_reads_nothing(bootd, "no machine is known at this address")
                address = self.raw.lease(machine, options).message.yiaddr
                with self.at(address):
                    self.check_reads(b"expected")
        with self.at("10.77.0.2"):
            self.check_reads_nothing(bootd, r"no machine is known at this address, and \[bootp\] "
                                            "access_files = known")
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-denied"], 4)

    def test_access_files_known_serves_the_real_simple_clients(self):
        bootd = self.bootd({"bootp": {"access_files": "known"}})
        bootd.write("file", b"expected")
        for program in (Udhcpc, Dhclient):
            with self.subTest(program.name), program(self.network) as client:
                client.start().wait_bound()
                self.check_reads(b"expected")


if __name__ == "__main__":
    main()
