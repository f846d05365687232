"""Starts bootd in a namespace, reads its log as it runs, and ends it in order."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time

from network import Folder, close_at_exit, die_with_parent, is_closed

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SANITIZER_REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|MemorySanitizer")

# What most tests serve; a test changes keys, or takes one out with None.
USUAL = {
    "logger": {"type": "stderr", "level": "debug"},
    "bootp": {
        "pool_start": "10.77.0.100",
        "pool_count": "50",
        "allow_simple_dhcp": "yes",
        "domain": "e2e.example",
        "dns": "10.77.0.53;10.77.0.54",
        "gateway": "10.77.0.254",
        "lease_time": "7200",
        "servername": "tester",
    },
    "bootfile": {
        "x86-bios": "bios/pxelinux.0",
        "7": "efi64/grubx64.efi",
        "default": "other.bin",
    },
    "tftp": {"root": "root", "timeout": "0.3"},
    "leases": {"type": "memory"},
    "daemon": {"control": "control"},
}


def binary():
    """The bootd under test."""
    path = os.path.abspath(os.environ.get("BOOTD", os.path.join(REPOSITORY, "build", "bootd")))
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not there: run make, or name bootd with BOOTD=PATH")
    return path


def settings(*changes):
    """USUAL with changes, each {section: {key: value}}; None removes a key or a section."""
    result = {section: dict(keys) for section, keys in USUAL.items()}
    for change in changes:
        for section, keys in change.items():
            if keys is None:
                result.pop(section, None)
                continue
            result.setdefault(section, {}).update(keys)
    return result


def config_text(sections):
    """The ini file of sections, each {key: value}."""
    lines = []
    for section, keys in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in keys.items() if value is not None]
    return "\n".join(lines) + "\n"


def environment(**more):
    """The environment of bootd: a sanitizer's report ends it and shows in its exit code."""
    result = dict(os.environ)
    for name, options in (("ASAN_OPTIONS", "abort_on_error=0:exitcode=99"),
                          ("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1:exitcode=99")):
        result[name] = ":".join(filter(None, (result.get(name), options, more.pop(name, None))))
    result.update(more)
    return result


class Bootd:
    """One run of bootd with a folder of its own: FOLDER/bootd.ini, files served from FOLDER/root.

    arguments are added to its command line; before is put in front of it, such as setpriv. Use as a
    context manager: the end of the block stops bootd and checks that it went in order."""

    def __init__(self, network, *changes, namespace="srv", arguments=(), env=None,
                 before=()):
        self.network = network
        self.namespace = namespace
        self._folder = Folder("bootd")
        self.folder = self._folder.path
        self.root = os.path.join(self.folder, "root")
        self.config = os.path.join(self.folder, "bootd.ini")
        self.arguments = arguments
        self.before = before
        self.log = []
        self._env = env or {}
        self._news = threading.Condition()
        self._process = None
        self._reader = None
        os.mkdir(self.root)
        self.configure(*changes)
        close_at_exit(self)

    def configure(self, *changes):
        """Writes bootd.ini anew."""
        with open(self.config, "w") as file:
            file.write(config_text(settings(*changes)))

    def write(self, name, content):
        """Puts a file into the served root; returns its bytes."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return content

    def start(self, until="ready"):
        """Starts it and awaits the log line that contains until (None: does not wait)."""
        self._process = self.network.start(
            self.namespace, *self.before, binary(), "-c", self.config, *self.arguments,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment(**self._env), cwd="/")
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.daemon = True
        self._reader.start()
        if until is not None:
            self.wait_for(until, 30)
        return self

    def _read(self, stream):
        for line in stream:
            with self._news:
                self.log.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._reader = None
            self._news.notify_all()

    @property
    def pid(self):
        return self._process.pid

    def is_running(self):
        """The process has not ended."""
        return self._process is not None and self._process.poll() is None

    def text(self):
        """The log so far."""
        with self._news:
            return "\n".join(self.log)

    def mark(self):
        """A place in the log, for wait_for and lines."""
        with self._news:
            return len(self.log)

    def lines(self, pattern, since=0):
        """The log lines so far that match."""
        with self._news:
            return [line for line in self.log[since:] if re.search(pattern, line)]

    def wait_for(self, pattern, timeout=30, since=0):
        """Awaits a log line that matches, counted from the mark since; returns its match."""
        end = time.monotonic() + timeout
        at = since
        with self._news:
            while True:
                for line in self.log[at:]:
                    match = re.search(pattern, line)
                    if match:
                        return match
                at = len(self.log)
                if self._reader is None:
                    raise AssertionError(f"bootd ended before it logged {pattern!r}:\n"
                                         + "\n".join(self.log[-30:]))
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no log line {pattern!r} in {timeout} s:\n"
                                         + "\n".join(self.log[-30:]))
                self._news.wait(left)

    def wait_exit(self, timeout=30):
        """Awaits the end of the process and of its output; returns the exit code."""
        code = self._process.wait(timeout)
        reader = self._reader
        if reader is not None:
            reader.join(timeout)
        return code

    def stop(self, number=signal.SIGTERM):
        """Ends it by a signal and checks: exit code 0 and no report of a sanitizer."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            code = self.wait_exit()
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError("bootd did not end within 30 s of the signal:\n"
                                 + self.tail()) from None
        if SANITIZER_REPORT.search(self.text()) or code != 0:
            raise AssertionError(f"bootd ended with {code}:\n{self.tail(200)}")

    def tail(self, count=40):
        """The end of the log."""
        with self._news:
            return "\n".join(self.log[-count:])

    def totals(self):
        """The counters that it logged at its end, {name: count}."""
        lines = [line.split("totals: ")[1] for line in self.lines("totals: ")]
        if not lines:
            raise AssertionError(f"there are no totals:\n{self.tail()}")
        return {name: int(count) for name, count in re.findall(r"([a-z-]+) (\d+)", str(lines))}

    def close(self):
        """Removes what is left: the process, if it still runs, and the folder."""
        if self.is_running():
            self._process.kill()
            self._process.wait()
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.stdout.close()
        self._folder.close()
        is_closed(self)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.stop()
            elif error is not None and hasattr(error, "add_note"):
                error.add_note("bootd's log ends:\n" + self.tail())
            elif kind is not None:
                print("bootd's log ends:\n" + self.tail())
        finally:
            self.close()


def run_binary(network, *arguments, namespace="srv", before=(), timeout=60, cwd="/"):
    """Runs bootd to its end in a namespace; before is put in front of it, such as setpriv.

    Returns the exit code, standard output and standard error."""
    result = subprocess.run(
        network.command(namespace, *before, binary(), *arguments), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=timeout, cwd=cwd,
        env=environment(), preexec_fn=die_with_parent, errors="backslashreplace")
    if SANITIZER_REPORT.search(result.stdout + result.stderr):
        raise AssertionError(f"a sanitizer reports:\n{result.stdout}{result.stderr}")
    return result.returncode, result.stdout, result.stderr
