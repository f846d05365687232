"""A raw HTTP client: bytes out, bytes in, over sockets inside a namespace."""

import contextlib
import socket

SERVER = "10.77.0.1"
PORT = 80
# What a bootd needs to serve HTTP beside TFTP alone.
ARGUMENTS = ("-t", "-H")
STUCK_S = 30


def connect(network, port=PORT, name="cli", address=SERVER, receive_buffer=None):
    """A connected socket in a namespace."""
    with network.inside(name):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(STUCK_S)
    sock.connect((address, port))
    return sock


def receive_all(sock):
    """What comes until the end of the connection, and whether that was a reset."""
    data = bytearray()
    try:
        while chunk := sock.recv(65536):
            data += chunk
    except ConnectionResetError:
        return bytes(data), True
    return bytes(data), False


def ask(network, request, port=PORT, **more):
    """All that comes back for some bytes, to the end of the connection."""
    with connect(network, port, **more) as sock:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(request)
        return receive_all(sock)[0]


class Answer:
    """One response, taken off the front of some bytes; body_of: whether it has a body."""

    def __init__(self, data, has_body=True):
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        pairs = [line.split(":", 1) for line in lines[1:]]
        self.headers = {key.lower(): value.strip() for key, value in pairs}
        self.raw_headers = lines[1:]
        length = int(self.headers.get("content-length", 0)) if has_body else 0
        self.body, self.rest = rest[:length], rest[length:]


def get(network, target, *headers, method="GET", version="1.1", **more):
    """The answer to one request on a connection of its own."""
    lines = [f"{method} {target} HTTP/{version}", "Host: server", "Connection: close", *headers]
    data = ask(network, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n", **more)
    return Answer(data, has_body=method != "HEAD")
