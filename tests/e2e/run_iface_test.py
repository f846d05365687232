#!/usr/bin/env python3
"""`tools/run --iface NAME`, as in `make run IFACE=NAME`: it serves a real network until Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import threading

import bootd as daemon
from clients import Dhclient
from dhcp import DISCOVER, RawClient, mac, mac_log, message, pxe_options
from harness import EndToEndTest, main
from network import Folder
from tftp import RawTftp

RUN = os.path.join(daemon.REPOSITORY, "tools", "run")
INSTALLER = "/usr/lib/debian-installer/images/12/amd64/text"
BOOT_FILES = {0: "pxelinux.0", 7: "debian-installer/amd64/bootnetx64.efi"}
MACHINE = mac("52:54:00:77:0c:01")


class Run(daemon.Bootd):
    """One run of tools/run; bootd's log is part of its output."""

    def __init__(self, network, interface, temporary):
        super().__init__(network, env={"TMPDIR": temporary})
        self._interface = interface

    def start(self, until="bootd .* is ready"):
        self._process = self.network.start(
            self.namespace, sys.executable, RUN, "--bootd", daemon.binary(),
            "--iface", self._interface, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=daemon.environment(**self._env), cwd="/")
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,),
                                               daemon=True)
        self._reader.start()
        if until is not None:
            self.wait_for(until, 60)
        return self


class RunIfaceTest(EndToEndTest):
    """The server's end is s0 with 10.77.0.1/24, and s1 without an address."""

    programs = ("dhclient",)

    @classmethod
    def make_network(cls):
        made = super().make_network()
        made.add_namespace("other")
        made.add_link(("srv", "s1"), ("other", "o1"))
        return made

    def run_on(self, interface, until="bootd .* is ready"):
        folder = Folder("run")
        self.addCleanup(folder.close)
        self.temporary = folder.path
        run = Run(self.network, interface, folder.path)
        self.addCleanup(run.close)
        return run.start(until)

    def read_installer(self, name):
        with open(os.path.join(INSTALLER, name), "rb") as file:
            return file.read()

    def check_refused(self, interface, sentence):
        run = self.run_on(interface, until=None)
        self.assertEqual(run.wait_exit(), 1, run.text())
        self.assertRegex(run.text(), rf"(?s)\Atools/run: {sentence}[^\n]*\.\Z")
        self.assertEqual(os.listdir(self.temporary), [])

    def check_boots(self, architecture, machine):
        """A machine's firmware gets an address and the boot file of its kind, whole."""
        with RawClient(self.network) as raw:
            told = raw.lease(machine, pxe_options(architecture)).message
        self.assertEqual((told.file_name, told.siaddr), (BOOT_FILES[architecture], "10.77.0.1"))
        self.network.add_address("cli", "c0", told.yiaddr + "/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        with RawTftp(self.network) as client:
            got, _ = client.read(told.file_name, [("blksize", 1428), ("tsize", 0)])
        self.network.flush("cli", "c0")
        self.assertEqual(got, self.read_installer(told.file_name))

    def test_a_machine_of_each_kind_gets_its_address_and_its_file_until_ctrl_c(self):
        run = self.run_on("s0")
        self.assertIn("bootd serves the network 10.77.0.0/24 on s0 as 10.77.0.1", run.text())
        for architecture in BOOT_FILES:
            with self.subTest(architecture):
                self.check_boots(architecture, MACHINE[:5] + bytes([architecture]))
        run.stop(signal.SIGINT)
        self.assertTrue(run.lines(r"^Stopped\.$"), run.text())
        self.assertEqual((os.listdir(self.temporary), self.network.udp_ports("srv")), ([], set()))

    def test_a_real_client_that_says_it_boots(self):
        run = self.run_on("s0")
        client = Dhclient(self.network, statements=(
            'send vendor-class-identifier "PXEClient:Arch:00000:UNDI:002001";\n'))
        self.addCleanup(client.close)
        lease = client.start().wait_bound()
        self.assertRegex(lease.address, r"^10\.77\.0\.(12[89]|1[3-9]\d|2\d\d)$")
        self.assertEqual(lease.boot_file, "pxelinux.0")
        with RawTftp(self.network) as tftp:
            got, _ = tftp.read("pxelinux.0")
        self.assertEqual(got, self.read_installer("pxelinux.0"))
        run.stop(signal.SIGINT)

    def test_only_the_interface_that_is_named_is_served(self):
        self.network.add_address("srv", "s1", "10.79.0.1/24")
        self.addCleanup(self.network.flush, "srv", "s1")
        run = self.run_on("s0")
        stranger = MACHINE[:5] + b"\xff"
        with RawClient(self.network, "other", "o1") as other, RawClient(self.network) as raw:
            other.send(message(DISCOVER, stranger, pxe_options(0)))
            raw.lease(MACHINE, pxe_options(0))
        run.stop(signal.SIGINT)
        self.assertTrue(run.lines(mac_log(MACHINE)))
        self.assertEqual(run.lines(mac_log(stranger)), [])

    def test_an_interface_that_is_not_there(self):
        self.check_refused("nic9", re.escape(
            "There is no interface nic9; those with addresses are: s0 10.77.0.1/24"))

    def test_an_interface_without_an_address(self):
        self.check_refused("s1", re.escape(
            "Interface s1 has no IPv4 address; those with addresses are: s0 10.77.0.1/24"))

    def test_sigterm_ends_it_too(self):
        run = self.run_on("s0")
        run.stop(signal.SIGTERM)
        self.assertEqual(os.listdir(self.temporary), [])


if __name__ == "__main__":
    main()
