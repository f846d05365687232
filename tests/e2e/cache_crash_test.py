#!/usr/bin/env python3
"""kill -9 while the cache is being filled: whatever instant it hits, each object is one that the
upstream once had, byte for byte, and the next start removes the rest.

KILL_COUNT=50 for the soak; a check has fewer."""

import os
import random
import signal
import time

import cache_files
import tftp
from bootd import Bootd
from harness import EndToEndTest, main
from network import Folder, one_server_one_client, wait_until
from tftp import RawTftp
from upstream import Upstream

COUNT = int(os.environ.get("KILL_COUNT", "8"))
FILES = 8
SIZE_MAX = 6 << 20


class Crash(EndToEndTest):
    """One folder for the cache, which outlives every bootd."""

    @classmethod
    def make_network(cls):
        network = one_server_one_client()
        network.add_address("cli", "c0", "10.77.0.2/24")
        return network

    def setUp(self):
        self.seed = int(os.environ.get("KILL_SEED", random.randrange(1 << 32)))
        print(f"KILL_SEED={self.seed} KILL_COUNT={COUNT}")
        self.random = random.Random(self.seed)
        self.upstream = Upstream(self.network)
        self.addCleanup(self.upstream.close)
        folder = Folder("crash")
        self.addCleanup(folder.close)
        self.cache = os.path.join(folder.path, "cache")
        self.versions = {}  # (URL, ETag): content

    def put_new_versions(self, number):
        """Each file has another content and tag in each round."""
        for file in range(FILES):
            name, etag = f"file{file}", f'"{number}"'
            size = self.random.randrange(SIZE_MAX)
            self.versions[self.upstream.root + "/" + name, etag] = self.upstream.put(
                name, self.random.randbytes(size), etag=etag,
                framing=self.random.choice(["length", "chunked"]))

    def start(self):
        """A bootd that asks again each time."""
        bootd = Bootd(self.network, {"tftp": {"root": self.upstream.root}, "cache": {
            "directory": self.cache, "revalidate_after": "0", "size": "64"}}, arguments=("-t",))
        self.addCleanup(bootd.close)
        return bootd.start()

    def ask_for_all(self):
        """Clients that ask and say no more; what they have asked for is fetched all the same."""
        for file in range(FILES):
            with RawTftp(self.network) as client:
                client.send(tftp.request(f"file{file}"))

    def check_objects(self):
        """Each is a version that the upstream has had."""
        found = cache_files.objects(self.cache)
        for item in found:
            self.assertTrue(self.versions[item.url, item.etag] == item.body,
                            f"{item.url} has wrong bytes")
        return found

    def time_to_fill(self):
        """How long all of it takes, from the requests on."""
        self.put_new_versions(0)
        bootd = self.start()
        begin = time.monotonic()
        self.ask_for_all()
        wait_until(lambda: len(cache_files.names(self.cache, cache_files.OBJECT_NAME)) == FILES, 60,
                   "all files in the cache")
        duration = time.monotonic() - begin
        bootd.stop()
        bootd.close()
        return duration

    def kill_while_it_fills(self, number):
        """One life; returns how many drafts it left."""
        self.put_new_versions(number)
        bootd = self.start()
        self.assertEqual(cache_files.names(self.cache, cache_files.DRAFT_NAME), [])
        self.check_objects()
        self.ask_for_all()
        time.sleep(self.random.uniform(0, self.duration))  # the instant is what is tried at random
        os.kill(bootd.pid, signal.SIGKILL)
        bootd.wait_exit()
        bootd.close()
        left = cache_files.names(self.cache, cache_files.DRAFT_NAME)
        found = self.check_objects()
        self.assertEqual(len(found) + len(left), len(os.listdir(self.cache)))
        finished = sum(item.etag == f'"{number}"' for item in found)
        self.finished += finished
        if finished == FILES:  # too late: the first time was slower than the others
            self.duration *= 0.7
        return len(left)

    def test_every_object_is_right_whenever_it_is_killed(self):
        self.finished = 0
        self.duration = self.time_to_fill()
        drafts = [self.kill_while_it_fills(number) for number in range(1, COUNT + 1)]
        hits = sum(count > 0 for count in drafts)
        print(f"{COUNT} kills within {self.duration:.2f} s, {hits} of them with drafts open "
              f"({sum(drafts)} drafts), {self.finished} objects finished just before")
        self.assertGreater(hits, COUNT // 4, "it was hardly ever killed while it wrote")
        bootd = self.start()
        self.assertEqual(cache_files.names(self.cache, cache_files.DRAFT_NAME), [])
        with RawTftp(self.network) as client:
            name = "file0"
            expected = self.versions[self.upstream.root + "/" + name, f'"{COUNT}"']
            self.assertTrue(client.read(name, (("blksize", 1428),))[0] == expected)
        bootd.stop()


if __name__ == "__main__":
    main()
