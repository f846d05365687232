#!/usr/bin/env python3
"""Measures bootd's TFTP beside tftpd-hpa, dnsmasq and atftpd with one client, tftp_load, in one run,
and beside the bare echo, tftp_bare, which tells what the machine allows. Needs root.

Server and client speak over a virtual cable with an MTU of 1500 between two namespaces. Each is
pinned to one CPU, both to the same or each to its own as the row says. The servers take turns, each
started for its turn, each figure is the median of the rounds, and every byte is compared by the
client. Each client at once has an address of its own."""

import argparse
import collections
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

from bootd import binary
from harness import require
from network import Folder, handle_signals, one_server_one_client, run
from servers import ADDRESS, Choice

KIB, MIB = 1 << 10, 1 << 20
CLIENT = "10.77.0.2"
CLIENTS_NETWORK, FIRST_CLIENT = "10.78.0.0/16", "10.78.0.1"
# A run that is not over by then is cut off; its speed is that of what has arrived. With loss the
# peers wait for their timers only: they would take two minutes.
SECONDS_MAX, LOSSY_SECONDS_MAX = 40, 15
SAMPLE_S = 0.1
# What changed just now may change again, which a server may take into account; a server's files are
# older than that.
SETTLE_S = 2.5
# In the document that keeps the figures.
TABLE_BEGIN, TABLE_END = "<!-- tftp_bench -->", "<!-- end of tftp_bench -->"


class Row(collections.namedtuple("Row", "name title size transfers at_once window loss is_one_cpu "
                                 "unit speed_goal cpu_goal p99_goal")):
    """A line of the table: the work, and what bootd is to reach beside the best of the peers."""


def row(name, title, *, size=MIB, transfers=1, at_once=1, window=0, loss=0, one_cpu=False,
        unit="MB/s", speed=None, cpu=None, p99=None):
    """One Row with its usual values."""
    return Row(name, title, size, transfers, at_once, window, loss, one_cpu, unit, speed, cpu, p99)


ROWS = (
    row("window-64", "256 MiB, windowsize 64, one CPU", size=256 * MIB, transfers=4, window=64,
        one_cpu=True, speed=5),
    row("window-16", "256 MiB, windowsize 16, one CPU", size=256 * MIB, transfers=4, window=16,
        one_cpu=True, speed=4),
    row("window-4", "256 MiB, windowsize 4, one CPU", size=256 * MIB, transfers=4, window=4,
        one_cpu=True, speed=2.5),
    row("window-64-two", "256 MiB, windowsize 64, two CPUs", size=256 * MIB, transfers=4,
        window=64, speed=1.8, cpu=0.25),
    row("lock-step", "256 MiB, windowsize 1, one CPU", size=256 * MIB, transfers=2, one_cpu=True,
        speed=1.05, cpu=0.9),
    row("storm-500", "500 clients at once, 1 MiB each", transfers=1000, at_once=500, speed=1.3,
        cpu=0.75),
    row("storm-500-window-4", "500 clients at once, 1 MiB each, windowsize 4", transfers=1000,
        at_once=500, window=4, speed=3),
    row("storm-2000", "2,000 clients at once, 1 MiB each", transfers=2000, at_once=2000, speed=1.3,
        p99=0.7),
    row("small", "20,000 transfers of 1 KiB, 64 at once", size=KIB, transfers=20000, at_once=64,
        unit="/s", speed=1.3),
    row("loss-1", "8 MiB, 1 % loss each way, one client", size=8 * MIB, loss=1, speed=50),
    row("loss-50", "8 MiB each, 1 % loss each way, 50 clients", size=8 * MIB, transfers=50,
        at_once=50, loss=1, speed=50),
)
MEMORY = "memory"


class Sampler:
    """Asks for the server's memory again and again meanwhile; most is the largest answer."""

    def __init__(self, server):
        self._server, self.most = server, 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _sample(self):
        while not self._end.wait(SAMPLE_S):
            self.most = max(self.most, self._server.anonymous_kib())


class Bench:
    """The network, the files and the servers; measures one row with one server at a time."""

    def __init__(self, network, root, arguments):
        self._network, self._arguments = network, arguments
        build_folder = os.path.dirname(binary())
        self._client = os.path.join(build_folder, "tests", "bench", "tftp", "tftp_load")
        self._choice = Choice(network, root, build_folder)
        self._root = root

    def write_files(self, rows):
        """Those that the rows download."""
        for size in {one.size for one in rows}:
            run(self._client, "--write", self._root, "--size", str(size))
        time.sleep(SETTLE_S)

    def measure(self, one, name, seed):
        """The client's JSON as a dict, with the server's cpu_s (None: it has ended by itself)."""
        server_cpu, client_cpu = self._arguments.cpus
        with self._choice.start(name, server_cpu) as server:
            before = server.cpu_seconds()
            result = self._load(one, server_cpu if one.is_one_cpu else client_cpu, seed)
            after = server.cpu_seconds()
        result["server_cpu_s"] = None if after is None else after - before
        return result

    def measure_memory(self, one, name):
        """(idle, most while the row runs) in KiB of RssAnon."""
        server_cpu, client_cpu = self._arguments.cpus
        with self._choice.start(name, server_cpu) as server:
            idle = server.anonymous_kib()
            with Sampler(server) as sampler:
                result = self._load(one, client_cpu, 1)
            return {"idle_kib": idle, "most_kib": sampler.most, "failed": result["failed"],
                    "ended": not server.is_running()}

    def _load(self, one, cpu, seed):
        seconds = LOSSY_SECONDS_MAX if one.loss else SECONDS_MAX
        command = ["taskset", "-c", cpu, self._client, "--size", one.size, "--transfers",
                   one.transfers, "--at-once", one.at_once, "--windowsize", one.window,
                   "--blksize", 1428, "--loss", one.loss, "--seed", seed, "--seconds", seconds,
                   "--patience", 20]
        if one.at_once > 1:
            command += ["--source", FIRST_CLIENT, "--sources", one.at_once]
        ended = self._network.run("cli", *command, ADDRESS, timeout=seconds + 60)
        try:
            return json.loads(ended.stdout)
        except ValueError:
            raise RuntimeError(f"{one.name}: tftp_load says: {ended.stdout}") from None


def speed(one, result):
    """In the row's unit."""
    return result["transfers_per_s"] if one.unit == "/s" else result["mb_per_s"]


def median(values):
    """None where one of them is."""
    values = list(values)
    return None if None in values or not values else statistics.median(values)


class Summary:
    """What one server reached in one row."""

    def __init__(self, one, results):
        self.speed = median(speed(one, result) for result in results)
        self.cpu = None
        if all(result["server_cpu_s"] is not None and result["bytes"] for result in results):
            self.cpu = median(result["server_cpu_s"] * 1e9 / result["bytes"] for result in results)
        self.p99 = median(result["p99_ms"] for result in results)
        self.client_cpu = median(result["client_cpu_s"] * 1e9 / max(result["bytes"], 1)
                                 for result in results)
        self.failed = max(result["failed"] for result in results)
        self.unfinished = max(result["unfinished"] for result in results)
        self.window = results[0]["windowsize"]
        self.has_ended = any(result["server_cpu_s"] is None for result in results)

    def text(self, one):
        """One cell of the table."""
        words = [f"{self.speed:,.0f}" if self.speed >= 10 else f"{self.speed:.2f}"]
        words[0] += one.unit if one.unit == "/s" else " " + one.unit
        if self.cpu is not None and one.unit != "/s" and not one.loss:
            words.append(f"{self.cpu:.2f} s/GB")
        if one.p99_goal and self.p99:
            words.append(f"p99 {self.p99 / 1000:.1f} s")
        if one.window and self.window != one.window:
            words.append(f"window {self.window}")
        if self.failed:
            words.append(f"{self.failed} fail")
        if self.unfinished and one.at_once > 1:
            words.append(f"{self.unfinished} unfinished")
        if self.has_ended:
            words.append("it ends")
        return ", ".join(words)


def is_sound(summary):
    """A peer to be compared with: it served everybody."""
    return not summary.failed and not summary.has_ended


def compare(one, summaries):
    """How bootd stands beside the best peer, and whether that is what it is to reach."""
    peers = {name: summary for name, summary in summaries.items() if name not in ("bootd", "bare")}
    if "bootd" not in summaries or not peers:
        return ""
    sound = {name: summary for name, summary in peers.items() if is_sound(summary)} or peers
    best = max(sound, key=lambda name: sound[name].speed)
    mine, other = summaries["bootd"], sound[best]
    is_reached = is_sound(mine)
    words = []
    for what, goal, ratio, is_good in (
            ("", one.speed_goal, other.speed and mine.speed / other.speed, float.__ge__),
            (" CPU", one.cpu_goal, mine.cpu and other.cpu and mine.cpu / other.cpu, float.__le__),
            (" p99", one.p99_goal, mine.p99 and other.p99 and mine.p99 / other.p99, float.__le__)):
        if goal is None:
            continue
        words.append(f"{ratio:.2f}{what} ({goal})" if ratio else f"?{what} ({goal})")
        is_reached = is_reached and bool(ratio) and is_good(float(ratio), float(goal))
    return f"{', '.join(words)} of {best}: {'reached' if is_reached else 'NOT reached'}"


def table_lines(rows, names, results):
    """As Markdown: the medians, and how bootd compares (in brackets, what it is to reach)."""
    lines = ["| Work | " + " | ".join(names) + " | bootd beside the best peer (to reach) |",
             "| --- " * (len(names) + 2) + "|"]
    for one in rows:
        summaries = {name: Summary(one, results[one.name, name]) for name in names}
        lines.append(f"| {one.title} | "
                     + " | ".join(summaries[name].text(one) for name in names)
                     + f" | {compare(one, summaries)} |")
    return lines


def write_into(path, table):
    """The table in the place of the document's."""
    text = pathlib.Path(path).read_text()
    before, mark, rest = text.partition(TABLE_BEGIN)
    _, end, after = rest.partition(TABLE_END)
    if not mark or not end:
        raise SystemExit(f"{path} has no lines {TABLE_BEGIN} and {TABLE_END}")
    lines = [before.rstrip("\n"), "", mark, "", *table, "", end + after]
    pathlib.Path(path).write_text("\n".join(lines))


def memory_line(names, memory):
    """The table's last line."""
    cells = []
    for name in names:
        found = memory[name]
        text = f"{found['most_kib'] / 1024:.1f} MiB (idle {found['idle_kib'] / 1024:.1f})"
        text += f", {found['failed']} fail" if found["failed"] else ""
        cells.append(text + (", it ends" if found["ended"] else ""))
    verdict = ""
    if "bootd" in memory:
        is_reached = memory["bootd"]["most_kib"] <= 12 * 1024 and not memory["bootd"]["failed"]
        verdict = "at most 12 MiB: " + ("reached" if is_reached else "NOT reached")
    return f"| RssAnon at 2,000 transfers | {' | '.join(cells)} | {verdict} |"


def parse_arguments():
    """The command line."""
    known = [one.name for one in ROWS] + [MEMORY]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootd", metavar="FILE", help="the program (default: build/bootd)")
    parser.add_argument("--row", action="append", choices=known, metavar="NAME",
                        help="only this row (again for more): " + ", ".join(known))
    parser.add_argument("--server", action="append", choices=Choice.NAMES, metavar="NAME",
                        help="only this server: " + ", ".join(Choice.NAMES))
    parser.add_argument("--rounds", type=int, default=3, help="of each figure (default: 3)")
    parser.add_argument("--cpus", default="0,1", type=lambda text: text.split(","),
                        help="the server's and the client's (default: 0,1)")
    parser.add_argument("--offload", choices=("on", "off"), default="on",
                        help="checksums by the cable, as network cards do (default: on)")
    parser.add_argument("--into", metavar="FILE",
                        help="a document whose table is replaced by this one")
    parser.add_argument("--json", metavar="FILE", help="where to keep every single result")
    arguments = parser.parse_args()
    arguments.row = arguments.row or known
    arguments.server = arguments.server or list(Choice.NAMES)
    return arguments


def make_network(offload):
    """srv and cli, and a whole network of addresses that cli answers for."""
    network = one_server_one_client(ADDRESS + "/24")
    network.add_address("cli", "c0", CLIENT + "/24")
    network.ip("cli", "route", "add", "local", CLIENTS_NETWORK, "dev", "lo")
    network.ip("srv", "route", "add", CLIENTS_NETWORK, "via", CLIENT)
    for name, port in (("srv", "s0"), ("cli", "c0")):
        run(*network.command(name, "ethtool", "-K", port, "tx", offload, "rx", offload))
    return network


def show(one, name, result):
    """A line for each measurement, for whoever waits."""
    print(f"{one.name:20} {name:10} {speed(one, result):12,.2f} {one.unit:5}"
          f" server {result['server_cpu_s']} s, client {result['client_cpu_s']:.2f} s,"
          f" {result['failed']} fail {result['failure']}, {result['repeated_sends']} repeats",
          file=sys.stderr, flush=True)


def measure_all(bench, rows, arguments):
    """{(row, server): results of the rounds}"""
    results = collections.defaultdict(list)
    for one in rows:
        for number in range(arguments.rounds):
            for name in arguments.server:
                result = bench.measure(one, name, number + 1)
                results[one.name, name].append(result)
                show(one, name, result)
    return results


def main():
    """Runs the rounds and prints the table."""
    arguments = parse_arguments()
    if arguments.bootd:
        os.environ["BOOTD"] = arguments.bootd
    handle_signals()
    require("ip", "ethtool", "dnsmasq", "apt-get", "dpkg-deb", "taskset")
    # Thousands of transfers are as many sockets.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    rows = [one for one in ROWS if one.name in arguments.row]
    storm = next(one for one in ROWS if one.name == "storm-2000")
    root = Folder("root")
    with make_network(arguments.offload) as network:
        bench = Bench(network, root.path, arguments)
        bench.write_files([*rows, storm])
        results = measure_all(bench, rows, arguments)
        memory = {}
        if MEMORY in arguments.row:
            memory = {name: bench.measure_memory(storm, name) for name in arguments.server}
    root.close()
    table = [f"{platform.machine()}, Linux {platform.release()}, {os.cpu_count()} CPUs, server on "
             f"CPU {arguments.cpus[0]}; medians of {arguments.rounds}; checksum offload "
             f"{arguments.offload}; blksize 1428; every byte compared", "",
             *table_lines(rows, arguments.server, results)]
    if memory:
        table.append(memory_line(arguments.server, memory))
    print("\n".join(table), flush=True)
    if arguments.into:
        write_into(arguments.into, table)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({f"{one} {name}": found for (one, name), found in results.items()}, file,
                      indent=1)


if __name__ == "__main__":
    main()
