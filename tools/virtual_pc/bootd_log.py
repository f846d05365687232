"""Reads bootd's log lines about files. For the display: nothing is proved by them."""

import re
from dataclasses import dataclass

LINE = re.compile(r"^\S+\s+(?P<level>critical|error|info|debug)\s+(?P<text>.*)$")
WHO = r"(?:tftp|http): (?P<who>[^:]+): "
PATTERNS = {
    "progress": re.compile(WHO + r"(?P<file>.+) (?P<percent>\d+) ?% \((?P<bytes>[\d,]+) bytes\)"),
    "sent": re.compile(WHO + r"sent (?P<file>.+), (?P<bytes>[\d,]+) bytes in (?P<seconds>[\d.]+) s"),
    "missing": re.compile(WHO + r"(?P<file>.+): not found"),
    "failed": re.compile(WHO + r"(?P<file>.+): refused: (?P<why>.+)|"
                         r"(?:tftp|http): [^:]+: failed (?P<failed>.+) after (?P<bytes>[\d,]+) bytes: .+"),
}


@dataclass(frozen=True)
class FileEvent:
    """kind is a key of PATTERNS, or error for a line that bootd itself calls one."""
    kind: str
    text: str
    file: str = ""
    size: int = 0
    seconds: float = 0.0
    percent: int = 0


def parse(line):
    """A FileEvent, or None for the many lines that say nothing about files."""
    match = LINE.match(line.strip())
    if not match:
        return None
    text = match["text"]
    if match["level"] in ("critical", "error"):
        return FileEvent("error", text)
    for kind, pattern in PATTERNS.items():
        found = pattern.search(text)
        if found:
            return make_event(kind, text, found.groupdict())
    return None


def make_event(kind, text, fields):
    return FileEvent(kind, text,
                     file=fields.get("file") or "",
                     size=int((fields.get("bytes") or "0").replace(",", "")),
                     seconds=float(fields.get("seconds") or 0),
                     percent=int(fields.get("percent") or 0))
