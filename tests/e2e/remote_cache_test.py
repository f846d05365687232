#!/usr/bin/env python3
"""What was fetched is kept: asked for again only where it may be old, served where the upstream is
down, and dropped where the room is needed."""

import contextlib
import os

from harness import main
from network import wait_until
from remote import DATE, DOWNLOADS, OTHER_DATE, HttpDownload, RemoteTest, TftpDownload, content
from tftp import NOT_FOUND

SIZE = 100_000
OLD, NEW = content(SIZE, 1), content(SIZE, 2)
ALWAYS = {"cache": {"revalidate_after": "0"}}
NEVER = {"cache": {"revalidate_after": "86400"}}
SOON = {"cache": {"stall_timeout": "1", "connect_timeout": "1"}}
MIB = 1 << 20


def size_on_disk(folder):
    """The bytes of all files below it."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.stat(os.path.join(place, name)).st_size
    return total


class CacheTest(RemoteTest):
    """A cache folder that outlives one bootd."""

    def setUp(self):
        self.folder = self.cache_folder()
        self.keep = {"cache": {"directory": self.folder}}

    def restarted(self, bootd, upstream, *changes):
        """Ends bootd and starts another on the same cache."""
        bootd.stop()
        return self.remote(upstream, self.keep, *changes)

    def keep_whole(self, upstream, name, expected, kind="TFTP"):
        """Downloads until the upstream is asked whether it has changed: from then on it is kept."""
        def is_asked():
            self.check_whole(self.download(kind, name), expected)
            return len(upstream.requests(name)) > 1
        wait_until(is_asked, 30, f"{name} to be kept")

    def wait_for_version(self, name, expected):
        """Awaits that a name is this version: until the last one is synced, whoever comes joins its
        fetch."""
        wait_until(lambda: self.download("TFTP", name).data == expected, 30, "the new version")


class Revalidated(CacheTest):
    """Asking again."""

    def test_an_answer_of_unchanged_costs_no_body(self):
        upstream = self.upstream()
        self.remote(upstream, ALWAYS)
        for how, validator, asked in (
                ("etag", {"etag": '"one"'}, ("if-none-match", '"one"')),
                ("weak", {"etag": 'W/"one"'}, ("if-none-match", 'W/"one"')),
                ("date", {"modified": DATE}, ("if-modified-since", DATE))):
            with self.subTest(how):
                upstream.put(how, OLD, **validator)
                for kind in list(DOWNLOADS) * 2:
                    self.check_whole(self.download(kind, how), OLD)
                self.assertEqual(upstream.sent(how), SIZE)
                requests = upstream.requests(how)
                self.assertGreaterEqual(len(requests), 2)
                upstream.wait_for("answered", how, len(requests))
                for request in requests[1:]:
                    self.assertEqual(request["headers"].get(asked[0]), asked[1])
                self.assertEqual([answer["status"] for answer in upstream.events("answered", how)],
                                 [200] + [304] * (len(requests) - 1))

    def test_a_new_version_is_fetched_once(self):
        upstream = self.upstream()
        self.remote(upstream, ALWAYS)
        for how, old, new in (("etag", {"etag": '"one"'}, {"etag": '"two"'}),
                              ("date", {"modified": DATE}, {"modified": OTHER_DATE}),
                              ("none", {}, {})):
            with self.subTest(how):
                upstream.put(how, OLD, **old)
                self.check_each(how, OLD)
                upstream.put(how, NEW, **new)
                self.wait_for_version(how, NEW)
                self.check_each(how, NEW)

    def test_many_who_ask_at_once_ask_once_more(self):
        upstream = self.upstream()
        self.remote(upstream, ALWAYS)
        upstream.put("file", OLD, etag='"one"')
        self.keep_whole(upstream, "file", OLD)
        upstream.put("file", OLD, etag='"one"', hold=-1)
        downloads = [DOWNLOADS[kind](self.network, "file") for kind in list(DOWNLOADS) * 10]
        upstream.wait_for("held", "file")
        upstream.release("file")
        for outcome in self.all_at_once(downloads):
            self.check_whole(outcome, OLD)
        self.assertEqual(upstream.sent("file"), SIZE)

    def test_nobody_is_asked_before_it_may_be_old(self):
        upstream = self.upstream()
        self.remote(upstream, NEVER)
        upstream.put("file", OLD, etag='"one"')
        for _ in range(3):
            self.check_each("file", OLD)
        self.assertEqual(len(upstream.requests()), 1)

    def test_who_reads_the_old_version_gets_the_old_version(self):
        upstream = self.upstream()
        self.remote(upstream, ALWAYS)
        upstream.put("file", OLD, etag='"one"')
        self.check_whole(self.download("TFTP", "file"), OLD)
        readers = [DOWNLOADS[kind](self.network, "file") for kind in DOWNLOADS]
        for reader in readers:
            reader.read(5000)
        upstream.put("file", NEW, etag='"two"')
        self.wait_for_version("file", NEW)
        for reader in readers:
            outcome = reader.finish()
            if outcome.is_whole:
                self.check_whole(outcome, OLD)
            else:
                self.assertTrue(OLD.startswith(outcome.data), "mixed")

    def test_http_tells_versions_apart(self):
        upstream = self.upstream()
        self.remote(upstream, ALWAYS)
        upstream.put("file", OLD, etag='"one"', modified=DATE)
        first = HttpDownload(self.network, "file")
        tag = first.start().getheader("ETag")
        self.check_whole(first.finish(), OLD)
        # The tag may be told only once the file is whole.
        tag = tag or self.tag_of("file")
        again = HttpDownload(self.network, "file", headers={"If-None-Match": tag})
        self.assertEqual(again.start().status, 304)
        upstream.put("file", NEW, etag='"two"', modified=OTHER_DATE)
        self.wait_for_version("file", NEW)
        other = HttpDownload(self.network, "file", headers={"If-None-Match": tag})
        self.assertEqual(other.start().status, 200)
        self.check_whole(other.finish(), NEW)
        self.assertNotEqual(self.tag_of("file"), tag)

    def tag_of(self, name):
        download = HttpDownload(self.network, name, method="HEAD")
        tag = download.start().getheader("ETag")
        download.close()
        return tag

    def test_what_is_gone_is_missing(self):
        upstream = self.upstream()
        self.remote(upstream, ALWAYS)
        upstream.put("file", OLD, etag='"one"')
        self.check_each("file", OLD)
        upstream.remove("file")
        wait_until(lambda: not self.download("TFTP", "file").is_whole, 30, "the file to be gone")
        self.assertEqual(self.download("TFTP", "file").code, NOT_FOUND)
        self.assertEqual(self.download("HTTP", "file").code, 404)

    def test_a_304_that_nobody_asked_for_is_no_file(self):
        upstream = self.upstream()
        self.remote(upstream)
        for kind in DOWNLOADS:
            upstream.put(kind, b"", status=304)
            self.check_error(self.download(kind, kind))


class Down(CacheTest):
    """The upstream does not answer."""

    def test_what_is_kept_is_served_and_the_log_says_so(self):
        upstream = self.upstream()
        bootd = self.remote(upstream, ALWAYS, SOON, self.keep)
        upstream.put("file", OLD, etag='"one"')
        self.keep_whole(upstream, "file", OLD)
        upstream.stop_listening()
        since = bootd.mark()
        self.check_each("file", OLD)
        bootd.wait_for(r"(?i)file.*(cache|kept|does not answer|unreachable)", since=since)
        self.assertEqual(self.download("TFTP", "other").code, 0)
        self.assertEqual(self.download("HTTP", "other").code, 504)
        bootd = self.restarted(bootd, upstream, ALWAYS, SOON)
        self.check_each("file", OLD)

    def test_errors_and_silence_are_no_reason_to_serve_nothing(self):
        upstream = self.upstream()
        self.remote(upstream, ALWAYS, SOON, {"cache": {"remember_missing": "0"}})
        for number, answer in enumerate((
                {"status": 500}, {"status": 503}, {"hold": -1}, {"raw": b""}, {"raw": b"huh"},
                {"status": 302, "headers": {"Location": "file:///etc/passwd"}})):
            for kind in DOWNLOADS:
                with self.subTest(**answer, client=kind):
                    name = f"{number}-{kind}"
                    upstream.put(name, OLD, etag='"one"')
                    self.keep_whole(upstream, name, OLD, kind)
                    asked = len(upstream.requests(name))
                    upstream.put(name, b"sorry", **answer)
                    self.check_whole(self.download(kind, name), OLD)
                    self.assertGreater(len(upstream.requests(name)), asked)
                    self.check_whole(self.download(kind, name), OLD)

    def test_a_new_version_that_breaks_off_is_an_error_or_the_old_one(self):
        upstream = self.upstream()
        self.remote(upstream, ALWAYS, SOON)
        for kind in DOWNLOADS:
            upstream.put(kind, OLD, etag='"one"')
            self.keep_whole(upstream, kind, OLD, kind)
            upstream.put(kind, NEW, etag='"two"', cut=5000, then=[{"status": 500}])
            outcome = self.download(kind, kind)
            if outcome.is_whole:
                self.check_whole(outcome, OLD)
            else:
                self.assertTrue(NEW.startswith(outcome.data), "mixed")

    def test_it_is_asked_again_when_it_is_back(self):
        upstream = self.upstream()
        self.remote(upstream, ALWAYS, SOON)
        upstream.put("file", OLD, etag='"one"')
        self.keep_whole(upstream, "file", OLD)
        upstream.stop_listening()
        self.check_each("file", OLD)
        upstream.listen_again()
        upstream.put("file", NEW, etag='"two"')
        self.wait_for_version("file", NEW)
        self.check_each("file", NEW)

    def test_offline_asks_nobody(self):
        upstream = self.upstream()
        bootd = self.remote(upstream, ALWAYS, self.keep)
        upstream.put("file", OLD, etag='"one"')
        upstream.put("other", OLD)
        self.check_each("file", OLD)
        bootd = self.restarted(bootd, upstream, ALWAYS, {"cache": {"offline": "yes"}})
        seen = len(upstream.events("connected"))
        self.check_each("file", OLD)
        for kind in DOWNLOADS:
            self.check_error(self.download(kind, "other"), b"")
        bootd.stop()
        self.assertEqual(len(upstream.events("connected")), seen)


class Kept(CacheTest):
    """Objects on disk."""

    def test_a_restart_finds_them(self):
        upstream = self.upstream()
        bootd = self.remote(upstream, NEVER, self.keep)
        names = [f"file-{number}" for number in range(20)]
        for number, name in enumerate(names):
            upstream.put(name, content(5000 + number))
            self.check_whole(self.download("TFTP", name), content(5000 + number))
        bootd = self.restarted(bootd, upstream, NEVER)
        for number, name in enumerate(names):
            self.check_each(name, content(5000 + number))
        self.assertEqual(len(upstream.requests()), len(names))

    def test_a_kill_leaves_no_half_of_one(self):
        upstream = self.upstream()
        for kind in DOWNLOADS:
            with self.subTest(client=kind):
                bootd = self.remote(upstream, NEVER, self.keep)
                upstream.put(kind, OLD, etag='"one"', hold=SIZE // 2)
                download = DOWNLOADS[kind](self.network, kind)
                download.read(10_000)
                os.kill(bootd.pid, 9)
                self.assertEqual(bootd.wait_exit(), -9)
                bootd.stop = lambda: None
                download.close()
                upstream.put(kind, NEW, etag='"two"')
                bootd = self.remote(upstream, NEVER, self.keep)
                self.check_each(kind, NEW)
                bootd.stop()

    def test_an_object_that_somebody_has_spoiled_is_not_served_as_whole(self):
        upstream = self.upstream()
        bootd = self.remote(upstream, NEVER, self.keep)
        upstream.put("file", OLD, etag='"one"')
        self.check_each("file", OLD)
        bootd.stop()
        paths = [os.path.join(place, name) for place, _, names in os.walk(self.folder)
                 for name in names if os.path.getsize(os.path.join(place, name)) >= SIZE]
        self.assertEqual(len(paths), 1, paths)
        for change in (lambda path: os.truncate(path, SIZE // 2), lambda path: os.truncate(path, 0),
                       lambda path: os.truncate(path, SIZE * 2)):
            change(paths[0])
            bootd = self.remote(upstream, NEVER, self.keep)
            self.check_each("file", OLD)
            bootd.stop()

    def test_strangers_in_the_folder_do_no_harm(self):
        upstream = self.upstream()
        os.mkdir(os.path.join(self.folder, "folder"))
        os.mkfifo(os.path.join(self.folder, "fifo"))
        os.symlink("/etc/passwd", os.path.join(self.folder, "link"))
        for name in ("note.txt", "object", "draft.tmp"):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write("mine")
        self.remote(upstream, self.keep)
        upstream.put("file", OLD)
        self.check_each("file", OLD)
        with open(os.path.join(self.folder, "note.txt")) as file:
            self.assertEqual(file.read(), "mine")

    def test_the_oldest_use_is_dropped_when_the_room_is_needed(self):
        upstream = self.upstream()
        self.remote(upstream, NEVER, self.keep, {"cache": {"size": "1"}})
        names = [f"file-{number}" for number in range(8)]
        for number, name in enumerate(names):
            upstream.put(name, content(200_000, number))
            self.check_whole(self.download("TFTP", name), content(200_000, number))
            # The first is used all the time.
            self.check_whole(self.download("HTTP", names[0]), content(200_000, 0))
            self.assertLessEqual(size_on_disk(self.folder), MIB + 300_000)
        self.assertEqual(len(upstream.requests(names[0])), 1)
        self.check_whole(self.download("TFTP", names[-1]), content(200_000, 7))
        self.assertEqual(len(upstream.requests(names[-1])), 1)
        self.check_whole(self.download("TFTP", names[1]), content(200_000, 1))
        self.assertEqual(len(upstream.requests(names[1])), 2)

    def test_what_is_read_is_not_dropped_under_the_reader(self):
        upstream = self.upstream()
        self.remote(upstream, NEVER, self.keep, {"cache": {"size": "1"}})
        upstream.put("read", content(700_000))
        readers = [DOWNLOADS[kind](self.network, "read") for kind in DOWNLOADS]
        for reader in readers:
            reader.read(10_000)
        for number in range(6):
            upstream.put(f"other-{number}", content(400_000, number))
            self.check_whole(self.download("TFTP", f"other-{number}"), content(400_000, number))
        for reader in readers:
            self.check_whole(reader.finish(), content(700_000))

    def test_what_is_larger_than_the_cache_is_served_and_not_kept(self):
        upstream = self.upstream()
        self.remote(upstream, NEVER, self.keep, {"cache": {"size": "1"}})
        for framing in ("length", "chunked"):
            for kind in DOWNLOADS:
                name = f"{framing}-{kind}"
                upstream.put(name, content(3 * MIB), framing=framing)
                self.check_whole(self.download(kind, name), content(3 * MIB))
        wait_until(lambda: size_on_disk(self.folder) <= MIB, 30, "the cache to shrink")


class Reloaded(CacheTest):
    """A reload that changes the root."""

    def reload(self, bootd, *changes):
        since = bootd.mark()
        bootd.configure(*changes)
        os.kill(bootd.pid, 1)
        bootd.wait_for("(?i)reload|configuration .*(read|changed|new)", since=since)

    def test_the_new_root_is_served_and_the_old_one_to_its_readers(self):
        one, two = self.upstream(), self.upstream()
        bootd = self.remote(one, NEVER, self.keep)
        one.put("file", OLD, hold=50_000)
        two.put("file", NEW)
        readers = [DOWNLOADS[kind](self.network, "file") for kind in DOWNLOADS]
        for reader in readers:
            reader.read(10_000)
        self.reload(bootd, self.settings_for(two), NEVER, self.keep)
        self.check_each("file", NEW)
        one.release("file")
        for reader in readers:
            self.check_whole(reader.finish(), OLD)
        self.reload(bootd, self.settings_for(one), NEVER, self.keep)
        self.check_each("file", OLD)

    def test_from_a_folder_to_a_web_server_and_back(self):
        upstream = self.upstream()
        settings = self.settings_for(upstream)
        local = {**settings, "tftp": {"root": "root"}}
        bootd = self.bootd(local, arguments=("-t", "-H"))
        bootd.write("file", NEW)
        upstream.put("file", OLD)
        self.check_each("file", NEW)
        self.reload(bootd, settings)
        self.check_each("file", OLD)
        self.reload(bootd, local)
        self.check_each("file", NEW)

    def test_a_root_that_is_wrong_changes_nothing(self):
        upstream = self.upstream()
        bootd = self.remote(upstream, self.keep)
        upstream.put("file", OLD)
        since = bootd.mark()
        bootd.configure(self.settings_for("http://host/x?query"), self.keep)
        os.kill(bootd.pid, 1)
        bootd.wait_for("root", since=since)
        self.check_each("file", OLD)

    def test_reloads_while_files_grow(self):
        upstream = self.upstream()
        bootd = self.remote(upstream, NEVER, self.keep)
        readers = []
        for number in range(10):
            upstream.put(f"file-{number}", content(SIZE, number), hold=20_000)
            readers.append(TftpDownload(self.network, f"file-{number}"))
            readers[-1].read(5000)
            self.reload(bootd, self.settings_for(upstream), NEVER, self.keep)
        for number in range(10):
            upstream.release(f"file-{number}")
        for number, outcome in enumerate(self.all_at_once(readers)):
            self.check_whole(outcome, content(SIZE, number))


if __name__ == "__main__":
    main()
