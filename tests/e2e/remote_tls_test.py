#!/usr/bin/env python3
"""A root by https, and by a proxy: whom bootd believes, and how it gets there."""

import os

from bootd import run_binary
from harness import main
from network import Folder
from remote import DOWNLOADS, RemoteTest, content
from upstream import ADDRESS, Certificates

SIZE = 300_000
FILE = content(SIZE)
SOON = {"cache": {"stall_timeout": "2", "connect_timeout": "2"}}


class TlsTest(RemoteTest):
    """An authority of the test's own."""

    programs = ("openssl",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = Certificates()
        cls.addClassCleanup(cls.certificates.close)

    def secure(self, *names, **more):
        """An https upstream with the file on it."""
        upstream = self.upstream(certificate=self.certificates.sign(*names, **more))
        upstream.put("file", FILE, etag='"one"')
        return upstream

    def trusting(self, path=None):
        return {"tftp": {"ca_file": path or self.certificates.authority}}

    def check_distrusted(self, upstream, *changes):
        """Nobody gets a byte, and the log says why."""
        bootd = self.remote(upstream, SOON, *changes)
        for kind in DOWNLOADS:
            with self.subTest(client=kind):
                self.check_error(self.download(kind, "file"), b"")
        bootd.wait_for("(?i)certificate|SSL")
        bootd.stop()
        self.assertEqual(upstream.requests(), [])


class Trust(TlsTest):
    """Certificates."""

    def test_a_private_authority_is_believed_where_it_is_named(self):
        upstream = self.secure()
        self.remote(upstream, self.trusting())
        self.check_each("file", FILE)
        self.assertEqual(upstream.sent(), SIZE)

    def test_a_name_by_dns(self):
        upstream = self.secure("DNS:localhost")
        upstream.address = "localhost"
        self.remote(upstream, self.trusting())
        self.check_each("file", FILE)

    def test_an_unknown_authority_is_not_believed(self):
        self.check_distrusted(self.secure())

    def test_another_authority_is_not_believed(self):
        other = Certificates()
        self.addCleanup(other.close)
        self.check_distrusted(self.secure(), self.trusting(other.authority))

    def test_a_wrong_name_is_not_believed(self):
        for names in ("DNS:wrong.example", "IP:127.0.0.9", "DNS:127.0.0.1"):
            with self.subTest(names):
                self.check_distrusted(self.secure(names), self.trusting())

    def test_what_has_expired_or_is_not_valid_yet_is_not_believed(self):
        for start, end in (("20200101000000Z", "20210101000000Z"),
                           ("20900101000000Z", "20910101000000Z")):
            with self.subTest(start):
                self.check_distrusted(self.secure(start=start, end=end), self.trusting())

    def test_a_server_that_speaks_no_tls_is_not_believed(self):
        upstream = self.upstream()
        upstream.put("file", FILE)
        bootd = self.remote(upstream.root.replace("http:", "https:"), SOON, self.trusting())
        for kind in DOWNLOADS:
            self.check_error(self.download(kind, "file"), b"")
        bootd.stop()
        self.assertEqual(upstream.requests(), [])

    def test_a_redirect_never_leads_from_https_to_http(self):
        plain = self.upstream()
        plain.put("file", FILE)
        upstream = self.secure()
        bootd = self.remote(upstream, SOON, self.trusting())
        for kind in DOWNLOADS:
            upstream.put(f"moved-{kind}", b"", status=302,
                         headers={"Location": plain.root + "/file"})
            self.check_error(self.download(kind, f"moved-{kind}"), b"")
        bootd.stop()
        self.assertEqual(plain.requests(), [])

    def test_a_redirect_leads_from_http_to_https(self):
        upstream = self.upstream()
        upstream.put("moved", b"", status=302, headers={"Location": self.secure().root + "/file"})
        self.remote(upstream, self.trusting())
        self.check_each("moved", FILE)

    def test_what_breaks_off_is_an_error_by_tls_too(self):
        upstream = self.secure()
        self.remote(upstream, SOON, self.trusting())
        for number, answer in enumerate(({"cut": 50_000}, {"reset": 50_000},
                                         {"framing": "chunked", "cut": 50_000},
                                         {"framing": "close"}, {"hold": 50_000})):
            for kind in DOWNLOADS:
                with self.subTest(**answer, client=kind):
                    upstream.put(f"{number}-{kind}", FILE, **answer)
                    self.check_error(self.download(kind, f"{number}-{kind}"), FILE)

    def test_a_file_of_authorities_that_is_none_is_told_at_the_start(self):
        folder = Folder("authorities")
        self.addCleanup(folder.close)
        config = os.path.join(folder.path, "bootd.ini")
        with open(config, "w") as file:
            file.write("[bootp]\npool_start = 10.77.0.100\n[tftp]\nroot = https://host/x\n"
                       "ca_file = missing.pem\n")
        code, output, errors = run_binary(self.network, "--check", "-c", config)
        self.assertNotEqual(code, 0)
        self.assertRegex(output + errors, r"bootd\.ini:5: .*ca_file")


class Proxy(TlsTest):
    """The usual environment variables. Only the proxy can get to mirror.example."""

    ROOT = "://mirror.example/netboot"

    def test_http_by_a_proxy(self):
        proxy = self.upstream()
        proxy.put("file", FILE)
        for variable in ("http_proxy", "all_proxy"):
            with self.subTest(variable):
                seen = len(proxy.requests())
                bootd = self.remote("http" + self.ROOT,
                                    env={variable: f"http://{ADDRESS}:{proxy.port}"})
                self.check_each("file", FILE)
                request, = proxy.requests("file")[seen:]
                self.assertTrue(request["proxied"])
                self.assertEqual(request["headers"]["host"], "mirror.example")
                bootd.stop()

    def test_https_by_a_proxy(self):
        proxy = self.upstream(certificate=self.certificates.sign("DNS:mirror.example"),
                              is_proxy=True)
        proxy.put("file", FILE)
        self.remote("https" + self.ROOT, self.trusting(),
                    env={"https_proxy": f"http://{ADDRESS}:{proxy.port}"})
        self.check_each("file", FILE)
        self.assertEqual(proxy.wait_for("connect")["target"], "mirror.example:443")

    def test_what_needs_no_proxy_does_without(self):
        upstream, proxy = self.upstream(), self.upstream()
        upstream.put("file", FILE)
        self.remote(upstream, env={"http_proxy": f"http://{ADDRESS}:{proxy.port}",
                                   "no_proxy": ADDRESS})
        self.check_each("file", FILE)
        self.assertEqual(proxy.events("connected"), [])

    def test_a_proxy_that_is_down_is_an_upstream_that_is_down(self):
        proxy = self.upstream()
        proxy.stop_listening()
        self.remote("http" + self.ROOT, SOON, env={"http_proxy": f"http://{ADDRESS}:{proxy.port}"})
        self.assertEqual(self.download("HTTP", "file").code, 504)
        self.assertEqual(self.download("TFTP", "file").code, 0)


if __name__ == "__main__":
    main()
