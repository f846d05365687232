#!/usr/bin/env python3
"""A root on a web server: every client gets every byte, and the upstream sends each but once."""

from harness import main
from network import wait_until
from remote import (BLOCK, DOWNLOADS, HTTP_PORT, SERVER, HttpDownload, RemoteTest, TftpDownload,
                    content)
from tftp import ERROR, NOT_FOUND, OACK, RawTftp
from tftp_clients_test import CLIENTS, TftpTest

SIZES = (0, 1, 511, 512, 513, BLOCK, BLOCK * 3, (1 << 20) + 1)
FRAMINGS = ("length", "chunked")
MANY = 50


class Whole(RemoteTest):
    """Files as every web server sends them."""

    def test_every_size_in_each_framing_by_each_client(self):
        upstream = self.upstream()
        self.remote(upstream)
        for framing in FRAMINGS:
            for size in SIZES:
                for kind in DOWNLOADS:
                    name = f"{framing}-{size}-{kind}"
                    with self.subTest(name):
                        expected = upstream.put(name, content(size), framing=framing)
                        self.check_whole(self.download(kind, name), expected)
                        self.check_whole(self.download(kind, name), expected)
                        self.assertEqual(len(upstream.requests(name)), 1)

    def test_a_slow_upstream_is_only_slow(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind in DOWNLOADS:
            with self.subTest(client=kind):
                name = f"slow-{kind}"
                expected = upstream.put(name, content(100_000), pace=200_000)
                self.check_whole(self.download(kind, name), expected)

    def test_a_large_file_costs_the_upstream_its_size_once(self):
        upstream = self.upstream()
        self.remote(upstream)
        expected = upstream.put("large", content(40 << 20))
        self.check_each("large", expected)
        self.assertEqual(upstream.sent(), len(expected))

    def test_what_one_protocol_fetched_the_other_serves(self):
        upstream = self.upstream()
        self.remote(upstream)
        for first, second in (("TFTP", "HTTP"), ("HTTP", "TFTP")):
            with self.subTest(first=first):
                expected = upstream.put(f"by-{first}", content(70_000))
                self.check_whole(self.download(first, f"by-{first}"), expected)
                self.check_whole(self.download(second, f"by-{first}"), expected)
                self.assertEqual(len(upstream.requests(f"by-{first}")), 1)

    def test_it_is_never_asked_for_another_encoding_nor_first_by_head(self):
        upstream = self.upstream()
        self.remote(upstream)
        upstream.put("file", content(100))
        self.download("TFTP", "file")
        request, = upstream.requests("file")
        self.assertEqual(request["method"], "GET")
        self.assertIn(request["headers"].get("accept-encoding", "identity"), ("identity",))
        self.assertNotIn("range", request["headers"])


class RealClients(TftpTest, RemoteTest):
    """The programs, from a remote root."""

    def test_each_gets_a_file_that_is_not_here_yet(self):
        upstream = self.upstream()
        self.remote(upstream)
        for client, (make_command, block_sizes) in CLIENTS.items():
            for framing in FRAMINGS:
                with self.subTest(client=client, framing=framing):
                    name = f"{client}-{framing}"
                    expected = upstream.put(name, content(300_001), framing=framing)
                    self.fetch(make_command, name, expected, block_sizes[-1])

    def test_each_waits_for_a_slow_one(self):
        upstream = self.upstream()
        self.remote(upstream)
        for client, (make_command, block_sizes) in CLIENTS.items():
            with self.subTest(client=client):
                expected = upstream.put(client, content(60_000), pace=40_000)
                self.fetch(make_command, client, expected, block_sizes[-1])

    def test_curl_resumes_what_is_remote(self):
        upstream = self.upstream()
        self.remote(upstream)
        expected = upstream.put("file", content(100_000))
        url = f"http://{SERVER}:{HTTP_PORT}/file"
        self.run_client(["curl", "-sS", "--fail", "-r", "0-39999", "-o", "part", url])
        self.check_download("part", expected[:40_000])
        result = self.run_client(["curl", "-sS", "--fail", "-C", "-", "-o", "part", url])
        self.assertEqual(result.returncode, 0, result.stdout)
        self.check_download("part", expected)
        self.assertEqual(len(upstream.requests("file")), 1)


class Growing(RemoteTest):
    """Clients of a file that is still on its way."""

    def test_the_first_block_leaves_before_the_rest_is_here(self):
        upstream = self.upstream()
        self.remote(upstream)
        for framing in FRAMINGS:
            for kind in DOWNLOADS:
                with self.subTest(client=kind, framing=framing):
                    name = f"{framing}-{kind}"
                    expected = upstream.put(name, content(100_000), framing=framing, hold=20_000)
                    download = DOWNLOADS[kind](self.network, name)
                    got = download.read(BLOCK * 10)
                    # The upstream still holds the rest back.
                    self.assertEqual(got, expected[:len(got)])
                    self.assertIsNone(download.outcome)
                    upstream.release(name)
                    self.check_whole(download.finish(), expected)

    def test_a_block_is_sent_only_when_it_is_full(self):
        upstream = self.upstream()
        self.remote(upstream)
        expected = upstream.put("file", content(5000), hold=BLOCK + 10)
        download = TftpDownload(self.network, "file")
        self.assertEqual(download.read(BLOCK), expected[:BLOCK])
        upstream.wait_for("held", "file")
        self.assertFalse(download.has_packet(1))
        upstream.release("file")
        self.check_whole(download.finish(), expected)

    def test_a_client_that_repeats_itself_while_it_waits_is_not_given_up(self):
        upstream = self.upstream()
        self.remote(upstream, {"tftp": {"timeout": "0.1"}})
        expected = upstream.put("file", content(50_000), hold=BLOCK * 4)
        download = TftpDownload(self.network, "file")
        download.read(BLOCK * 4)
        for _ in range(20):
            download.acknowledge()
            self.assertFalse(download.has_packet(0.1))
        upstream.release("file")
        self.check_whole(download.finish(), expected)

    def test_who_comes_late_reads_from_the_start(self):
        upstream = self.upstream()
        self.remote(upstream)
        expected = upstream.put("file", content(200_000), hold=100_000)
        first = TftpDownload(self.network, "file")
        first.read(BLOCK * 60)
        late = [DOWNLOADS[kind](self.network, "file") for kind in list(DOWNLOADS) * 3]
        for download in late:
            self.assertEqual(download.read(BLOCK)[:BLOCK], expected[:BLOCK])
        upstream.release("file")
        for outcome in self.all_at_once([first, *late]):
            self.check_whole(outcome, expected)
        self.assertEqual(len(upstream.requests("file")), 1)
        self.check_each("file", expected)
        self.assertEqual(upstream.sent("file"), len(expected))

    def test_many_clients_at_once_are_one_request(self):
        upstream = self.upstream()
        bootd = self.remote(upstream)
        expected = upstream.put("file", content(300_000), hold=-1)
        downloads = [DOWNLOADS[kind](self.network, "file") for kind in list(DOWNLOADS) * (MANY // 2)]
        upstream.wait_for("held", "file")
        upstream.release("file")
        for outcome in self.all_at_once(downloads):
            self.check_whole(outcome, expected)
        self.assertEqual(len(upstream.requests()), 1)
        self.assertEqual(upstream.sent(), len(expected))
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-sent"], MANY // 2)

    def test_a_client_that_leaves_does_not_stop_it(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind in DOWNLOADS:
            with self.subTest(client=kind):
                expected = upstream.put(kind, content(200_000), hold=50_000)
                download = DOWNLOADS[kind](self.network, kind)
                download.start()
                upstream.wait_for("held", kind)
                download.leave()
                upstream.release(kind)
                self.assertEqual(upstream.wait_for("answered", kind)["ending"], "whole")
                self.check_each(kind, expected)
                self.assertEqual(len(upstream.requests(kind)), 1)

    def test_the_size_is_told_only_where_it_is_known(self):
        upstream = self.upstream()
        self.remote(upstream)
        for framing, options in (("length", {"tsize": "30000", "blksize": "1024"}),
                                 ("chunked", {"blksize": "1024"})):
            with self.subTest(framing):
                expected = upstream.put(framing, content(30_000), framing=framing, hold=2000)
                download = TftpDownload(self.network, framing,
                                        [("tsize", 0), ("blksize", 1024)])
                self.assertEqual((download.start().kind, download.start().options), (OACK, options))
                upstream.release(framing)
                self.check_whole(download.finish(), expected)
                web = HttpDownload(self.network, framing)
                self.assertEqual(web.start().getheader("Content-Length"), "30000")
                self.check_whole(web.finish(), expected)
                # It is whole now.
                self.assertEqual(
                    TftpDownload(self.network, framing, [("tsize", 0)]).start().options,
                    {"tsize": "30000"})

    def test_http_sends_what_has_no_length_in_chunks(self):
        upstream = self.upstream()
        self.remote(upstream)
        expected = upstream.put("file", content(30_000), framing="chunked", hold=2000)
        download = HttpDownload(self.network, "file")
        response = download.start()
        self.assertEqual((response.status, response.getheader("Content-Length"),
                          response.getheader("Transfer-Encoding")), (200, None, "chunked"))
        upstream.release("file")
        self.check_whole(download.finish(), expected)

    def test_a_head_or_a_question_for_the_size_costs_one_get_at_most(self):
        upstream = self.upstream()
        self.remote(upstream)
        expected = upstream.put("file", content(60_000), hold=10_000)
        head = HttpDownload(self.network, "file", method="HEAD")
        self.assertEqual(head.start().getheader("Content-Length"), "60000")
        head.close()
        TftpDownload(self.network, "file", [("tsize", 0)]).leave()
        upstream.release("file")
        self.check_each("file", expected)
        self.assertEqual([request["method"] for request in upstream.requests("file")], ["GET"])

    def test_a_part_of_what_is_growing(self):
        upstream = self.upstream()
        self.remote(upstream)
        expected = upstream.put("file", content(60_000), hold=10_000)
        part = HttpDownload(self.network, "file", headers={"Range": "bytes=50000-50999"})
        upstream.wait_for("held", "file")
        upstream.release("file")
        outcome = part.finish()
        self.assertTrue(outcome.is_whole, outcome)
        if outcome.code == 206:
            self.assertEqual(outcome.data, expected[50000:51000])
        else:
            self.check_whole(outcome, expected)


class Missing(RemoteTest):
    """Files that there are not."""

    CODES = {"TFTP": NOT_FOUND, "HTTP": 404}

    def test_missing_is_told_as_missing_and_asked_for_once(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind, code in self.CODES.items():
            for _ in range(3):
                outcome = self.download(kind, f"pxelinux.cfg/{kind}")
                self.check_error(outcome, b"")
                self.assertEqual(outcome.code, code, outcome)
            self.assertEqual(len(upstream.requests(f"pxelinux.cfg/{kind}")), 1)

    def test_gone_is_missing_as_well(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind, code in self.CODES.items():
            upstream.put(f"gone-{kind}", b"gone", status=410)
            self.assertEqual(self.download(kind, f"gone-{kind}").code, code)

    def test_the_page_of_an_error_is_nobodys_file(self):
        upstream = self.upstream()
        self.remote(upstream)
        for status in (204, 300, 400, 401, 403, 404, 429, 500, 502, 503):
            for kind in DOWNLOADS:
                with self.subTest(status=status, client=kind):
                    name = f"{status}-{kind}"
                    upstream.put(name, b"<html>sorry</html>", status=status)
                    outcome = self.download(kind, name)
                    self.assertFalse(outcome.is_whole, outcome)
                    self.assertNotIn(b"sorry", outcome.data if kind == "TFTP" else b"")

    def test_only_what_is_missing_is_told_as_missing(self):
        upstream = self.upstream()
        self.remote(upstream)
        for status in (401, 403, 500, 503):
            with self.subTest(status), RawTftp(self.network) as client:
                upstream.put(f"{status}", b"", status=status)
                answer = client.ask(f"{status}")
                self.assertEqual(answer.kind, ERROR)
                self.assertNotEqual(answer.code, NOT_FOUND, answer)
        self.assertIn(self.download("HTTP", "503").code, (502, 504))

    def test_what_appears_is_served_after_a_few_seconds(self):
        upstream = self.upstream()
        self.remote(upstream, {"cache": {"remember_missing": "1"}})
        self.check_error(self.download("TFTP", "late"))
        expected = upstream.put("late", content(1000))
        wait_until(lambda: self.download("TFTP", "late").is_whole, 30, "the file to be there")
        self.check_whole(self.download("TFTP", "late"), expected)


if __name__ == "__main__":
    main()
