#!/usr/bin/env python3
"""TFTP and HTTP over IPv6: real clients, link-local addresses, and what [tftp] address selects."""

import os
import random

import tftp
from harness import EndToEndTest, main
from network import Folder, Network
from tftp import ACCESS_VIOLATION, DATA, ERROR, OACK, RawTftp

SERVER, SERVER_4, LINK_LOCAL = "fd00:77::1", "10.77.0.1", "fe80::1"
CLIENT, CLIENT_4 = "fd00:77::2", "10.77.0.2"
BLOCK_OF_ETHERNET = 1500 - 40 - 8 - 4
BOTH = {"tftp": {"address": "::"}}


def content(size):
    """Bytes that repeat nowhere near a block's length."""
    return random.Random(size).randbytes(size)


def curl(server, name, local):
    return ["curl", "-sS", "--fail", "--tftp-blksize", "1428", "-o", local,
            f"tftp://[{server.replace('%', '%25')}]/{name}"]


def tftp_hpa(server, name, local):
    return ["tftp", "-6", "-m", "binary", server, "-c", "get", name, local]


def atftp(server, name, local):
    return ["atftp", "--option", "blksize 1428", "--option", "windowsize 16", "--get", "-r", name,
            "-l", local, server]


def busybox(server, name, local):
    return ["busybox", "tftp", "-g", "-b", "1428", "-r", name, "-l", local, server]


CLIENTS = (curl, tftp_hpa, atftp, busybox)


class Ip6Test(EndToEndTest):
    """s0 and c0 have addresses of both families, one of them link-local; a second machine, far, is
    on a cable of its own, s1, and has the same link-local address as cli."""

    programs = ("curl", "tftp", "atftp", "busybox")

    @classmethod
    def make_network(cls):
        network = Network()
        for name in ("srv", "cli", "far"):
            network.add_namespace(name)
        network.add_link(("srv", "s0"), ("cli", "c0"))
        network.add_link(("srv", "s1"), ("far", "f0"))
        network.add_address("srv", "s0", SERVER_4 + "/24")
        network.add_address("cli", "c0", CLIENT_4 + "/24")
        network.enable_ip6("srv", "s0", SERVER + "/64", LINK_LOCAL + "/64")
        network.enable_ip6("srv", "s1", "fd00:78::1/64", LINK_LOCAL + "/64")
        network.enable_ip6("cli", "c0", CLIENT + "/64", "fe80::2/64")
        network.enable_ip6("far", "f0", "fd00:78::2/64", "fe80::2/64")
        return network

    def setUp(self):
        folder = Folder("downloads")
        self.addCleanup(folder.close)
        self.folder = folder.path

    def fetch(self, command, expected, namespace="cli"):
        """Downloads to "got" and compares."""
        result = self.network.run(namespace, *command, timeout=120, cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stdout)
        path = os.path.join(self.folder, "got")
        with open(path, "rb") as file:
            self.assertTrue(file.read() == expected, "the bytes differ")
        os.remove(path)

    def link_local(self, namespace, port):
        """The server's link-local address as the namespace's sockets take it."""
        index = self.network.ip(namespace, "-o", "link", "show", "dev", port).stdout.split(":")[0]
        return f"{LINK_LOCAL}%{index}"

    def answers(self, server):
        """There is an answer from this address; else the request comes to a closed port."""
        with RawTftp(self.network, server=server) as client:
            client.socket.connect((server, 69))
            try:
                client.socket.send(tftp.request("missing", mode="mail"))
                return client.get() is not None
            except ConnectionRefusedError:
                return False


class WholeFiles(Ip6Test):
    """What clients read."""

    def test_every_client_gets_every_byte(self):
        bootd = self.bootd(BOTH)
        for size in (0, 511, 1428 * 16, 1_000_001):
            expected = bootd.write(f"file-{size}", content(size))
            for client in CLIENTS:
                with self.subTest(client=client.__name__, size=size):
                    since = bootd.mark()
                    self.fetch(client(SERVER, f"file-{size}", "got"), expected)
                    bootd.wait_for(f"tftp: {CLIENT}: sent file-{size}", since=since)

    def test_ip4_is_served_beside_it_and_shown_as_ever(self):
        bootd = self.bootd(BOTH)
        expected = bootd.write("file", content(100_000))
        self.fetch(["curl", "-sS", "-o", "got", f"tftp://{SERVER_4}/file"], expected)
        bootd.wait_for(f"tftp: {CLIENT_4}: sent file")

    def test_link_local_clients_on_each_interface(self):
        bootd = self.bootd(BOTH)
        expected = bootd.write("file", content(200_000))
        for client in CLIENTS:
            with self.subTest(client=client.__name__):
                self.fetch(client(LINK_LOCAL + "%c0", "file", "got"), expected)
                self.fetch(client(LINK_LOCAL + "%f0", "file", "got"), expected, "far")

    def test_two_machines_with_one_link_local_address_and_port_are_two(self):
        bootd = self.bootd(BOTH)
        expected = bootd.write("file", content(1500))
        with RawTftp(self.network, "cli", self.link_local("cli", "c0"), port=2000) as one, \
                RawTftp(self.network, "far", self.link_local("far", "f0"), port=2000) as other:
            first, second = one.ask("file"), other.ask("file")
            for client, packet in ((one, first), (other, second)):
                client.send(tftp.ack(1), packet.port)
                self.assertEqual(client.get().data, expected[512:1024])
        bootd.stop()
        self.assertEqual(len(bootd.lines(r"fe80::2%\d+: sending file")), 2)

    def test_windows_and_the_largest_block_of_the_link(self):
        bootd = self.bootd(BOTH)
        expected = bootd.write("file", content(200_000))
        with RawTftp(self.network, server=SERVER) as client:
            first = client.ask("file", [("blksize", 65464), ("windowsize", 16)])
            self.assertEqual((first.kind, first.options),
                             (OACK, {"blksize": str(BLOCK_OF_ETHERNET), "windowsize": "16"}))
            client.send(tftp.ack(0), first.port)
            got, block = b"", 0
            while len(got) < len(expected):
                packet = client.get()
                block += 1
                self.assertEqual((packet.kind, packet.block), (DATA, block))
                got += packet.data
                if block % 16 == 0 or len(got) == len(expected):
                    client.send(tftp.ack(block), packet.port)
            self.assertTrue(got == expected, "the bytes differ")
        bootd.wait_for("sent file, .* 0 packets sent again")

    def test_blocks_longer_than_a_narrow_path_arrive_in_fragments(self):
        self.network.ip("srv", "route", "add", CLIENT, "dev", "s0", "mtu", "1280")
        self.addCleanup(self.network.ip, "srv", "route", "del", CLIENT, "dev", "s0")
        bootd = self.bootd(BOTH)
        expected = bootd.write("file", content(100_000))
        for client in (curl, atftp):
            with self.subTest(client=client.__name__):
                self.fetch(client(SERVER, "file", "got"), expected)

    def test_one_port_a_range_of_ports_and_workers(self):
        for keys in ({"single_port": "yes"}, {"port_range": "7000-7007"}, {"workers": "4"},
                     {"single_port": "yes", "workers": "2"}):
            with self.subTest(keys):
                bootd = self.bootd({"tftp": {"address": "::", **keys}})
                expected = bootd.write("file", content(50_000))
                for client in CLIENTS:
                    self.fetch(client(SERVER, "file", "got"), expected)
                with RawTftp(self.network, server=SERVER) as client:
                    port = client.ask("file").port
                if "single_port" in keys:
                    self.assertEqual(port, 69)
                if "port_range" in keys:
                    self.assertIn(port, range(7000, 7008))
                bootd.stop()

    def test_http(self):
        bootd = self.bootd(BOTH, {"httpd": {"enable": "yes"}})
        expected = bootd.write("file", content(3_000_000))
        for host, client in ((f"[{SERVER}]", CLIENT), (f"[{LINK_LOCAL}%25c0]", r"fe80::2%\d+"),
                             (SERVER_4, CLIENT_4)):
            with self.subTest(host):
                since = bootd.mark()
                self.fetch(["curl", "-sS", "--fail", "-o", "got", f"http://{host}/file"], expected)
                bootd.wait_for(f"http: {client}: sent file", since=since)


class Selection(Ip6Test):
    """What [tftp] address makes of it."""

    def test_each_address_serves_what_it_says(self):
        for address, answering in (
                ("0.0.0.0", {SERVER_4}), ("::", {SERVER_4, SERVER}), (SERVER, {SERVER}),
                ("fd00:77::", {SERVER}), ("s0", {SERVER_4, SERVER}), (SERVER_4, {SERVER_4}),
                (LINK_LOCAL + "%s0", set())):
            with self.subTest(address):
                bootd = self.bootd({"tftp": {"address": address}})
                self.assertEqual({one for one in (SERVER, SERVER_4) if self.answers(one)},
                                 answering)
                bootd.stop()

    def test_a_link_local_address_is_that_of_its_interface(self):
        bootd = self.bootd({"tftp": {"address": LINK_LOCAL + "%s0"}})
        expected = bootd.write("file", content(10_000))
        self.fetch(curl(LINK_LOCAL + "%c0", "file", "got"), expected)
        with RawTftp(self.network, "far", self.link_local("far", "f0")) as client:
            client.send(tftp.request("file"))
            self.assertIsNone(client.receive(0.5))

    def test_other_interfaces_are_left_out_by_a_name(self):
        bootd = self.bootd({"tftp": {"address": "s0"}})
        with RawTftp(self.network, "far", self.link_local("far", "f0")) as client:
            client.send(tftp.request("file"))
            bootd.wait_for(r"fe80::2%\d+: ignored a packet: .* leaves its interface out")
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-wrong-interface"], 1)

    def test_a_request_to_all_nodes_is_ignored(self):
        bootd = self.bootd({"tftp": {"address": "::", "workers": "2"}})
        bootd.write("file", content(10))
        index = self.link_local("cli", "c0").split("%")[1]
        with RawTftp(self.network, server=f"ff02::1%{index}") as client:
            client.send(tftp.request("file"))
            bootd.wait_for(r"fe80::2%\d+: ignored a request: it was broadcast")
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-broadcast"], 1)

    def test_rows_of_tftp_clients_are_about_networks_of_ip6(self):
        bootd = self.bootd(BOTH, {"tftp_clients": {"fd00:77::/64": "windowsize=4 tsize"}})
        bootd.write("file", content(5000))
        options = [("windowsize", 16), ("tsize", 0)]
        with RawTftp(self.network, server=SERVER) as client:
            self.assertEqual(client.ask("file", options).options, {"windowsize": "4"})
        with RawTftp(self.network, "far", "fd00:78::1") as client:
            self.assertEqual(client.ask("file", options).options,
                             {"windowsize": "16", "tsize": "5000"})

    def test_each_address_is_a_client_with_bounds_of_its_own(self):
        bootd = self.bootd({"tftp": {"address": "::", "max_client_transfers": "1"}})
        bootd.write("file", content(5000))
        self.network.ip("cli", "address", "add", "fd00:77::3/64", "dev", "c0", "nodad")
        self.addCleanup(self.network.ip, "cli", "address", "del", "fd00:77::3/64", "dev", "c0")
        with RawTftp(self.network, server=SERVER, client=CLIENT) as one, \
                RawTftp(self.network, server=SERVER, client=CLIENT) as two, \
                RawTftp(self.network, server=SERVER, client="fd00:77::3") as three:
            self.assertEqual(one.ask("file").kind, DATA)
            refusal = two.ask("file")
            self.assertEqual((refusal.kind, refusal.code), (ERROR, 0))
            self.assertRegex(refusal.text, "too many transfers of this client")
            self.assertEqual(three.ask("file").kind, DATA)

    def test_nobody_is_known_at_an_address_of_ip6(self):
        bootd = self.bootd(BOTH, {"bootp": {"access_files": "known"}, "httpd": {"enable": "yes"}})
        bootd.write("file", content(5000))
        with RawTftp(self.network, server=SERVER) as client:
            refusal = client.ask("file")
        self.assertEqual((refusal.kind, refusal.code), (ERROR, ACCESS_VIOLATION))
        result = self.network.run("cli", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                                  f"http://[{SERVER}]/file")
        self.assertEqual(result.stdout, "403")


if __name__ == "__main__":
    main()
