#!/usr/bin/env python3
"""Floods of machines that are made up, while known machines renew their leases and ask anew: those are
served, lose nothing, and the flood neither is written to the disk nor makes bootd grow.

FLOOD_SECONDS: of each flood (2). FLOOD_RATE: packets a second (200,000). A known machine asks again
after 2 s, five times in all, which is less patient than firmware (PXE 2.1: after 4, 8, 16, 32 s)."""

import contextlib
import json
import os
import sqlite3
import subprocess

import tftp
from bootd import binary
from harness import EndToEndTest, main
from network import one_server_one_client, run, wait_until

SECONDS = float(os.environ.get("FLOOD_SECONDS", "2"))
RATE = int(os.environ.get("FLOOD_RATE", "200000"))
TOOLS = os.path.join(os.path.dirname(binary()), "tests", "bench", "dhcp")
SERVER, RELAY = "10.77.0.1", "10.77.0.2"
POOL, POOL_COUNT, POOL_NETWORK = "10.77.128.0", 1000, "10.77.128.0/17"
KNOWN = 500
PATIENCE_S, TRIES = 2, 5
# The ring of strangers, which takes its 4 MiB as they come; their sessions and their offers, which
# there is room for from the start, and what the allocator keeps back.
GROWTH_MAX_KIB = 4096 + 2048
BOOTP_NEW_MAX = 10


class Flood(EndToEndTest):
    """A bootd with its leases on disk."""

    @classmethod
    def make_network(cls):
        network = one_server_one_client(SERVER + "/16")
        network.add_address("cli", "c0", RELAY + "/16")
        # The clients' addresses are cli's, which tells nobody by ARP.
        network.run("cli", "sysctl", "-w", "net.ipv4.conf.all.arp_ignore=1")
        network.ip("cli", "route", "add", "local", POOL_NETWORK, "dev", "lo")
        network.ip("srv", "route", "add", POOL_NETWORK, "via", RELAY)
        # As network cards do it: the flood is to reach bootd.
        for name, port in (("srv", "s0"), ("cli", "c0")):
            run(*network.command(name, "ethtool", "-K", port, "tx", "on", "rx", "on"))
        return network

    def start(self):
        daemon = self.bootd({
            "bootp": {"pool_start": POOL, "pool_count": POOL_COUNT, "gateway": None,
                      "access_files": "known"},
            "leases": {"type": "sqlite", "file": "leases.db"}}, start=False,
            # Where bootd is sanitized, what it has freed stays for a while, and is not to count.
            env={"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"})
        daemon.write("file", b"content")
        daemon.start()
        return daemon

    def drops(self):
        """Of port 67's queue, by the kernel."""
        rows = self.network.run("srv", "cat", "/proc/net/udp").stdout.splitlines()[1:]
        return sum(int(row.split()[-1]) for row in rows if row.split()[1].endswith(":0043"))

    def load(self, *options):
        """Known machines, which get their leases first; then they wait for a line."""
        command = [os.path.join(TOOLS, "dhcp_load"), "--relay", RELAY, "--pool",
                   f"{POOL},{POOL_COUNT}", "--fill", KNOWN, "--wait", "--work", "mixed",
                   "--patience", PATIENCE_S, "--tries", TRIES, "--at-once", 65536, *options, SERVER]
        process = self.network.start("cli", *command, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def flood(self, kind, seconds, seed):
        """Returns it, as it runs."""
        return self.network.start("cli", os.path.join(TOOLS, "dhcp_flood"), SERVER, kind, RATE,
                                  seconds, seed, stdout=subprocess.PIPE, text=True)

    def end(self, process):
        """What it says at its end."""
        told, _ = process.communicate(timeout=600)
        return json.loads(told)

    def files(self, daemon):
        """What would show that the store was written to."""
        names = [name for name in os.listdir(daemon.folder) if name.startswith("leases.db")]
        found = {name: os.stat(os.path.join(daemon.folder, name)) for name in names}
        return {name: (info.st_size, info.st_mtime_ns) for name, info in found.items()}

    def stored(self, daemon):
        """{MAC: address} of the file of a bootd that has ended; addresses as numbers."""
        with contextlib.closing(sqlite3.connect(os.path.join(daemon.folder, "leases.db"))) as file:
            rows = file.execute("SELECT mac, address FROM lease WHERE state = 1").fetchall()
        return {bytes(mac): address for mac, address in rows}

    def memory_kib(self, daemon):
        with open(f"/proc/{daemon.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def read_file(self, address):
        """What a read request from one of the machines' addresses is answered with."""
        with self.network.udp_socket("cli", address) as client:
            client.settimeout(20)
            client.sendto(tftp.request("file"), (SERVER, 69))
            return tftp.Packet(client.recv(1500))

    def check(self, kind):
        daemon = self.start()
        known = self.load("--seconds", SECONDS, "--rate", 200)
        before = self.files(daemon)
        self.end(self.flood(kind, 1, 1))
        if kind != "bootp":
            self.assertEqual(self.files(daemon), before, "the flood alone was written")
        memory, drops = self.memory_kib(daemon), self.drops()
        flood = self.flood(kind, SECONDS, 2)
        known.stdin.write("go\n")
        known.stdin.flush()
        told, result = self.end(flood), self.end(known)
        grown = self.memory_kib(daemon) - memory
        print(f"{kind}: {told['sent']} packets, {told['per_s']} a second, "
              f"{self.drops() - drops} dropped by the kernel; known machines: {result['done']} of "
              f"{result['begun']} served, {result['resent']} packets sent again; ACK p99 "
              f"{result['ack_p99_ms']} ms; memory {memory} KiB, grown by {grown} KiB")
        self.assertGreater(result["begun"], 0)
        self.assertGreaterEqual(result["done"], 0.99 * result["begun"], result)
        for wrong in ("naks", "wrong", "duplicates", "changed"):
            self.assertEqual(result[wrong], 0, result)
        self.assertLess(grown, GROWTH_MAX_KIB)
        # All have their sessions still: with access_files = known, nobody else reads a file.
        packet = wait_until(lambda: self.read_file(POOL[:-1] + "10"), 60, "an answer")
        self.assertEqual(packet.data, b"content", packet)
        daemon.stop()
        self.check_stored(daemon, BOOTP_NEW_MAX * (SECONDS + 30) if kind == "bootp" else 0)

    def check_stored(self, daemon, strangers_max):
        """No lease of theirs is lost, and nobody else has one."""
        stored = self.stored(daemon)
        mine = [mac for mac in stored if mac[:2] == b"\x02\x01"]
        self.assertEqual(len(mine), KNOWN)
        self.assertLessEqual(len(stored) - len(mine), strangers_max)

    def test_discovers(self):
        self.check("discover")

    def test_firmware(self):
        self.check("firmware")

    def test_bootp(self):
        self.check("bootp")


if __name__ == "__main__":
    main()
