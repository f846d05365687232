#!/usr/bin/env python3
"""What strangers may send: bootd counts it, survives it, stays as small as it was and goes on
serving.

HOSTILE_COUNT or --count: how many datagrams (20,000). HOSTILE_SEED or --seed: of their choice."""

import glob
import os
import random
import struct
import sys

import dhcp
import tftp
from bootd import REPOSITORY
from dhcp import DISCOVER, Message, RawClient, mac, message, pxe_options
from harness import EndToEndTest, main
from network import one_server_one_client, wait_until
from tftp import RawTftp

SERVER = "10.77.0.1"
KNOWN = mac("52:54:00:77:05:01")
NEW = mac("52:54:00:77:05:02")
BATCH = 50
FILE = bytes(range(256)) * 20

LOG_LINE_MAX = 1000


def option_of(name, default):
    """--name N, taken off the command line, or the environment's HOSTILE_NAME."""
    if "--" + name in sys.argv:
        at = sys.argv.index("--" + name)
        value = sys.argv[at + 1]
        del sys.argv[at:at + 2]
        return int(value)
    return int(os.environ.get("HOSTILE_" + name.upper(), default))


COUNT = option_of("count", 20000)
SEED = option_of("seed", random.randrange(1 << 32))

# How much the process may grow after the first quarter of the datagrams: what the allocator keeps,
# and the machines that were given an address, a few in a hundred datagrams. What is lost for good
# shows at the end, where bootd is built with the sanitizer.
GROWTH_MAX_KIB = 2048 + COUNT // 500

# What becomes of a request to port 69: one of these for each.
TFTP_OUTCOMES = {"tftp-start", "tftp-not-found", "tftp-refused", "tftp-busy", "tftp-read-failed",
                 "tftp-malformed", "tftp-write-refused", "tftp-mode-refused", "tftp-not-a-request",
                 "tftp-broadcast", "tftp-wrong-interface", "tftp-repeated-request"}


def real_packets():
    """What real firmware sent."""
    for path in sorted(glob.glob(os.path.join(REPOSITORY, "tests", "data", "*.hex"))):
        with open(path) as file:
            yield bytes.fromhex(file.read())


class Kinds:
    """Makers of bad datagrams, each with the one counter that it must move."""

    def __init__(self, chance):
        self.chance = chance

    def bytes(self, least, most):
        return self.chance.randbytes(self.chance.randint(least, most))

    def machine(self):
        return bytes([0x52]) + self.chance.randbytes(5)

    def dhcp(self, options=(), **fields):
        fields.setdefault("chaddr", self.machine())
        fields.setdefault("xid", self.chance.getrandbits(32))
        return Message(options=[(dhcp.MESSAGE_TYPE, bytes([DISCOVER])), *options], **fields)

    def dhcp_too_short(self):
        return self.bytes(0, 235)

    def dhcp_not_a_request(self):
        return self.dhcp(op=self.chance.choice([0, 2, 3, 255])).encode()

    def dhcp_not_ethernet(self):
        htype, hlen = self.chance.choice([(6, 6), (1, 0), (1, 5), (1, 16), (1, 255), (32, 0)])
        return self.dhcp(htype=htype, hlen=hlen).encode()

    def dhcp_bad_mac(self):
        chaddr = self.chance.choice([bytes(6), b"\xff" * 6, b"\x01" + self.chance.randbytes(5)])
        return self.dhcp(chaddr=chaddr).encode()

    def dhcp_bad_options(self):
        # The last option runs past the end; or the file field's does, which option 52 opens.
        if self.chance.random() < 0.5:
            whole = self.dhcp([(dhcp.HOST_NAME, self.bytes(100, 255))]).encode(0)
            return whole[:-self.chance.randint(2, 90)]
        return self.dhcp([(52, b"\1")], file=bytes([12, 200]) + b"x" * 126).encode()

    def dhcp_unknown_relay(self):
        return self.dhcp(giaddr=f"192.0.2.{self.chance.randint(0, 255)}").encode()

    def dhcp_simple_client(self):
        return self.dhcp([(dhcp.PAD, b"")] * self.chance.randint(0, 700)).encode()

    def dhcp_simple_client_with_overload_in_overload(self):
        return self.dhcp([(52, b"\3")], file=bytes([52, 1, 3]), sname=bytes([52, 1, 3])).encode()

    def tftp_malformed(self):
        return self.chance.choice([
            b"", b"\0", b"\0\1", b"\0\1name", b"\0\1name\0octet", b"\0\1n\0octet\0blksize",
            b"\0\1" + self.chance.randbytes(600).replace(b"\0", b"x"),
            struct.pack(">H", self.chance.randint(7, 65535)) + self.bytes(0, 500)])

    def tftp_not_a_request(self):
        return struct.pack(">H", self.chance.randint(3, 6)) + self.bytes(0, 600)

    def tftp_write_refused(self):
        return tftp.request("file", kind=tftp.WRQ)

    def tftp_mode_refused(self):
        return tftp.request("file", mode=self.chance.choice(["mail", "", "octets"]))

    def tftp_not_found(self):
        return tftp.request(f"no/such/{self.chance.getrandbits(64)}/file",
                            [("blksize", self.chance.getrandbits(17)), ("tsize", 0)])

    def tftp_refused(self):
        return tftp.request(self.chance.choice(["../file", "a/../../b", "", "\x1b[2J\x07", "out",
                                                "n" * 500, "fifo"]))

    def named(self):
        """(the counter that moves, the maker) pairs."""
        for name in dir(self):
            if name.startswith(("dhcp_", "tftp_")):
                yield name.split("_with_")[0].replace("_", "-"), getattr(self, name)


def mutate(data, chance):
    """A packet with some damage."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data)) if data else 0
        kind = chance.randrange(6)
        if kind == 0 and data:
            data[at] = chance.getrandbits(8)
        elif kind == 1 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del data[at:at + chance.randint(1, 40)]
        elif kind == 3:
            data[at:at] = chance.randbytes(chance.randint(1, 40))
        elif kind == 4:
            data[at:at] = data[at:at + chance.randint(1, 200)]
        elif data:
            data[at] = chance.choice([0, 1, 255, 254, 127, 128])
    return bytes(data[:1400])


class HostileTest(EndToEndTest):
    """A pool too large to be exhausted, a file, and a sender of raw datagrams."""

    tftp_address = "0.0.0.0"

    @classmethod
    def make_network(cls):
        network = one_server_one_client(SERVER + "/16")
        network.add_address("cli", "c0", "10.77.0.2/16")
        return network

    def setUp(self):
        self.raw = RawClient(self.network)
        self.addCleanup(self.raw.close)
        self.to_mac = self.network.mac("srv", "s0")
        self.from_mac = self.network.mac("cli", "c0")
        self.next_port = 1024
        self.sent = {67: 0, 69: 0}
        self.chance = random.Random(SEED)
        print(f"HOSTILE_SEED={SEED} HOSTILE_COUNT={COUNT}")

    def start(self, **bootp):
        bootd = self.bootd({
            "logger": {"level": "info"},
            "tftp": {"timeout": "0.05", "max_transfers": "200", "address": self.tftp_address},
            "bootp": {"pool_start": "10.77.1.1", "pool_count": "60000", "gateway": None,
                      "allow_simple_dhcp": "no", **bootp}},
            env={"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"})
        bootd.write("file", FILE)
        os.mkfifo(os.path.join(bootd.root, "fifo"))
        os.symlink("/etc/hostname", os.path.join(bootd.root, "out"))
        return bootd

    def throw(self, data, port):
        """Sends one datagram, each from a port of its own so that none continues another."""
        self.next_port = self.next_port + 1 if self.next_port < 65535 else 1024
        self.sent[port] += 1
        self.raw.send_bytes(data, to_mac=self.to_mac, source="10.77.0.2", target=SERVER,
                            source_port=self.next_port, target_port=port)

    def catch_up(self):
        """Returns once bootd has read all that was sent."""
        self.sent[67] += 1
        answer = self.raw.ask(message(DISCOVER, KNOWN, pxe_options(0)), timeout=60)
        self.assertEqual(answer.message.type, dhcp.OFFER)
        self.sent[69] += 1
        with RawTftp(self.network) as client:
            client.send(tftp.request("missing"))
            self.assertEqual(client.get(60).kind, tftp.ERROR)

    def throw_all(self, datagrams):
        """Sends (data, port) pairs no faster than bootd reads them: the kernel drops none."""
        for number, (data, port) in enumerate(datagrams, 1):
            self.throw(data, port)
            if number % BATCH == 0:
                self.catch_up()
        self.catch_up()

    def check_normal_service(self, *machines):
        for machine in machines:
            self.sent[67] += 2
            self.assertEqual(self.raw.lease(machine, pxe_options(7)).message.type, dhcp.ACK)

        def is_served():
            self.sent[69] += 1
            with RawTftp(self.network) as client:
                try:
                    return client.read("file")[0] == FILE
                except AssertionError as error:
                    if "too many transfers" in str(error):
                        return False
                    raise
        wait_until(is_served, 60, "a transfer once the strangers' have timed out")

    def memory_kib(self, bootd):
        with open(f"/proc/{bootd.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def descriptors(self, bootd):
        return len(os.listdir(f"/proc/{bootd.pid}/fd"))

    def check_all_is_counted(self, bootd):
        """Every datagram is one event, no more and no less. Call after stop."""
        totals = bootd.totals()
        on_67 = sum(count for name, count in totals.items()
                    if name.startswith(("dhcp-", "bootp-")) or name == "boot-no-url")
        on_69 = sum(count for name, count in totals.items() if name in TFTP_OUTCOMES)
        self.assertEqual((on_67, on_69), (self.sent[67], self.sent[69]), totals)
        self.assertLessEqual(max(len(line) for line in bootd.log), LOG_LINE_MAX)
        return totals


class Counted(HostileTest):
    """Each kind of bad datagram moves its own counter."""

    def test_each_kind_moves_its_own_counter_and_no_other(self):
        bootd = self.start()
        kinds = Kinds(self.chance)
        expected = {}
        datagrams = []
        for counter, make in kinds.named():
            # Few enough that what is refused for being busy is nothing.
            expected[counter] = expected.get(counter, 0) + 40
            datagrams += [(make(), 67 if counter.startswith("dhcp") else 69) for _ in range(40)]
        self.throw_all(datagrams)
        bootd.stop()
        totals = self.check_all_is_counted(bootd)
        probes = totals.pop("dhcp-offer")
        expected["tftp-not-found"] += probes
        self.assertEqual(totals, expected)

    def test_a_datagram_longer_than_any_frame_is_counted(self):
        bootd = self.start()
        with self.network.udp_socket("cli") as sock:
            for size in (2049, 9000, 60000):
                data = Message(chaddr=KNOWN).encode(size)
                sock.sendto(data, (SERVER, 67))
        bootd.wait_for("too long")
        self.catch_up()
        bootd.stop()
        self.assertEqual(bootd.totals()["dhcp-too-long"], 3)

    def test_a_relay_that_claims_to_be_the_server_makes_no_loop(self):
        bootd = self.start()
        sent = message(DISCOVER, KNOWN, pxe_options(0), giaddr=SERVER)
        self.raw.send(sent)
        self.catch_up()
        self.catch_up()
        bootd.stop()
        # The answer comes back to bootd itself, where it is no client's.
        self.assertLessEqual(bootd.totals().get("dhcp-not-a-request", 0), 1)


class Flood(HostileTest):
    """Everything at once."""

    def datagrams(self, count):
        """Bad ones of each kind, damaged real ones, and noise."""
        makers = [(make, 67 if counter.startswith("dhcp") else 69)
                  for counter, make in Kinds(self.chance).named()]
        real = list(real_packets())
        requests = [tftp.request("file"), tftp.request("file", [("blksize", 1428), ("tsize", 0)]),
                    tftp.request("sub/dir/other.bin", [("blksize", 512), ("timeout", 1)])]
        for _ in range(count):
            kind = self.chance.random()
            if kind < 0.3:
                make, port = self.chance.choice(makers)
                yield make(), port
            elif kind < 0.7:
                yield mutate(self.chance.choice(real), self.chance), 67
            elif kind < 0.9:
                yield mutate(self.chance.choice(requests), self.chance), 69
            elif kind < 0.91:
                yield self.chance.choice(requests), 69
            else:
                size = self.chance.choice([1, 50, 236, 300, 548, 1400])
                yield self.chance.randbytes(size), self.chance.choice([67, 69])

    def test_it_survives_counts_everything_and_stays_as_small_as_it_was(self):
        bootd = self.start()
        self.check_normal_service(KNOWN)
        descriptors = self.descriptors(bootd)
        self.throw_all(self.datagrams(COUNT // 4))
        before = self.memory_kib(bootd)
        self.throw_all(self.datagrams(COUNT - COUNT // 4))
        grown = self.memory_kib(bootd) - before
        print(f"{before} KiB after a quarter, grown by {grown} KiB since")
        self.assertLess(grown, GROWTH_MAX_KIB)
        self.check_normal_service(KNOWN, NEW)
        wait_until(lambda: self.descriptors(bootd) <= descriptors, 60,
                   "the descriptors of transfers to be closed")
        bootd.stop()
        self.check_all_is_counted(bootd)

    def test_strangers_that_take_the_whole_pool_do_not_stop_a_known_machine(self):
        bootd = self.start(pool_count="100")
        self.check_normal_service(KNOWN)
        self.throw_all((message(DISCOVER, self.chance.randbytes(5).rjust(6, b"\x52"),
                                pxe_options(0)).encode(), 67) for _ in range(2000))
        self.check_normal_service(KNOWN)
        bootd.stop()
        self.assertGreater(self.check_all_is_counted(bootd)["dhcp-pool-exhausted"], 1000)

    def test_noise_at_a_transfers_port_does_not_disturb_it(self):
        bootd = self.start()
        with RawTftp(self.network) as client, RawTftp(self.network) as stranger:
            first = client.ask("file")
            for _ in range(300):
                stranger.send(self.chance.randbytes(self.chance.randint(0, 600)), first.port)
                stranger.drain()
                noise = self.chance.choice([
                    b"", b"\0", b"\0\4", tftp.ack(self.chance.randint(2, 65535)),
                    b"\0\3\0\1data", b"\0\6blksize\0008\0", tftp.request("file")])
                client.send(noise, first.port)
            content, block, packet = first.data, 1, first
            while len(packet.data) == 512:
                client.send(tftp.ack(block), first.port)
                block += 1
                packet = next(one for one in iter(client.get, None) if one.block == block)
                content += packet.data
            client.send(tftp.ack(block), first.port)
            self.assertEqual(content, FILE)
        bootd.wait_for("sent file")

    def test_option_values_at_every_border_are_answered(self):
        self.start()
        for code in (dhcp.REQUESTED_ADDRESS, dhcp.SERVER_ID, dhcp.MAX_SIZE, dhcp.ARCHITECTURE,
                     dhcp.UUID, dhcp.USER_CLASS, dhcp.VENDOR_CLASS, dhcp.CLIENT_ID,
                     dhcp.RELAY_AGENT, dhcp.PARAMETERS, dhcp.VENDOR_SPECIFIC, 175):
            for length in (0, 1, 2, 3, 4, 5, 16, 17, 254, 255):
                for value in (bytes(length), b"\xff" * length, self.chance.randbytes(length)):
                    sent = message(DISCOVER, KNOWN, [*pxe_options(0), (code, value)])
                    with self.subTest(code=code, length=length):
                        self.assertEqual(self.raw.ask(sent).message.type, dhcp.OFFER)


if __name__ == "__main__":
    main()
