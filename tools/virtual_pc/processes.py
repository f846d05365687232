"""Child processes: started, read line by line, and ended by their pid only."""

import contextlib
import ctypes
import os
import signal
import subprocess

from .problem import Problem

PR_SET_PDEATHSIG = 1  # linux/prctl.h
END_WAIT_S = 10

libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """Runs in the child before exec: even after kill -9 of this script nothing stays behind."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def without_interruption():
    """Cleaning up is short, and a second Ctrl-C must not leave half of it undone."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)


class Child:
    """A process whose output is kept whole in a file and handed on as lines."""

    def __init__(self, name, command, log_path=None, folder=None):
        self.name = name
        self.log_path = log_path
        self._log = open(log_path, "wb", buffering=0) if log_path else None
        self._rest = b""
        self._is_ended = False
        # A session of its own: the terminal's Ctrl-C reaches this script, which ends children in order.
        try:
            self._process = subprocess.Popen(
                [str(word) for word in command], cwd=folder, start_new_session=True,
                preexec_fn=die_with_parent, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if log_path else None,
                stderr=subprocess.STDOUT if log_path else None)
        except OSError as error:
            raise Problem(f"{command[0]} does not start: {error.strerror}.") from error
        if log_path:
            os.set_blocking(self._process.stdout.fileno(), False)

    def fileno(self):
        return self._process.stdout.fileno()

    @property
    def pid(self):
        return self._process.pid

    def read_lines(self):
        """The lines that are complete by now; None at the end of the output."""
        try:
            chunk = os.read(self.fileno(), 65536)
        except BlockingIOError:
            return []
        if not chunk:
            return None
        self._log.write(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]

    def exit_code(self):
        """None while it runs."""
        return self._process.poll()

    def wait(self):
        return self._process.wait()

    def end(self):
        """Ends it in order, or by force if it does not; returns its exit code."""
        if not self._is_ended:
            self._is_ended = True
            self._process.terminate()
            self._keep_last_words()
        return self._process.wait()

    def _keep_last_words(self):
        """They belong in the log, and a pipe that nobody reads could keep it from ending."""
        try:
            rest, _ = self._process.communicate(timeout=END_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            rest, _ = self._process.communicate()
        if self._log:
            self._log.write(rest or b"")
            self._log.close()


@contextlib.contextmanager
def running(*arguments, **options):
    """A child for the length of a with block."""
    child = Child(*arguments, **options)
    try:
        yield child
    finally:
        with without_interruption():
            child.end()
