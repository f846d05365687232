#!/usr/bin/env python3
"""Machines behind a real relay (ISC dhcrelay) that is itself behind a router, in two networks, and
one on the server's own: each gets, renews, rebinds and gives back an address of its network."""

import os
import select
import subprocess
import time

import dhcp
from clients import Dhclient, Dhcpcd, PROGRAMS, Udhcpc
from dhcp import ACK, DISCOVER, NAK, OFFER, REQUEST, message
from harness import EndToEndTest, main
from network import Folder, Network, close_at_exit, is_closed, wait_until

SERVER = "172.16.77.1"  # towards the relay; on the link 10.77.0.1
UPLINK = "172.16.78.9"  # the relay's, towards the server
MACS = {"hall": "52:54:00:77:55:01", "yard": "52:54:00:77:56:01", "near": "52:54:00:77:77:01"}
ROUTERS = {"hall": "10.55.0.1", "yard": "10.56.0.1", "near": "10.77.0.254"}
NETWORKS = {
    "subnet hall": {"network": "10.55.0.0/24", "gateway": "10.55.0.1",
                    "ranges": "10.55.0.100 - 10.55.0.149", "domain": "hall.example"},
    # Without a gateway it is the relay that machines are told of.
    "subnet yard": {"network": "10.56.0.0/24", "ranges": "10.56.0.100 - 10.56.0.149",
                    "lease_time": "5400"},
}
SHORT = {"bootp": {"lease_time": "10"}, "subnet yard": {"lease_time": "10"}}


class Relay:
    """ISC dhcrelay in a namespace, from its networks to the server."""

    def __init__(self, network, *options, uplink="-iu"):
        self._folder = Folder("dhcrelay")
        self._output = open(os.path.join(self._folder.path, "output"), "wb")
        self._process = network.start(
            "rel", "dhcrelay", "-4", "-d", "--no-pid", *options, "-id", "ra", "-id", "rb",
            uplink, "r0", SERVER, stdin=subprocess.DEVNULL, stdout=self._output,
            stderr=subprocess.STDOUT)
        close_at_exit(self)
        wait_until(lambda: "Sending on   Socket/fallback" in self.output(), 20, "dhcrelay",
                   self.output)

    def output(self):
        """What it printed."""
        with open(self._output.name, errors="replace") as file:
            return file.read()

    def close(self):
        """Ends it."""
        self._process.kill()
        self._process.wait()
        self._output.close()
        self._folder.close()
        is_closed(self)


class Listener:
    """The DHCP messages that pass the server's interface towards the relay."""

    def __init__(self, network):
        self._socket = network.raw_socket("srv", "s1")

    def close(self):
        """Closes the socket."""
        self._socket.close()

    def wait_for(self, is_it, what, timeout=40):
        """The first (frame, message) from now on for which is_it(frame, message) holds."""
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                raise AssertionError(f"no {what} in {timeout} s")
            frame = dhcp.Frame.decode(self._socket.recv(65536))
            if frame is None or 67 not in (frame.source_port, frame.target_port):
                continue
            decoded = dhcp.Message.decode(frame.payload)
            if is_it(frame, decoded):
                return frame, decoded


def make_network():
    """srv has machines on s0, and on s1 a router to rel, which has the networks hall and yard."""
    network = Network()
    for name in ("srv", "mid", "rel", *MACS):
        network.add_namespace(name)
    network.add_link(("srv", "s0"), ("near", "c0"), mac=MACS["near"])
    network.add_link(("srv", "s1"), ("mid", "m0"))
    network.add_link(("mid", "m1"), ("rel", "r0"))
    network.add_link(("rel", "ra"), ("hall", "c0"), mac=MACS["hall"])
    network.add_link(("rel", "rb"), ("yard", "c0"), mac=MACS["yard"])
    for name, port, address in (("srv", "s0", "10.77.0.1/24"), ("srv", "s1", SERVER + "/24"),
                                ("mid", "m0", "172.16.77.2/24"), ("mid", "m1", "172.16.78.2/24"),
                                ("rel", "r0", UPLINK + "/24"), ("rel", "ra", "10.55.0.1/24"),
                                ("rel", "rb", "10.56.0.1/24")):
        network.add_address(name, port, address)
    for name in ("mid", "rel"):
        with network.inside(name), open("/proc/sys/net/ipv4/ip_forward", "w") as file:
            file.write("1")
    for far in ("10.0.0.0/8", "172.16.78.0/24"):
        network.ip("srv", "route", "add", far, "via", "172.16.77.2")
    network.ip("mid", "route", "add", "10.0.0.0/8", "via", UPLINK)
    network.ip("rel", "route", "add", "172.16.77.0/24", "via", "172.16.78.2")
    return network


class RelayTest(EndToEndTest):
    """Everything runs but the clients."""

    programs = ("dhcrelay", "dhclient", "busybox", "dhcpcd", "curl")

    @classmethod
    def make_network(cls):
        return make_network()

    def serve(self, *changes, relay_options=(), **relay):
        """bootd, the relay, and somebody who listens."""
        relay = Relay(self.network, *relay_options, **relay)
        self.addCleanup(relay.close)
        daemon = self.bootd(NETWORKS, *changes)
        self.listener = Listener(self.network)
        self.addCleanup(self.listener.close)
        return daemon

    def start(self, program, name):
        """A client, started and bound: (client, lease)."""
        client = program(self.network, name)
        self.addCleanup(client.close)
        return client, client.start().wait_bound()

    def wait_for_renewal(self, name, address, by_relay):
        """Awaits a message by which the machine asks for its address anew, of that way."""
        chaddr = dhcp.mac(MACS[name])

        def is_it(frame, asked):
            return (asked.op == 1 and asked.type == REQUEST and asked.chaddr == chaddr
                    and asked.ciaddr == address
                    and asked.giaddr == (ROUTERS[name] if by_relay else "0.0.0.0"))
        return self.listener.wait_for(is_it, f"renewal of {address}, relayed: {by_relay}")

    def wait_for_ack(self, name, address, target):
        """Awaits the ACK that goes there."""
        chaddr = dhcp.mac(MACS[name])
        return self.listener.wait_for(
            lambda frame, told: (told.op == 2 and told.type == ACK and told.chaddr == chaddr
                                 and told.yiaddr == address and frame.target == target),
            f"ACK of {address} to {target}")


class Addresses(RelayTest):
    """DISCOVER to ACK."""

    def test_each_program_gets_an_address_of_its_network(self):
        daemon = self.serve()
        expected = {
            "hall": (r"^10\.55\.0\.1[0-4]\d$", "10.55.0.1", "hall.example", "7200", SERVER),
            "yard": (r"^10\.56\.0\.1[0-4]\d$", "10.56.0.1", "e2e.example", "5400", SERVER),
            "near": (r"^10\.77\.0\.1[0-4]\d$", "10.77.0.254", "e2e.example", "7200", "10.77.0.1"),
        }
        for program in PROGRAMS:
            with self.subTest(program.name):
                machines = [(name, program(self.network, name).start()) for name in expected]
                for name, client in machines:
                    pattern, router, domain, time_s, server = expected[name]
                    with client:
                        lease = client.wait_bound()
                        self.assertRegex(lease.address, pattern)
                        self.assertEqual((lease.netmask, lease.gateway, lease.domain),
                                         ("255.255.255.0", router, domain))
                        self.assertEqual((lease.lease_time, lease.server), (time_s, server))
                        daemon.wait_for(dhcp.mac_log(dhcp.mac(MACS[name])) + ".*ACK "
                                        + lease.address)

    def test_each_interface_has_its_network(self):
        self.serve({"subnet link": {"network": "172.16.77.0/24",
                                    "ranges": "172.16.77.100 - 172.16.77.120"}})
        for place, pattern, server in ((("mid", "m0"), r"^172\.16\.77\.1[012]", SERVER),
                                       (("near", "c0"), r"^10\.77\.0\.1", "10.77.0.1"),
                                       (("yard", "c0"), r"^10\.56\.0\.1", SERVER)):
            chaddr = self.network.mac(*place)
            with self.subTest(place), dhcp.RawClient(self.network, *place) as raw:
                told = raw.lease(chaddr, dhcp.pxe_options(0)).message
                self.assertRegex(told.yiaddr, pattern)
                self.assertEqual((told.server_id, told.siaddr), (server, server))

    def test_a_machine_behind_the_relay_boots_and_reads_its_file(self):
        daemon = self.serve({"subnet hall": {"boot_file": "hall.0"},
                             "subnet yard": {"next_server": "10.56.0.7"},
                             "bootp": {"access_files": "known"}})
        content = daemon.write("hall.0", os.urandom(3000))
        with dhcp.RawClient(self.network, "hall") as raw:
            told = raw.lease(dhcp.mac(MACS["hall"]), dhcp.pxe_options(0)).message
        self.assertEqual((told.file_name, told.siaddr), ("hall.0", SERVER))
        self.network.add_address("hall", "c0", told.yiaddr + "/24")
        self.addCleanup(self.network.flush, "hall", "c0")
        self.network.ip("hall", "route", "add", "default", "via", "10.55.0.1")
        got = os.path.join(daemon.folder, "got")
        fetched = self.network.run("hall", "curl", "-s", "-o", got, f"tftp://{SERVER}/hall.0")
        self.assertEqual(fetched.returncode, 0, fetched.stdout)
        with open(got, "rb") as file:
            self.assertEqual(file.read(), content)
        with dhcp.RawClient(self.network, "yard") as raw:
            told = raw.discover(dhcp.mac(MACS["yard"]), dhcp.pxe_options(0)).message
        self.assertEqual((told.file_name, told.siaddr), ("bios/pxelinux.0", "10.56.0.7"))

    def test_who_moved_to_another_network_is_told_so(self):
        self.serve()
        chaddr = dhcp.mac(MACS["hall"])
        with dhcp.RawClient(self.network, "hall") as raw:
            for flags in (0, dhcp.BROADCAST_FLAG):
                told = raw.ask(message(REQUEST, chaddr, [
                    (dhcp.REQUESTED_ADDRESS, dhcp.ip4("10.56.0.120"))], flags=flags))
                self.assertEqual(told.message.type, NAK)
                self.assertEqual(told.frame.target, dhcp.EVERYBODY)
            self.assertRegex(raw.lease(chaddr).message.yiaddr, r"^10\.55\.0\.1")

    def test_a_relay_of_a_network_that_is_not_served_gets_silence_and_a_reason(self):
        daemon = self.serve({"subnet yard": None})
        with dhcp.RawClient(self.network, "yard") as raw:
            raw.send(message(DISCOVER, dhcp.mac(MACS["yard"])))
            daemon.wait_for(r"ignored DISCOVER: no \[subnet\] has 10\.56\.0\.1, the network of its "
                            "relay")
        daemon.stop()
        self.assertEqual(daemon.totals()["dhcp-unknown-relay"], 1)

    def test_an_address_that_is_in_use_behind_the_relay_is_not_given(self):
        self.network.add_address("rel", "ra", "10.55.0.100/24")
        self.addCleanup(self.network.ip, "rel", "address", "del", "10.55.0.100/24", "dev", "ra")
        daemon = self.serve()
        daemon.wait_for("10.55.0.100: somebody uses it")
        with dhcp.RawClient(self.network, "hall") as raw:
            told = raw.lease(dhcp.mac(MACS["hall"])).message
        self.assertRegex(told.yiaddr, r"^10\.55\.0\.1")
        self.assertNotEqual(told.yiaddr, "10.55.0.100")


HOSTS = {
    "host gordon": {"mac": MACS["hall"].replace(":", "-"), "address": "10.55.0.60",
                    "hostname": "gordon", "boot_file": "gordon.0"},
    "subnet yard": {"boot_file": "yard.0"},
}


class Hosts(RelayTest):
    """[host], and boot files of networks."""

    def test_each_program_gets_the_address_of_its_host_in_the_network_of_that(self):
        self.serve(HOSTS, {"bootp": {"allow_simple_dhcp": "no"}})
        for program in PROGRAMS:
            with self.subTest(program.name), program(self.network, "hall") as client:
                lease = client.start().wait_bound()
                self.assertEqual((lease.address, lease.boot_file), ("10.55.0.60", "gordon.0"))
        chaddr = dhcp.mac(MACS["hall"])
        with dhcp.RawClient(self.network, "yard") as raw:
            told = raw.lease(chaddr).message
        self.assertRegex(told.yiaddr, r"^10\.56\.0\.1")
        self.assertEqual(told.file_name, "gordon.0")

    def test_a_proxy_knows_them_too(self):
        daemon = self.serve(HOSTS, {"bootp": {"mode": "proxy", "pool_start": None,
                                              "pool_count": None}})
        for name, file in (("hall", "gordon.0"), ("yard", "yard.0"), ("near", "bios/pxelinux.0")):
            chaddr = dhcp.mac(MACS[name])
            with self.subTest(name), dhcp.RawClient(self.network, name) as raw:
                told = raw.ask(message(DISCOVER, chaddr, dhcp.pxe_options(0))).message
                self.assertEqual((told.type, told.yiaddr, told.file_name), (OFFER, "0.0.0.0", file))
        daemon.wait_for("proxy OFFER")


class OptionEightyTwo(RelayTest):
    """dhcrelay -a adds its option."""

    def test_comes_back_whole_and_last(self):
        self.serve(relay_options=["-a"])
        chaddr = dhcp.mac(MACS["hall"])
        with dhcp.RawClient(self.network, "hall") as raw:
            raw.send(message(DISCOVER, chaddr, dhcp.pxe_options(0)))
            _, asked = self.listener.wait_for(
                lambda frame, one: one.op == 1 and one.chaddr == chaddr, "DISCOVER")
            _, told = self.listener.wait_for(
                lambda frame, one: one.op == 2 and one.chaddr == chaddr, "OFFER")
            # The relay takes it off again.
            (offer,) = raw.answers_before_probe(probe=message(DISCOVER, dhcp.RawClient.PROBE_MAC))
        self.assertIsNotNone(asked.option(dhcp.RELAY_AGENT))
        self.assertEqual(told.option(dhcp.RELAY_AGENT), asked.option(dhcp.RELAY_AGENT))
        self.assertEqual(told.codes()[-1], dhcp.RELAY_AGENT)
        self.assertEqual((offer.message.type, offer.message.chaddr), (OFFER, chaddr))
        self.assertIsNone(offer.message.option(dhcp.RELAY_AGENT))

    def test_each_program_is_served(self):
        self.serve(relay_options=["-a"])
        for program in PROGRAMS:
            with self.subTest(program.name):
                with program(self.network, "yard") as client:
                    self.assertRegex(client.start().wait_bound().address, r"^10\.56\.0\.1")


class LinkSelection(RelayTest):
    """dhcrelay -U asks from its side of the server's network, and says where the machine is by the
    link selection of RFC 3527."""

    def test_each_program_gets_an_address_of_the_network_that_it_names(self):
        self.serve(uplink="-U")
        for name, pattern in (("hall", r"^10\.55\.0\.1[0-4]\d$"),
                              ("yard", r"^10\.56\.0\.1[0-4]\d$")):
            for program in PROGRAMS:
                with self.subTest(name, program=program.name):
                    with program(self.network, name) as client:
                        self.assertRegex(client.start().wait_bound().address, pattern)

    def test_the_answer_goes_to_the_relays_address_and_has_its_option_whole(self):
        self.serve(uplink="-U")
        chaddr = dhcp.mac(MACS["hall"])
        with dhcp.RawClient(self.network, "hall") as raw:
            raw.send(message(DISCOVER, chaddr))
            _, asked = self.listener.wait_for(
                lambda frame, one: one.op == 1 and one.chaddr == chaddr, "DISCOVER")
            frame, told = self.listener.wait_for(
                lambda frame, one: one.op == 2 and one.chaddr == chaddr, "OFFER")
        link_selection = bytes((5, 4)) + dhcp.ip4(ROUTERS["hall"])
        self.assertIn(link_selection, asked.option(dhcp.RELAY_AGENT))
        self.assertEqual((asked.giaddr, frame.target), (UPLINK, UPLINK))
        self.assertEqual(told.option(dhcp.RELAY_AGENT), asked.option(dhcp.RELAY_AGENT))
        self.assertRegex(told.yiaddr, r"^10\.55\.0\.1")

    def test_a_relay_that_cannot_be_reached_is_named(self):
        daemon = self.serve(uplink="-U")
        route = ("172.16.78.0/24", "via", "172.16.77.2")
        self.network.ip("srv", "route", "del", *route)
        self.addCleanup(self.network.ip, "srv", "route", "add", *route)
        with dhcp.RawClient(self.network, "hall") as raw:
            raw.send(message(DISCOVER, dhcp.mac(MACS["hall"])))
            daemon.wait_for(r"the answer for 10\.55\.0\.1\d\d was not sent to 172\.16\.78\.9: "
                            "Network is unreachable")


class Renewals(RelayTest):
    """Leases of ten seconds: renewed after five, rebound after nearly nine."""

    def test_each_program_renews_past_the_relay(self):
        daemon = self.serve(SHORT)
        for program in (Dhclient, Udhcpc, Dhcpcd):
            with self.subTest(program.name):
                client, lease = self.start(program, "hall")
                self.network.ip("hall", "route", "replace", "default", "via", "10.55.0.1")
                since = daemon.mark()
                frame, _ = self.wait_for_renewal("hall", lease.address, by_relay=False)
                self.assertEqual((frame.source, frame.target), (lease.address, SERVER))
                self.wait_for_ack("hall", lease.address, lease.address)
                daemon.wait_for(dhcp.mac_log(dhcp.mac(MACS["hall"])) + ".*ACK " + lease.address,
                                since=since)
                client.close()

    def test_one_that_hears_only_broadcasts_renews_past_the_relay_as_well(self):
        """No broadcast would reach it there."""
        self.serve(SHORT, {"buggy_clients": {MACS["hall"].replace(":", "-"): "yes"}})
        _, lease = self.start(Udhcpc, "hall")
        self.network.ip("hall", "route", "replace", "default", "via", "10.55.0.1")
        self.wait_for_renewal("hall", lease.address, by_relay=False)
        self.wait_for_ack("hall", lease.address, lease.address)

    def test_each_program_rebinds_by_the_relay(self):
        self.serve(SHORT)
        for program in (Dhclient, Udhcpc, Dhcpcd):
            with self.subTest(program.name):
                # The server cannot be reached but by the relay.
                self.network.ip("yard", "route", "replace", "blackhole", SERVER)
                client, lease = self.start(program, "yard")
                self.wait_for_renewal("yard", lease.address, by_relay=True)
                self.wait_for_ack("yard", lease.address, "10.56.0.1")
                wait_until(lambda: self.network.addresses("yard", "c0") == [lease.address], 20,
                           "the address to stay", client.output)
                client.close()

    def test_who_is_beside_renews_as_well(self):
        daemon = self.serve(SHORT)
        _, lease = self.start(Udhcpc, "near")
        acks = dhcp.mac_log(dhcp.mac(MACS["near"])) + ".*ACK " + lease.address
        daemon.wait_for(acks)
        daemon.wait_for(acks, since=daemon.mark())

    def test_an_address_is_given_back_past_the_relay(self):
        daemon = self.serve()
        for program in (Dhclient, Udhcpc):
            with self.subTest(program.name):
                client, lease = self.start(program, "hall")
                self.network.ip("hall", "route", "replace", "default", "via", "10.55.0.1")
                since = daemon.mark()
                client.release()
                daemon.wait_for(f"(?i){dhcp.mac_log(dhcp.mac(MACS['hall']))}.*release "
                                + lease.address, since=since)
                client.close()


if __name__ == "__main__":
    main()
