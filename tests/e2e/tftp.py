"""A raw TFTP client, for what real clients never do."""

import contextlib
import struct
import time

RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)
UNDEFINED, NOT_FOUND, ACCESS_VIOLATION, DISK_FULL, ILLEGAL, UNKNOWN_TID = range(6)
SERVER = "10.77.0.1"
UDP_AT = 34  # in a frame: behind Ethernet and IPv4 without options


def request(name, options=(), mode="octet", kind=RRQ):
    """A read or write request; options are (name, value) pairs."""
    name = name if isinstance(name, bytes) else name.encode()
    out = struct.pack(">H", kind) + name + b"\0" + mode.encode() + b"\0"
    for key, value in options:
        out += str(key).encode() + b"\0" + str(value).encode() + b"\0"
    return out


def ack(block):
    """An acknowledgement; block counts on past 65,535."""
    return struct.pack(">HH", ACK, block & 0xFFFF)


def error(code, text=""):
    """An error packet."""
    return struct.pack(">HH", ERROR, code) + text.encode() + b"\0"


class Packet:
    """A received packet: kind, block or code, data, options, text; port is the sender's."""

    def __init__(self, data, port=0):
        self.port = port
        self.kind, = struct.unpack(">H", data[:2])
        self.block = self.code = None
        self.data, self.text, self.options = b"", "", {}
        if self.kind in (DATA, ACK):
            self.block, = struct.unpack(">H", data[2:4])
            self.data = data[4:]
        elif self.kind == ERROR:
            self.code, = struct.unpack(">H", data[2:4])
            self.text = data[4:].rstrip(b"\0").decode("utf-8", "replace")
        elif self.kind == OACK:
            words = data[2:].split(b"\0")
            self.options = {key.decode().lower(): value.decode()
                            for key, value in zip(words[::2], words[1::2])}

    def __repr__(self):
        return (f"<kind {self.kind} block {self.block} code {self.code} {self.options} "
                f"{self.text!r} {len(self.data)} octets from {self.port}>")


def packets_of(frames, address):
    """The TFTP packets in frames that an address has sent; those in fragments are left out."""
    for frame in frames:
        is_whole = int.from_bytes(frame[20:22], "big") & 0x3FFF == 0
        is_udp = frame[12:14] == b"\x08\x00" and frame[23] == 17
        if is_udp and is_whole and frame[26:30] == bytes(map(int, address.split("."))):
            length = int.from_bytes(frame[UDP_AT + 4:UDP_AT + 6], "big")
            yield Packet(frame[UDP_AT + 8:UDP_AT + length])


class RawTftp:
    """One client socket inside a namespace; a link-local server's interface is told by number."""

    def __init__(self, network, namespace="cli", server=SERVER, server_port=69, client=None,
                 port=0):
        every = "::" if ":" in server else "0.0.0.0"
        self.socket = network.udp_socket(namespace, client or every, port)
        self.server, self.server_port = server, server_port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, port=None):
        """Sends to the server: to its well-known port unless said otherwise."""
        self.socket.sendto(data, (self.server, port or self.server_port))

    def receive(self, timeout=20):
        """The next packet, or None after timeout seconds."""
        self.socket.settimeout(max(timeout, 0.001))
        with contextlib.suppress(TimeoutError):
            data, address = self.socket.recvfrom(65536)
            return Packet(data, address[1])
        return None

    def get(self, timeout=20):
        """The next packet, which must come."""
        packet = self.receive(timeout)
        if packet is None:
            raise AssertionError(f"no TFTP packet in {timeout} s")
        return packet

    def ask(self, name, options=(), mode="octet", kind=RRQ):
        """Sends a request and awaits the first packet of the answer."""
        self.send(request(name, options, mode, kind))
        return self.get()

    def read(self, name, options=(), acks=1, must_ack_last=True):
        """A whole transfer, each block acknowledged acks times. Returns the bytes and all packets
        received, repeated ones too."""
        first = self.ask(name, options)
        packets, content, expected, size = [first], b"", 1, 512
        if first.kind == OACK:
            size = int(first.options.get("blksize", 512))
            self.send(ack(0), first.port)
            packets.append(self.get())
        end = time.monotonic() + 120
        while time.monotonic() < end:
            packet = packets[-1]
            if packet.kind != DATA:
                raise AssertionError(f"no DATA but {packet}")
            if packet.block == expected & 0xFFFF:
                content += packet.data
                is_last = len(packet.data) < size
                for _ in range(acks if not is_last or must_ack_last else 0):
                    self.send(ack(expected), packet.port)
                if is_last:
                    return content, packets
                expected += 1
            packets.append(self.get())
        raise AssertionError("the transfer does not end")

    def drain(self, timeout=0.0):
        """Everything that waits now, and what comes within timeout seconds of silence."""
        packets = []
        while (packet := self.receive(timeout)) is not None:
            packets.append(packet)
        return packets
