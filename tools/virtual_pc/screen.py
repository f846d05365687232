"""Shows a boot as it goes: one line a fact, and on a terminal one line redrawn in place."""

import re
import sys
import time

PROGRESS_EVERY_S = 10
PROGRESS_EVERY_S_ON_TERMINAL = 0.2
WIDTH = 110

# Colours, cursor movements and other control characters that firmware paints its screen with.
PAINT = re.compile(r"\x1b\[[0-9;=?]*[A-Za-z]|\x1b[^\[]|[\x00-\x08\x0b-\x1f]")


def plain(text):
    return PAINT.sub("", text).strip()


def format_size(size_bytes):
    if size_bytes < 1024:
        return f"{size_bytes} bytes"
    if size_bytes < 1 << 20:
        return f"{size_bytes / 1024:.1f} KiB"
    return f"{size_bytes / (1 << 20):.1f} MiB"


class Screen:
    """Every line begins with the seconds since the start."""

    def __init__(self):
        self._start = time.monotonic()
        self._is_terminal = sys.stdout.isatty()
        self._progress_shown_at = 0.0

    def elapsed(self):
        return time.monotonic() - self._start

    def fact(self, text):
        self._erase_progress()
        print(f"{self.elapsed():6.1f} s  {text}", flush=True)

    def progress(self, text):
        """What is going on; the next line takes its place."""
        every_s = PROGRESS_EVERY_S_ON_TERMINAL if self._is_terminal else PROGRESS_EVERY_S
        if self.elapsed() - self._progress_shown_at < every_s:
            return
        self._progress_shown_at = self.elapsed()
        line = f"{self.elapsed():6.1f} s  {text}"[:WIDTH]
        print(f"\r{line}\x1b[K" if self._is_terminal else line,
              end="" if self._is_terminal else "\n", flush=True)

    def text(self, text):
        self._erase_progress()
        print(text, flush=True)

    def tail(self, title, path, count=12):
        """The last lines of a log, if it came to one."""
        if not path.exists():
            return
        lines = [plain(line) for line in path.read_text(errors="replace").splitlines()]
        lines = [line for line in lines if line][-count:]
        self.text("\n".join([f"--- {title}, last lines of {path}:", *lines, ""]))

    def _erase_progress(self):
        if self._is_terminal:
            print("\r\x1b[K", end="")
