#!/usr/bin/env python3
"""A web server for the tests of the authority: what it does is in the path that is asked.

Usage: server.py [--tls]. It listens on 127.0.0.1, tells the port in its first line of output, and
ends when its standard input does. --tls: with a certificate that nobody signed.
"""

import http.server
import os
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time

MEBIBYTE = 1 << 20
WAIT_S = 60


class Counter:
    """How many requests are in at once, now and at most."""

    def __init__(self):
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __enter__(self):
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *_):
        with self._lock:
            self._now -= 1


counter = Counter()
silent_is_asked = {}
barriers = {}
names_lock = threading.Lock()


def of_name(table, name, make):
    """What has this name in the table; made by the first who asks."""
    with names_lock:
        if name not in table:
            table[name] = make()
        return table[name]


class Handler(http.server.BaseHTTPRequestHandler):
    """One method a mode: "/close" calls mode_close; "/status/403" calls mode_status("403")."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        # A proxy is asked for the whole URL.
        path = self.path.split("://", 1)[-1]
        path = path[path.index("/"):].split("?")[0]
        _, mode, *arguments = path.split("/")
        getattr(self, "mode_" + mode)(*arguments)

    def log_message(self, *_):
        pass

    def answer(self, status, body="", **headers):
        """A whole, well-made reply."""
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def send(self, content):
        """Bytes as they are; the connection is closed after them."""
        self.close_connection = True
        self.wfile.write(content)

    def mode_grant(self, _stage=""):
        """Tells in the file's line what was asked."""
        self.answer(200, f"Hello\nClient: machine-7\nFile: {self.path}\n")

    def mode_bare(self):
        self.answer(200)

    def mode_status(self, status):
        self.answer(int(status), "Client: nobody\nFile: nothing\n")

    def mode_redirect(self):
        self.answer(302, Location="/grant")

    def mode_agent(self):
        self.answer(200, f"File: {self.headers['User-Agent']}\n")

    def mode_port(self):
        """The asking port tells connections apart."""
        self.answer(200, f"Client: port{self.client_address[1]}\n")

    def mode_slow(self):
        time.sleep(0.2)
        self.answer(200)

    def mode_close(self):
        self.send(b"")

    def mode_short(self):
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nClient: cut")

    def mode_garbage(self):
        self.send(b"\x16\x03\x01\x00 what is HTTP?\r\n" * 10)

    def mode_headers(self, size):
        """Headers of so many bytes in all, in short lines."""
        start, end = b"HTTP/1.1 200 OK\r\n", b"Content-Length: 0\r\n\r\n"
        line = b"X-Header: abcdefghijklm\r\n"
        lines = line * ((int(size) - len(start) - len(end)) // len(line) - 1)
        left = int(size) - len(start + lines + end)
        last = b"X-Last: ".ljust(left - 2, b"a") + b"\r\n"
        self.send(start + lines + last + end)

    def mode_header(self):
        self.send(b"HTTP/1.1 200 OK\r\nX-Header: " + b"a" * MEBIBYTE
                  + b"\r\nContent-Length: 0\r\n\r\n")

    def mode_continue(self):
        """Announces a reply that never comes."""
        while True:
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    def mode_body(self, size):
        self.answer(200, "Client: big\n".ljust(int(size), "\n"))

    def mode_endless(self):
        self.send(b"HTTP/1.1 200 OK\r\n\r\nClient: endless\n")
        while True:
            self.send(b"\n" * 65536)

    def mode_silent(self, name=""):
        of_name(silent_is_asked, name, threading.Event).set()
        self.connection.recv(1)

    def mode_drip(self):
        """Sends a byte now and then: alive, and never at an end."""
        self.send(b"HTTP/1.1 200 OK\r\nX-Header: ")
        while True:
            self.send(b"a")
            time.sleep(0.05)

    def mode_after(self, name):
        """Answers once /silent/NAME is asked."""
        event = of_name(silent_is_asked, name, threading.Event)
        self.answer(200 if event.wait(WAIT_S) else 500)

    def mode_together(self, count):
        """Answers when so many of these are in at once."""
        with counter:
            try:
                of_name(barriers, count, lambda: threading.Barrier(int(count))).wait(WAIT_S)
            except threading.BrokenBarrierError:
                pass
        self.answer(200)

    def mode_most(self):
        self.answer(200, f"Client: most-{counter.most}\n")


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that hangs up is no news here; anything else is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def self_signed():
    """A server's TLS context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = os.path.join(folder, "key"), os.path.join(folder, "certificate")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", key, "-out",
                        certificate], check=True, capture_output=True)
        context.load_cert_chain(certificate, key)
    return context


def main():
    server = Server(("127.0.0.1", 0), Handler)
    if "--tls" in sys.argv:
        server.socket = self_signed().wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
