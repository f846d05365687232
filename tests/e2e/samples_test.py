#!/usr/bin/env python3
"""The samples of pybootd's manual start bootd and do what the manual says of them.

Their lines are the manual's, one statement a line. What is changed, each time where it is used:
the mirror's URL becomes a folder, the letters of the sample UUID become digits, and a name that
stands for something (a.b.c.d:p, http://server) becomes what it stands for here. The addresses need
no change, since the server's network is that of the sample."""

import os
import re
import signal
import subprocess
import sys
import threading

import bootd as daemon
from clients import Dhclient
from dhcp import ACK, DISCOVER, DNS, RawClient, ip4, mac, message, pxe_options
from harness import EndToEndTest, main
from network import Folder, one_server_one_client
from tftp import RawTftp

SERVER = "192.168.1.1"
POOL = r"^192\.168\.1\.1\d\d$"

MIRROR_ROOT = ("root = http://http.us.debian.org/debian/dists/squeeze/main/installer-amd64/current/"
               "images/netboot")
MIRROR = f"""\
[logger]
; show requests on the standard error output of the daemon
type = stderr
; show informative and error messages only (disable verbose mode)
level = info

[bootp]
; do not force a full PXE boot-up cycle to accept the client
allow_simple_dhcp = enable
; First BOOTP/DHCP address to generate
pool_start = 192.168.1.100
; Google DNS
dns = 8.8.8.8
; boot-up executable the client should request through TFTP
boot_file = pxelinux.0

[tftp]
; URL to install a Debian 6.0 Intel/AMD 64-bit network installation
{MIRROR_ROOT}

[filters]
; serve a simple configuration file to the linux PXE helper
pxelinux.cfg/* = pybootd/etc/pxe.cfg
"""

PXE_FILTER = "pxelinux.cfg/* = pybootd/etc/pxe.cfg"
STARTUP_FILTER = "startup = [dir/{filename}.cfg]"
MAC_ENTRY = "AA-BB-CC-DD-EE-FF = enable"
UUID_ENTRY = "xxxxxxxx-aaaa-bbbb-cccc-yyyyyyyyyyyy = enable"
ADDRESS = "192.168.1.0"
NOTIFY = "a.b.c.d:p"
LOCATION = "http://server"
BOOT_PATH, LINUX_PATH = "/boot", "/linux"

# AA-... has the bit for local addresses, not the one for groups: a machine may have it.
LISTED = mac("AA-BB-CC-DD-EE-FF")
STRANGER = mac("52:54:00:77:0d:01")
UUID_TEXT = UUID_ENTRY.split(" ")[0].replace("x", "1").replace("y", "2")


class SamplesTest(EndToEndTest):
    """The server is 192.168.1.1/24, in the sample's network."""

    programs = ("dhclient",)

    @classmethod
    def make_network(cls):
        return one_server_one_client(SERVER + "/24")

    def setUp(self):
        self.raw = RawClient(self.network)
        self.addCleanup(self.raw.close)

    def serve(self, config):
        """Starts bootd with this configuration and the manual's files around it."""
        started = daemon.Bootd(self.network)
        self.addCleanup(started.close)
        with open(started.config, "w") as file:
            # The machine that tests run on has no folder for leases.
            file.write(config + "\n[leases]\ntype = memory\n")
        self.files = {name: os.urandom(3000) for name in (
            "netboot/pxelinux.0", "pybootd/etc/pxe.cfg", "netboot/pxelinux.cfg/default", "target")}
        self.files["dir/startup.cfg"] = b"target\n"
        for name, data in self.files.items():
            path = os.path.join(started.folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        started.start()
        self.addCleanup(self._stop, started)
        return started

    def mirror(self, *changes):
        """The manual's file with a folder for the mirror; changes are (old, new) texts of it."""
        config = MIRROR
        for old, new in ((MIRROR_ROOT, "root = ./netboot"), *changes):
            self.assertEqual(config.count(old), 1, old)
            config = config.replace(old, new)
        return config

    def with_bootp(self, *lines):
        """The manual's file with lines added to [bootp]."""
        return self.mirror(("[bootp]\n", "[bootp]\n" + "".join(line + "\n" for line in lines)))

    def read(self, name):
        self.network.add_address("cli", "c0", "192.168.1.2/24")
        try:
            with RawTftp(self.network, server=SERVER) as client:
                return client.read(name)[0]
        finally:
            self.network.flush("cli", "c0")

    def check_only(self, listed, stranger):
        """Two DISCOVERs: one is answered, the other is not."""
        self.assertEqual(self.raw.answers_before_probe(stranger, probe=listed), [])

    def test_the_network_installation(self):
        started = self.serve(self.mirror())
        self.assertEqual(started.lines("warning"), [])
        told = self.raw.lease(STRANGER, pxe_options(0)).message
        self.assertRegex(told.yiaddr, POOL)
        self.assertEqual((told.file_name, told.option(DNS), told.siaddr),
                         ("pxelinux.0", ip4("8.8.8.8"), SERVER))
        self.assertEqual(self.read("pxelinux.0"), self.files["netboot/pxelinux.0"])
        for name in ("pxelinux.cfg/default", "pxelinux.cfg/01-52-54-00-77-0d-01",
                     "/pxelinux.cfg/C0A80164"):
            self.assertEqual(self.read(name), self.files["pybootd/etc/pxe.cfg"])

    def test_the_network_installation_serves_a_simple_client(self):
        self.serve(self.mirror())
        client = Dhclient(self.network)
        self.addCleanup(client.close)
        lease = client.start().wait_bound()
        self.assertRegex(lease.address, POOL)
        self.assertEqual(lease.dns, "8.8.8.8")

    def test_the_mirrors_url_is_a_root(self):
        with ConfigFile(MIRROR) as path:
            code, _, told = daemon.run_binary(self.network, "--check", "-c", path)
        self.assertEqual(code, 0, told)

    def test_the_filter_whose_pattern_is_in_a_file(self):
        self.serve(self.mirror((PXE_FILTER, STARTUP_FILTER)))
        self.assertEqual(self.read("startup"), self.files["target"])
        self.assertEqual(self.read("pxelinux.cfg/default"),
                         self.files["netboot/pxelinux.cfg/default"])

    def test_a_mac_entry(self):
        self.serve(self.with_bootp("access = mac") + f"[mac]\n{MAC_ENTRY}\n")
        self.check_only(message(DISCOVER, LISTED, pxe_options(0)),
                        message(DISCOVER, STRANGER, pxe_options(0)))

    def test_a_uuid_entry(self):
        entry = UUID_ENTRY.replace("x", "1").replace("y", "2")
        self.serve(self.with_bootp("access = uuid") + f"[uuid]\n{entry}\n")
        shown = b"\0" + bytes.fromhex(UUID_TEXT.replace("-", ""))
        self.check_only(message(DISCOVER, LISTED, pxe_options(0, uuid=shown)),
                        message(DISCOVER, STRANGER, pxe_options(0, uuid=shown[:-1] + b"\x33")))

    def test_the_subnetwork_as_an_address(self):
        self.serve(self.with_bootp(f"address = {ADDRESS}"))
        self.assertEqual(self.raw.lease(STRANGER, pxe_options(0)).message.type, ACK)
        self.assertEqual(self.read("pxelinux.0"), self.files["netboot/pxelinux.0"])

    def test_a_receiver_of_notifications(self):
        receiver = self.network.udp_socket("srv", SERVER)
        self.addCleanup(receiver.close)
        receiver.settimeout(20)
        address, port = receiver.getsockname()
        there = NOTIFY.replace("a.b.c.d", address).replace(":p", f":{port}")
        self.serve(self.with_bootp(f"notify = {there}"))
        given = self.raw.lease(LISTED, pxe_options(0)).message.yiaddr
        self.assertRegex(receiver.recv(1000).decode(),
                         rf"^BOOT,[^,]*,AA-BB-CC-DD-EE-FF,{re.escape(given)}\s*$")

    def test_the_demonstration_authority(self):
        port = self.start_example(f"[httpd]\naddress = 127.0.0.1\nport = 0\n[mac]\n{MAC_ENTRY}\n")
        location = LOCATION.replace("server", f"127.0.0.1:{port}")
        self.serve(self.with_bootp("access = http") +
                   f"[http]\nlocation = {location}\npxe = {BOOT_PATH}\ndhcp = {LINUX_PATH}\n")
        self.raw.send(message(DISCOVER, STRANGER, pxe_options(0)))
        self.wait_for_line(r"40[13].*(?i:52.54.00.77.0d.01)")
        self.assertEqual(self.raw.lease(LISTED, pxe_options(0)).message.type, ACK)
        self.wait_for_line(BOOT_PATH + r".*(?i:AA.BB.CC.DD.EE.FF)")
        self.assertEqual(self.raw.lease(LISTED).message.type, ACK)
        self.wait_for_line(LINUX_PATH + r".*(?i:AA.BB.CC.DD.EE.FF)")

    def start_example(self, config):
        """Runs examples/authority in the server's namespace; returns its port."""
        folder = Folder("authority")
        self.addCleanup(folder.close)
        path = os.path.join(folder.path, "config.ini")
        with open(path, "w") as file:
            file.write(config)
        program = os.path.join(daemon.REPOSITORY, "examples", "authority", "authority.py")
        self._example = self.network.start("srv", sys.executable, "-u", program, path, text=True,
                                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(self._end_example)
        return int(self.wait_for_line(r":(\d+)").group(1))

    def wait_for_line(self, pattern):
        """Awaits a line of the example; returns its match. A watchdog ends a wait in vain."""
        watchdog = threading.Timer(30, self._example.kill)
        watchdog.start()
        seen = []
        try:
            for line in self._example.stdout:
                seen.append(line)
                match = re.search(pattern, line)
                if match:
                    return match
        finally:
            watchdog.cancel()
        raise AssertionError(f"the example did not say {pattern!r}: {seen}")

    def _end_example(self):
        self._example.send_signal(signal.SIGTERM)
        self._example.wait(30)
        self._example.stdout.close()


class ConfigFile(Folder):
    """A folder with one configuration; the with block gets its path."""

    def __init__(self, config):
        super().__init__("sample")
        self._config = os.path.join(self.path, "pybootd.ini")
        with open(self._config, "w") as file:
            file.write(config)

    def __enter__(self):
        return self._config

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":
    main()
