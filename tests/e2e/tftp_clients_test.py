#!/usr/bin/env python3
"""The real TFTP clients get every byte; a raw one tries what they never do."""

import hashlib
import os
import random
import socket
import subprocess
import time

import tftp
from harness import EndToEndTest, main
from network import Folder, Network, one_server_one_client, wait_until
from tftp import ACCESS_VIOLATION, DATA, ERROR, ILLEGAL, NOT_FOUND, OACK, RawTftp, UNKNOWN_TID
from wire import LossyCable, Sniffer

SERVER = tftp.SERVER
SIZES = (0, 1, 511, 512, 513, 1428 * 3, (1 << 20) + 1)
BEYOND_WRAP = 65536 * 512 + 12345
SEED = 1


def content(size, seed=0):
    """Bytes that repeat nowhere near a block's length."""
    return random.Random(seed * 1000003 + size).randbytes(size)


def curl(name, local, block_size=None):
    options = ["--tftp-blksize", block_size] if block_size else ["--tftp-no-options"]
    return ["curl", "-sS", "--fail", "-o", local, *options, f"tftp://{SERVER}/{name}"]


def tftp_hpa(name, local, _block_size=None):
    return ["tftp", "-m", "binary", SERVER, "-c", "get", name, local]


def atftp(name, local, block_size=None):
    options = ["--option", f"blksize {block_size}"] if block_size else []
    return ["atftp", *options, "--get", "-r", name, "-l", local, SERVER]


def busybox(name, local, block_size=None):
    options = ["-b", block_size] if block_size else []
    return ["busybox", "tftp", "-g", *options, "-r", name, "-l", local, SERVER]


# tftp-hpa's client sends no options.
CLIENTS = {
    "curl": (curl, (None, 512, 1428)),
    "tftp-hpa": (tftp_hpa, (None,)),
    "atftp": (atftp, (None, 1428)),
    "busybox": (busybox, (None, 1428)),
}


class TftpTest(EndToEndTest):
    """c0 has an address; downloads go to a folder of the test."""

    programs = ("curl", "tftp", "atftp", "busybox")

    @classmethod
    def make_network(cls):
        network = one_server_one_client()
        network.add_address("cli", "c0", "10.77.0.2/24")
        return network

    def setUp(self):
        folder = Folder("downloads")
        self.addCleanup(folder.close)
        self.folder = folder.path

    def run_client(self, command, timeout=180):
        """Runs a client's command in its folder."""
        return self.network.run("cli", *command, timeout=timeout, cwd=self.folder)

    def read_download(self, local):
        """The bytes of a download; a client that makes no file for none has got none."""
        path = os.path.join(self.folder, local)
        if not os.path.exists(path):
            return b""
        with open(path, "rb") as file:
            return file.read()

    def check_download(self, local, expected, output=""):
        got = self.read_download(local)
        self.assertEqual((len(got), hashlib.sha256(got).hexdigest()),
                         (len(expected), hashlib.sha256(expected).hexdigest()), output)

    def fetch(self, make_command, name, expected, block_size=None):
        """Downloads and compares one file."""
        local = f"got-{random.randrange(1 << 60)}"
        result = self.run_client(make_command(name, local, block_size))
        self.assertEqual(result.returncode, 0, result.stdout)
        self.check_download(local, expected, result.stdout)


class WholeFiles(TftpTest):
    """Every size by every client."""

    def test_every_client_gets_every_size_at_each_block_size(self):
        bootd = self.bootd()
        files = {f"file-{size}": bootd.write(f"file-{size}", content(size)) for size in SIZES}
        for client, (make_command, block_sizes) in CLIENTS.items():
            for block_size in block_sizes:
                for name, expected in files.items():
                    with self.subTest(client=client, blksize=block_size, file=name):
                        since = bootd.mark()
                        self.fetch(make_command, name, expected, block_size)
                        bootd.wait_for(f"sent {name}, {len(expected)} bytes", since=since)

    def test_every_client_gets_a_file_whose_blocks_wrap_past_65535(self):
        bootd = self.bootd()
        expected = bootd.write("large", content(BEYOND_WRAP))
        for client, (make_command, _) in CLIENTS.items():
            with self.subTest(client=client):
                self.fetch(make_command, "large", expected)
                bootd.wait_for(f"sent large, {BEYOND_WRAP} bytes")

    def test_what_is_asked_is_granted_up_to_the_configured_block_size(self):
        bootd = self.bootd({"tftp": {"blocksize": "1024"}})
        expected = bootd.write("file", content(5000))
        for asked, granted in ((8, 8), (512, 512), (1024, 1024), (1428, 1024), (65464, 1024)):
            with self.subTest(asked=asked), RawTftp(self.network) as client:
                got, packets = client.read("file", [("blksize", asked), ("tsize", 0)])
                self.assertEqual(packets[0].options,
                                 {"blksize": str(granted), "tsize": str(len(expected))})
                self.assertEqual(got, expected)
        self.fetch(curl, "file", expected, 1428)

    def test_netascii_becomes_lines_of_this_machine_again(self):
        bootd = self.bootd()
        expected = b"".join(b"line %d\n" % number for number in range(5000))
        bootd.write("text", expected)
        result = self.run_client(["tftp", "-m", "ascii", SERVER, "-c", "get", "text", "got"])
        self.assertEqual(result.returncode, 0, result.stdout)
        self.check_download("got", expected)

    def test_an_empty_file_is_granted_no_tsize_which_curl_takes_for_a_mistake(self):
        bootd = self.bootd()
        bootd.write("empty", b"")
        with RawTftp(self.network) as client:
            got, packets = client.read("empty", [("tsize", 0), ("blksize", 1024)])
        self.assertEqual((got, packets[0].options), (b"", {"blksize": "1024"}))
        self.fetch(curl, "empty", b"", 1024)

    def test_without_options_blocks_are_512_and_there_is_no_oack(self):
        bootd = self.bootd()
        expected = bootd.write("file", content(1025))
        with RawTftp(self.network) as client:
            got, packets = client.read("file")
        self.assertEqual(got, expected)
        self.assertEqual([(one.kind, len(one.data)) for one in packets],
                         [(DATA, 512), (DATA, 512), (DATA, 1)])

    def test_option_names_and_the_mode_are_read_in_any_case_and_others_ignored(self):
        bootd = self.bootd()
        expected = bootd.write("file", content(3000))
        with RawTftp(self.network) as client:
            client.send(tftp.request("file", [("BlkSize", 1000), ("unheard", "of"), ("TSIZE", 0),
                                              ("blksize", "many")], mode="OcTeT"))
            first = client.get()
            self.assertEqual(first.options, {"blksize": "1000", "tsize": "3000"})
            client.send(tftp.error(0), first.port)
        self.fetch(curl, "file", expected, 1000)

    def test_a_timeout_that_the_client_asks_for_is_confirmed(self):
        bootd = self.bootd()
        bootd.write("file", content(100))
        with RawTftp(self.network) as client:
            _, packets = client.read("file", [("timeout", 3)])
        self.assertEqual(packets[0].options, {"timeout": "3"})

    def test_a_block_size_that_no_rfc_allows_is_not_granted(self):
        bootd = self.bootd()
        expected = bootd.write("file", content(1000))
        for asked in ("7", "0", "-5", "99999999999999999999", "x", ""):
            with self.subTest(asked=asked), RawTftp(self.network) as client:
                got, packets = client.read("file", [("blksize", asked)])
                self.assertEqual(got, expected)
                if packets[0].kind == OACK:
                    self.assertNotIn("blksize", packets[0].options)


class ManyAtOnce(TftpTest):
    """Transfers side by side."""

    def test_fifty_transfers_of_all_clients_at_once_are_whole(self):
        bootd = self.bootd()
        expected = [bootd.write(f"file-{number}", content(200_000 + number, number))
                    for number in range(50)]
        makers = [make_command for make_command, _ in CLIENTS.values()]
        running = [self.network.start("cli", *makers[number % len(makers)](
                       f"file-{number}", f"got-{number}", 1428), cwd=self.folder,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
                   for number in range(50)]
        for number, process in enumerate(running):
            with self.subTest(number):
                self.assertEqual(process.wait(120), 0)
                self.check_download(f"got-{number}", expected[number])
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-sent"], 50)

    def test_fifty_clients_of_one_file_at_once_get_it_whole(self):
        bootd = self.bootd()
        expected = bootd.write("file", content(300_001))
        running = [self.network.start("cli", *curl("file", f"got-{number}", 1428),
                                      cwd=self.folder, stdin=subprocess.DEVNULL)
                   for number in range(50)]
        for number, process in enumerate(running):
            self.assertEqual(process.wait(120), 0)
            self.check_download(f"got-{number}", expected)

    def test_one_more_than_max_transfers_is_told_so(self):
        bootd = self.bootd({"tftp": {"max_transfers": "2"}})
        bootd.write("file", content(5000))
        with RawTftp(self.network) as one, RawTftp(self.network) as two, \
                RawTftp(self.network) as three:
            self.assertEqual((one.ask("file").kind, two.ask("file").kind), (DATA, DATA))
            refusal = three.ask("file")
            self.assertEqual((refusal.kind, refusal.code), (ERROR, 0))
            self.assertRegex(refusal.text, "too many")
            self.assertEqual(one.read("file")[0], content(5000))


class Refusals(TftpTest):
    """What is not served, and how it is told."""

    def test_every_client_is_told_that_a_file_is_missing(self):
        bootd = self.bootd()
        for client, (make_command, _) in CLIENTS.items():
            with self.subTest(client=client):
                since = bootd.mark()
                result = self.run_client(make_command("missing.bin", "got"))
                bootd.wait_for("missing.bin: not found", since=since)
                self.assertEqual(self.read_download("got"), b"")
                if client == "curl":
                    # Its words are about something else; 68 is "File not found".
                    self.assertEqual(result.returncode, 68, result.stdout)
                else:
                    self.assertRegex(result.stdout.lower(), "not found")

    def test_every_client_is_told_that_nothing_may_be_written(self):
        bootd = self.bootd()
        with open(os.path.join(self.folder, "mine"), "wb") as file:
            file.write(b"x" * 2000)
        puts = {
            "curl": ["curl", "-sS", "-T", "mine", f"tftp://{SERVER}/stored"],
            "tftp-hpa": ["tftp", "-m", "binary", SERVER, "-c", "put", "mine", "stored"],
            "atftp": ["atftp", "--put", "-l", "mine", "-r", "stored", SERVER],
            "busybox": ["busybox", "tftp", "-p", "-l", "mine", "-r", "stored", SERVER],
        }
        for client, command in puts.items():
            with self.subTest(client=client):
                since = bootd.mark()
                self.run_client(command, timeout=30)
                bootd.wait_for("refused to write stored", since=since)
                self.assertEqual(os.listdir(bootd.root), [])
        with RawTftp(self.network) as client:
            answer = client.ask("stored", kind=tftp.WRQ)
            self.assertEqual((answer.kind, answer.code), (ERROR, ACCESS_VIOLATION))

    def check_refused(self, name, code, log, bootd, **request):
        with self.subTest(name), RawTftp(self.network) as client:
            since = bootd.mark()
            answer = client.ask(name, **request)
            self.assertEqual((answer.kind, answer.code), (ERROR, code), answer)
            bootd.wait_for(log, since=since)

    def test_names_that_lead_out_of_the_root(self):
        bootd = self.bootd()
        with open(os.path.join(bootd.folder, "secret"), "w") as file:
            file.write("secret")
        for name in ("../secret", "a/../../secret", "/../secret", "..\\secret", "..", "../",
                     "../../../../../../etc/passwd"):
            self.check_refused(name, ACCESS_VIOLATION, "refused: .*climbs out", bootd)
        # Absolute names begin at the root.
        self.check_refused("/etc/passwd", NOT_FOUND, "/etc/passwd: not found", bootd)
        self.check_refused(os.path.join(bootd.folder, "secret"), NOT_FOUND, "not found", bootd)

    def test_names_that_no_file_can_have(self):
        bootd = self.bootd({"logger": {"level": "debug"}})
        for name in (b"", b"/", b".", b"with\nnewline", b"\x1b[2J", b"n" * 400):
            with self.subTest(name), RawTftp(self.network) as client:
                answer = client.ask(name)
                self.assertEqual((answer.kind, answer.code), (ERROR, NOT_FOUND), answer)
        bootd.stop()
        self.assertNotRegex(bootd.text(), r"\x1b", "a stranger's bytes are shown escaped")

    def test_other_spellings_of_a_name(self):
        bootd = self.bootd()
        expected = bootd.write("folder/boot file.bin", content(700))
        for name in ("folder/boot file.bin", "/folder/boot file.bin", "folder\\boot file.bin",
                     "//folder//boot file.bin", "./folder/./boot file.bin",
                     "folder/other/../boot file.bin", b"folder/boot file.bin\xff"):
            with self.subTest(name), RawTftp(self.network) as client:
                self.assertEqual(client.read(name)[0], expected)

    def test_what_is_no_regular_file(self):
        bootd = self.bootd()
        os.mkdir(os.path.join(bootd.root, "folder"))
        os.mkfifo(os.path.join(bootd.root, "fifo"))
        bootd.write("file", b"x")
        self.check_refused("folder", NOT_FOUND, "folder: not found", bootd)
        self.check_refused("file/below", NOT_FOUND, "file/below: not found", bootd)
        self.check_refused("fifo", ACCESS_VIOLATION, "fifo: refused: .*regular file", bootd)

    def test_mail_is_not_served(self):
        bootd = self.bootd()
        bootd.write("file", b"x")
        self.check_refused("file", ILLEGAL, "octet", bootd, mode="mail")
        self.check_refused("file", ILLEGAL, "octet", bootd, mode="")

    def make_links(self, bootd):
        outside = os.path.join(bootd.folder, "outside")
        os.mkdir(outside)
        for folder in (outside, bootd.root):
            with open(os.path.join(folder, "file"), "w") as file:
                file.write("in " + os.path.basename(folder))
        for link, target in (("inside", "file"), ("out", "../outside/file"),
                             ("absolute", os.path.join(outside, "file")), ("deep", "../outside"),
                             ("loop", "loop"), ("nowhere", "no-such-file")):
            os.symlink(target, os.path.join(bootd.root, link))

    def test_links_out_of_the_root_are_refused_and_the_log_names_link_and_key(self):
        bootd = self.bootd()
        self.make_links(bootd)
        with RawTftp(self.network) as client:
            self.assertEqual(client.read("inside")[0], b"in root")
        for name, link in (("out", "out"), ("absolute", "absolute"), ("deep/file", "deep")):
            self.check_refused(name, ACCESS_VIOLATION, f"refused.*link {link} .*symlinks", bootd)
        self.check_refused("loop", ACCESS_VIOLATION, "refused", bootd)
        self.check_refused("nowhere", NOT_FOUND, "not found", bootd)

    def test_links_out_of_the_root_are_served_where_the_configuration_says_so(self):
        bootd = self.bootd({"tftp": {"symlinks": "follow"}})
        self.make_links(bootd)
        for name in ("out", "absolute", "deep/file"):
            with self.subTest(name), RawTftp(self.network) as client:
                self.assertEqual(client.read(name)[0], b"in outside")
        self.check_refused("../outside/file", ACCESS_VIOLATION, "climbs out", bootd)

    def test_malformed_requests_get_error_4_and_what_is_no_request_gets_nothing(self):
        bootd = self.bootd()
        malformed = (b"\0", b"\0\1", b"\0\1name", b"\0\1name\0octet", b"\0\1name\0octet\0blksize",
                     b"\0\1name\0octet\0blksize\0008", b"\0\x09name\0octet\0", b"\0\0", b"\xff" * 9)
        for data in malformed:
            with self.subTest(data), RawTftp(self.network) as client:
                client.send(data)
                answer = client.get()
                self.assertEqual((answer.kind, answer.code), (ERROR, ILLEGAL))
        with RawTftp(self.network) as client:
            for data in (tftp.ack(1), tftp.error(0, "no"), b"\0\3\0\1data", b"\0\6blksize\0008\0"):
                client.send(data)
            # Answers come in order: this one is the first.
            self.assertEqual(client.ask("missing").code, NOT_FOUND)
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-malformed"], len(malformed))
        self.assertEqual(bootd.totals()["tftp-not-a-request"], 4)

    def test_a_broadcast_request_is_not_answered(self):
        bootd = self.bootd()
        bootd.write("file", b"x")
        with RawTftp(self.network) as client:
            # Without a route to everybody, the interface must be named.
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"c0")
            since = bootd.mark()
            for target in ("10.77.0.255", "255.255.255.255"):
                client.socket.sendto(tftp.request("file"), (target, 69))
                # Another worker may answer the next request than counts this one.
                bootd.wait_for("it was broadcast", since=since)
                since = bootd.mark()
            self.assertEqual(client.ask("missing").code, NOT_FOUND)
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-broadcast"], 2)


class Conversations(TftpTest):
    """RFC 1350, 1123 and 2347 on the wire."""

    def test_blocks_fit_the_link_and_df_is_never_set(self):
        bootd = self.bootd({"tftp": {"blocksize": "8192"}})
        expected = bootd.write("file", content(100_000))
        with Sniffer(self.network, "cli", "c0") as sniffer:
            self.fetch(curl, "file", expected, 8192)
            with RawTftp(self.network) as client:
                self.assertEqual(client.ask("file", [("blksize", 8192)]).options,
                                 {"blksize": "1468"})
            self.fetch(atftp, "file", expected, 1428)
        flags = [int.from_bytes(frame[20:22], "big") for frame in sniffer.frames
                 if frame[12:14] == b"\x08\x00" and frame[23] == 17
                 and frame[26:30] == bytes([10, 77, 0, 1])]
        self.assertGreater(len(flags), 100_000 // 1480)
        self.assertEqual([one for one in flags if one & 0x4000], [], "frames with DF")
        self.assertEqual([one for one in flags if one & 0x2000], [], "fragments")

    def test_repeated_acks_do_not_double_the_traffic(self):
        bootd = self.bootd({"tftp": {"timeout": "30"}})
        expected = bootd.write("file", content(50 * 512 + 100))
        with RawTftp(self.network) as client:
            got, packets = client.read("file", acks=2)
            self.assertEqual(got, expected)
            bootd.wait_for("sent file")
            packets += client.drain()
        blocks = [one.block for one in packets if one.kind == DATA]
        self.assertEqual(blocks, list(range(1, 52)), "each block once")

    def test_acks_of_earlier_and_future_blocks_change_nothing(self):
        bootd = self.bootd({"tftp": {"timeout": "30"}})
        expected = bootd.write("file", content(3 * 512))
        with RawTftp(self.network) as client:
            first = client.ask("file")
            for number in (0, 2, 3, 500, 65535):
                client.send(tftp.ack(number), first.port)
            client.send(tftp.ack(1), first.port)
            second = client.get()
            self.assertEqual((second.block, second.data), (2, expected[512:1024]))

    def test_a_lost_block_is_sent_again_after_the_configured_timeout(self):
        bootd = self.bootd({"tftp": {"timeout": "0.2"}})
        expected = bootd.write("file", content(600))
        with RawTftp(self.network) as client:
            first = client.ask("file")
            started = time.monotonic()
            again = client.get()
            self.assertEqual((again.block, again.data), (1, first.data))
            self.assertGreater(time.monotonic() - started, 0.1)
            client.send(tftp.ack(1), again.port)
            self.assertEqual(client.get().data, expected[512:])
            client.send(tftp.ack(2), again.port)
        bootd.wait_for("sent file, 600 bytes")

    def test_a_client_that_falls_silent_is_given_up_and_named(self):
        bootd = self.bootd({"tftp": {"timeout": "0.05"}})
        bootd.write("file", content(2000))
        with RawTftp(self.network) as client:
            client.ask("file")
            bootd.wait_for("file after 0 bytes: the client no longer answers", timeout=60)
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-timed-out"], 1)

    def test_a_missing_last_ack_is_no_failure(self):
        bootd = self.bootd({"tftp": {"timeout": "0.05"}})
        expected = bootd.write("file", content(1300))
        with RawTftp(self.network) as client:
            self.assertEqual(client.read("file", must_ack_last=False)[0], expected)
            bootd.wait_for("sent file, 1300 bytes", timeout=60)
        bootd.stop()
        self.assertNotIn("tftp-timed-out", bootd.totals())

    def test_a_repeated_request_is_one_transfer(self):
        bootd = self.bootd({"tftp": {"timeout": "30"}})
        expected = bootd.write("file", content(1000))
        with RawTftp(self.network) as client:
            for _ in range(3):
                client.send(tftp.request("file"))
            first = client.get()
            client.send(tftp.ack(1), first.port)
            second = client.get()
            client.send(tftp.ack(2), second.port)
            bootd.wait_for("sent file")
            packets = [first, second] + client.drain()
        self.assertEqual({one.port for one in packets}, {first.port})
        self.assertEqual(first.data + second.data, expected)
        bootd.stop()
        self.assertEqual(bootd.totals()["tftp-start"], 1)
        self.assertEqual(bootd.totals()["tftp-repeated-request"], 2)

    def test_another_port_gets_error_5_and_the_transfer_ends_well(self):
        bootd = self.bootd({"tftp": {"timeout": "30"}})
        expected = bootd.write("file", content(1000))
        with RawTftp(self.network) as client, RawTftp(self.network) as stranger:
            first = client.ask("file")
            stranger.send(tftp.ack(1), first.port)
            answer = stranger.get()
            self.assertEqual((answer.kind, answer.code), (ERROR, UNKNOWN_TID))
            # An ERROR is not answered by another one.
            stranger.send(tftp.error(5), first.port)
            client.send(tftp.ack(1), first.port)
            second = client.get()
            client.send(tftp.ack(2), first.port)
            bootd.wait_for("sent file, 1000 bytes")
            self.assertEqual(stranger.drain(), [])
            self.assertEqual(first.data + second.data, expected)

    def test_a_question_for_the_size_alone_is_no_failure(self):
        bootd = self.bootd()
        bootd.write("file", content(4000))
        for code in (8, 0):
            with RawTftp(self.network) as client:
                answer = client.ask("file", [("tsize", 0), ("blksize", 1468)])
                self.assertEqual(answer.options, {"tsize": "4000", "blksize": "1468"})
                client.send(tftp.error(code, "User aborted the transfer"), answer.port)
        bootd.wait_for("debug.*aborted file")
        wait_until(lambda: len(bootd.lines("aborted file")) == 2, 5, "both to be logged")
        bootd.stop()
        totals = bootd.totals()
        self.assertEqual(totals["tftp-aborted"], 2)
        self.assertNotIn("tftp-client-error", totals)

    def test_a_clients_other_error_ends_the_transfer_with_its_words(self):
        bootd = self.bootd()
        bootd.write("file", content(4000))
        with RawTftp(self.network) as client:
            answer = client.ask("file")
            client.send(tftp.error(3, "no room\x1b here"), answer.port)
        line = bootd.wait_for("client says.*no room.*")
        self.assertNotIn("\x1b", line.string)

    def test_a_file_that_changes_meanwhile_ends_in_an_error_not_in_a_wrong_byte(self):
        bootd = self.bootd({"tftp": {"timeout": "30"}})
        bootd.write("file", content(1000))
        with RawTftp(self.network) as client:
            first = client.ask("file")
            bootd.write("file", content(700, seed=5))
            client.send(tftp.ack(1), first.port)
            answer = client.get()
            self.assertEqual(answer.kind, ERROR)
        bootd.wait_for("file changed")

    def test_a_file_replaced_meanwhile_is_sent_as_it_was(self):
        bootd = self.bootd({"tftp": {"timeout": "30"}})
        expected = bootd.write("file", content(1000))
        with RawTftp(self.network) as client:
            first = client.ask("file")
            bootd.write("new", content(1000, seed=5))
            os.rename(os.path.join(bootd.root, "new"), os.path.join(bootd.root, "file"))
            client.send(tftp.ack(1), first.port)
            self.assertEqual(first.data + client.get().data, expected)


class Loss(TftpTest):
    """Five frames in a hundred are lost, each way."""

    @classmethod
    def make_network(cls):
        network = Network()
        for name in ("srv", "mid", "cli"):
            network.add_namespace(name)
        network.add_link(("srv", "s0"), ("mid", "m0"))
        network.add_link(("mid", "m1"), ("cli", "c0"))
        network.add_address("srv", "s0", "10.77.0.1/24")
        network.add_address("cli", "c0", "10.77.0.2/24")
        return network

    def test_every_client_gets_the_file_whole(self):
        bootd = self.bootd({"tftp": {"timeout": "0.3"}})
        expected = bootd.write("file", content(30_001))
        print(f"seed {SEED}")
        with LossyCable(self.network, ("mid", "m0"), ("mid", "m1"), 0.05, SEED) as cable:
            for client, (make_command, _) in CLIENTS.items():
                with self.subTest(client=client):
                    # Without options: with them, curl asks for a timeout of 6 s and gets it.
                    self.fetch(make_command, "file", expected)
        self.assertGreater(cable.lost, 5)


if __name__ == "__main__":
    main()
