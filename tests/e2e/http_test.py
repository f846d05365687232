#!/usr/bin/env python3
"""Files over HTTP, by curl, wget, busybox and bare sockets: whole, in parts, or not at all."""

import errno
import hashlib
import os
import signal
import socket
import subprocess

import harness
from bootd import run_binary
from dhcp import RawClient, mac, pxe_options
from harness import EndToEndTest, main
from http_wire import ARGUMENTS, SERVER, Answer, ask, connect, get, receive_all
from network import one_server_one_client, run

harness.PACKAGES.update({"wget": "wget", "wrk": "wrk", "openssl": "openssl"})
URL = f"http://{SERVER}"
CLIENT = "10.77.0.2"
MIB = 1 << 20


def digest(data):
    """The SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


class HttpTest(EndToEndTest):
    """TFTP and HTTP, and a client with an address."""

    programs = ("curl",)

    @classmethod
    def make_network(cls):
        made = one_server_one_client()
        made.add_address("cli", "c0", CLIENT + "/24")
        return made

    def serve(self, *changes, arguments=ARGUMENTS, **more):
        """A running bootd."""
        return self.bootd({"tftp": {"timeout": None}}, *changes, arguments=arguments, **more)

    def curl(self, *arguments, code=0):
        """curl's output, bytes; the exit code is checked."""
        result = subprocess.run(self.network.command("cli", "curl", "-sS", *arguments),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                                stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stdout


class Files(HttpTest):
    """What real clients get."""

    programs = ("curl", "wget", "busybox")

    def test_curl_gets_whole_files_of_every_size(self):
        bootd = self.serve()
        for size in (0, 1, 1023, 32768, 32769, 5 * MIB + 7):
            content = bootd.write(f"dir/file-{size}", os.urandom(size))
            self.assertEqual(digest(self.curl(f"{URL}/dir/file-{size}")), digest(content), size)
            bootd.wait_for(rf"http: 10\.77\.0\.2: sent dir/file-{size}, {size} bytes in ")

    def test_curl_resumes_a_transfer(self):
        bootd = self.serve()
        content = bootd.write("file", os.urandom(3 * MIB))
        local = os.path.join(bootd.folder, "part")
        with open(local, "wb") as file:
            file.write(content[:1234567])
        self.curl("-C", "-", "-o", local, f"{URL}/file")
        with open(local, "rb") as file:
            self.assertEqual(digest(file.read()), digest(content))
        bootd.wait_for(rf"sent file \(bytes 1234567-{3 * MIB - 1}/{3 * MIB}\), ")

    def test_wget_resumes_and_busybox_gets(self):
        bootd = self.serve()
        content = bootd.write("file", os.urandom(2 * MIB))
        for name, command in (("wget", ("wget", "-q", "-c")),
                              ("busybox", ("busybox", "wget", "-q", "-c"))):
            local = os.path.join(bootd.folder, name)
            with open(local, "wb") as file:
                file.write(content[:MIB // 3])
            result = self.network.run("cli", *command, "-O", local, f"{URL}/file")
            self.assertEqual(result.returncode, 0, result.stdout)
            with open(local, "rb") as file:
                self.assertEqual(digest(file.read()), digest(content), name)

    def test_ranges(self):
        bootd = self.serve()
        content = bootd.write("file", os.urandom(100000))
        for value, part in (("0-0", content[:1]), ("99999-", content[-1:]),
                            ("-7", content[-7:]), ("5-60000", content[5:60001])):
            self.assertEqual(self.curl("-r", value, f"{URL}/file"), part, value)
        answer = get(self.network, "/file", "Range: bytes=0-1,3-4")
        self.assertEqual((answer.status, answer.body), (200, content))
        answer = get(self.network, "/file", "Range: bytes=100000-")
        self.assertEqual((answer.status, answer.headers["content-range"]),
                         (416, "bytes */100000"))

    def test_the_range_of_an_old_ipxe_is_named_in_the_log(self):
        bootd = self.serve()
        bootd.write("file", b"abc")
        self.assertEqual(get(self.network, "/file", "Range: bytes=u-u").status, 416)
        bootd.wait_for("file: refused: its range is bytes=u-u: this iPXE is too old")

    def test_head_tells_what_get_would_send(self):
        bootd = self.serve()
        content = bootd.write("a.efi", os.urandom(70000))
        head = get(self.network, "/a.efi", method="HEAD")
        whole = get(self.network, "/a.efi")
        for answer in (head, whole):
            answer.raw_headers = [line for line in answer.raw_headers
                                  if not line.startswith("Date:")]
        self.assertEqual(head.raw_headers, whole.raw_headers)
        self.assertEqual((head.status, head.rest), (200, b""))
        self.assertEqual(head.headers["content-length"], "70000")
        self.assertEqual(head.headers["content-type"], "application/efi")
        self.assertEqual(whole.body, content)

    def test_a_client_that_has_it_gets_no_body(self):
        bootd = self.serve()
        bootd.write("file", b"content")
        path = os.path.join(bootd.root, "file")
        os.utime(path, (784111777, 784111777))
        first = get(self.network, "/file")
        self.assertEqual(first.headers["last-modified"], "Sun, 06 Nov 1994 08:49:37 GMT")
        tag = first.headers["etag"]
        for header in (f"If-None-Match: {tag}", "If-None-Match: *",
                       f"If-Modified-Since: {first.headers['last-modified']}"):
            answer = get(self.network, "/file", header)
            self.assertEqual((answer.status, answer.rest), (304, b""), header)
            self.assertEqual(answer.headers["etag"], tag)
        self.assertEqual(get(self.network, "/file", f"If-Range: {tag}",
                             "Range: bytes=1-2").body, b"on")
        bootd.write("file", b"CONTENT")
        self.assertEqual(get(self.network, "/file", f"If-None-Match: {tag}").body, b"CONTENT")
        self.assertEqual(get(self.network, "/file", f"If-Range: {tag}",
                             "Range: bytes=1-2").body, b"CONTENT")

    def test_names(self):
        bootd = self.serve()
        bootd.write("a b+c", b"1")
        bootd.write("dir/caf\u00e9", b"2")
        for target, body in (("/a%20b+c", b"1"), ("//a%20b%2Bc?query=1", b"1"),
                             ("/dir/../dir//caf%C3%A9", b"2"),
                             ("http://elsewhere/dir%2fcaf%c3%a9", b"2"),
                             ("/dir%5Ccaf%C3%A9", b"2")):
            answer = get(self.network, target)
            self.assertEqual((answer.status, answer.body), (200, body), target)
        for target, status in (("/", 404), ("/dir", 404), ("/dir/", 404), ("/none", 404),
                               ("/dir/none", 404), ("/a%20b+c%00", 400), ("/%", 400),
                               ("/a%0d%0aX:%20y", 400), ("*", 400), ("ftp://h/dir", 400),
                               ("/../../etc/passwd", 403), ("/%2e%2e/%2e%2e/etc/passwd", 403),
                               ("/..%2f..%2fetc%2fpasswd", 403), ("/dir/%2e%2e/..%5c..", 403),
                               ("/" + "x" * 300, 404), ("/" + "x/" * 1500, 414)):
            answer = get(self.network, target)
            self.assertEqual(answer.status, status, target)
            self.assertEqual(answer.headers["content-type"], "text/plain; charset=utf-8")
            self.assertTrue(answer.body.endswith(b".\n"), answer.body)

    def test_only_get_and_head_are_served(self):
        bootd = self.serve()
        bootd.write("file", b"content")
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "X" * 20):
            answer = get(self.network, "/file", method=method)
            self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET, HEAD"), method)
        self.curl("--data-binary", "@" + __file__, "-f", f"{URL}/file", code=22)
        answer = get(self.network, "/file", "Content-Length: 1000000")
        self.assertEqual(answer.status, 400)
        answer = get(self.network, "/file", "Transfer-Encoding: chunked", "Content-Length: 3")
        self.assertEqual(answer.status, 400)

    def test_no_header_is_empty_and_nothing_redirects(self):
        bootd = self.serve()
        bootd.write("dir/file", b"content")
        for target in ("/dir/file", "/none", "/dir", "/"):
            for method in ("GET", "HEAD"):
                answer = get(self.network, target, method=method)
                self.assertIn(answer.status, (200, 404))
                for value in answer.headers.values():
                    self.assertNotEqual(value, "")

    def test_a_connection_carries_many_requests(self):
        bootd = self.serve()
        small, large = bootd.write("small", b"small"), bootd.write("large", os.urandom(MIB))
        request = b"GET /%s HTTP/1.1\r\nHost: h\r\n%s\r\n"
        with connect(self.network) as sock:  # all at once, the answers in their order
            sock.sendall(request % (b"small", b"") + request % (b"none", b"") +
                         request % (b"large", b"") + b"HEAD /large HTTP/1.1\r\nHost: h\r\n\r\n" +
                         request % (b"small", b"Connection: close\r\n"))
            rest, was_reset = receive_all(sock)
        self.assertFalse(was_reset)
        seen = []
        for has_body in (True, True, True, False, True):
            answer = Answer(rest, has_body)
            seen.append((answer.status, answer.body))
            rest = answer.rest
        self.assertEqual(rest, b"")
        self.assertEqual(seen[0], (200, small))
        self.assertEqual(seen[1][0], 404)
        self.assertEqual(seen[2], (200, large))
        self.assertEqual(seen[3:], [(200, b""), (200, small)])

    def test_old_clients(self):
        bootd = self.serve()
        content = bootd.write("file", os.urandom(100000))
        answer = Answer(ask(self.network, b"GET /file HTTP/1.0\r\n\r\n"))
        self.assertEqual((answer.status, answer.body), (200, content))
        with connect(self.network) as sock:
            sock.sendall(b"GET /file HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                         b"GET /none HTTP/1.0\r\n\r\n")
            data, _ = receive_all(sock)
        self.assertEqual(Answer(Answer(data).rest).status, 404)

    def test_links_and_filters_are_those_of_tftp(self):
        bootd = self.serve({"filters": {"menu/*": "menus/{ip}"}})
        os.mkdir(os.path.join(bootd.folder, "menus"))
        with open(os.path.join(bootd.folder, "menus", CLIENT), "w") as file:
            file.write("for you")
        os.symlink("/etc/passwd", os.path.join(bootd.root, "out"))
        answer = get(self.network, "/menu/x.cfg")
        self.assertEqual((answer.status, answer.body), (200, b"for you"))
        self.assertEqual(answer.headers["content-type"], "text/plain; charset=utf-8")
        bootd.wait_for(rf"sent menu/x\.cfg \(from .*/menus/{CLIENT}\), 7 bytes")
        answer = get(self.network, "/out")
        self.assertEqual(answer.status, 403)
        self.assertNotIn(b"passwd", answer.body)
        bootd.wait_for("out: refused: the symbolic link out leads out of the root")

    def test_a_root_of_its_own(self):
        bootd = self.serve({"httpd": {"root": "web"}}, start=False)
        os.mkdir(os.path.join(bootd.folder, "web"))
        with open(os.path.join(bootd.folder, "web", "file"), "w") as file:
            file.write("web")
        bootd.write("file", b"tftp")
        bootd.start()
        self.addCleanup(self._stop, bootd)
        self.assertEqual(get(self.network, "/file").body, b"web")
        self.assertEqual(self.curl(f"tftp://{SERVER}/file"), b"tftp")

    def test_a_file_cut_short_while_it_is_sent_never_looks_whole(self):
        bootd = self.serve()
        path = os.path.join(bootd.root, "file")
        bootd.write("file", bytes(64 * MIB))
        with connect(self.network, receive_buffer=4096) as sock:
            sock.sendall(b"GET /file HTTP/1.1\r\nHost: h\r\n\r\n")
            first = sock.recv(1000)
            os.truncate(path, MIB)
            bootd.stop()  # else the client is cut after [httpd] timeout
            rest, _ = receive_all(sock)
        self.assertLess(len(first + rest), 64 * MIB)


class Access(HttpTest):
    """Who is served."""

    def lease(self, client):
        raw = RawClient(self.network)
        self.addCleanup(raw.close)
        return raw.lease(client, pxe_options(7)).message

    def serve_all(self, *changes):
        bootd = self.bootd({"httpd": {"enable": "yes"}}, *changes)
        bootd.write("file", b"content")
        return bootd

    def at(self, address):
        """The client has this address, too, until the test ends."""
        self.network.add_address("cli", "c0", address + "/24")
        self.addCleanup(self.network.ip, "cli", "address", "del", address + "/24", "dev", "c0")

    def status_at(self, address):
        return int(self.curl("-o", "/dev/null", "-w", "%{http_code}", "--interface", address,
                             f"{URL}/file"))

    def test_check_ip_serves_only_who_has_a_lease(self):
        bootd = self.serve_all({"httpd": {"check_ip": "yes"}})
        self.assertEqual(self.status_at(CLIENT), 403)
        bootd.wait_for(rf"http: {CLIENT}: file: refused: no machine is known at this address, "
                       r"and \[httpd\] check_ip = yes")
        leased = self.lease(mac("52:54:00:77:0b:01")).yiaddr
        self.at(leased)
        self.assertEqual(self.status_at(leased), 200)
        bootd.wait_for(rf"http: {leased} \((?i:52-54-00-77-0b-01)\): sent file")
        # TFTP is not asked for it.
        self.assertEqual(self.curl("--interface", CLIENT, f"tftp://{SERVER}/file"), b"content")

    def test_access_files_holds_for_http(self):
        bootd = self.serve_all({"bootp": {"access_files": "known"}})
        self.assertEqual(self.status_at(CLIENT), 403)
        bootd.wait_for(r"http: .* refused: .*\[bootp\] access_files = known")

    def test_reload_changes_root_and_check_ip_and_refuses_the_rest(self):
        bootd = self.serve_all()
        os.mkdir(os.path.join(bootd.root, "sub"))
        bootd.write("sub/file", b"sub")
        self.assertEqual(get(self.network, "/file").body, b"content")

        def reload(*changes):
            bootd.configure(*changes)
            since = bootd.mark()
            os.kill(bootd.pid, signal.SIGHUP)
            return bootd.wait_for("reloaded |nothing is changed", since=since).group(0), since

        self.assertEqual(reload({"httpd": {"enable": "yes", "root": "root/sub"}})[0], "reloaded ")
        self.assertEqual(get(self.network, "/file").body, b"sub")
        self.assertEqual(reload({"httpd": {"enable": "yes", "check_ip": "yes"}})[0], "reloaded ")
        self.assertEqual(get(self.network, "/file").status, 403)
        for change in ({"enable": "no"}, {"port": "81"}, {"address": SERVER}, {"workers": "3"},
                       {"max_connections": "300"}, {"max_per_address": "3"}, {"timeout": "9"}):
            outcome, since = reload({"httpd": {"enable": "yes", **change}})
            self.assertEqual(outcome, "nothing is changed", change)
            (key,) = change
            bootd.wait_for(rf"\[httpd\] {key}: a reload cannot change this", since=since)
        outcome, since = reload({"httpd": {"enable": "yes", "root": "/usr/bin"}})
        self.assertEqual(outcome, "nothing is changed")
        bootd.wait_for(r"\[httpd\] root: /usr/bin is out of reach", since=since)
        self.assertEqual(get(self.network, "/file").status, 403)

    def test_a_reload_drops_no_transfer(self):
        bootd = self.serve_all()
        content = bootd.write("large", os.urandom(40 * MIB))
        with connect(self.network, receive_buffer=4096) as sock:
            sock.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            first = sock.recv(1000)
            since = bootd.mark()
            os.kill(bootd.pid, signal.SIGHUP)
            bootd.wait_for("reloaded ", since=since)
            rest, _ = receive_all(sock)
        self.assertEqual(digest(Answer(first + rest).body), digest(content))


class Addresses(HttpTest):
    """Where it listens."""

    def setUp(self):
        self.network.add_link(("srv", "s1"), ("cli", "c1"))
        self.addCleanup(self.network.ip, "srv", "link", "del", "s1")
        self.network.add_address("srv", "s1", "10.78.0.1/24")
        self.network.add_address("cli", "c1", "10.78.0.2/24")

    def test_an_address_is_all_that_is_listened_on(self):
        bootd = self.serve({"httpd": {"address": SERVER}})
        bootd.write("file", b"content")
        self.assertEqual(get(self.network, "/file").body, b"content")
        with self.network.inside("cli"), socket.socket() as sock:
            self.assertEqual(sock.connect_ex(("10.78.0.1", 80)), errno.ECONNREFUSED)

    def test_a_network_leaves_the_others_out(self):
        bootd = self.serve({"httpd": {"address": "10.78.0.0"}})
        bootd.write("file", b"content")
        self.assertEqual(get(self.network, "/file", address="10.78.0.1").body, b"content")
        with connect(self.network) as sock:
            self.assertEqual(receive_all(sock)[0], b"")
        bootd.wait_for(r"http: 10\.77\.0\.2: ended a connection: \[httpd\] address leaves")

    def test_a_taken_port_is_explained(self):
        self.serve()
        second = self.serve(start=False, arguments=("-t", "-H"))
        second.configure({"tftp": {"port": "6969"}})
        second.start(until=None)
        self.assertEqual(second.wait_exit(), 1)
        self.assertRegex(second.text(), r"\[httpd\] port: port 80 is already taken: .*'ss -tlpn")


class Https(HttpTest):
    """With a certificate."""

    programs = ("curl", "openssl")

    def make_pair(self, folder, name, days="30"):
        """A self-signed certificate and its key; their paths."""
        certificate, key = (os.path.join(folder, f"{name}.{kind}") for kind in ("pem", "key"))
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", days, "-subj", f"/CN={name}", "-addext",
            f"subjectAltName=IP:{SERVER}", "-keyout", key, "-out", certificate)
        os.chmod(key, 0o644)
        return certificate, key

    def prepare(self):
        bootd = self.serve(start=False)
        self.addCleanup(self._stop, bootd)
        self.pem, self.key = self.make_pair(bootd.folder, "first")
        bootd.configure(self.settings(self.pem, self.key))
        bootd.write("file", b"content")
        return bootd

    @staticmethod
    def settings(certificate, key):
        return {"tftp": {"timeout": None}, "httpd": {"cert": certificate, "key": key}}

    def fetch(self, certificate, *arguments, code=0):
        return self.curl("--cacert", certificate, *arguments, f"https://{SERVER}/file", code=code)

    def test_files_are_served(self):
        bootd = self.prepare().start()
        large = bootd.write("file", os.urandom(3 * MIB + 5))
        self.assertEqual(digest(self.fetch(self.pem)), digest(large))
        self.assertEqual(self.fetch(self.pem, "-r", "5-9"), large[5:10])
        self.assertIn(b"200", self.fetch(self.pem, "-I"))
        self.curl(f"https://{SERVER}/file", code=60)

    def test_a_plain_request_is_no_danger(self):
        bootd = self.prepare().start()
        self.assertNotIn(b"content", ask(self.network, b"GET /file HTTP/1.0\r\n\r\n", port=443))
        self.assertEqual(self.fetch(self.pem), b"content")
        bootd.wait_for("sent file")

    def test_a_renewed_certificate_is_taken_by_a_reload(self):
        bootd = self.prepare().start()
        old = self.pem + ".old"
        os.rename(self.pem, old)
        self.make_pair(bootd.folder, "first")
        self.assertEqual(self.fetch(old), b"content")  # until it is told
        os.kill(bootd.pid, signal.SIGHUP)
        bootd.wait_for("reloaded ")
        self.assertEqual(self.fetch(self.pem), b"content")
        self.fetch(old, code=60)
        # A pair that does not fit changes nothing.
        self.make_pair(bootd.folder, "other")
        os.rename(os.path.join(bootd.folder, "other.key"), self.key)
        since = bootd.mark()
        os.kill(bootd.pid, signal.SIGHUP)
        bootd.wait_for(r"\[httpd\] key: .*first\.key: the key does not belong to the certificate",
                       since=since)
        bootd.wait_for("nothing is changed", since=since)
        self.assertEqual(self.fetch(self.pem), b"content")
        os.chmod(self.key, 0o600)
        since = bootd.mark()
        os.kill(bootd.pid, signal.SIGHUP)
        bootd.wait_for(r"it cannot be read: Permission denied; .*\[daemon\] user", since=since)

    def test_wrong_files_stop_the_start(self):
        bootd = self.prepare()
        other_pem, other_key = self.make_pair(bootd.folder, "other")
        locked = os.path.join(bootd.folder, "locked.key")
        run("openssl", "pkey", "-in", self.key, "-aes256", "-passout", "pass:x", "-out", locked)
        for certificate, key, place, words in (
                (self.pem, other_key, "key", "does not belong to the certificate"),
                (other_pem, self.key, "key", "does not belong to the certificate"),
                (self.key, self.key, "cert", "no certificates in PEM"),
                (self.pem, self.pem, "key", "no private key in PEM"),
                (self.pem, locked, "key", "the key is encrypted"),
                (self.pem + "x", self.key, "cert", "No such file"),
                (self.pem, bootd.folder, "key", "it cannot be read"),
                (self.pem, None, "cert", "needs its key"),
                (None, self.key, "key", "needs its certificate")):
            bootd.configure(self.settings(certificate, key))
            code, _, errors = run_binary(self.network, "--check", "-t", "-H", "-c", bootd.config)
            self.assertEqual(code, 1, (certificate, key))
            self.assertRegex(errors, rf"\[httpd\] {place}: .*{words}")
        bootd.configure(self.settings(self.pem, self.key))
        self.assertEqual(run_binary(self.network, "--check", "-t", "-H", "-c", bootd.config)[0], 0)
        bootd.start()


if __name__ == "__main__":
    main()
