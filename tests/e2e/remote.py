"""What the tests of remote roots share: a bootd whose root is a scripted upstream, and clients that
tell honestly what they got."""

import contextlib
import http.client
import os
import random
import socket
import threading
import time

import tftp
from harness import EndToEndTest
from network import Folder, one_server_one_client
from tftp import RawTftp
from upstream import Upstream

SERVER = tftp.SERVER
CLIENT = "10.77.0.2"
HTTP_PORT = 8080
BLOCK = 1428
WAIT_S = 60
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
OTHER_DATE = "Mon, 07 Nov 1994 08:49:37 GMT"


def content(size, seed=0):
    """Bytes that repeat nowhere."""
    return random.Random(seed * 1000003 + size).randbytes(size)


class Outcome:
    """How a download ended for the client: whole means that nothing told it otherwise."""

    def __init__(self, data, is_whole, code=None, why=""):
        self.data, self.is_whole, self.code, self.why = bytes(data), is_whole, code, why[:200]

    def __repr__(self):
        ending = "whole" if self.is_whole else f"error {self.code} ({self.why})"
        return f"<{ending} after {len(self.data)} octets>"


class TftpDownload:
    """One download by TFTP, at the caller's pace."""

    def __init__(self, network, name, options=(("blksize", BLOCK),)):
        self._client = RawTftp(network)
        self._block = 0
        self._size = 512
        self._port = None
        self._next = None
        self.data = bytearray()
        self.outcome = None
        self._client.send(tftp.request(name, options))

    def start(self):
        """Awaits the first packet, an OACK, a block or an error, and does not answer it."""
        if self._next is None and self._port is None:
            self._next = self._client.get(WAIT_S)
            self._port = self._next.port
            if self._next.kind == tftp.OACK:
                self._size = int(self._next.options.get("blksize", 512))
        return self._next

    def read(self, size):
        """Reads blocks until size octets are here, or it has ended, and acknowledges them."""
        self.start()
        while self.outcome is None and len(self.data) < size:
            packet = self._next or self._client.get(WAIT_S)
            self._next = None
            self._take(packet)
        return bytes(self.data)

    def _take(self, packet):
        if packet.kind == tftp.ERROR:
            self.outcome = Outcome(self.data, False, packet.code, packet.text)
        elif packet.kind == tftp.OACK:
            self.acknowledge()
        elif packet.kind == tftp.DATA and packet.block == (self._block + 1) & 0xFFFF:
            self._block += 1
            self.data += packet.data
            self.acknowledge()
            if len(packet.data) < self._size:
                self.outcome = Outcome(self.data, True)

    def acknowledge(self):
        """Tells what has come; again: as a client does that hears nothing."""
        self._client.send(tftp.ack(self._block), self._port)

    def has_packet(self, timeout):
        """Something comes within timeout seconds; it is the next to be read."""
        self._next = self._next or self._client.receive(timeout)
        return self._next is not None

    def leave(self):
        """As UEFI's question for the size ends."""
        self.start()
        self._client.send(tftp.error(8, "User aborted the transfer"), self._port)
        self.close()

    def finish(self):
        """Reads to the end."""
        self.read(1 << 62)
        self.close()
        return self.outcome

    def close(self):
        """Says nothing more."""
        self._client.socket.close()


class HttpDownload:
    """One download by HTTP, at the caller's pace."""

    def __init__(self, network, name, method="GET", headers=None):
        self._connection = http.client.HTTPConnection(SERVER, HTTP_PORT, timeout=WAIT_S)
        with network.inside("cli"):
            sock = socket.socket()
        sock.settimeout(WAIT_S)
        sock.connect((SERVER, HTTP_PORT))
        self._connection.sock = sock
        self._connection.putrequest(method, "/" + name, skip_accept_encoding=True)
        for key, value in (headers or {}).items():
            self._connection.putheader(key, value)
        self._connection.endheaders()
        self._response = None
        self.data = bytearray()
        self.outcome = None

    def start(self):
        """Awaits the head: a response with status and headers; None: the connection broke."""
        if self._response is None and self.outcome is None:
            try:
                self._response = self._connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                self._fail(None, repr(error))
        return self._response

    def _fail(self, code, why):
        self.outcome = Outcome(self.data, False, code, why)

    def read(self, size):
        """Reads until size octets are here, or it has ended."""
        self.start()
        while self.outcome is None and len(self.data) < size:
            self._take(min(size - len(self.data), 1 << 16))
        return bytes(self.data)

    def _take(self, size):
        try:
            more = self._response.read1(size)
        except (OSError, http.client.HTTPException) as error:
            self._fail(self._response.status, repr(error))
            return
        self.data += more
        if not more:
            self._judge_end()

    def _judge_end(self):
        # read1 takes an early end of the connection for the end of the body.
        length = self._response.getheader("Content-Length")
        if length is not None and len(self.data) < int(length):
            self._fail(self._response.status, f"{len(self.data)} of {length} octets")
        elif self._response.status in (200, 206):
            self.outcome = Outcome(self.data, True, self._response.status)
        else:
            # An error's page is no part of a file.
            why, self.data = self.data.decode("utf-8", "replace"), bytearray()
            self._fail(self._response.status, why)

    def leave(self):
        """Hangs up."""
        self.close()

    def finish(self):
        """Reads to the end."""
        self.read(1 << 62)
        self.close()
        return self.outcome

    def close(self):
        """Ends the connection."""
        with contextlib.suppress(OSError):
            self._connection.close()


DOWNLOADS = {"TFTP": TftpDownload, "HTTP": HttpDownload}


class RemoteTest(EndToEndTest):
    """upstream runs beside bootd, on its loopback; what is kept is FOLDER/cache."""

    @classmethod
    def make_network(cls):
        network = one_server_one_client()
        network.add_address("cli", "c0", CLIENT + "/24")
        return network

    def upstream(self, **more):
        """A scripted upstream that ends with the test."""
        server = Upstream(self.network, **more)
        self.addCleanup(server.close)
        return server

    def remote(self, upstream, *changes, **more):
        """A bootd that serves the upstream by TFTP and HTTP."""
        return self.bootd(self.settings_for(upstream), *changes, arguments=("-t", "-H"), **more)

    def cache_folder(self):
        """A folder for objects that outlives a bootd."""
        folder = Folder("cache")
        self.addCleanup(folder.close)
        os.chmod(folder.path, 0o777)
        return folder.path

    def settings_for(self, upstream):
        """What serves the upstream."""
        root = upstream if isinstance(upstream, str) else upstream.root
        return {"tftp": {"root": root}, "httpd": {"port": str(HTTP_PORT)},
                "cache": {"directory": self.cache_folder()}}

    def download(self, kind, name, **more):
        """A whole download's Outcome."""
        return DOWNLOADS[kind](self.network, name, **more).finish()

    def check_whole(self, outcome, expected):
        """It is whole and right."""
        self.assertTrue(outcome.is_whole, outcome)
        self.assertEqual(len(outcome.data), len(expected))
        self.assertTrue(outcome.data == expected, "wrong bytes")

    def check_each(self, name, expected):
        """Both kinds of clients get it."""
        for kind in DOWNLOADS:
            with self.subTest(client=kind):
                self.check_whole(self.download(kind, name), expected)

    def check_error(self, outcome, expected=None):
        """It is an error, and what came before it is right."""
        self.assertFalse(outcome.is_whole, outcome)
        if expected is not None:
            self.assertTrue(expected.startswith(outcome.data), "wrong bytes before the error")

    def all_at_once(self, downloads):
        """Finishes downloads side by side; their outcomes, in order."""
        threads = [threading.Thread(target=download.finish) for download in downloads]
        for thread in threads:
            thread.start()
        end = time.monotonic() + WAIT_S * 2
        for thread in threads:
            thread.join(max(0, end - time.monotonic()))
        return [download.outcome for download in downloads]
