#!/usr/bin/env python3
"""Names on their way to a web server: encoded, and never out of the root's folder."""

import http.client
import urllib.parse

from bootd import run_binary
from harness import main
from network import Folder
from remote import HTTP_PORT, SERVER, HttpDownload, RemoteTest, content
from tftp import ERROR, RawTftp
from upstream import FOLDER

# What a TFTP client asks for, and the clean name.
NAMES = {
    "plain": "plain",
    "deep/er/file.cfg": "deep/er/file.cfg",
    "/leading": "leading",
    "//two//slashes": "two/slashes",
    "back\\slash": "back/slash",
    "./a/./b": "a/b",
    "efi64/../vmlinuz": "vmlinuz",
    "with a space": "with a space",
    "a?query=1": "a?query=1",
    "a#fragment": "a#fragment",
    "a%2fb": "a%2fb",
    "a%2Fb": "a%2Fb",
    "%2e%2e/up": "%2e%2e/up",
    "..%2fup": "..%2fup",
    "%00": "%00",
    "100%": "100%",
    "a&b=c;d,e+f$g!h*i'(j)": "a&b=c;d,e+f$g!h*i'(j)",
    "user@host:80": "user@host:80",
    "http://other.example/file": "http:/other.example/file",
    "x:y": "x:y",
    "~user": "~user",
    "[bracket]": "[bracket]",
    "{brace}|^`\"<>": "{brace}|^`\"<>",
    "grüße": "grüße",
    "...": "...",
    "..file": "..file",
    "file..": "file..",
    "a/.hidden": "a/.hidden",
}
REFUSED = ("..", "../up", "a/../../up", "..\\up", "/..", "/", ".", "")

# Raw targets of HTTP: none may lead out, whatever they become.
TARGETS = ("/../up", "/a/../../up", "/%2e%2e/up", "/%2E%2E/up", "/.%2e/up", "/%2e./up", "/..%2fup",
           "/a/..%2f..%2fup", "/..%5cup", "/%5c..%5cup", "/%252e%252e/up", "/..;/up", "//other/up",
           "/%2f%2fother/up", "/a%00b", "/a%0d%0aX-Header:%20y", "/a%20HTTP/1.1", "/a?../../up",
           "/a#../../up", "/%ff%fe", "/%c0%ae%c0%ae/up", "/a%3fq", "/a%23f", "/@other/up",
           "/%", "/%4", "/%zz", "/" + "a" * 3000, "/" + "a/" * 1500)


class Names(RemoteTest):
    """What of a name reaches the upstream."""

    def check_target(self, target):
        """Below the folder, and nothing but a path."""
        self.assertTrue(target.startswith(FOLDER + "/"), target)
        self.assertNotRegex(target, r"[?#\\\x00-\x20\x7f-\xff]")
        parts = [urllib.parse.unquote_to_bytes(part) for part in target.split("/")]
        self.assertFalse({b"..", b"."} & set(parts), target)

    def test_each_reaches_the_upstream_as_it_is(self):
        upstream = self.upstream()
        self.remote(upstream)
        for asked, clean in NAMES.items():
            with self.subTest(asked), RawTftp(self.network) as client:
                seen = len(upstream.requests())
                self.assertEqual(client.ask(asked).kind, ERROR)
                request, = upstream.requests()[seen:]
                self.check_target(request["target"])
                parts = request["target"].removeprefix(FOLDER + "/").split("/")
                self.assertEqual([urllib.parse.unquote(part) for part in parts], clean.split("/"))

    def test_bytes_that_are_no_text(self):
        upstream = self.upstream()
        self.remote(upstream)
        for name in (b"gr\xfc\xdfe", b"\xc3", b"\x80\x81", b"a\xff\xffb"):
            with self.subTest(name), RawTftp(self.network) as client:
                seen = len(upstream.requests())
                client.ask(name)
                for request in upstream.requests()[seen:]:
                    self.check_target(request["target"])
                    got = urllib.parse.unquote_to_bytes(request["target"])
                    self.assertTrue(name.startswith(got.removeprefix(FOLDER.encode() + b"/")), got)

    def test_strange_names_are_served(self):
        upstream = self.upstream()
        self.remote(upstream)
        for number, name in enumerate(("a b", "a?b", "a#b", "a%2fb", "grüße", "a+b&c=d")):
            for quoted in {urllib.parse.quote(name, safe=""), urllib.parse.quote(name, safe="+&=")}:
                upstream.put(quoted, content(3000, number))
            with self.subTest(name), RawTftp(self.network) as client:
                self.assertEqual(client.read(name)[0], content(3000, number))
                # By HTTP a percent sign is encoded itself.
                web = HttpDownload(self.network, urllib.parse.quote(name)).finish()
                self.check_whole(web, content(3000, number))

    def test_what_climbs_out_never_reaches_the_upstream(self):
        upstream = self.upstream()
        self.remote(upstream)
        for name in REFUSED:
            with self.subTest(name), RawTftp(self.network) as client:
                self.assertEqual(client.ask(name).kind, ERROR)
        self.assertEqual(upstream.events("connected"), [])

    def test_no_target_of_http_leads_out(self):
        upstream = self.upstream()
        self.remote(upstream)
        for target in TARGETS:
            with self.subTest(target[:40]):
                with self.network.inside("cli"):
                    connection = http.client.HTTPConnection(SERVER, HTTP_PORT, timeout=60)
                    connection.connect()
                connection.sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                response = http.client.HTTPResponse(connection.sock)
                response.begin()
                self.assertGreaterEqual(response.status, 400)
                response.close()
                connection.close()
        for request in upstream.requests():
            self.check_target(request["target"])
            self.assertNotIn("x-header", request["headers"])

    def test_a_root_in_each_spelling(self):
        upstream = self.upstream()
        bare = f"http://127.0.0.1:{upstream.port}"
        for root, target in ((bare, "/file"), (bare + "/", "/file"), (bare + "/netboot/", "/netboot/file"),
                             (bare.upper().replace("HTTP", "Http") + "/n", "/n/file")):
            with self.subTest(root):
                expected = upstream.put(target, content(1000))
                seen = len(upstream.requests())
                bootd = self.remote(root)
                self.check_each("file", expected)
                self.assertEqual(upstream.requests()[seen]["target"], target)
                bootd.stop()

    def test_a_name_and_a_password_in_the_root_are_not_logged(self):
        upstream = self.upstream()
        bootd = self.remote(f"http://user:geheim@127.0.0.1:{upstream.port}/netboot")
        expected = upstream.put("file", content(1000), cut=500, then=[{}])
        upstream.put("well", expected)
        self.download("TFTP", "file")
        self.check_each("well", expected)
        self.assertTrue(upstream.requests("well")[0]["headers"]["authorization"].startswith("Basic "))
        self.assertNotIn("geheim", bootd.text())


    def test_a_redirect_takes_no_password_along_to_another_host(self):
        upstream, other = self.upstream(), self.upstream(address="127.0.0.2")
        expected = other.put("file", content(1000))
        upstream.put("file", b"", status=302, headers={"Location": other.root + "/file"})
        self.remote(f"http://user:geheim@127.0.0.1:{upstream.port}/netboot")
        self.check_each("file", expected)
        self.assertIn("authorization", upstream.requests()[0]["headers"])
        for request in other.requests():
            self.assertNotIn("authorization", request["headers"])


class Roots(RemoteTest):
    """What is no root is told at the start."""

    def test_each_is_refused_with_file_line_and_key(self):
        folder = Folder("roots")
        self.addCleanup(folder.close)
        config = folder.path + "/bootd.ini"
        for root in ("http://", "https:///x", "ftp://host/x", "http://host:99999/", "http://host:x/",
                     "http://[::1/", "http://host/x?query", "http://host/x#fragment",
                     "http://ho st/", "http://host/\x01", "http://" + "a" * 3000):
            with self.subTest(root[:30]):
                with open(config, "w") as file:
                    file.write(f"[bootp]\npool_start = 10.77.0.100\n[tftp]\nroot = {root}\n")
                code, output, errors = run_binary(self.network, "--check", "-c", config)
                self.assertNotEqual(code, 0, root)
                self.assertRegex(output + errors, r"bootd\.ini(:4)?: .*root.*https?://")


if __name__ == "__main__":
    main()
