#!/usr/bin/env python3
"""examples/forward.sh lets one network reach another, no more than that, and undoes it exactly."""

import glob
import os
import pathlib
import shutil
import socket
import tempfile

import harness
from harness import EndToEndTest, main
from network import Network

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                      "examples", "forward.sh")
harness.PACKAGES.update({"nft": "nftables", "iptables-nft": "iptables",
                         "iptables-legacy": "iptables"})
# What the script calls, beside nft and iptables.
TOOLS = ("sh", "id", "ip", "sed", "head", "awk", "sort", "wc", "cat", "rm", "grep",
         "tr")
WAIT_S = 20
# Each machine's address, and this machine's beside it.
ADDRESSES = {"cli": ("10.77.0.2", "10.77.0.1"), "out": ("192.0.2.2", "192.0.2.1"),
             "else": ("198.51.100.2", "198.51.100.1")}
PORTS = {"cli": "s0", "out": "s1", "else": "s2"}
BROKEN_NFT = "#!/bin/sh\n[ \"$*\" = 'list tables' ]\n"


class Forwarding(EndToEndTest):
    """srv stands between the clients (cli), the way out (out) and another network (else)."""

    programs = ("nft", "iptables-nft", "iptables-legacy", "unshare")

    @classmethod
    def make_network(cls):
        network = Network()
        network.add_namespace("srv")
        for name, port in PORTS.items():
            own, gateway = ADDRESSES[name]
            network.add_namespace(name)
            network.add_link(("srv", port), (name, "c0"))
            network.add_address("srv", port, gateway + "/24")
            network.add_address(name, "c0", own + "/24")
            network.ip(name, "route", "add", "default", "via", gateway)
        return network

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bootd-e2e-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.run_folder = os.path.join(self.folder, "run")
        self.bin = os.path.join(self.folder, "bin")
        for folder in (self.run_folder, self.bin):
            os.mkdir(folder)
        for name in TOOLS:
            os.symlink(shutil.which(name), os.path.join(self.bin, name))
        self.addCleanup(self.clean_up)

    def clean_up(self):
        """Takes away what a failing test leaves in the network of all tests."""
        if os.path.exists(self.state()):
            self.script("off")
        self.set_ip_forward("0")
        self.srv("nft", "flush", "ruleset")
        for table in ("filter", "nat"):
            self.srv("iptables-legacy", "-t", table, "-F")
            self.srv("iptables-legacy", "-t", table, "-X")
        self.srv("iptables-legacy", "-P", "FORWARD", "ACCEPT")
        self.srv("ip", "route", "del", "default")

    def state(self):
        return os.path.join(self.run_folder, "bootd-forward")

    def use(self, tool):
        """Has the script find this tool only: nft, iptables-nft or iptables-legacy."""
        os.symlink(os.path.realpath(shutil.which(tool)),
                   os.path.join(self.bin, tool.split("-")[0]))

    def srv(self, *command):
        return self.network.run("srv", *command)

    def script(self, *arguments):
        """Runs the script with a /run of the test's own."""
        return self.srv("unshare", "-m", "sh", "-c",
                        'mount --bind "$0" /run && PATH="$1" && shift && exec "$@"',
                        self.run_folder, self.bin, SCRIPT, *arguments)

    def succeed(self, *arguments):
        result = self.script(*arguments)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def refuse(self, *arguments, code=1):
        result = self.script(*arguments)
        self.assertEqual(result.returncode, code, result.stdout)
        return result.stdout

    def set_ip_forward(self, value):
        self.srv("sh", "-c", f"echo {value} >/proc/sys/net/ipv4/ip_forward")

    def settings(self):
        """All that the kernel has on forwarding, and all rules."""
        rules = [self.srv("nft", "-s", "list", "ruleset").stdout]
        for table in ("filter", "nat"):
            rules.append(self.srv("iptables-legacy", "-t", table, "-S").stdout)
        with self.network.inside("srv"):
            files = ["/proc/sys/net/ipv4/ip_forward"]
            for name in ("forwarding", "accept_redirects", "rp_filter"):
                files += sorted(glob.glob(f"/proc/sys/net/ipv4/conf/*/{name}"))
            return rules, {path: pathlib.Path(path).read_text() for path in files}

    def udp(self, name, port=0):
        sock = self.network.udp_socket(name, port=port)
        sock.settimeout(WAIT_S)
        self.addCleanup(sock.close)
        return sock

    def passes(self, sender, receiver):
        """Whether a datagram gets from one machine to the other through srv; the address that it
        comes from. Links keep the order: what srv sends last shows that nothing is on its way."""
        with self.udp(sender) as source, self.udp(receiver) as goal, self.udp("srv") as between:
            target = (ADDRESSES[receiver][0], goal.getsockname()[1])
            source.sendto(b"through", target)
            source.sendto(b"passed", (ADDRESSES[sender][1], between.getsockname()[1]))
            self.assertEqual(between.recv(100), b"passed")
            between.sendto(b"no more", target)
            content, origin = goal.recvfrom(100)
        return origin[0] if content == b"through" else None

    def tcp_origin(self):
        """The address that a connection from cli to out comes from; its answer comes back."""
        with self.network.inside("out"):
            server = socket.create_server(("", 0))
        with self.network.inside("cli"):
            client = socket.socket()
        with server, client:
            server.settimeout(WAIT_S)
            client.settimeout(WAIT_S)
            client.connect((ADDRESSES["out"][0], server.getsockname()[1]))
            connection, origin = server.accept()
            with connection:
                connection.sendall(b"answer")
            self.assertEqual(client.recv(100), b"answer")
        return origin[0]

    def check_on_and_off(self, left_in_run=()):
        before = self.settings()
        self.assertIsNone(self.passes("cli", "out"))

        self.assertIn("forwarding from s0 to s1", self.succeed("on", "s0", "s1"))
        self.assertEqual(self.tcp_origin(), ADDRESSES["out"][1])
        self.assertEqual(self.passes("cli", "out"), ADDRESSES["out"][1])
        for sender, receiver in (("out", "cli"), ("out", "else"), ("cli", "else"),
                                 ("else", "cli"), ("else", "out")):
            self.assertIsNone(self.passes(sender, receiver), f"{sender} to {receiver}")
        self.assertNotEqual(self.settings(), before)

        self.assertIn("on already", self.refuse("on", "s0", "s1"))
        self.assertEqual(self.passes("cli", "out"), ADDRESSES["out"][1])

        self.succeed("off")
        self.assertEqual(self.settings(), before)
        self.assertEqual(os.listdir(self.run_folder), list(left_in_run))
        self.assertIsNone(self.passes("cli", "out"))
        self.assertIn("not on", self.refuse("off"))

    def test_nftables(self):
        self.use("nft")
        self.srv("nft", "add table ip mine; add chain ip mine c { type filter hook forward priority"
                 " 10; }; add rule ip mine c ip saddr 203.0.113.1 drop")
        self.check_on_and_off()

    def check_iptables(self, tool, **more):
        self.use(tool)
        self.srv(tool, "-A", "FORWARD", "-s", "203.0.113.1", "-j", "DROP")
        self.srv(tool, "-P", "FORWARD", "DROP")
        self.srv(tool, "-t", "nat", "-A", "POSTROUTING", "-s", "203.0.113.1", "-j", "ACCEPT")
        self.check_on_and_off(**more)

    def test_iptables_over_nftables_beside_a_policy_of_drop(self):
        self.check_iptables("iptables-nft")

    def test_iptables_legacy_beside_a_policy_of_drop(self):
        self.check_iptables("iptables-legacy", left_in_run=["xtables.lock"])

    def test_a_router_goes_on_routing(self):
        for tool in ("nft", "iptables-legacy"):
            with self.subTest(tool):
                self.use(tool)
                self.set_ip_forward("1")
                before = self.settings()
                self.assertEqual(self.passes("cli", "else"), ADDRESSES["cli"][0])
                self.succeed("on", "s0", "s1")
                self.assertEqual(self.passes("cli", "else"), ADDRESSES["cli"][0])
                self.assertEqual(self.passes("out", "cli"), ADDRESSES["out"][0])
                self.assertEqual(self.passes("cli", "out"), ADDRESSES["out"][1])
                self.succeed("off")
                self.assertEqual(self.settings(), before)
                self.assertEqual(self.passes("cli", "out"), ADDRESSES["cli"][0])
                os.unlink(os.path.join(self.bin, tool.split("-")[0]))

    def test_interfaces_are_found_by_the_default_route(self):
        self.use("nft")
        self.assertIn("no default route", self.refuse("on"))
        self.network.ip("srv", "route", "add", "default", "via", ADDRESSES["out"][0])
        self.assertRegex(self.refuse("on"), "name IN_IFACE and OUT_IFACE.*s1.*s0 s2")
        self.network.flush("srv", "s2")
        try:
            self.assertIn("forwarding from s0 to s1", self.succeed("on"))
            self.assertEqual(self.passes("cli", "out"), ADDRESSES["out"][1])
            self.succeed("off")
        finally:
            self.network.add_address("srv", "s2", ADDRESSES["else"][1] + "/24")

    def test_wrong_interfaces_and_words_are_refused_and_change_nothing(self):
        self.use("nft")
        self.network.ip("srv", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
        self.addCleanup(self.network.ip, "srv", "link", "del", "d0")
        before = self.settings()
        cases = [
            (("on", "s0", "none"), 1, "no interface none"),
            (("on", "s0", "s0"), 1, "the same"),
            (("on", "s0", '"; drop'), 1, "no name"),
            (("on", "../s0", "s1"), 1, "no name"),
            (("on", "d0", "s1"), 1, "no IPv4 address"),
            (("on", "s0"), 2, "usage"),
            (("off", "s0", "s1"), 2, "usage"),
            (("maybe",), 2, "usage"),
            ((), 2, "usage"),
        ]
        for arguments, code, complaint in cases:
            with self.subTest(arguments):
                self.assertIn(complaint, self.refuse(*arguments, code=code))
                self.assertEqual(self.settings(), before)
                self.assertFalse(os.path.exists(self.state()))

    def test_what_fails_half_way_is_undone(self):
        with open(os.path.join(self.bin, "nft"), "w") as file:
            file.write(BROKEN_NFT)
        os.chmod(file.name, 0o755)
        before = self.settings()
        self.assertIn("all is as before", self.refuse("on", "s0", "s1"))
        self.assertEqual(self.settings(), before)
        self.assertEqual(os.listdir(self.run_folder), [])

    def test_neither_tool_is_a_complaint(self):
        self.assertIn("install nftables", self.refuse("on", "s0", "s1"))
        self.assertEqual(os.listdir(self.run_folder), [])

    def test_an_interface_that_went_away_is_no_trouble(self):
        self.use("nft")
        before = self.settings()
        self.network.ip("srv", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
        self.network.ip("srv", "link", "set", "d0", "up")
        self.network.add_address("srv", "d0", "10.78.0.1/24")
        self.succeed("on", "d0", "s1")
        self.network.ip("srv", "link", "del", "d0")
        self.succeed("off")
        self.assertEqual(self.settings(), before)

    def test_a_firewall_that_drops_is_told(self):
        self.use("nft")
        self.srv("nft", "add table ip mine; add chain ip mine c { type filter hook forward priority"
                 " 10; policy drop; }")
        self.assertIn("another firewall", self.succeed("on", "s0", "s1"))
        self.succeed("off")


if __name__ == "__main__":
    main()
