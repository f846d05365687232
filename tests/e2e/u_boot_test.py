#!/usr/bin/env python3
"""U-Boot gets its address and a file from bootd, and finds the file's checksum right."""

import zlib

import tftp
from harness import EndToEndTest, main
from network import one_server_one_client
from tftp_clients_test import content
from u_boot import UBoot
from wire import Sniffer

SIZE = (1 << 20) + 77
MAC = "52:54:00:77:06:01"


class UBootTest(EndToEndTest):
    """The emulated machine hangs on a bridge beside the cable to the server."""

    @classmethod
    def make_network(cls):
        network = one_server_one_client()
        network.add_bridge("cli", "b0", ["c0"])
        return network

    def start(self, machine):
        """A machine at its prompt, joined to the bridge."""
        u_boot = UBoot(self.network, machine, "t0", MAC)
        self.addCleanup(self.network.ip, "cli", "link", "del", "t0")
        self.addCleanup(u_boot.close)
        self.network.ip("cli", "link", "set", "t0", "master", "b0", "up")
        u_boot.stop_autoboot()
        return u_boot

    def check_file(self, u_boot, name, expected):
        """The file is in its memory, by its own command."""
        told = u_boot.run(f"crc32 {u_boot.address} {len(expected):x}")
        self.assertRegex(told, f"==> {zlib.crc32(expected):08x}", f"the checksum of {name}")

    def fetch(self, u_boot, bootd, name, expected, **variables):
        """One tftpboot with variables of its own, into memory that held something else.
        Returns the options that were granted."""
        for variable, value in variables.items():
            u_boot.run(f"setenv {variable} {value}")
        u_boot.run(f"mw.b {u_boot.address} 55 {len(expected):x}")
        since = bootd.mark()
        with Sniffer(self.network, "cli", "c0") as sniffer:
            told = u_boot.run(f"tftpboot {u_boot.address} {name}", 300)
        self.assertRegex(told, f"Bytes transferred = {len(expected)} ")
        bootd.wait_for(f"sent {name}, {len(expected)} bytes", since=since)
        self.check_file(u_boot, name, expected)
        return next(one.options for one in tftp.packets_of(sniffer.frames, tftp.SERVER)
                    if one.kind == tftp.OACK)

    def boot(self, machine, windows):
        """dhcp, which fetches its boot file too, then tftpboot with each window."""
        bootd = self.bootd({"bootfile": {"default": "boot.img"}, "tftp": {"timeout": None}})
        boot_file = bootd.write("boot.img", content(70_000))
        expected = bootd.write("file", content(SIZE))
        u_boot = self.start(machine)
        told = u_boot.run(f"dhcp {u_boot.address}")
        self.assertRegex(told, r"DHCP client bound to address 10\.77\.0\.1\d\d")
        self.assertRegex(told, "Bytes transferred = 70000 ")
        self.check_file(u_boot, "boot.img", boot_file)
        for window in windows:
            with self.subTest(window=window):
                granted = self.fetch(u_boot, bootd, "file", expected, tftpwindowsize=window,
                                     tftpblocksize=1468)
                self.assertEqual((granted["blksize"], granted.get("windowsize", "1")),
                                 ("1468", str(window)))

    def test_x86_boots_and_reads_with_windows(self):
        self.boot("x86", (1, 4, 32))

    def test_arm64_boots_and_reads_with_windows(self):
        self.boot("arm64", (1, 8))


if __name__ == "__main__":
    main()
