#!/usr/bin/env python3
"""A web server whose every answer is scripted, as a process of its own; upstream.py starts it.

Usage: upstream_server.py ADDRESS PORT [CERTIFICATE KEY]. Commands come as lines of JSON on standard
input, what happens goes as such lines to standard output, and the end of the input ends it.

An answer is told by these keys, all of which may be missing:

    body       file with the content               status     200
    etag, modified                                 headers    {name: value} besides; null: none
    framing    length, chunked, or close (neither) length     told instead of the body's
    ranges     yes; else what is wrong with them:  ignored, refused, shifted, other-total,
               no-content-range, multipart, stubborn (answers a part of another version)
    checks     false: never answers 304            method     the only one that is answered
    hold       content bytes that are sent before  pace       bytes a second
               the path is released; -1: not even  drip       bytes of the head at a time
               the head is sent                    raw        the whole answer, as it is
    cut        content bytes after which the connection is closed, reset: by a reset
"""

import base64
import email.utils
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time

SLICE = 64 << 10
HEAD_MAX = 64 << 10
BOUNDARY = "part-of-many"
REASONS = {200: "OK", 206: "Partial Content", 304: "Not Modified"}
# On, and no time for what is not sent yet: close resets.
RESETS = struct.pack("ii", 1, 0)

state_lock = threading.Lock()
output_lock = threading.Lock()
scripts = {}
releases = {}
connections = set()


def tell(event, **fields):
    """A line to the test."""
    with output_lock:
        print(json.dumps({"event": event, **fields}), flush=True)


def release_of(path):
    """The event that lets held answers of a path go on."""
    with state_lock:
        return releases.setdefault(path, threading.Event())


def next_answer(path):
    """The path's next answer; the last one is for all that follow."""
    with state_lock:
        answers = scripts.get(path)
        if answers is None:
            return {"status": 404}
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Ended(Exception):
    """The connection is over, as the script says or because the client has left."""


class Request:
    """What was asked."""

    def __init__(self, head):
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ", 2)
        self.headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        # A proxy is asked for the whole URL.
        self.is_proxied = "://" in self.target
        self.path = re.sub(r"^[a-z]+://[^/]*", "", self.target)


class Connection:
    """One client, served until it or a script ends it."""

    def __init__(self, sock):
        self.socket = sock
        self.input = b""
        self.sent = 0

    def serve(self):
        """Answers requests; returns when the connection has ended."""
        with state_lock:
            connections.add(self.socket)
        try:
            while (head := self._read_head()) is not None:
                self._answer(Request(head))
        except (Ended, OSError):
            pass
        finally:
            with state_lock:
                connections.discard(self.socket)
            self.socket.close()

    def _read_head(self):
        while b"\r\n\r\n" not in self.input:
            more = self.socket.recv(SLICE)
            if not more or len(self.input) > HEAD_MAX:
                return None
            self.input += more
        head, _, self.input = self.input.partition(b"\r\n\r\n")
        return head

    def _answer(self, request):
        if request.method == "CONNECT":
            tell("connect", path="CONNECT", target=request.target)
            return self._tunnel()
        answer = next_answer(request.path)
        self.sent = 0
        tell("request", path=request.path, method=request.method, headers=request.headers,
             proxied=request.is_proxied, target=request.target)
        ending = "gone"
        status = 0
        try:
            if "raw" in answer:
                self.socket.sendall(base64.b64decode(answer["raw"]))
                raise Ended
            reply = Reply(request, answer)
            status = reply.status
            self._send(request, reply, answer)
            ending = "whole"
        except Ended:
            ending = "scripted"
            raise
        finally:
            tell("answered", path=request.path, status=status, sent=self.sent, ending=ending)

    def _tunnel(self):
        """Whatever was asked for, this address is what it gets: as a proxy between TLS and us."""
        self.socket.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        self.socket = server_context.wrap_socket(self.socket, server_side=True)

    def _send(self, request, reply, answer):
        if answer.get("hold") == -1:
            self._hold(request.path)
        self._send_head(reply.head(), answer.get("drip"))
        if request.method == "HEAD" or reply.status == 304:
            return
        self._send_body(request.path, reply, answer)
        if reply.framing == "close" or "length" in answer:
            raise Ended

    def _send_head(self, head, drip):
        for at in range(0, len(head), drip or len(head)):
            self.socket.sendall(head[at:at + (drip or len(head))])
            if drip:
                time.sleep(0.05)

    def _send_body(self, path, reply, answer):
        stops = sorted({answer[key] for key in ("hold", "cut", "reset") if answer.get(key, -1) >= 0})
        with open(reply.file, "rb") as file:
            file.seek(reply.start)
            self._send_part(reply, answer, reply.before)
            for stop in stops:
                self._send_file(file, min(stop, reply.length) - self.sent, reply, answer)
                if stop == answer.get("hold"):
                    self._hold(path)
                if stop == answer.get("reset"):
                    self._reset()
                if stop == answer.get("cut"):
                    raise Ended
            self._send_file(file, reply.length - self.sent, reply, answer)
            self._send_part(reply, answer, reply.after)
        if reply.framing == "chunked":
            self.socket.sendall(b"0\r\n\r\n")

    def _send_file(self, file, length, reply, answer):
        while length > 0:
            data = file.read(min(length, SLICE))
            if not data:
                return
            self._send_part(reply, answer, data)
            self.sent += len(data)
            length -= len(data)

    def _send_part(self, reply, answer, data):
        if not data:
            return
        if reply.framing == "chunked":
            data = b"%x\r\n%s\r\n" % (len(data), data)
        pace = answer.get("pace")
        step = max(1, pace // 20) if pace else len(data)
        for at in range(0, len(data), step):
            self.socket.sendall(data[at:at + step])
            if pace:
                time.sleep(step / pace)

    def _hold(self, path):
        tell("held", path=path, sent=self.sent)
        release_of(path).wait()

    def _reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        # Underneath TLS, which would say goodbye first.
        socket.close(self.socket.detach())
        raise Ended


class Reply:
    """Status, headers and the part of the body that answer a request by its script."""

    def __init__(self, request, answer):
        self._answer = answer
        self.file = answer.get("body") or os.devnull
        self.total = os.path.getsize(self.file)
        self.start, self.length = 0, self.total
        self.before = self.after = b""
        self.framing = answer.get("framing", "length")
        self.status = answer.get("status", 200)
        self.range_header = None
        if answer.get("method", request.method) != request.method:
            self._refuse(405)
        elif self.status == 200 and self._is_current(request):
            self._refuse(304)
        elif self.status == 200 and "range" in request.headers:
            self._take_part(request)

    def _refuse(self, status):
        self.status, self.file, self.length = status, os.devnull, 0

    def _is_current(self, request):
        if not self._answer.get("checks", True):
            return False
        if "if-none-match" in request.headers:
            return request.headers["if-none-match"] == self._answer.get("etag")
        asked = request.headers.get("if-modified-since")
        return asked is not None and asked == self._answer.get("modified")

    def _take_part(self, request):
        how = self._answer.get("ranges", "yes")
        condition = request.headers.get("if-range")
        is_other = condition not in (None, self._answer.get("etag"), self._answer.get("modified"))
        if how == "ignored" or (is_other and how != "stubborn"):
            return
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers["range"])
        if how == "refused" or match is None or int(match[1]) >= self.total:
            self._refuse(416)
            return
        self.status = 206
        self.start = int(match[1])
        end = min(int(match[2] or self.total - 1), self.total - 1)
        if how == "shifted":
            self.start -= min(self.start, 1000)
        self.length = end + 1 - self.start
        total = self.total + (how == "other-total")
        self.range_header = f"bytes {self.start}-{end}/{total}"
        if how == "multipart":
            self.before = (f"--{BOUNDARY}\r\nContent-Range: {self.range_header}\r\n\r\n").encode()
            self.after = f"\r\n--{BOUNDARY}--\r\n".encode()
        if how in ("multipart", "no-content-range"):
            self.range_header = None

    def head(self):
        """The status line and the headers."""
        headers = {"Date": email.utils.formatdate(usegmt=True)}
        if self.framing == "chunked":
            headers["Transfer-Encoding"] = "chunked"
        elif self.framing == "close":
            headers["Connection"] = "close"
        elif self.status != 304:
            size = self.length + len(self.before) + len(self.after)
            headers["Content-Length"] = self._answer.get("length", size)
        for name, key in (("ETag", "etag"), ("Last-Modified", "modified")):
            if key in self._answer:
                headers[name] = self._answer[key]
        if self.range_header:
            headers["Content-Range"] = self.range_header
        if self.before:
            headers["Content-Type"] = f"multipart/byteranges; boundary={BOUNDARY}"
        headers.update(self._answer.get("headers", {}))
        reason = REASONS.get(self.status, "Scripted")
        lines = [f"HTTP/1.1 {self.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Listener:
    """The port, which may be closed for a while."""

    def __init__(self, address, port):
        self._at = (address, port)
        self._socket = None
        self.open()

    def open(self):
        """Listens; tells the port."""
        self._socket = socket.create_server(self._at, backlog=512)
        self._at = self._socket.getsockname()
        tell("listening", path="", port=self._at[1])
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def close(self):
        """Whoever asks is refused, and who is connected is cut off."""
        # accept would keep the port open while it waits.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with state_lock:
            for sock in connections:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        tell("deaf", path="")

    def _accept(self, listening):
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        tell("connected", path="")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if is_tls:
            try:
                sock = server_context.wrap_socket(sock, server_side=True)
            except OSError as error:
                tell("distrusted", path="", why=str(error))
                sock.close()
                return
        Connection(sock).serve()


def tls_context(certificate, key):
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def obey(listener):
    """Carries out the commands, each confirmed."""
    for line in sys.stdin:
        command = json.loads(line)
        path = command.get("path", "")
        if command["do"] == "script":
            with state_lock:
                scripts[path] = command["answers"]
                releases[path] = threading.Event()
        elif command["do"] == "forget":
            with state_lock:
                scripts.pop(path, None)
        elif command["do"] == "release":
            release_of(path).set()
        elif command["do"] == "close":
            listener.close()
        elif command["do"] == "open":
            listener.open()
        tell("done", path=path, number=command["number"])


server_context = tls_context(*sys.argv[3:5]) if len(sys.argv) > 4 else None
is_tls = server_context is not None and "plain" not in sys.argv

if __name__ == "__main__":
    obey(Listener(sys.argv[1], int(sys.argv[2])))
    os._exit(0)
