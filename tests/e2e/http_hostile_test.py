#!/usr/bin/env python3
"""Clients that are slow, silent, many or mad: bootd stays as it is and serves the others.

HOSTILE_SEED: of the random requests."""

import collections
import contextlib
import os
import random
import re
import socket
import time

import harness
from harness import EndToEndTest, main
from http_wire import ARGUMENTS, SERVER, Answer, ask, connect, get, receive_all
from network import one_server_one_client, wait_until

harness.PACKAGES.update({"wrk": "wrk"})
SEED = int(os.environ.get("HOSTILE_SEED", random.randrange(1 << 32)))
HEADERS_S = 10
# A check comes once a second, and the machine may be busy.
LATE_S = 30
RANDOM_COUNT = 5000
OPEN_COUNT = 100
GROWTH_MAX_KIB = 4096
FILE = b"content"


class HostileTest(EndToEndTest):
    """One bootd for one test each."""

    programs = ("wrk",)

    @classmethod
    def make_network(cls):
        made = one_server_one_client()
        made.add_address("cli", "c0", "10.77.0.2/24")
        made.add_address("cli", "c0", "10.77.0.3/24")
        return made

    def serve(self, env=None, **httpd):
        bootd = self.bootd({"tftp": {"timeout": None}, "httpd": httpd}, arguments=ARGUMENTS,
                           env=env)
        bootd.write("file", FILE)
        return bootd

    def check_serves(self):
        self.assertEqual(get(self.network, "/file").body, FILE)

    def check_cut(self, sock, begun, drip=b""):
        """The server ends the connection in time, though a byte comes each second."""
        sock.settimeout(1)
        data = b""
        while time.monotonic() < begun + HEADERS_S + LATE_S:
            with contextlib.suppress(TimeoutError):
                try:
                    chunk = sock.recv(4096)
                except ConnectionResetError:
                    chunk = b""
                if chunk == b"":
                    self.assertGreater(time.monotonic() - begun, HEADERS_S - 2)
                    return data
                data += chunk
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(drip)
        raise AssertionError(f"the connection is open after {HEADERS_S + LATE_S} s")

    def test_who_sends_headers_slowly_is_cut_after_10_s_in_all(self):
        bootd = self.serve()
        begun = time.monotonic()
        with connect(self.network) as silent, connect(self.network) as dripping, \
                connect(self.network) as again:
            dripping.sendall(b"GET /file HTTP/1.1\r\nHost: h\r\nX: ")
            again.sendall(b"GET /file HTTP/1.1\r\nHost: h\r\n\r\nGET /fi")
            self.check_cut(dripping, begun, b"x")
            self.assertEqual(self.check_cut(silent, begun), b"")
            answer = Answer(self.check_cut(again, begun, b"l"))
            self.assertEqual((answer.body, answer.rest), (FILE, b""))
        bootd.wait_for("http: 10.77.0.2: ended a connection: no complete request came in 10 s")
        self.check_serves()

    def test_who_takes_nothing_is_cut(self):
        bootd = self.serve(timeout="2")
        bootd.write("large", bytes(64 << 20))
        with connect(self.network, receive_buffer=4096) as sock:
            sock.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertTrue(sock.recv(100))
            bootd.wait_for("http: 10.77.0.2: failed large after [0-9]+ bytes: the client takes")
        self.check_serves()

    def test_who_takes_drops_is_cut(self):
        bootd = self.serve(timeout="3")
        bootd.write("large", bytes(64 << 20))
        with connect(self.network, receive_buffer=2048) as sock:
            sock.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
            end = time.monotonic() + 30
            with contextlib.suppress(ConnectionResetError):
                while time.monotonic() < end and sock.recv(64):
                    time.sleep(0.3)  # about 200 bytes a second
            self.assertLess(time.monotonic(), end)
        bootd.wait_for("failed large after [0-9]+ bytes: the client takes next to nothing")

    def test_one_address_cannot_take_all_connections(self):
        bootd = self.serve(max_connections="20", max_per_address="10")
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(connect(self.network)) for _ in range(30)]
            bootd.wait_for("http: 10.77.0.2: refused a connection: it has too many already")
            with self.network.inside("cli"):
                other = stack.enter_context(socket.socket())
            other.settimeout(30)
            other.bind(("10.77.0.3", 0))
            other.connect((SERVER, 80))
            other.sendall(b"GET /file HTTP/1.0\r\n\r\n")
            self.assertEqual(Answer(receive_all(other)[0]).body, FILE)
            del held

    def test_a_full_house_lets_the_next_one_wait(self):
        bootd = self.serve(max_connections="4", max_per_address="4", workers="1")
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(connect(self.network)) for _ in range(4)]
            bootd.wait_for("took the last of the connections")
            waiting = stack.enter_context(connect(self.network))
            waiting.sendall(b"GET /file HTTP/1.0\r\n\r\n")
            held[0].close()
            self.assertEqual(Answer(receive_all(waiting)[0]).body, FILE)

    def test_huge_and_broken_requests_are_answered_with_an_error(self):
        self.serve()
        lines = (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
                 b"GET /file HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 100000 + b"\r\n\r\n",
                 b"GET /file HTTP/1.1\r\nHost: h\r\n" + b"X: a\r\n" * 20000 + b"\r\n",
                 b"GET /file HTTP/9.9\r\nHost: h\r\n\r\n",
                 b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
                 b"\0" * 1000, b"\n" * 100000)
        for line in lines:
            with connect(self.network) as sock:
                with contextlib.suppress(OSError):
                    sock.sendall(line)
                    sock.shutdown(1)
                data, _ = receive_all(sock)
            self.assertTrue(data == b"" or re.match(rb"HTTP/1\.[01] [45]\d\d ", data), data[:99])
            self.assertNotIn(FILE, data)
            self.check_serves()

    def random_request(self, chance):
        """A request of parts that are right or wrong."""
        target = "/" + "".join(chance.choice(["file", "..", "%2e", "%2f", "%00", "/", "\\", "?",
                                              "%", "\xff", "a", " ", "#", "\t"])
                               for _ in range(chance.randrange(12)))
        headers = "".join(chance.choice([
            "Range: bytes=0-1\r\n", "Range: bytes=-1\r\n", "Range: u\r\n", "If-Range: x\r\n",
            "If-None-Match: \"\r\n", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
            "Content-Length: 5\r\n", "Content-Length: -1\r\n", "Transfer-Encoding: chunked\r\n",
            "Expect: 100-continue\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n",
            "X" * chance.randrange(3000) + ": y\r\n", " folded\r\n", "no colon\r\n"])
            for _ in range(chance.randrange(6)))
        text = (f"{chance.choice(['GET', 'HEAD', 'POST', 'PUT', 'G', ''])} {target} "
                f"{chance.choice(['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2', ''])}\r\n"
                f"Host: h\r\n{headers}\r\n").encode("latin-1")
        if chance.random() < 0.2:
            at = chance.randrange(len(text))
            text = text[:at] + chance.randbytes(chance.randrange(20)) + text[at:]
        return text * chance.randrange(1, 4)

    def test_random_requests_change_nothing(self):
        print(f"seed {SEED}", flush=True)
        # Else the sanitizer keeps what was freed.
        bootd = self.serve(env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
        chance = random.Random(SEED)

        def resident_kib():
            with open(f"/proc/{bootd.pid}/status") as file:
                return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

        early = 0
        idle = len(os.listdir(f"/proc/{bootd.pid}/fd"))
        open_ones = collections.deque()
        for number in range(RANDOM_COUNT):
            if number == RANDOM_COUNT // 3:
                early = resident_kib()
            open_ones.append(connect(self.network))
            with contextlib.suppress(OSError):  # it may have been ended already
                open_ones[-1].sendall(self.random_request(chance))
            if len(open_ones) == OPEN_COUNT:
                with open_ones.popleft() as sock, contextlib.suppress(OSError):
                    sock.setblocking(False)
                    sock.recv(1 << 20)
        for sock in open_ones:
            sock.close()
        self.check_serves()
        self.assertLess(resident_kib() - early, GROWTH_MAX_KIB)
        wait_until(lambda: len(os.listdir(f"/proc/{bootd.pid}/fd")) < idle + 10, 30,
                   "the connections to be closed")

    def test_a_flood_of_misses_is_counted_and_shown_in_part(self):
        bootd = self.serve()
        request = b"GET /none HTTP/1.1\r\nHost: h\r\n\r\n"
        for _ in range(5):
            answers = ask(self.network, request * 99 +
                          b"GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            self.assertEqual(answers.count(b"HTTP/1.1 404 "), 100)
        bootd.stop()
        self.assertEqual(bootd.totals()["http-not-found"], 500)
        self.assertLess(len(bootd.lines("http: .*none: not found")), 350)

    def test_wrk_sees_no_error(self):
        self.serve()
        result = self.network.run("cli", "wrk", "-t1", "-c64", "-d10s", f"http://{SERVER}/file",
                                  timeout=60)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertNotIn("Socket errors", result.stdout)
        self.assertNotIn("Non-2xx", result.stdout)
        self.assertGreater(int(re.search(r"(\d+) requests in", result.stdout).group(1)), 1000)


if __name__ == "__main__":
    main()
