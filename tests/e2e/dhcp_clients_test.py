#!/usr/bin/env python3
"""The real DHCP clients get what the configuration says, and keep it."""

import contextlib

import dhcp
from bootd import Bootd
from clients import Dhclient, Dhcpcd, PROGRAMS, Udhcpc
from harness import EndToEndTest, main
from network import Network

CLIENT_MAC = dhcp.mac("52:54:00:77:00:01")
ONLY_BOOT_CLIENTS = {"bootp": {"allow_simple_dhcp": "no"}}


class EveryClient(EndToEndTest):
    """Each program on its own."""

    programs = ("dhclient", "busybox", "dhcpcd")

    def check_lease(self, lease):
        self.assertRegex(lease.address, r"^10\.77\.0\.1[0-4]\d$", "an address of the pool")
        self.assertEqual(lease.netmask, "255.255.255.0")
        self.assertEqual(lease.gateway, "10.77.0.254")
        self.assertEqual(lease.dns, "10.77.0.53 10.77.0.54")
        self.assertEqual(lease.domain, "e2e.example")
        self.assertEqual(lease.lease_time, "7200")
        self.assertEqual(lease.server, "10.77.0.1")

    def test_gets_an_address_with_all_that_is_configured(self):
        for program in PROGRAMS:
            with self.subTest(program.name), Bootd(self.network) as bootd:
                with program(self.network) as client:
                    lease = client.start().wait_bound()
                    self.check_lease(lease)
                    bootd.wait_for(dhcp.mac_log(CLIENT_MAC) + ".*ACK " + lease.address)

    def test_releases_its_address_and_gets_the_same_again(self):
        for program in PROGRAMS:
            with self.subTest(program.name), Bootd(self.network) as bootd:
                with program(self.network) as client:
                    first = client.start().wait_bound()
                    client.release()
                    bootd.wait_for(f"(?i){dhcp.mac_log(CLIENT_MAC)}.*release")
                with program(self.network) as client:
                    self.assertEqual(client.start().wait_bound().address, first.address)

    def test_gets_the_same_address_after_ending_without_a_release(self):
        for program in PROGRAMS:
            with self.subTest(program.name), Bootd(self.network):
                with program(self.network) as client:
                    first = client.start().wait_bound()
                with program(self.network) as client:
                    self.assertEqual(client.start().wait_bound().address, first.address)

    def test_the_next_program_of_the_same_machine_gets_the_same_address(self):
        self.bootd()
        addresses = []
        for program in PROGRAMS + PROGRAMS[:1]:
            with program(self.network) as client:
                addresses.append(client.start().wait_bound().address)
        self.assertEqual(len(set(addresses)), 1, addresses)

    def test_an_address_released_by_another_machine_is_not_needed_while_others_are_free(self):
        self.bootd()
        with dhcp.RawClient(self.network) as raw:
            other = raw.lease(dhcp.mac("52:54:00:77:00:99")).message.yiaddr
        with Udhcpc(self.network) as client:
            self.assertNotEqual(client.start().wait_bound().address, other)

    def test_is_ignored_with_a_reason_where_only_boot_clients_are_served(self):
        for program in PROGRAMS:
            with self.subTest(program.name), Bootd(self.network, ONLY_BOOT_CLIENTS) as bootd:
                with dhcp.RawClient(self.network) as raw, program(self.network) as client:
                    client.start()
                    bootd.wait_for(f"(?i){dhcp.mac_log(CLIENT_MAC)}.*ignored.*not a boot client",
                                   timeout=30)
                    answers = raw.answers_before_probe()
                    self.assertEqual([one for one in answers
                                      if one.message.chaddr == CLIENT_MAC], [])
                    self.assertIsNone(client.find_lease())

    def test_is_served_where_its_machine_has_booted_before(self):
        for program in PROGRAMS:
            with self.subTest(program.name), Bootd(self.network, ONLY_BOOT_CLIENTS):
                with dhcp.RawClient(self.network) as raw:
                    boot = raw.lease(CLIENT_MAC, dhcp.pxe_options(0))
                with program(self.network) as client:
                    lease = client.start().wait_bound()
                    self.check_lease(lease)
                    self.assertEqual(lease.address, boot.message.yiaddr)


class BootOptions(EndToEndTest):
    """Clients that ask what to boot."""

    programs = ("dhclient", "busybox")

    def test_dhclient_as_a_pxe_client_gets_the_boot_file_of_its_architecture(self):
        # option 93 first, then the text of option 60, then the row "default"
        cases = [
            ("send vendor-class-identifier \"PXEClient:Arch:00000:UNDI:002001\";\n"
             "send e2e-architecture 0;\n", "bios/pxelinux.0"),
            ("send vendor-class-identifier \"PXEClient:Arch:00007:UNDI:003000\";\n"
             "send e2e-architecture 7;\n", "efi64/grubx64.efi"),
            ("send vendor-class-identifier \"PXEClient:Arch:00000:UNDI:002001\";\n"
             "send e2e-architecture 7;\n", "efi64/grubx64.efi"),
            ("send vendor-class-identifier \"PXEClient:Arch:00007:UNDI:003000\";\n",
             "efi64/grubx64.efi"),
            ("send vendor-class-identifier \"PXEClient:Arch:00011:UNDI:003000\";\n"
             "send e2e-architecture 11;\n", "other.bin"),
        ]
        define = "option e2e-architecture code 93 = unsigned integer 16;\n"
        for statements, file in cases:
            with self.subTest(statements), Bootd(self.network, ONLY_BOOT_CLIENTS):
                with Dhclient(self.network, statements=define + statements) as client:
                    lease = client.start().wait_bound()
                    self.assertEqual(lease.boot_file, file)
                    self.assertEqual(lease.next_server, "10.77.0.1")
                    self.assertEqual(lease.tftp_server, "10.77.0.1")

    def test_udhcpc_that_asks_for_them_gets_boot_file_and_server(self):
        self.bootd({"bootfile": None, "bootp": {"boot_file": "boot.bin"}})
        with Udhcpc(self.network) as client:
            lease = client.start().wait_bound()
        self.assertEqual(lease.boot_file, "boot.bin")
        self.assertEqual(lease.next_server, "10.77.0.1")
        self.assertEqual(lease.tftp_server, "10.77.0.1")


class ManyClients(EndToEndTest):
    """Ten machines on one switch."""

    programs = ("dhclient", "busybox", "dhcpcd")
    count = 10

    @classmethod
    def make_network(cls):
        network = Network()
        network.add_namespace("srv")
        for number in range(cls.count + 1):
            network.add_namespace(f"cli{number}")
            network.add_link(("srv", f"p{number}"), (f"cli{number}", "c0"),
                             mac=f"52:54:00:77:01:{number:02x}")
        network.add_bridge("srv", "s0", [f"p{number}" for number in range(cls.count + 1)])
        network.add_address("srv", "s0", "10.77.0.1/24")
        return network

    def start_all(self, clients):
        """Starts ten clients of all kinds at once; returns their addresses."""
        machines = [clients.enter_context(PROGRAMS[number % 3](self.network, f"cli{number}"))
                    for number in range(self.count)]
        for machine in machines:
            machine.start()
        return [machine.wait_bound(60).address for machine in machines]

    def test_ten_clients_at_once_get_ten_addresses(self):
        self.bootd()
        with contextlib.ExitStack() as clients:
            addresses = self.start_all(clients)
        self.assertEqual(len(set(addresses)), self.count, addresses)

    def test_the_eleventh_of_a_pool_of_ten_gets_silence_and_a_reason(self):
        bootd = self.bootd({"bootp": {"pool_count": str(self.count)}})
        with contextlib.ExitStack() as clients:
            addresses = self.start_all(clients)
            self.assertEqual(sorted(addresses), [f"10.77.0.{100 + n}" for n in range(self.count)])
            late = f"cli{self.count}"
            late_mac = self.network.mac(late, "c0")
            raw = clients.enter_context(dhcp.RawClient(self.network, late))
            client = clients.enter_context(Udhcpc(self.network, late))
            client.start()
            bootd.wait_for(f"(?i){dhcp.mac_log(late_mac)}.*(pool|address)", timeout=30)
            known = dhcp.message(dhcp.DISCOVER, self.network.mac("cli0", "c0"))
            answers = raw.answers_before_probe(probe=known)
            self.assertEqual([one for one in answers if one.message.chaddr == late_mac], [])
            self.assertIsNone(client.find_lease())


class RenewingClients(EndToEndTest):
    """Leases so short that clients renew them while the test looks on."""

    programs = ("busybox", "dhcpcd")

    def test_a_client_renews_by_unicast_and_keeps_its_address(self):
        bootd = self.bootd({"bootp": {"lease_time": "20"}})
        with Udhcpc(self.network) as client:
            lease = client.start().wait_bound()
            acks = dhcp.mac_log(CLIENT_MAC) + ".*ACK " + lease.address
            bootd.wait_for(acks)
            since = bootd.mark()
            client.renew()
            bootd.wait_for(acks, since=since)
            self.assertEqual(self.network.addresses("cli", "c0"), [lease.address])

    def test_dhcpcd_rebinds_when_told(self):
        bootd = self.bootd()
        with Dhcpcd(self.network) as client:
            lease = client.start().wait_bound()
            acks = dhcp.mac_log(CLIENT_MAC) + ".*ACK " + lease.address
            bootd.wait_for(acks)
            since = bootd.mark()
            client.renew()
            bootd.wait_for(acks, since=since)
            self.assertEqual(self.network.addresses("cli", "c0"), [lease.address])


if __name__ == "__main__":
    main()
