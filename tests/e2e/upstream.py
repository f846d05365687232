"""A scripted web server in a process of its own, the certificates for it, and what it was asked."""

import base64
import itertools
import json
import os
import subprocess
import sys
import threading
import time

from network import Folder, close_at_exit, is_closed, run

SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "upstream_server.py")
ADDRESS = "127.0.0.1"
FOLDER = "/netboot"
WAIT_S = 60

CA_CONFIG = """\
[ca]
default_ca = own
[own]
new_certs_dir = {folder}
database = {folder}/index
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[server]
subjectAltName = {names}
[authority]
basicConstraints = critical,CA:TRUE
"""


class Certificates:
    """An authority of the test's own; certificates are signed by openssl."""

    def __init__(self):
        self._folder = Folder("certificates")
        self.path = self._folder.path
        self.authority = self._path("authority.pem")
        self._numbers = itertools.count()
        self._write("index", "")
        self._write("serial", "01\n")
        self._configure("DNS:unused")
        self._openssl("req", "-x509", *self._new_key("authority.key"), "-subj", "/CN=test authority",
                      "-days", "2", "-config", self._path("config"), "-extensions", "authority",
                      "-out", self.authority)

    def _path(self, name):
        return os.path.join(self.path, name)

    def _write(self, name, text):
        with open(self._path(name), "w") as file:
            file.write(text)

    def _configure(self, names):
        # openssl req wants a section of its own.
        self._write("config", CA_CONFIG.format(folder=self.path, names=names)
                    + "[req]\ndistinguished_name = dn\n[dn]\n")

    def _new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                self._path(name)]

    def _openssl(self, *words):
        run("openssl", *words)

    def sign(self, names=f"IP:{ADDRESS}", start=None, end=None):
        """A server's certificate and key for names; start and end are YYYYMMDDHHMMSSZ."""
        number = next(self._numbers)
        request, key, certificate = (self._path(f"{number}.{suffix}")
                                     for suffix in ("csr", "key", "pem"))
        self._configure(names)
        self._openssl("req", "-new", *self._new_key(f"{number}.key"), "-subj", f"/CN=server {number}",
                      "-config", self._path("config"), "-out", request)
        dates = ["-startdate", start, "-enddate", end] if end else ["-days", "2"]
        self._openssl("ca", "-batch", "-notext", "-config", self._path("config"), "-extensions",
                      "server", "-in", request, "-out", certificate, "-cert", self.authority,
                      "-keyfile", self._path("authority.key"), *dates)
        return certificate, key

    def close(self):
        """Removes them."""
        self._folder.close()


class Upstream:
    """The server, running in a namespace until close. Names are below FOLDER and stand in the URL
    as they are given: who wants them encoded gives them so.

    certificate: (certificate, key) makes it https. As a proxy for https it is plain itself, and
    speaks TLS behind CONNECT (is_proxy)."""

    def __init__(self, network, namespace="srv", address=ADDRESS, certificate=None, is_proxy=False):
        self._folder = Folder("upstream")
        self._numbers = itertools.count(1)
        self._news = threading.Condition()
        self._events = []
        self._scheme = "https" if certificate and not is_proxy else "http"
        self.address = address
        words = [*(certificate or ()), *(["plain"] if is_proxy else [])]
        self._process = network.start(namespace, sys.executable, SERVER, address, 0, *words,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        close_at_exit(self)
        self.port = self.wait_for("listening")["port"]

    def _read(self):
        for line in self._process.stdout:
            with self._news:
                self._events.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._reader = None
            self._news.notify_all()

    def _do(self, what, **fields):
        number = next(self._numbers)
        self._process.stdin.write(json.dumps({"do": what, "number": number, **fields}) + "\n")
        self._process.stdin.flush()
        self._wait(lambda: [event for event in self._events if event.get("number") == number], what)

    def _wait(self, find, what, timeout=WAIT_S):
        end = time.monotonic() + timeout
        with self._news:
            while not (found := find()):
                left = end - time.monotonic()
                if self._reader is None or left <= 0:
                    tail = "\n".join(map(str, self._events[-20:]))
                    raise AssertionError(f"the upstream does not see {what}:\n{tail}")
                self._news.wait(left)
            return found

    @property
    def root(self):
        """The URL to be bootd's root."""
        return f"{self._scheme}://{self.address}:{self.port}{FOLDER}"

    # What it is to answer.

    def put(self, name, content=b"", then=(), **answer):
        """Scripts the answers to a name: the first, and what follows it; upstream_server.py tells
        the keys. content of an answer is its body. Returns the first one's content."""
        answers = [self._scripted(content, answer)]
        answers += [self._scripted(more.pop("content", content), more)
                    for more in map(dict, then)]
        self._do("script", path=self._path(name), answers=answers)
        return content

    def _scripted(self, content, answer):
        path = os.path.join(self._folder.path, str(next(self._numbers)))
        with open(path, "wb") as file:
            file.write(content)
        if "raw" in answer:
            answer = {**answer, "raw": base64.b64encode(answer["raw"]).decode()}
        return {"body": path, **answer}

    def remove(self, name):
        """It is 404 from now on."""
        self._do("forget", path=self._path(name))

    def release(self, name):
        """Lets answers go on that are held, now or later."""
        self._do("release", path=self._path(name))

    def stop_listening(self):
        """Refuses connections, and drops those that there are."""
        self._do("close")

    def listen_again(self):
        """On the same port."""
        self._do("open")

    # What it has seen.

    @staticmethod
    def _path(name):
        return name if name.startswith("/") else f"{FOLDER}/{name}"

    def events(self, kind, name=None):
        """All events of a kind: request, answered, held, connected, connect, distrusted."""
        path = None if name is None else self._path(name)
        with self._news:
            return [event for event in self._events
                    if event["event"] == kind and (path is None or event["path"] == path)]

    def requests(self, name=None):
        """All requests so far, of one name or of all."""
        self._do("nothing")  # what it saw before it confirms this is known here, too
        return self.events("request", name)

    def sent(self, name=None):
        """Body bytes of all answers, once they have ended."""
        for path in {request["path"] for request in self.requests(name)}:
            self.wait_for("answered", path, len(self.requests(path)))
        return sum(event["sent"] for event in self.events("answered", name))

    def wait_for(self, kind, name=None, count=1):
        """Awaits so many events of a kind; returns the last of them."""
        def find():
            path = None if name is None else self._path(name)
            found = [event for event in self._events
                     if event["event"] == kind and (path is None or event["path"] == path)]
            return found[count - 1:count]
        return self._wait(find, f"{count} {kind} of {name}")[0]

    def close(self):
        """Ends the server."""
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._folder.close()
        is_closed(self)
