"""Reads DHCP off the wire, to know what was granted from the packets and not from the server's word."""

import ctypes
import socket
import struct
from dataclasses import dataclass

ETH_P_ALL = 3            # linux/if_ether.h; ETH_P_IP would hide what this host sends
SO_ATTACH_FILTER = 26    # asm-generic/socket.h
ETHERNET_BYTES = 14
BOOTP_BYTES = 236        # RFC 951, then the magic cookie of RFC 2131
COOKIE = b"\x63\x82\x53\x63"

OPTION_PAD, OPTION_TYPE, OPTION_VENDOR_CLASS, OPTION_END = 0, 53, 60, 255
TYPES = {1: "DISCOVER", 2: "OFFER", 3: "REQUEST", 4: "DECLINE", 5: "ACK", 6: "NAK", 7: "RELEASE", 8: "INFORM"}

# Classic BPF, as from `tcpdump -dd 'udp dst port 67 or udp dst port 68'`: without it every block of
# every file would pass through here. IPv4, UDP, no later fragment, destination port 67 or 68.
FILTER = (
    (0x28, 0, 0, 12), (0x15, 0, 9, 0x0800),
    (0x30, 0, 0, 23), (0x15, 0, 7, 17),
    (0x28, 0, 0, 20), (0x45, 5, 0, 0x1fff),
    (0xb1, 0, 0, 14), (0x48, 0, 0, 16), (0x15, 1, 0, 67), (0x15, 0, 1, 68),
    (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0),
)


@dataclass(frozen=True)
class DhcpMessage:
    """What matters of one message. client is who asks: firmware, installer or another stage; server
    is the name that a server's message has in sname."""
    kind: str
    mac: str
    address: str
    client: str
    vendor_class: str
    server: str = ""


def open_socket(interface):
    watch = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    program = b"".join(struct.pack("HBBI", *row) for row in FILTER)
    memory = ctypes.create_string_buffer(program)
    watch.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                     struct.pack("HP", len(FILTER), ctypes.addressof(memory)))
    watch.bind((interface, 0))
    watch.setblocking(False)
    return watch


def read_options(area):
    """{code: bytes}; stops quietly at what it cannot read."""
    options, at = {}, 0
    while at < len(area) and area[at] != OPTION_END:
        if area[at] == OPTION_PAD:
            at += 1
            continue
        if at + 2 > len(area):
            break
        options[area[at]] = area[at + 2:at + 2 + area[at + 1]]
        at += 2 + area[at + 1]
    return options


def name_in(field):
    return field.split(b"\0")[0].decode("ascii", "replace")


def client_of(vendor_class):
    """The installer's DHCP client calls itself d-i; firmware itself PXEClient or HTTPClient."""
    if vendor_class.startswith(("PXEClient", "HTTPClient")):
        return "firmware"
    return "installer" if vendor_class == "d-i" else "another stage"


class DhcpWatch:
    """Puts a name on each client by its request, and knows its answer by the transaction id."""

    def __init__(self, interface):
        self._socket = open_socket(interface)
        self._classes = {}

    def fileno(self):
        return self._socket.fileno()

    def close(self):
        self._socket.close()

    def read_messages(self):
        """All that has arrived since the last call."""
        messages = []
        while True:
            try:
                frame = self._socket.recv(2048)
            except BlockingIOError:
                return messages
            message = self._decode(frame)
            if message:
                messages.append(message)

    def _decode(self, frame):
        udp = ETHERNET_BYTES + 4 * (frame[ETHERNET_BYTES] & 15)
        bootp = frame[udp + 8:]
        if len(bootp) < BOOTP_BYTES + 4 or bootp[BOOTP_BYTES:BOOTP_BYTES + 4] != COOKIE:
            return None
        options = read_options(bootp[BOOTP_BYTES + 4:])
        kind = TYPES.get(options.get(OPTION_TYPE, b"\0")[0])
        mac, transaction = bootp[28:34], bootp[4:8]
        if bootp[0] == 1:
            name = options.get(OPTION_VENDOR_CLASS, b"").decode("ascii", "replace")
            self._classes[mac, transaction] = name
        vendor_class = self._classes.get((mac, transaction), "")
        return kind and DhcpMessage(kind, mac.hex(":"), socket.inet_ntoa(bootp[16:20]),
                                    client_of(vendor_class), vendor_class, name_in(bootp[44:108]))
