#!/usr/bin/env python3
"""Web servers that break off, lie and stall: a client gets the right bytes or an error, and never a
short file that looks whole."""

import email.utils
import gzip

from harness import main
from network import wait_until
from remote import DATE, DOWNLOADS, OTHER_DATE, RemoteTest, content
from tftp import ERROR, RawTftp

SIZE = 100_000
CUT = 40_000
OLD, NEW = content(SIZE, 1), content(SIZE, 2)
HEAD = b"HTTP/1.1 200 OK\r\n"
# Impatient, so that no test waits long.
SOON = {"cache": {"stall_timeout": "1", "connect_timeout": "1"}}


def raw(headers, body=b""):
    """A whole answer."""
    return {"raw": HEAD + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body}


# No answer to these may end in a whole file.
BROKEN = {
    "broken off": {"cut": CUT},
    "broken off at once": {"cut": 0},
    "broken off at the last byte": {"cut": SIZE - 1},
    "broken off between blocks": {"cut": 1428 * 3},
    "reset": {"reset": CUT},
    "reset at once": {"reset": 0},
    "chunks broken off": {"framing": "chunked", "cut": CUT},
    "chunks without an end": {"framing": "chunked", "cut": SIZE},
    "chunks reset": {"framing": "chunked", "reset": CUT},
    "more promised than sent": {"length": SIZE + 1},
    "much more promised than sent": {"length": 1 << 50},
    "neither length nor chunks": {"framing": "close"},
    "an encoding": {"headers": {"Content-Encoding": "gzip"}},
    "an encoding without a length": {"framing": "chunked", "headers": {"Content-Encoding": "br"}},
    "a part that nobody asked for": {"status": 206,
                                     "headers": {"Content-Range": f"bytes 0-{SIZE - 1}/{SIZE}"}},
    "a code of its own": {"status": 299},
    "nothing at all": {"raw": b""},
    "no HTTP": {"raw": b"\x16\x03\x01\x00 what is HTTP?\r\n" * 10},
    "HTTP/0.9": {"raw": OLD},
    "an endless head": {"raw": HEAD + b"X-Header: abcdefghijklm\r\n" * 200_000},
    "an endless line": {"raw": HEAD + b"X-Header: " + b"a" * (4 << 20)},
    "two lengths": raw([b"Content-Length: 50000", b"Content-Length: 100000"], OLD),
    "a negative length": raw([b"Content-Length: -1"], OLD),
    "no number for a length": raw([b"Content-Length: many"], OLD),
    "a length beyond all numbers": raw([b"Content-Length: 99999999999999999999"], OLD),
    "chunks that are none": raw([b"Transfer-Encoding: chunked"], b"zz\r\n" + OLD),
    "chunks of a wrong length": raw([b"Transfer-Encoding: chunked"],
                                    b"100\r\n" + OLD[:300] + b"\r\n0\r\n\r\n"),
    "chunks of another encoding": raw([b"Transfer-Encoding: gzip, chunked"],
                                      b"5\r\nhello\r\n0\r\n\r\n"),
    "HTTP/1.0 without a length": {"raw": b"HTTP/1.0 200 OK\r\n\r\n" + OLD},
    "HTTP/1.0 in chunks": {"raw": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  b"5\r\nhello\r\n0\r\n\r\n"},
    "an unknown encoding of the transfer": raw([b"Transfer-Encoding: unheard"], OLD),
}

# How a broken download goes on where the rest cannot be trusted: what answers the Range.
UNTRUSTED = {
    "everything again": {"ranges": "ignored"},
    "another version in whole": {"content": NEW, "etag": '"new"'},
    "another version's part": {"content": NEW, "etag": '"new"', "ranges": "stubborn"},
    "another part": {"ranges": "shifted"},
    "a part of another length": {"ranges": "other-total"},
    "a part that does not say which": {"ranges": "no-content-range"},
    "parts in parts": {"ranges": "multipart"},
    "no such part": {"ranges": "refused"},
    "an encoded part": {"headers": {"Content-Encoding": "gzip"}},
    "gone": {"status": 404},
    "forbidden": {"status": 403},
    "elsewhere": {"status": 302, "headers": {"Location": "file:///etc/passwd"}},
}


class BrokenTest(RemoteTest):
    """Each script against each client."""

    def check_recovers(self, upstream, kind, name):
        """What broke is not kept: as soon as the upstream is well, the file is right."""
        expected = upstream.put(name, NEW, etag='"well"')
        wait_until(lambda: self.download(kind, name).is_whole, 30, f"{name} to be well")
        self.check_whole(self.download(kind, name), expected)


class Broken(BrokenTest):
    """Answers that are no whole file."""

    def test_none_of_them_ends_in_a_whole_file(self):
        upstream = self.upstream()
        self.remote(upstream, SOON)
        for number, (what, answer) in enumerate(BROKEN.items()):
            for kind in DOWNLOADS:
                with self.subTest(what, client=kind):
                    name = f"{number}-{kind}"
                    upstream.put(name, OLD, **answer)
                    outcome = self.download(kind, name)
                    self.check_error(outcome)
                    if kind == "TFTP":
                        self.assertTrue(OLD.startswith(outcome.data), "wrong bytes")
                    self.check_recovers(upstream, kind, name)

    def test_the_log_says_what_was_wrong(self):
        upstream = self.upstream()
        bootd = self.remote(upstream, SOON)
        for number, (what, reason) in enumerate((
                ("broken off", "broke off|remaining|outstanding|transfer closed"),
                ("neither length nor chunks", "length"), ("an encoding", "(?i)encoding"),
                ("two lengths", "."), ("no HTTP", "HTTP/0.9"))):
            with self.subTest(what):
                upstream.put(f"{number}", OLD, **BROKEN[what])
                since = bootd.mark()
                self.check_error(self.download("TFTP", f"{number}"))
                line = bootd.wait_for(rf"error .*fetch: .*/{number}: (.*)", since=since)
                self.assertRegex(line[1], reason)

    def test_a_length_that_is_too_small_is_the_length(self):
        # Nothing else tells what the file is; the excess must not come into the next one.
        upstream = self.upstream()
        self.remote(upstream)
        for kind in DOWNLOADS:
            upstream.put(kind, OLD, length=CUT)
            outcome = self.download(kind, kind)
            self.assertEqual(outcome.data, OLD[:len(outcome.data)])
            if outcome.is_whole:
                self.assertEqual(len(outcome.data), CUT)
            upstream.put(f"next-{kind}", NEW)
            self.check_whole(self.download(kind, f"next-{kind}"), NEW)

    def test_what_is_encoded_is_never_handed_on_as_the_file(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind in DOWNLOADS:
            upstream.put(kind, gzip.compress(b"text" * 1000),
                         headers={"Content-Encoding": "gzip"})
            outcome = self.download(kind, kind)
            self.check_error(outcome)
            self.assertNotIn(b"\x1f\x8b", outcome.data)

    def test_identity_is_no_encoding(self):
        upstream = self.upstream()
        self.remote(upstream)
        upstream.put("file", OLD, headers={"Content-Encoding": "identity"})
        self.check_each("file", OLD)

    def test_an_old_server_that_tells_the_length_is_believed(self):
        upstream = self.upstream()
        self.remote(upstream)
        upstream.put("file", OLD, raw=b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE + OLD)
        self.check_each("file", OLD)

    def test_early_hints_come_before_the_answer(self):
        upstream = self.upstream()
        self.remote(upstream)
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % SIZE
        upstream.put("file", OLD, raw=hints + head + OLD)
        self.check_each("file", OLD)

    def test_a_connection_that_was_kept_and_is_dead_is_not_missed(self):
        upstream = self.upstream()
        self.remote(upstream)
        for number in range(5):
            name = f"file-{number}"
            upstream.put(name, OLD)
            self.check_each(name, OLD)
            upstream.stop_listening()
            upstream.listen_again()


class Stalled(BrokenTest):
    """Upstreams that fall silent."""

    STALLS = {
        "before the head": {"hold": -1},
        "behind the head": {"hold": 0},
        "in the middle": {"hold": CUT},
        "before the last byte": {"hold": SIZE - 1},
        "in chunks": {"hold": CUT, "framing": "chunked"},
        "before the end of chunks": {"hold": SIZE, "framing": "chunked"},
    }

    def test_silence_ends_in_an_error(self):
        upstream = self.upstream()
        self.remote(upstream, SOON, {"cache": {"max_downloads": "64"}})
        names = {}
        for what, answer in self.STALLS.items():
            for kind in DOWNLOADS:
                name = f"{what}-{kind}".replace(" ", "-")
                upstream.put(name, OLD, **answer)
                names[name] = DOWNLOADS[kind](self.network, name)
        for name, outcome in zip(names, self.all_at_once(names.values())):
            with self.subTest(name):
                self.check_error(outcome, OLD)
                self.check_recovers(upstream, name.rpartition("-")[2], name)

    def test_a_head_that_drips_is_slow_and_not_silent(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind in DOWNLOADS:
            upstream.put(kind, OLD, drip=10, headers={"X-Header": "a" * 300})
            self.check_whole(self.download(kind, kind), OLD)

    def test_others_are_served_meanwhile(self):
        upstream = self.upstream()
        self.remote(upstream)
        names = [f"stalled-{number}" for number in range(4)]
        for name in names:
            upstream.put(name, OLD, hold=CUT)
        waiting = [DOWNLOADS[kind](self.network, name) for name in names for kind in DOWNLOADS]
        for name in names:
            upstream.wait_for("held", name)
        upstream.put("well", NEW)
        self.check_each("well", NEW)
        for name in names:
            upstream.release(name)
        for outcome in self.all_at_once(waiting):
            self.check_whole(outcome, OLD)

    def test_an_end_does_not_wait_for_it(self):
        upstream = self.upstream()
        bootd = self.remote(upstream)
        upstream.put("before", OLD, hold=-1)
        upstream.put("middle", OLD, hold=CUT)
        waiting = [DOWNLOADS[kind](self.network, name) for name in ("before", "middle")
                   for kind in DOWNLOADS]
        upstream.wait_for("held", "before")
        upstream.wait_for("held", "middle")
        bootd.stop()
        for download in waiting:
            download.close()


class Resumed(BrokenTest):
    """A download that breaks off and goes on."""

    def test_it_goes_on_where_it_broke_off(self):
        upstream = self.upstream()
        self.remote(upstream)
        validators = {"etag": {"etag": '"old"'}, "date": {"modified": DATE},
                      "both": {"etag": '"old"', "modified": DATE}}
        for how, validator in validators.items():
            for ending in ("cut", "reset"):
                for kind in DOWNLOADS:
                    with self.subTest(validator=how, ending=ending, client=kind):
                        name = f"{how}-{ending}-{kind}"
                        upstream.put(name, OLD, **validator, **{ending: CUT}, then=[validator])
                        self.check_whole(self.download(kind, name), OLD)
                        first, second = upstream.requests(name)
                        # A reset may throw away what was on its way.
                        start = int(second["headers"]["range"].removeprefix("bytes=").split("-")[0])
                        self.assertTrue(0 < start <= CUT, start)
                        self.assertIn(second["headers"]["if-range"], validator.values())
                        self.assertNotIn("range", first["headers"])
                        self.check_whole(self.download(kind, name), OLD)

    def test_nothing_is_resumed_that_cannot_be_told_apart(self):
        upstream = self.upstream()
        self.remote(upstream)
        # A file that was changed just now may be changed again within the second (RFC 9110 8.8.2.2).
        now = email.utils.formatdate(usegmt=True)
        for how, validator in (("none", {}), ("weak", {"etag": 'W/"old"'}), ("now", {"modified": now}),
                               ("clockless", {"modified": DATE, "headers": {"Date": None}})):
            for kind in DOWNLOADS:
                with self.subTest(validator=how, client=kind):
                    name = f"{how}-{kind}"
                    upstream.put(name, OLD, **validator, cut=CUT, then=[
                        {"content": NEW, "ranges": "stubborn", **validator}])
                    outcome = self.download(kind, name)
                    self.check_error(outcome, OLD)

    def test_no_version_is_mixed_with_another(self):
        upstream = self.upstream()
        self.remote(upstream, SOON)
        for number, (what, answer) in enumerate(UNTRUSTED.items()):
            for kind in DOWNLOADS:
                with self.subTest(what, client=kind):
                    name = f"{number}-{kind}"
                    upstream.put(name, OLD, etag='"old"', modified=DATE, cut=CUT,
                                 then=[{"etag": '"old"', "modified": DATE, **answer}])
                    outcome = self.download(kind, name)
                    if outcome.is_whole:
                        # Only where the answer was the same version in whole.
                        self.assertEqual(what, "everything again")
                        self.check_whole(outcome, OLD)
                    else:
                        self.assertTrue(OLD.startswith(outcome.data), "mixed")
                        self.check_recovers(upstream, kind, name)

    def test_a_date_that_changes_is_another_version(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind in DOWNLOADS:
            upstream.put(kind, OLD, modified=DATE, cut=CUT, then=[
                {"content": NEW, "modified": OTHER_DATE, "ranges": "stubborn"}])
            outcome = self.download(kind, kind)
            self.check_error(outcome, OLD)

    def test_it_is_not_resumed_without_end(self):
        upstream = self.upstream()
        self.remote(upstream, SOON)
        for kind in DOWNLOADS:
            with self.subTest(client=kind):
                upstream.put(kind, OLD, etag='"old"', cut=1)
                self.check_error(self.download(kind, kind))
                self.assertLess(len(upstream.requests(kind)), 50)


class Redirected(BrokenTest):
    """Redirects: a few, to web servers only."""

    def redirect(self, upstream, name, location, status=302):
        upstream.put(name, b"moved", status=status, headers={"Location": location})

    def chain(self, upstream, length):
        """A name that leads through so many redirects to OLD."""
        upstream.put("end", OLD)
        for hop in range(length):
            after = f"hop-{hop - 1}" if hop else "end"
            self.redirect(upstream, f"hop-{hop}", after)
        return f"hop-{length - 1}"

    def test_each_kind_is_followed(self):
        upstream = self.upstream()
        self.remote(upstream)
        upstream.put("end", OLD)
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                self.redirect(upstream, f"from-{status}", "end", status)
                self.check_each(f"from-{status}", OLD)

    def test_each_spelling_of_where_to(self):
        upstream = self.upstream()
        self.remote(upstream)
        other = self.upstream(address="127.0.0.2")
        upstream.put("end", OLD)
        other.put("end", NEW)
        for number, (location, expected) in enumerate(((
                "end", OLD), ("/netboot/end", OLD), (f"//127.0.0.2:{other.port}/netboot/end", NEW),
                (upstream.root + "/end", OLD), (other.root + "/end", NEW))):
            with self.subTest(location):
                self.redirect(upstream, f"file-{number}", location)
                self.check_each(f"file-{number}", expected)

    def test_four_are_followed_and_five_are_not(self):
        upstream = self.upstream()
        self.remote(upstream)
        self.check_each(self.chain(upstream, 4), OLD)
        name = self.chain(upstream, 6)
        for kind in DOWNLOADS:
            self.check_error(self.download(kind, name), b"")

    def test_a_loop_ends(self):
        upstream = self.upstream()
        self.remote(upstream)
        self.redirect(upstream, "one", "two")
        self.redirect(upstream, "two", "one")
        for kind in DOWNLOADS:
            self.check_error(self.download(kind, "one"), b"")
        self.assertLess(len(upstream.requests()), 20)

    def test_only_web_servers_are_gone_to(self):
        upstream = self.upstream()
        self.remote(upstream)
        upstream.put("end", OLD)
        places = ("file:///etc/hostname", "ftp://127.0.0.1/x", "tftp://127.0.0.1/x",
                  "gopher://127.0.0.1/x", "dict://127.0.0.1/x", "scp://127.0.0.1/x",
                  "http://", "http://127.0.0.1:99999/", "", "data:text/plain,hello", "\x00")
        for number, location in enumerate(places):
            for kind in DOWNLOADS:
                with self.subTest(location, client=kind):
                    name = f"{number}-{kind}"
                    self.redirect(upstream, name, location)
                    outcome = self.download(kind, name)
                    self.check_error(outcome)
                    self.assertNotIn(b"moved", outcome.data)

    def test_a_redirect_without_a_place_is_an_error(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind in DOWNLOADS:
            upstream.put(kind, b"moved", status=302)
            self.check_error(self.download(kind, kind))

    def test_what_breaks_off_behind_a_redirect_is_resumed(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind in DOWNLOADS:
            self.redirect(upstream, f"from-{kind}", f"to-{kind}")
            upstream.put(f"to-{kind}", OLD, etag='"old"', cut=CUT, then=[{"etag": '"old"'}])
            self.check_whole(self.download(kind, f"from-{kind}"), OLD)


class Unreachable(BrokenTest):
    """Upstreams that are not there."""

    def test_nobody_listens(self):
        upstream = self.upstream()
        bootd = self.remote(upstream, SOON)
        upstream.stop_listening()
        with RawTftp(self.network) as client:
            answer = client.ask("file")
        self.assertEqual((answer.kind, answer.code), (ERROR, 0), answer)
        bootd.wait_for("file: ")
        self.assertEqual(self.download("HTTP", "file2").code, 504)
        upstream.listen_again()
        for kind in DOWNLOADS:
            upstream.put(f"well-{kind}", OLD)
            self.check_whole(self.download(kind, f"well-{kind}"), OLD)

    def test_the_host_has_no_name(self):
        self.remote("http://nowhere.invalid/netboot", SOON)
        self.assertEqual(self.download("TFTP", "file").code, 0)
        self.assertEqual(self.download("HTTP", "file").code, 504)

    def test_the_host_has_a_name(self):
        upstream = self.upstream()
        self.remote(f"http://localhost:{upstream.port}/netboot")
        upstream.put("file", OLD)
        self.check_each("file", OLD)

    def test_a_host_that_does_not_answer(self):
        # Nobody has this address: the cable is silent.
        self.remote("http://10.77.0.99/netboot", SOON)
        for kind in DOWNLOADS:
            self.check_error(self.download(kind, kind), b"")


if __name__ == "__main__":
    main()
