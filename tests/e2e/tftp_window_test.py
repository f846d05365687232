#!/usr/bin/env python3
"""windowsize (RFC 7440) by a real client, atftp, on a clean wire and on one that loses frames."""

import tftp
from harness import main
from network import Network
from tftp import OACK, packets_of
from tftp_clients_test import TftpTest, content
from wire import LossyCable, Sniffer

SIZES = (0, 1, 1427, 1428, 1429, 8 * 1428, (1 << 20) + 1)
WINDOWS = (1, 2, 4, 8, 64)
BEYOND_WRAP = 65536 * 512 + 12345
SEED = 2


def atftp(name, local, window, block_size=1428):
    """The command line of one download."""
    return ["atftp", "--option", f"windowsize {window}", "--option", f"blksize {block_size}",
            "--get", "-r", name, "-l", local, tftp.SERVER]


class Windows(TftpTest):
    """A clean wire."""

    programs = ("atftp",)

    def fetch_window(self, name, expected, window, block_size=1428):
        """Downloads and compares."""
        result = self.run_client(atftp(name, "got", window, block_size))
        self.assertEqual(result.returncode, 0, result.stdout)
        self.check_download("got", expected, result.stdout)

    def test_every_size_arrives_at_each_window(self):
        bootd = self.bootd()
        files = {f"file-{size}": bootd.write(f"file-{size}", content(size)) for size in SIZES}
        for window in WINDOWS:
            for name, expected in files.items():
                with self.subTest(window=window, file=name):
                    since = bootd.mark()
                    self.fetch_window(name, expected, window)
                    bootd.wait_for(f"sent {name}, {len(expected)} bytes", since=since)

    def test_a_window_is_granted_and_acknowledged_as_a_whole(self):
        bootd = self.bootd()
        expected = bootd.write("file", content(64 * 1428))
        with Sniffer(self.network, "cli", "c0") as sniffer:
            self.fetch_window("file", expected, 8)
            bootd.wait_for("sent file")
        answers = list(packets_of(sniffer.frames, tftp.SERVER))
        self.assertEqual((answers[0].kind, answers[0].options.get("windowsize")), (OACK, "8"))
        acks = list(packets_of(sniffer.frames, "10.77.0.2"))
        # The request, the OACK's, one for each 8 of 65 blocks, and the last; twice as many where
        # a busy machine let a timer run out.
        self.assertLessEqual(len(acks), 2 * (1 + 1 + 8 + 1))

    def test_more_than_max_window_is_granted_as_that(self):
        bootd = self.bootd({"tftp": {"max_window": "16"}})
        expected = bootd.write("file", content(100_000))
        with Sniffer(self.network, "cli", "c0") as sniffer:
            self.fetch_window("file", expected, 64)
        answer = next(packets_of(sniffer.frames, tftp.SERVER))
        self.assertEqual(answer.options.get("windowsize"), "16")

    def test_block_numbers_wrap_past_65535_inside_a_window(self):
        bootd = self.bootd()
        expected = bootd.write("large", content(BEYOND_WRAP))
        self.fetch_window("large", expected, 7, 512)


class WindowsWithLoss(TftpTest):
    """Three frames in a hundred are lost, each way."""

    programs = ("atftp",)

    @classmethod
    def make_network(cls):
        network = Network()
        for name in ("srv", "mid", "cli"):
            network.add_namespace(name)
        network.add_link(("srv", "s0"), ("mid", "m0"))
        network.add_link(("mid", "m1"), ("cli", "c0"))
        network.add_address("srv", "s0", "10.77.0.1/24")
        network.add_address("cli", "c0", "10.77.0.2/24")
        return network

    def test_the_file_arrives_whole_at_each_window(self):
        bootd = self.bootd()
        expected = bootd.write("file", content(200_001))
        print(f"seed {SEED}")
        with LossyCable(self.network, ("mid", "m0"), ("mid", "m1"), 0.03, SEED) as cable:
            for window in WINDOWS:
                with self.subTest(window=window):
                    result = self.run_client(atftp("file", "got", window))
                    self.assertEqual(result.returncode, 0, result.stdout)
                    self.check_download("got", expected, result.stdout)
        self.assertGreater(cable.lost, 5)


if __name__ == "__main__":
    main()
