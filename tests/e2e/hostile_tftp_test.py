#!/usr/bin/env python3
"""What strangers may send to port 69, in numbers that Python is too slow for: tftp_flood sends it.

HOSTILE_TFTP_COUNT: how many datagrams (200,000). HOSTILE_SEED or --seed: of their choice."""

import os

import hostile_test
from bootd import binary
from dhcp import RawClient
from harness import main
from hostile_test import HostileTest, SEED, SERVER, TFTP_OUTCOMES
from network import wait_until

COUNT = int(os.environ.get("HOSTILE_TFTP_COUNT", 200000))
FLOOD = os.path.join(os.path.dirname(binary()), "tests", "tftp_flood")
SERVER_6 = "fd00:77::1"

# After the first quarter nothing is new: what the allocator keeps back, and no more.
GROWTH_MAX_KIB = 2048


class TftpFlood(HostileTest):
    """Mutated requests, writes, noise, floods of read requests, and strangers at transfers' ports."""

    tftp_address = "::"

    @classmethod
    def make_network(cls):
        network = super().make_network()
        network.enable_ip6("srv", "s0", SERVER_6 + "/64")
        network.enable_ip6("cli", "c0", "fd00:77::2/64")
        return network

    def flood(self, count, seed):
        """Sends so many, a half over IPv6, no faster than bootd reads them."""
        # Nobody reads the frames that a raw client would collect meanwhile.
        self.raw.close()
        to_transfers = sum(self.flood_over(server, count // 2, seed)
                           for server in (SERVER, SERVER_6))
        self.raw = RawClient(self.network)
        self.addCleanup(self.raw.close)
        return to_transfers

    def flood_over(self, server, count, seed):
        """The same, over one family."""
        result = self.network.run("cli", FLOOD, server, 69, count, seed, timeout=7200)
        self.assertEqual(result.returncode, 0, result.stdout)
        to_server, to_transfers = map(int, result.stdout.split())
        self.sent[69] += to_server
        self.assertGreaterEqual(to_server + to_transfers, count)
        return to_transfers

    def test_it_survives_counts_everything_and_stays_as_small_as_it_was(self):
        bootd = self.start()
        self.check_normal_service()
        idle = self.descriptors(bootd)
        print(f"HOSTILE_TFTP_COUNT={COUNT}")
        to_transfers = self.flood(COUNT // 4, SEED)
        before = self.memory_kib(bootd)
        to_transfers += self.flood(COUNT - COUNT // 4, SEED + 1)
        grown = self.memory_kib(bootd) - before
        print(f"{before} KiB after a quarter, grown by {grown} KiB since; "
              f"{to_transfers} datagrams went to transfers")
        self.assertLess(grown, GROWTH_MAX_KIB)
        self.assertGreater(to_transfers, 0)
        self.check_normal_service(hostile_test.KNOWN)
        # Some asked for a timeout of 8 s, which is waited for again and again.
        wait_until(lambda: self.descriptors(bootd) <= idle, 300,
                   "the descriptors of transfers to be closed")
        bootd.stop()
        self.check_what_is_counted(bootd.totals())

    def check_what_is_counted(self, totals):
        """Each datagram is one event. One alone may be none: a request that a newer one from its
        port overtook before its file was open."""
        counted = sum(totals.get(name, 0) for name in TFTP_OUTCOMES)
        self.assertLessEqual(counted, self.sent[69], totals)
        self.assertGreaterEqual(counted + totals.get("tftp-superseded", 0), self.sent[69], totals)
        # Every way was taken, not only that of nonsense.
        for name in ("tftp-start", "tftp-not-found", "tftp-refused", "tftp-malformed",
                     "tftp-write-refused", "tftp-not-a-request", "tftp-wrong-peer"):
            self.assertGreater(totals.get(name, 0), COUNT // 200, name)


if __name__ == "__main__":
    main()
