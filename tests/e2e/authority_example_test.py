#!/usr/bin/env python3
"""examples/authority answers as its README says."""

import contextlib
import os
import queue
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

EXAMPLE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                       "examples", "authority")
PROGRAM = os.path.join(EXAMPLE, "authority.py")
WAIT_S = 30

ALLOWED, FORBIDDEN, BY_UUID, STRANGER = (f"00-AA-55-00-00-0{number}" for number in range(1, 5))
UUID = "00112233-4455-6677-8899-aabbccddeeff"
FORBIDDEN_UUID = "00112233-4455-6677-8899-aabbccddee00"
CONFIG = f"""
[httpd]
address = 127.0.0.1
port = 0
[mac]
{ALLOWED} = Enable
{FORBIDDEN.replace("-", ":").lower()} = ko
[uuid]
{UUID.upper()} = yes
{FORBIDDEN_UUID} = off
[client]
{ALLOWED} = workbench
[file]
{UUID} = dir/by uuid.bin
"""


class Example:
    """One run of the example."""

    def __init__(self, config):
        self._folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._folder.name, "config.ini")
        with open(self.path, "w") as file:
            file.write(config)
        self._process = subprocess.Popen([sys.executable, PROGRAM, self.path],
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        self._process.stdout.close()
        self._folder.cleanup()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))

    def next_line(self):
        """What it prints next."""
        return self._lines.get(timeout=WAIT_S)

    def wait_exit(self):
        """Its exit code and all that it printed."""
        code = self._process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        return code, "\n".join(list(self._lines.queue))


class AuthorityExample(unittest.TestCase):
    """Questions as bootd asks them."""

    def start(self, config=CONFIG):
        example = self.enterContext(Example(config))
        self.url = re.fullmatch("listening on (http://.*)", example.next_line()).group(1)
        return example

    def get(self, path):
        """The status and the body."""
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                    self.url + path, timeout=WAIT_S) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with contextlib.closing(error):
                return error.code, error.read().decode()

    def test_listed_machines_may_boot_and_others_may_not(self):
        example = self.start()
        cases = [
            (f"/boot?mac={ALLOWED}", 200, "may boot"),
            (f"/boot?mac={ALLOWED}&uuid={UUID}", 200, "may boot"),
            (f"/boot?mac={ALLOWED.lower()}", 200, "may boot"),
            (f"/boot?mac={BY_UUID}&uuid={UUID}", 200, "may boot"),
            (f"/boot?mac={FORBIDDEN}", 401, "forbidden"),
            (f"/boot?mac={FORBIDDEN}&uuid={UUID}", 401, "forbidden"),
            (f"/boot?mac={ALLOWED}&uuid={FORBIDDEN_UUID}", 401, "forbidden"),
            (f"/boot?mac={STRANGER}", 401, "not listed"),
            ("/boot", 400, "names no machine"),
            ("/boot?mac=00-AA", 400, "names no machine"),
            (f"/boot?mac={ALLOWED}&uuid=x", 400, "names no machine"),
            (f"/other?mac={ALLOWED}", 404, "only /boot and /linux"),
        ]
        for path, status, why in cases:
            with self.subTest(path):
                self.assertEqual(self.get(path)[0], status)
                line = example.next_line()
                self.assertTrue(line.startswith(f"{status} "), line)
                self.assertIn(why, line)

    def test_the_system_may_start_only_after_the_firmware(self):
        self.start()
        self.assertEqual(self.get(f"/linux?mac={ALLOWED}")[0], 401)
        self.assertEqual(self.get(f"/boot?mac={ALLOWED}")[0], 200)
        self.assertEqual(self.get(f"/linux?mac={BY_UUID}&uuid={UUID}")[0], 401)
        for _renewal in range(2):
            self.assertEqual(self.get(f"/linux?mac={ALLOWED}")[0], 200)
        self.assertEqual(self.get(f"/linux?mac={FORBIDDEN}")[0], 401)

    def test_a_refused_boot_does_not_count_as_one(self):
        self.start()
        self.assertEqual(self.get(f"/boot?mac={ALLOWED}&uuid={FORBIDDEN_UUID}")[0], 401)
        self.assertEqual(self.get(f"/linux?mac={ALLOWED}")[0], 401)

    def test_name_and_file_are_told_to_those_who_may_go_on(self):
        self.start()
        self.assertEqual(self.get(f"/boot?mac={ALLOWED}"), (200, "Client: workbench\n"))
        self.assertEqual(self.get(f"/boot?mac={ALLOWED}&uuid={UUID}"),
                         (200, "Client: workbench\nFile: dir/by uuid.bin\n"))
        self.assertEqual(self.get(f"/boot?mac={STRANGER}"), (401, ""))

    def test_a_client_that_hangs_up_does_not_end_it(self):
        self.start()
        address = self.url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1]))) as silent:
            silent.sendall(b"\xff\r\n\r\n")
        self.assertEqual(self.get(f"/boot?mac={ALLOWED}")[0], 200)

    def test_a_wrong_configuration_is_told_and_ends_it(self):
        cases = [
            ("[mac]\n00-AA = on\n", "00-AA: this is no MAC"),
            ("[uuid]\n00-AA = on\n", "00-AA: this is no UUID"),
            (f"[mac]\n{ALLOWED} = perhaps\n", "neither on nor off"),
            ("[file]\nx = y\n", "neither a MAC nor a UUID"),
            ("[httpd]\nport = many\n", "many"),
            ("[httpd]\nport = 70000\n", "cannot listen"),
            ("mac\n", "no section headers"),
        ]
        for config, complaint in cases:
            with self.subTest(config), Example(config) as example:
                code, output = example.wait_exit()
                self.assertEqual(code, 1)
                self.assertIn(complaint, output)
                self.assertIn(example.path, output)
                self.assertNotIn("Traceback", output)

    def test_the_sample_configuration_is_right(self):
        with open(os.path.join(EXAMPLE, "config.ini")) as file:
            config = re.sub(r"(?m)^port = \d+$", "port = 0", file.read())
        self.start(config)
        self.assertEqual(self.get("/boot?mac=00-AA-55-12-34-56"),
                         (200, "Client: workbench\nFile: pxelinux.0\n"))
        self.assertEqual(self.get("/boot?mac=00-AA-55-12-34-57")[0], 401)


if __name__ == "__main__":
    unittest.main(verbosity=2)
