"""A raw DHCP client: it builds and takes apart whole frames, so that every field can be tried."""

import contextlib
import ipaddress
import itertools
import os
import select
import struct
import time
from dataclasses import dataclass, field

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)

PAD, SUBNET_MASK, ROUTER, DNS, HOST_NAME, DOMAIN = 0, 1, 3, 6, 12, 15
VENDOR_SPECIFIC, REQUESTED_ADDRESS, LEASE_TIME, MESSAGE_TYPE, SERVER_ID = 43, 50, 51, 53, 54
PARAMETERS, MAX_SIZE, VENDOR_CLASS, CLIENT_ID, SERVER_NAME, BOOT_FILE = 55, 57, 60, 61, 66, 67
USER_CLASS, RELAY_AGENT, ARCHITECTURE, UUID, END = 77, 82, 93, 97, 255

COOKIE = bytes([99, 130, 83, 99])
BROADCAST_FLAG = 0x8000
BROADCAST_MAC = b"\xff" * 6
ANY, EVERYBODY = "0.0.0.0", "255.255.255.255"

_xids = itertools.count(int.from_bytes(os.urandom(3), "big") << 8)


def ip4(text):
    """The four bytes of an address."""
    return ipaddress.IPv4Address(text).packed


def ip4_text(data):
    """The address of four bytes."""
    return str(ipaddress.IPv4Address(bytes(data)))


def mac(text):
    """The six bytes of 52:54:00:..."""
    return bytes.fromhex(text.replace(":", "").replace("-", ""))


def mac_log(data):
    """A MAC as bootd's log spells it, upper or lower case being all the same."""
    return "(?i:" + "-".join(f"{byte:02x}" for byte in data) + ")"


@dataclass
class Message:
    """A BOOTP or DHCP message; tail is what stands behind END."""
    op: int = 1
    htype: int = 1
    hlen: int = 6
    hops: int = 0
    xid: int = 0
    secs: int = 0
    flags: int = 0
    ciaddr: str = ANY
    yiaddr: str = ANY
    siaddr: str = ANY
    giaddr: str = ANY
    chaddr: bytes = bytes(6)
    sname: bytes = b""
    file: bytes = b""
    options: list = field(default_factory=list)
    has_cookie: bool = True
    tail: bytes = b""

    def encode(self, size=300):
        """The bytes, padded with zeros to size."""
        out = struct.pack(">BBBBIHH", self.op, self.htype, self.hlen, self.hops, self.xid,
                          self.secs, self.flags)
        out += b"".join(map(ip4, (self.ciaddr, self.yiaddr, self.siaddr, self.giaddr)))
        out += self.chaddr.ljust(16, b"\0") + self.sname.ljust(64, b"\0")
        out += self.file.ljust(128, b"\0")
        if self.has_cookie:
            out += COOKIE
            for code, value in self.options:
                out += bytes([code]) if code in (PAD, END) else bytes([code, len(value)]) + value
            out += bytes([END]) + self.tail
        return out.ljust(size, b"\0")

    @staticmethod
    def decode(data):
        """Takes bytes apart strictly: anything beyond the packet's end is an error."""
        if len(data) < 236:
            raise ValueError(f"{len(data)} octets are no BOOTP message")
        fields = struct.unpack(">BBBBIHH", data[:12])
        message = Message(*fields)
        message.ciaddr, message.yiaddr, message.siaddr, message.giaddr = (
            ip4_text(data[at:at + 4]) for at in (12, 16, 20, 24))
        message.chaddr = data[28:28 + min(16, message.hlen)]
        message.sname, message.file = data[44:108], data[108:236]
        message.has_cookie = data[236:240] == COOKIE
        at = 240
        while message.has_cookie:
            code = data[at]
            if code == END:
                message.tail = data[at + 1:]
                break
            length = 0 if code == PAD else data[at + 1] + 1
            value = data[at + 2:at + 1 + length]
            if at + 1 + length > len(data):
                raise ValueError(f"option {code} reaches past the end")
            message.options.append((code, value))
            at += 1 + length
        return message

    def option(self, code):
        """The value of an option, its parts joined (RFC 3396), or None."""
        parts = [value for number, value in self.options if number == code]
        return b"".join(parts) if parts else None

    def codes(self):
        """The option codes in their order on the wire."""
        return [code for code, _ in self.options]

    @property
    def type(self):
        value = self.option(MESSAGE_TYPE)
        return value[0] if value else None

    @property
    def server_id(self):
        value = self.option(SERVER_ID)
        return ip4_text(value) if value else None

    @property
    def file_name(self):
        return self.file.split(b"\0")[0].decode()


def message(kind, chaddr, options=(), **fields):
    """A client's message of a type, with a new xid unless fields name one."""
    fields.setdefault("xid", next(_xids) & 0xFFFFFFFF)
    return Message(chaddr=chaddr, options=[(MESSAGE_TYPE, bytes([kind])), *options], **fields)


def pxe_options(architecture=0, interface=b"\x01\x02\x01", uuid=None):
    """What a PXE ROM says of itself."""
    options = [
        (ARCHITECTURE, struct.pack(">H", architecture)),
        (94, interface),
        (VENDOR_CLASS, b"PXEClient:Arch:%05d:UNDI:002001" % architecture),
        (PARAMETERS, bytes([1, 3, 6, 12, 15, 43, 60, 66, 67])),
    ]
    if uuid is not None:
        options.append((UUID, uuid))
    return options


def _checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _udp_checksum(source, target, udp):
    pseudo = ip4(source) + ip4(target) + struct.pack(">BBH", 0, 17, len(udp))
    return _checksum(pseudo + udp)


@dataclass
class Frame:
    """An Ethernet frame with an IPv4 UDP datagram."""
    to_mac: bytes
    from_mac: bytes
    source: str
    target: str
    source_port: int
    target_port: int
    payload: bytes
    may_fragment: bool = True
    is_correct: bool = True  # both checksums and both lengths, as received

    def encode(self):
        """The bytes on the wire."""
        udp = struct.pack(">HHHH", self.source_port, self.target_port, 8 + len(self.payload), 0)
        udp += self.payload
        total = _udp_checksum(self.source, self.target, udp) or 0xFFFF
        udp = udp[:6] + struct.pack(">H", total) + udp[8:]
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                           ip4(self.source), ip4(self.target))
        head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
        return self.to_mac + self.from_mac + b"\x08\x00" + head + udp

    @staticmethod
    def decode(data):
        """The frame, or None where it is no whole UDP datagram over IPv4."""
        if len(data) < 42 or data[12:14] != b"\x08\x00" or data[14] >> 4 != 4 or data[23] != 17:
            return None
        head = data[14:14 + (data[14] & 15) * 4]
        total, _, fragment = struct.unpack(">HHH", head[2:8])
        if fragment & 0x3FFF:
            return None
        udp = data[14 + len(head):14 + total]
        source, target = ip4_text(head[12:16]), ip4_text(head[16:20])
        source_port, target_port, length, check = struct.unpack(">HHHH", udp[:8])
        is_correct = (_checksum(head) == 0 and length == len(udp)
                      and (check == 0 or _udp_checksum(source, target, udp) == 0))
        return Frame(data[:6], data[6:12], source, target, source_port, target_port, udp[8:],
                     not fragment & 0x4000, is_correct)


@dataclass
class Answer:
    """A server's message with the frame that carried it."""
    frame: Frame
    message: Message


class RawClient:
    """Plays DHCP clients, with any MAC addresses, on an interface of a network."""

    PROBE_MAC = mac("52:54:00:77:ee:ee")

    def __init__(self, network, namespace="cli", port="c0", server_port=67):
        self._socket = network.raw_socket(namespace, port)
        self._own_mac = network.mac(namespace, port)
        self.server_port = server_port

    def close(self):
        """Closes the socket."""
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_bytes(self, payload, from_mac=None, to_mac=BROADCAST_MAC, source=ANY,
                   target=EVERYBODY, source_port=68, target_port=None):
        """Sends a datagram as a client without an address does."""
        frame = Frame(to_mac, from_mac or self._own_mac, source, target, source_port,
                      target_port or self.server_port, payload)
        self._socket.send(frame.encode())

    def send(self, sent, size=300, **where):
        """Sends a message from its own chaddr."""
        where.setdefault("from_mac", sent.chaddr[:6])
        self.send_bytes(sent.encode(size), **where)

    def answers(self, timeout):
        """Yields the servers' messages on the wire until timeout seconds have passed."""
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                return
            frame = Frame.decode(self._socket.recv(65536))
            if frame is None or frame.source_port != self.server_port:
                continue
            with contextlib.suppress(ValueError, IndexError):
                decoded = Message.decode(frame.payload)
                if decoded.op == 2:
                    yield Answer(frame, decoded)

    def receive(self, xid, chaddr, timeout=20):
        """Awaits the answer to one message."""
        for answer in self.answers(timeout):
            if (answer.message.xid, answer.message.chaddr) == (xid, chaddr):
                return answer
        raise AssertionError(f"no answer to xid {xid:08x} in {timeout} s")

    def ask(self, sent, timeout=20, **where):
        """Sends a message and awaits its answer."""
        self.send(sent, **where)
        return self.receive(sent.xid, sent.chaddr, timeout)

    def answers_before_probe(self, *sent, where=None, probe=None):
        """Sends messages, then one that is answered for sure, and returns what came before its
        answer: bootd answers in order, so what is not there then will not come."""
        probe = probe or message(DISCOVER, self.PROBE_MAC, pxe_options())
        for one in sent:
            self.send(one, **(where or {}))
        self.send(probe)
        got = []
        for answer in self.answers(20):
            if (answer.message.xid, answer.message.chaddr) == (probe.xid, probe.chaddr):
                return got
            got.append(answer)
        raise AssertionError("not even the probe was answered")

    def discover(self, chaddr, options=(), **fields):
        """DISCOVER, awaiting the OFFER."""
        answer = self.ask(message(DISCOVER, chaddr, options, **fields))
        if answer.message.type != OFFER:
            raise AssertionError(f"no OFFER but {answer.message}")
        return answer

    def request(self, chaddr, offer, options=(), **fields):
        """REQUEST of what an offer offers, awaiting the answer."""
        fields.setdefault("xid", offer.message.xid)
        return self.ask(message(REQUEST, chaddr, [
            (REQUESTED_ADDRESS, ip4(offer.message.yiaddr)),
            (SERVER_ID, offer.message.option(SERVER_ID)), *options], **fields))

    def lease(self, chaddr, options=(), **fields):
        """The whole exchange; returns the ACK."""
        offer = self.discover(chaddr, options, **fields)
        answer = self.request(chaddr, offer, options, **fields)
        if answer.message.type != ACK:
            raise AssertionError(f"no ACK but {answer.message}")
        return answer
