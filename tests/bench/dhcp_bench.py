#!/usr/bin/env python3
"""Measures bootd's DHCP, with leases on disk and in memory, beside Kea, dnsmasq and ISC dhcpd with one
client, dhcp_load, in one run. Needs root.

Servers and clients speak over a virtual cable between two namespaces, through a relay: the clients'
giaddr. No process is pinned to a CPU. The servers take turns, each started anew for its turn, each
figure is the median of the rounds, and every answer is checked by the client."""

import argparse
import collections
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

import dhcp_servers
from bootd import binary
from dhcp_servers import ADDRESS, NAMES, POOL_COUNT, POOL_FIRST, PREFIX, RELAY
from harness import require
from network import handle_signals, one_server_one_client, run

SECONDS = 8
AT_ONCE, MANY = 32, 128
HELD = 500_000
MEMORY_LEASES, MEMORY_POOL, MEMORY_MAX_MIB = 100_000, 131_072, 64
START_MAX_S = 1
P99_MAX_MS = 10
SYNC_EXCHANGES = 2000
BOOTD = ("bootd-sqlite", "bootd-memory")

Row = collections.namedtuple("Row", "name title servers")
ROWS = (
    Row("new", f"four-way exchanges of new clients, {AT_ONCE} at once", NAMES),
    Row("half", "ACK at half that rate", NAMES),
    Row("many", f"four-way exchanges of new clients, {MANY} at once", NAMES[:6]),
    Row("renew", f"renewals by unicast, {AT_ONCE} at once", NAMES[:4]),
    Row("held", f"new clients while {HELD:,} leases are held", BOOTD),
    Row("perfdhcp", "new clients by perfdhcp, as fast as it can", NAMES[:4]),
    Row("syncs", f"fdatasync and fsync of {SYNC_EXCHANGES:,} exchanges, and their ACKs", NAMES),
    Row("memory", f"RSS with {MEMORY_LEASES:,} leases, bootd for a pool of {MEMORY_POOL:,}, and its "
        "start with those on disk", NAMES[:4]),
)
# Of the best of Kea, which syncs nothing; of bootd itself where nothing is held.
GOALS = {"bootd-sqlite": 3, "bootd-memory": 4}
HELD_GOAL = 0.9


def make_network():
    """srv, and cli that is the relay, and answers for the clients' addresses, but to no ARP."""
    network = one_server_one_client(f"{ADDRESS}/{PREFIX}")
    network.add_address("cli", "c0", f"{RELAY}/{PREFIX}")
    network.run("cli", "sysctl", "-w", "net.ipv4.conf.all.arp_ignore=1")
    for number in range(65, 81):
        network.ip("cli", "route", "add", "local", f"10.{number}.0.0/16", "dev", "lo")
        network.ip("srv", "route", "add", f"10.{number}.0.0/16", "via", RELAY)
    for name, port in (("srv", "s0"), ("cli", "c0")):
        run(*network.command(name, "ethtool", "-K", port, "tx", "on", "rx", "on"))
    return network


def rss_kib(pid):
    """VmRSS of one process."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


class Bench:
    """The network and the client; measures one row with one server at a time."""

    def __init__(self, network):
        self._network = network
        self._client = os.path.join(os.path.dirname(binary()), "tests", "bench", "dhcp",
                                    "dhcp_load")
        self._rates = {}

    def measure(self, row, name, seed):
        """The row's figures, as a dict."""
        pool = MEMORY_POOL if row.name == "memory" else POOL_COUNT
        with dhcp_servers.start(self._network, name, pool) as server:
            time.sleep(1)  # Kea opens its socket before it serves
            return getattr(self, "_" + row.name)(server, seed)

    def _load(self, seed, **options):
        words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        ended = self._network.run("cli", self._client, "--relay", RELAY, "--pool",
                                  f"{POOL_FIRST},{POOL_COUNT}", "--seed", seed, *words, ADDRESS,
                                  timeout=600)
        try:
            return json.loads(ended.stdout)
        except ValueError:
            raise RuntimeError(f"dhcp_load says: {ended.stdout}") from None

    def _new(self, server, seed, **more):
        before = server.cpu_seconds()
        result = self._load(seed, seconds=SECONDS, at_once=AT_ONCE, **more)
        # What the clients are filled with before is not of this part.
        if not more:
            used = server.cpu_seconds() - before
            result["cpu_us"] = used * 1e6 / max(result["done"], 1)
            self._rates[server.name] = result["per_s"]
        return result

    def _half(self, server, seed):
        return self._load(seed, seconds=SECONDS, at_once=16384,
                          rate=self._rates.get(server.name, 1000) / 2)

    def _many(self, _server, seed):
        return self._load(seed, seconds=SECONDS, at_once=MANY)

    def _renew(self, server, seed):
        return self._new(server, seed, work="renew", fill=5000)

    def _held(self, server, seed):
        return self._new(server, seed, fill=HELD)

    def _perfdhcp(self, _server, seed):
        ended = self._network.run("cli", "perfdhcp", "-4", "-p", SECONDS, "-R", POOL_COUNT, "-s",
                                  seed, "-l", RELAY, ADDRESS, timeout=SECONDS + 60)
        parts = re.findall(r"sent packets: (\d+)\nreceived packets: (\d+)", ended.stdout)
        rate = re.search(r"Rate: ([\d.]+)", ended.stdout)
        if len(parts) != 2 or rate is None:
            raise RuntimeError(f"perfdhcp says: {ended.stdout}")
        (sent, _), (_, acks) = parts
        return {"per_s": float(rate.group(1)), "lost": 1 - int(acks) / max(int(sent), 1)}

    def _syncs(self, server, seed):
        trace = subprocess.Popen(
            ["strace", "-f", "-q", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-p",
             str(server.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(1)  # it says nothing when it has taken hold
        result = self._load(seed, count=SYNC_EXCHANGES, at_once=AT_ONCE)
        trace.send_signal(signal.SIGINT)
        _, told = trace.communicate(timeout=60)
        result["syncs"] = len(re.findall(r"\bf(?:data)?sync\(", told))
        return result

    def _memory(self, server, seed):
        result = self._load(seed, fill=MEMORY_LEASES, count=0, at_once=AT_ONCE)
        result["rss_mib"] = rss_kib(server.pid) / 1024
        if server.name == "bootd-sqlite":
            result["start_s"], leases = server.restart()
            if leases < MEMORY_LEASES:
                raise RuntimeError(f"of {MEMORY_LEASES} leases bootd has {leases} when started again")
        return result


def median(results, what):
    """Of what was measured in each round; None: nothing was."""
    values = [result[what] for result in results if what in result]
    return statistics.median(values) if values else None


def is_sound(results):
    """Every answer was right, and nearly everybody was answered."""
    return all(result.get("wrong", 0) + result.get("duplicates", 0) + result.get("changed", 0) == 0
               and result.get("given_up", 0) <= result.get("begun", 0) / 1000
               for result in results)


def text(row, results):
    """One cell of the table."""
    if not results:
        return "-"
    words = {
        "new": lambda: f"{median(results, 'per_s'):,.0f}/s, {median(results, 'cpu_us'):.0f} us",
        "half": lambda: f"p50 {median(results, 'ack_p50_ms'):.2f}, "
                        f"p99 {median(results, 'ack_p99_ms'):.2f} ms",
        "many": lambda: f"{median(results, 'per_s'):,.0f}/s, "
                        f"ACK p99 {median(results, 'ack_p99_ms'):.2f} ms",
        "renew": lambda: f"{median(results, 'per_s'):,.0f}/s",
        "held": lambda: f"{median(results, 'per_s'):,.0f}/s",
        "perfdhcp": lambda: f"{median(results, 'per_s'):,.0f}/s, "
                            f"{100 * median(results, 'lost'):.0f} % lost",
        "syncs": lambda: f"{median(results, 'syncs'):,.0f} of {median(results, 'acks'):,.0f}",
        "memory": lambda: f"{median(results, 'rss_mib'):.1f} MiB" + (
            f", start {median(results, 'start_s'):.2f} s" if median(results, "start_s") else ""),
    }[row.name]()
    return words if is_sound(results) else words + ", NOT SOUND"


def verdict(value, goal, is_least=True):
    """A figure, in brackets what it is to reach, and whether it does."""
    is_reached = value >= goal if is_least else value <= goal
    return f"{value:.2f} ({goal}{'' if is_reached else '; NOT reached'})"


def compare(row, results):
    """How bootd stands: the last cell of a row."""
    mine = {name: results[row.name, name] for name in BOOTD if results[row.name, name]}
    words = []
    for name, found in mine.items():
        short = name.removeprefix("bootd-")
        if row.name in ("new", "many", "renew"):
            peers = {peer: median(results[row.name, peer], "per_s") for peer in NAMES
                     if peer.startswith("kea") and results[row.name, peer]}
            if not peers:
                continue
            best = max(peers, key=peers.get)
            ratio = median(found, "per_s") / peers[best]
            shown = f"{ratio:.2f}" if row.name == "renew" else verdict(ratio, GOALS[name])
            words.append(f"{short} {shown} of {best}")
        elif row.name == "half":
            words.append(f"{short} {verdict(median(found, 'ack_p99_ms'), P99_MAX_MS, False)} ms")
        elif row.name == "held" and results["new", name]:
            ratio = median(found, "per_s") / median(results["new", name], "per_s")
            words.append(f"{short} {verdict(ratio, HELD_GOAL)} of none held")
        elif row.name == "memory":
            words.append(f"{short} {verdict(median(found, 'rss_mib'), MEMORY_MAX_MIB, False)} MiB")
            start_s = median(found, "start_s")
            if start_s:
                words.append(f"start {verdict(start_s, START_MAX_S, False)} s")
    return ", ".join(words)


def print_table(rows, names, results):
    """As Markdown: the medians, and how bootd compares (in brackets, what it is to reach)."""
    print("| Work | " + " | ".join(names) + " | bootd (to reach) |")
    print("| --- " * (len(names) + 2) + "|")
    for row in rows:
        cells = [text(row, results[row.name, name]) for name in names]
        print(f"| {row.title} | {' | '.join(cells)} | {compare(row, results)} |", flush=True)


def parse_arguments():
    """The command line."""
    known = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootd", metavar="FILE", help="the program (default: build/bootd)")
    parser.add_argument("--row", action="append", choices=known, metavar="NAME",
                        help="only this row (again for more): " + ", ".join(known))
    parser.add_argument("--server", action="append", choices=NAMES, metavar="NAME",
                        help="only this server: " + ", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=3, help="of each figure (default: 3)")
    parser.add_argument("--json", metavar="FILE", help="where to keep every single result")
    arguments = parser.parse_args()
    arguments.row = arguments.row or known
    arguments.server = arguments.server or list(NAMES)
    return arguments


def measure_all(bench, rows, arguments):
    """{(row, server): results of the rounds}"""
    results = collections.defaultdict(list)
    for number in range(arguments.rounds):
        for row in rows:
            for name in arguments.server:
                if name not in row.servers:
                    continue
                result = bench.measure(row, name, number + 1)
                results[row.name, name].append(result)
                print(f"{row.name:10} {name:14} {text(row, [result])}", file=sys.stderr,
                      flush=True)
    return results


def main():
    """Runs the rounds and prints the table."""
    arguments = parse_arguments()
    if arguments.bootd:
        os.environ["BOOTD"] = arguments.bootd
    handle_signals()
    require("ip", "ethtool", "dnsmasq", "dhcpd", "kea-dhcp4", "perfdhcp", "strace")
    rows = [row for row in ROWS if row.name in arguments.row]
    with make_network() as network:
        results = measure_all(Bench(network), rows, arguments)
    print(f"{platform.machine()}, Linux {platform.release()}, {os.cpu_count()} CPUs; medians of "
          f"{arguments.rounds}; every answer checked\n")
    print_table(rows, arguments.server, results)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({f"{row} {name}": found for (row, name), found in results.items()}, file,
                      indent=1)


if __name__ == "__main__":
    main()
