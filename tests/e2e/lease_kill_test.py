#!/usr/bin/env python3
"""bootd is killed, again and again, while perfdhcp asks for leases: every ACK that was on the wire is
in the file. LEASE_KILLS says how often (3), SEED when."""

import contextlib
import os
import random
import select
import signal
import sqlite3
import struct
import subprocess
import time

import dhcp
from harness import EndToEndTest, main
from network import one_server_one_client

KILLS = int(os.environ.get("LEASE_KILLS", "3"))
SERVER, RELAY = "10.77.0.1", "10.77.0.2"
BOUND = 1
RATE, CLIENTS = 1500, 20000
PAYLOAD_AT = 42  # of UDP over IPv4 in a frame


class LeaseKill(EndToEndTest):
    """A bootd with its leases on disk, perfdhcp as a relay, and what can be heard on its cable."""

    programs = ("perfdhcp",)

    @classmethod
    def make_network(cls):
        network = one_server_one_client(SERVER + "/16")
        network.add_address("cli", "c0", RELAY + "/16")
        return network

    def listen(self, wire, seconds):
        """The frames of so much time."""
        frames, end = [], time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([wire], [], [], left)[0]:
                return frames
            frames.append(wire.recv(2048))

    def acknowledged(self, frames):
        """{address: MAC} of the ACKs among the frames."""
        found = {}
        for frame in frames:
            if frame[23] != 17 or frame[34:36] != struct.pack(">H", 67):
                continue
            with contextlib.suppress(ValueError, IndexError):
                message = dhcp.Message.decode(frame[PAYLOAD_AT:])
                if message.op == 2 and message.type == dhcp.ACK:
                    self.assertIn(found.get(message.yiaddr, message.chaddr), (message.chaddr,),
                                  "an address was acknowledged to two")
                    found[message.yiaddr] = message.chaddr
        return found

    def stored(self, daemon):
        """{address: MAC} of the leases in the file of a bootd that has ended."""
        with contextlib.closing(sqlite3.connect(os.path.join(daemon.folder, "leases.db"))) as file:
            rows = file.execute("SELECT address, mac FROM lease WHERE state = ?", (BOUND,))
            return {dhcp.ip4_text(struct.pack(">I", address)): bytes(mac) for address, mac in rows}

    def kill_under_load(self, daemon, seed):
        """What was acknowledged until it died, and shortly after: the wire has no memory."""
        wire = self.network.raw_socket("cli", "c0")
        self.addCleanup(wire.close)
        load = self.network.start(
            "cli", "perfdhcp", "-4", "-r", RATE, "-R", CLIENTS, "-s", seed, "-l", RELAY, SERVER,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        frames = self.listen(wire, random.uniform(0.3, 0.9))
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.wait_exit()
        frames += self.listen(wire, 0.1)
        load.kill()
        load.wait()
        return self.acknowledged(frames)

    def test_every_ack_is_in_the_file(self):
        seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
        print(f"SEED={seed}")
        random.seed(seed)
        daemon = self.bootd({
            "logger": {"level": "info"},
            "bootp": {"pool_start": "10.77.128.0", "pool_count": 30000, "gateway": None},
            "leases": {"type": "sqlite", "file": "leases.db"}})
        total, known = 0, {}
        for number in range(KILLS):
            acknowledged = self.kill_under_load(daemon, seed + number)
            total += len(acknowledged)
            taken = {address: (known[address], mac) for address, mac in acknowledged.items()
                     if known.get(address, mac) != mac}
            self.assertEqual(taken, {}, "another machine's address was acknowledged")
            known.update(acknowledged)
            stored = self.stored(daemon)
            lost = {address: mac for address, mac in known.items() if stored.get(address) != mac}
            self.assertEqual(lost, {})
            mark = daemon.mark()
            daemon.start(until=None)
            daemon.wait_for("is ready", since=mark)
        print(f"{KILLS} kills, {total} ACKs, {len(known)} leases")
        self.assertGreater(total, KILLS)


if __name__ == "__main__":
    main()
