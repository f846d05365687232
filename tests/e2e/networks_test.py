#!/usr/bin/env python3
"""Interfaces and addresses that come, change and go while bootd runs."""

import os
import re
import subprocess

import dhcp
from bootd import run_binary
from dhcp import DISCOVER, RawClient, ip4, mac, message, pxe_options
from harness import EndToEndTest, main
from network import Network, wait_until
from other_servers import Dnsmasq
from tftp import RawTftp, request

MACHINE = mac("52:54:00:77:0e:01")
OTHER = mac("52:54:00:77:0e:02")
CLIENT = "10.77.0.2/24"
THERE = r"network 10\.77\.0\.0/24 \(s0\) is there: serving 10\.77\.0\.100 to 10\.77\.0\.149"
GONE = r"network 10\.77\.0\.0/24 \(s0\) is gone: bootd waits for it"
WAITS = "bootd waits for it"
IS_PROXY = "mode auto: gives no addresses, only says what to boot: "


def time_of(line):
    """When a line was logged, in seconds of the day."""
    hours, minutes, seconds = re.match(r"(\d+):(\d+):([\d.]+)", line).groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


class ArpProbes:
    """The questions on the cable whether somebody has an address (RFC 5227 section 2.1.1)."""

    def __init__(self, network):
        self._socket = network.raw_socket("cli", "c0")
        self._socket.settimeout(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def wait_for(self, address):
        """Awaits the next one that asks for it."""
        from_nobody = bytes(4 + 6) + ip4(address)
        frame = b""
        while frame[12:14] != b"\x08\x06" or frame[28:42] != from_nobody:
            frame = self._socket.recv(2048)


class NetworksTest(EndToEndTest):
    """srv and cli, and no link between them until a test makes it."""

    programs = ("curl",)

    @classmethod
    def make_network(cls):
        made = Network()
        made.add_namespace("srv")
        made.add_namespace("cli")
        # An address does not take the others of its network with it when it goes.
        with made.inside("srv"), open("/proc/sys/net/ipv4/conf/all/promote_secondaries",
                                      "w") as file:
            file.write("1")
        return made

    def setUp(self):
        self.addCleanup(self.unplug)

    def plug(self, address="10.77.0.1/24"):
        """A cable between the two, with the server's address."""
        self.network.add_link(("srv", "s0"), ("cli", "c0"))
        if address is not None:
            self.network.add_address("srv", "s0", address)
        self.network.add_address("cli", "c0", CLIENT)

    def unplug(self):
        """Both interfaces are gone for good."""
        self.network.run("srv", "ip", "link", "delete", "s0")

    def add(self, address):
        self.network.add_address("srv", "s0", address)

    def remove(self, address):
        self.network.ip("srv", "address", "delete", address, "dev", "s0")

    def log_of(self, bootd, change, pattern):
        """Awaits the line that tells of a change."""
        since = bootd.mark()
        change()
        return bootd.wait_for(pattern, since=since)

    def serve(self, *changes, **more):
        started = self.bootd({"tftp": {"timeout": None}}, *changes, arguments=("--http",), **more)
        self.content = started.write("file", os.urandom(5000))
        return started

    def http(self, server="10.77.0.1"):
        return subprocess.run(
            self.network.command("cli", "curl", "-sS", "-m", "20", f"http://{server}/file"),
            stdout=subprocess.PIPE, check=True, timeout=60, stdin=subprocess.DEVNULL).stdout

    def check_served(self, server="10.77.0.1", machine=MACHINE):
        """An address by DHCP, from the server's own, and a file by TFTP and by HTTP."""
        with RawClient(self.network) as raw:
            told = raw.lease(machine, pxe_options(0)).message
        self.assertEqual((told.server_id, told.siaddr), (server, server))
        self.assertRegex(told.yiaddr, r"^10\.77\.0\.1[0-4]\d$")
        with RawTftp(self.network, server=server) as client:
            self.assertEqual(client.read("file")[0], self.content)
        self.assertEqual(self.http(server), self.content)
        return told.yiaddr

    def check_silent(self, bootd, reason):
        """A DISCOVER is counted and not answered."""
        since = bootd.mark()
        with RawClient(self.network) as raw:
            raw.send(message(DISCOVER, OTHER, pxe_options(0)))
            bootd.wait_for(reason, since=since)
            self.assertEqual(list(raw.answers(0.2)), [])


class NotThereAtStart(NetworksTest):
    """bootd is started first, the network comes later."""

    def check_waits(self, *changes, key):
        started = self.serve(*changes)
        warnings = started.lines(WAITS)
        self.assertEqual(len(warnings), 1, started.text())
        self.assertIn(f"{key}: ", warnings[0])
        self.assertIn("there is: lo (127.0.0.1/8)", warnings[0])
        return started

    def check_comes(self, started):
        self.log_of(started, self.plug, THERE)
        address = self.check_served()
        # Once only, however many services wait for it.
        self.assertEqual(len(started.lines("is there: ")), 1)
        return address

    def test_the_pools_network(self):
        started = self.check_waits(key=r"[bootp] pool_start")
        self.assertTrue(started.lines("dhcp: port 67, waits for its network"))
        self.check_comes(started)

    def test_the_interface_of_bootp(self):
        started = self.check_waits({"bootp": {"address": "s0"}}, key="[bootp] address")
        self.check_comes(started)

    def test_the_network_of_bootp_by_its_first_address(self):
        started = self.check_waits({"bootp": {"address": "10.77.0.0"}}, key="[bootp] address")
        self.check_comes(started)

    def test_the_address_of_bootp(self):
        started = self.check_waits({"bootp": {"address": "10.77.0.1"}}, key="[bootp] address")
        self.check_comes(started)

    def test_another_network_of_the_interface_is_not_the_one(self):
        started = self.check_waits({"bootp": {"address": "s0"}}, key="[bootp] address")
        self.log_of(started, lambda: self.plug("10.78.0.1/24"), "dhcp: s0 is there")
        self.check_silent(started, "ignored DISCOVER: .*(interface|network)")
        self.log_of(started, lambda: self.add("10.77.0.1/24"), THERE)
        self.check_served()

    def test_the_address_of_files(self):
        self.plug("10.77.0.9/24")
        started = self.serve({"tftp": {"address": "10.77.0.1"}, "httpd": {"address": "10.77.0.1"}})
        for key in (r"\[tftp\] address", r"\[httpd\] address"):
            self.assertEqual(len(started.lines(f"{key}: .*{WAITS}")), 1)
        self.check_only_at(started, None)
        self.log_of(started, lambda: self.add("10.77.0.1/24"), "http: 10.77.0.1 is there")
        self.assertTrue(started.lines("tftp: 10.77.0.1 is there"))
        with RawTftp(self.network) as client:
            self.assertEqual(client.read("file")[0], self.content)
        self.assertEqual(self.http(), self.content)
        # The other address of the interface is not served.
        self.check_only_at(started, "10.77.0.1")
        self.log_of(started, lambda: self.remove("10.77.0.1/24"), "http: 10.77.0.1 is gone")
        self.assertTrue(started.lines("tftp: 10.77.0.1 is gone"))

    def check_only_at(self, started, served):
        """Files are refused at the interface's other address."""
        since = started.mark()
        with RawTftp(self.network, server="10.77.0.9") as client:
            client.send(request("file"))
            started.wait_for("tftp: .*ignored a packet", since=since)
        result = self.network.run("cli", "curl", "-sS", "-m", "20", "http://10.77.0.9/file")
        self.assertNotEqual(result.returncode, 0, served)
        started.wait_for("http: .*10.77.0.2", since=since)

    def test_warnings_list_the_networks_that_there_are(self):
        self.plug("10.78.0.1/24")
        for section, key in ("bootp", "pool_start"), ("bootp", "address"), ("tftp", "address"):
            with self.subTest(section=section, key=key):
                started = self.bootd({section: {key: "192.168.1.1"}}, start=False)
                code, _, err = run_binary(self.network, "--check", "-c", started.config)
                self.assertEqual(code, 0)
                self.assertRegex(err, rf"warning: .*bootd.ini:\d+: \[{section}\] {key}: .*{WAITS}; "
                                 r"there is: .*s0 \(10\.78\.0\.1/24\)")

    def test_check_warns_and_says_that_it_is_right(self):
        started = self.bootd({"bootp": {"address": "s0"}}, start=False)
        code, out, err = run_binary(self.network, "--check", "-c", started.config)
        self.assertEqual((code, out), (0, f"{started.config} is right.\n"))
        self.assertRegex(err, rf"\Awarning: .*\[bootp\] address: .*{WAITS}.*\n\Z")

    def test_a_network_that_comes_and_is_too_small_is_not_served(self):
        started = self.serve({"bootp": {"gateway": None}})
        self.log_of(started, lambda: self.plug("10.77.0.97/28"), "at most 11")
        self.assertEqual(len(started.lines(r"error .*\[bootp\] pool_count: 50 addresses")), 1)
        self.assertTrue(started.lines(r"network 10\.77\.0\.96/28 \(s0\) is there, and is not"))
        self.check_silent(started, "ignored DISCOVER: .*(interface|network)")
        self.remove("10.77.0.97/28")
        self.log_of(started, lambda: self.add("10.77.0.1/24"), THERE)
        self.check_served()

    def test_a_network_that_is_too_small_at_the_start_stops_it(self):
        self.plug("10.77.0.97/28")
        started = self.bootd(start=False)
        code, _, err = run_binary(self.network, "-c", started.config)
        self.assertEqual(code, 1)
        self.assertIn("at most 11", err)


class Changes(NetworksTest):
    """While bootd serves."""

    def test_the_address_is_replaced_by_another_of_the_network(self):
        self.plug()
        started = self.serve()
        address = self.check_served()
        self.add("10.77.0.7/24")
        self.log_of(started, lambda: self.remove("10.77.0.1/24"),
                    r"network 10\.77\.0\.0/24 \(s0\) is served from 10\.77\.0\.7 now")
        # The machine keeps what it has, and the new address is nobody else's.
        self.assertEqual(self.check_served("10.77.0.7"), address)

    def test_the_servers_new_address_is_given_to_nobody(self):
        self.plug()
        started = self.serve({"bootp": {"pool_count": "2"}})
        self.add("10.77.0.100/24")
        self.log_of(started, lambda: self.remove("10.77.0.1/24"),
                    r"is served from 10\.77\.0\.100 now")
        self.assertEqual(self.check_served("10.77.0.100"), "10.77.0.101")

    def test_addresses_are_tried_anew_when_their_network_is_on_another_link(self):
        self.plug()
        self.network.add_link(("srv", "s1"), ("cli", "c1"))
        self.addCleanup(self.network.run, "srv", "ip", "link", "delete", "s1")
        with ArpProbes(self.network) as probes:
            started = self.serve()
            for _ in range(2):
                probes.wait_for("10.77.0.100")
        # It is thought to be free from now on, on this link.
        self.network.add_address("cli", "c1", "10.77.0.100/24")
        self.network.add_address("srv", "s1", "10.77.0.1/24")
        self.remove("10.77.0.1/24")
        started.wait_for(r"uses 10\.77\.0\.100, which it does not have from here")

    def check_made_anew(self, *changes):
        self.plug()
        started = self.serve(*changes)
        address = self.check_served()
        for _ in range(3):
            self.log_of(started, self.unplug, GONE)
            self.log_of(started, self.plug, THERE)
            self.assertEqual(self.check_served(), address)
        return started

    def test_an_interface_is_made_anew(self):
        for name, changes in (("all", {}), ("by name", {"bootp": {"address": "s0"}}),
                              ("by address", {"bootp": {"address": "10.77.0.1"}})):
            with self.subTest(name):
                self.check_made_anew(changes).stop()
                self.unplug()

    def test_an_interface_is_made_anew_at_once(self):
        """So fast that bootd sees only another interface of the same name."""
        self.plug()
        started = self.serve({"bootp": {"address": "s0"}})
        address = self.check_served()
        end = started.mark()
        self.unplug()
        self.plug()
        started.wait_for(rf"{THERE}|is served from 10\.77\.0\.1 now", since=end)
        self.assertEqual(self.check_served(), address)

    def test_an_interface_is_renamed(self):
        self.plug()
        started = self.serve({"bootp": {"address": "s0"}})
        self.check_served()
        self.network.ip("srv", "link", "set", "s0", "down")
        self.log_of(started, lambda: self.network.ip("srv", "link", "set", "s0", "name", "s9"),
                    GONE)
        self.network.ip("srv", "link", "set", "s9", "name", "s0")
        self.network.ip("srv", "link", "set", "s0", "up")
        started.wait_for(THERE)
        self.check_served()

    def test_an_interface_that_is_down_for_a_while(self):
        self.plug()
        started = self.serve({"bootp": {"address": "s0"}})
        address = self.check_served()
        for state in ("down", "up"):
            self.network.ip("srv", "link", "set", "s0", state)
        self.assertEqual(self.check_served(), address)
        self.assertEqual(started.lines(GONE), [])

    def test_a_flapping_address_is_told_of_once_a_second(self):
        self.plug()
        started = self.serve()

        def told():
            return started.lines("dhcp: network ")

        for _ in range(100):
            self.remove("10.77.0.1/24")
            self.add("10.77.0.1/24")
        self.remove("10.77.0.1/24")
        wait_until(lambda: any(re.search(GONE, line) for line in told()[-1:]), 30,
                   "the network to be gone", started.tail)
        self.log_of(started, lambda: self.add("10.77.0.1/24"), THERE)
        times = [time_of(line) for line in told()]
        for before, after in zip(times, times[1:]):
            self.assertGreater((after - before) % 86400, 0.9, told())
        self.check_served()

    def test_a_file_that_is_wrong_by_now_keeps_nobody_from_following(self):
        self.plug()
        started = self.serve()
        with open(started.config, "w") as file:
            file.write("[nonsense")
        self.log_of(started, self.unplug, GONE)
        self.log_of(started, self.plug, THERE)
        self.check_served()

    def test_a_reload_while_the_network_is_away(self):
        self.plug()
        started = self.serve({"leases": {"type": "sqlite", "file": "leases"}})
        address = self.check_served()
        self.log_of(started, self.unplug, GONE)
        self.log_of(started, lambda: os.kill(started.pid, 1), "reloaded ")
        self.log_of(started, self.plug, THERE)
        self.assertEqual(self.check_served(), address)


class Modes(NetworksTest):
    """A proxy, and a server that first looks for others."""

    programs = ("dnsmasq", "curl")

    def check_proxied(self):
        with RawClient(self.network) as raw:
            answer = raw.discover(MACHINE, pxe_options(0)).message
        self.assertEqual((answer.server_id, answer.yiaddr), ("10.77.0.1", dhcp.ANY))

    def test_a_proxy_waits_and_follows(self):
        proxy = {"mode": "proxy", "pool_start": None}
        for selector in ("0.0.0.0", "s0"):
            with self.subTest(selector):
                started = self.serve({"bootp": {"address": selector, **proxy}})
                told = "dhcp: s0 is there" if selector == "s0" else None
                if told:
                    self.log_of(started, self.plug, told)
                else:
                    self.plug()
                    self.retry_until_followed(started)
                self.check_proxied()
                if told:
                    self.log_of(started, self.unplug, "dhcp: s0 is gone")
                    self.log_of(started, self.plug, told)
                    self.check_proxied()
                started.stop()
                self.unplug()

    def retry_until_followed(self, started):
        """A proxy on all interfaces has nothing to tell: it is asked until it knows its address."""
        with RawClient(self.network) as raw:
            for _ in range(30):
                raw.send(message(DISCOVER, MACHINE, pxe_options(0)))
                if any(raw.answers(0.5)):
                    return
        self.fail("the proxy does not answer")

    def test_auto_looks_when_the_network_comes(self):
        state = os.path.join(self.bootd(start=False).folder, "mode")
        started = self.serve({"bootp": {"mode": "auto", "state_file": state}})
        started.wait_for("mode auto: looks for another DHCP server")
        self.log_of(started, self.plug, THERE)
        started.wait_for("no other DHCP server answers: gives addresses", 60)
        self.check_served()
        # As a server it looks at once at what comes anew, and finds another one there.
        self.log_of(started, self.unplug, GONE)
        self.plug()
        self.network.flush("cli", "c0")
        self.network.add_address("cli", "c0", "10.77.0.3/24")
        with Dnsmasq(self.network, "cli", "c0"):
            started.wait_for(IS_PROXY + "10.77.0.3 gives addresses", 60)


if __name__ == "__main__":
    main()
