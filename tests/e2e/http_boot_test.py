#!/usr/bin/env python3
"""UEFI firmware boots over HTTP: OVMF's own client gets its file from bootd, HEAD first, then GET.

dnsmasq gives the address and the URL."""

import os
import pathlib
import subprocess
import sys
import time

import harness
from harness import EndToEndTest, main
from http_wire import ARGUMENTS, SERVER
from network import Folder, Network, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from virtual_pc import qemu

harness.PACKAGES.update({qemu.QEMU: "qemu-system-x86"})
TAP = "tap0"
MAC = "52:54:00:77:0c:01"
NAME = "EFI/boot.efi"
# An emulated machine takes a minute, and the machine may be busy.
BOOT_S = 300


class HttpBoot(EndToEndTest):
    """One machine, whose firmware boots by HTTP over IPv4 alone."""

    programs = ("dnsmasq", qemu.QEMU)

    @classmethod
    def make_network(cls):
        made = Network()
        made.add_namespace("srv")
        made.ip("srv", "tuntap", "add", "dev", TAP, "mode", "tap")
        made.ip("srv", "link", "set", TAP, "up")
        made.add_address("srv", TAP, SERVER + "/24")
        return made

    def start(self, *command, **more):
        """A process that is ended with the test."""
        process = self.network.start("srv", *command, stdin=subprocess.DEVNULL, **more)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start_dnsmasq(self, lines):
        self.start("dnsmasq", "-C", "/dev/null", "-k", "--port=0", "--pid-file=", "--user=root",
                   "--leasefile-ro", "--dhcp-range=10.77.0.100,10.77.0.150",
                   "--dhcp-vendorclass=set:http,HTTPClient",
                   "--dhcp-option-force=tag:http,60,HTTPClient",
                   f"--dhcp-boot=tag:http,http://{SERVER}/{NAME}", "--log-facility=-",
                   stdout=lines, stderr=lines)
        wait_until(lambda: 67 in self.network.udp_ports("srv"), 10, "dnsmasq to listen")

    def start_machine(self, folder, output):
        firmware, card_options = qemu.uefi_firmware(pathlib.Path(folder))
        self.start(
            qemu.QEMU, *qemu.accelerator(qemu.can_use_kvm()), *firmware,
            "-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=no",
            "-m", "256", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
            "-boot", "n", "-netdev", f"tap,id=net,ifname={TAP},script=no,downscript=no",
            "-device", f"virtio-net-pci,netdev=net,mac={MAC}{card_options}",
            stdout=output, stderr=output)

    def test_ovmf_asks_for_the_size_and_gets_the_file(self):
        bootd = self.bootd({"tftp": {"timeout": None}}, arguments=ARGUMENTS)
        # It is never run: firmware looks at it only once it has all of it.
        size = len(bootd.write(NAME, os.urandom(1_500_000)))
        folder = Folder("http-boot")
        self.addCleanup(folder.close)
        path = os.path.join(folder.path, "output")
        started = time.monotonic()
        with open(path, "wb") as output:
            self.start_dnsmasq(output)
            self.start_machine(folder.path, output)
            try:
                bootd.wait_for(rf"http: .*told of {NAME}: only its headers were asked for", BOOT_S)
                bootd.wait_for(rf"http: .*sent {NAME}, {size} bytes", BOOT_S)
            except AssertionError:
                with open(path, "rb") as file:
                    print(file.read()[-3000:], file=sys.stderr)
                raise
        print(f"{time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
