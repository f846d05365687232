#!/usr/bin/env python3
"""Measures what a remote root costs beside a local one, with one client, tftp_load, in one run.
Needs root.

    cached   one large file from the cache, beside the same file from a folder
    storm    200 clients at once for one file that is not here yet, beside the same from a folder
             and one client that gets it from the upstream alone

The upstream is a scripted web server that counts what it sends. All run on one CPU unless told
otherwise, as across two of them lock-step measures how fast an idle CPU wakes. Both kinds of roots
take turns; figures are medians of the rounds (of each round's ratio, too), and the client compares
every byte."""

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

from bootd import Bootd, binary
from harness import require
from network import Folder, handle_signals, one_server_one_client, run, wait_until
from upstream import Upstream

ADDRESS, CLIENT = "10.77.0.1", "10.77.0.2"
CLIENTS_NETWORK, FIRST_CLIENT = "10.78.0.0/16", "10.78.0.1"
MIB = 1 << 20
CACHED_SIZE, STORM_SIZE, STORM_CLIENTS = 256 * MIB, 20 * MIB, 200
CACHED_GOAL, STORM_GOAL = 0.95, 1.5
SECONDS_MAX = 300


def file_name(size):
    """As tftp_load calls it."""
    return f"f-{size}-0"


class Server:
    """bootd with TFTP alone, of one root. Use as a context manager."""

    def __init__(self, network, root, cache, cpu):
        self._bootd = Bootd(network, {
            "logger": {"level": "error"}, "tftp": {"root": root, "timeout": None},
            "cache": {"directory": cache}}, arguments=("-t",), before=("taskset", "-c", cpu))
        self._network = network

    def __enter__(self):
        self._bootd.start(until=None)
        wait_until(lambda: 69 in self._network.udp_ports("srv"), 10, "bootd to listen")
        return self

    def __exit__(self, *_):
        self._bootd.stop()
        self._bootd.close()


class Bench:
    """The network, the files, the upstream, and the client."""

    def __init__(self, network, root, arguments):
        self._network, self._root, self._arguments = network, root, arguments
        self._client = os.path.join(os.path.dirname(binary()), "tests", "bench", "tftp",
                                    "tftp_load")
        # In the server's place, but where the client gets to it as well.
        os.sched_setaffinity(0, {int(arguments.cpus[0])})
        self.upstream = Upstream(network, address=ADDRESS)
        os.sched_setaffinity(0, {int(cpu) for cpu in arguments.cpus})
        for size in (CACHED_SIZE, STORM_SIZE):
            run(self._client, "--write", root, "--size", str(size))
            with open(os.path.join(root, file_name(size)), "rb") as file:
                self.upstream.put(file_name(size), file.read(), etag='"one"')

    def load(self, size, window, clients=1, transfers=1):
        """The client's JSON; all transfers must have been whole."""
        command = ["taskset", "-c", self._arguments.cpus[1], self._client, "--size", size,
                   "--transfers", transfers, "--at-once", clients, "--windowsize", window,
                   "--blksize", 1428, "--seconds", SECONDS_MAX]
        if clients > 1:
            command += ["--source", FIRST_CLIENT, "--sources", clients]
        ended = self._network.run("cli", *command, ADDRESS, timeout=SECONDS_MAX + 60)
        result = json.loads(ended.stdout)
        if result["failed"] or result["unfinished"] or result["bytes"] != size * transfers:
            raise RuntimeError(f"not every client got its file: {ended.stdout}")
        return result

    def straight(self, size):
        """Seconds of one client that gets a file from the upstream itself."""
        started = time.monotonic()
        ended = self._network.run("cli", "taskset", "-c", self._arguments.cpus[1], "curl", "-sS",
                                  "--fail", "-o", "/dev/null",
                                  f"{self.upstream.root}/{file_name(size)}")
        if ended.returncode != 0:
            raise RuntimeError(ended.stdout)
        return time.monotonic() - started

    def server(self, is_remote, cache):
        """bootd with one of the two roots."""
        root = self.upstream.root if is_remote else self._root
        return Server(self._network, root, cache, self._arguments.cpus[0])

    def cached(self, is_remote, cache, window):
        """MB/s of one client; what is remote is in the cache before."""
        with self.server(is_remote, cache):
            if is_remote:
                self.load(CACHED_SIZE, window)
            return self.load(CACHED_SIZE, window, transfers=2)["mb_per_s"]

    def storm(self, is_remote, window):
        """Seconds until the last of the clients is done; what is remote is not in the cache."""
        cache = cache_folder()
        before = self.upstream.sent()
        with self.server(is_remote, cache.path):
            seconds = self.load(STORM_SIZE, window, STORM_CLIENTS, STORM_CLIENTS)["seconds"]
        sent = self.upstream.sent() - before
        cache.close()
        if sent != (STORM_SIZE if is_remote else 0):
            raise RuntimeError(f"the upstream sent {sent} bytes")
        return seconds


def cache_folder():
    """One that bootd may write to, whoever it has become."""
    folder = Folder("cache")
    os.chmod(folder.path, 0o777)
    return folder


def measure_cached(bench, window, rounds):
    """Prints a row."""
    local, remote = [], []
    cache = cache_folder()
    for _ in range(rounds):
        local.append(bench.cached(False, cache.path, window))
        remote.append(bench.cached(True, cache.path, window))
    cache.close()
    # Of each pair, which ran one after the other: other load on the machine comes and goes.
    ratio = statistics.median(there / here for here, there in zip(local, remote))
    print(f"| {CACHED_SIZE // MIB} MiB, windowsize {window} | {statistics.median(local):.0f} MB/s "
          f"| {statistics.median(remote):.0f} MB/s from the cache | {ratio:.2f} ({CACHED_GOAL}): "
          f"{verdict(ratio >= CACHED_GOAL)} |", flush=True)


def measure_storm(bench, window, rounds):
    """Prints a row."""
    straight, local, remote = [], [], []
    for _ in range(rounds):
        straight.append(bench.straight(STORM_SIZE))
        local.append(bench.storm(False, window))
        remote.append(bench.storm(True, window))
    alone, here, there = map(statistics.median, (straight, local, remote))
    ratio = statistics.median(remote[n] / (straight[n] + local[n]) for n in range(rounds))
    print(f"| {STORM_CLIENTS} clients at once, one file of {STORM_SIZE // MIB} MiB, windowsize "
          f"{window} | {here:.2f} s | {there:.2f} s, not here yet; one alone from the upstream "
          f"{alone:.2f} s | {ratio:.2f} of both together ({STORM_GOAL}): "
          f"{verdict(ratio <= STORM_GOAL)}, the upstream sent one file |", flush=True)


def verdict(is_reached):
    return "reached" if is_reached else "NOT reached"


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootd", metavar="FILE", help="the program (default: build/bootd)")
    parser.add_argument("--row", action="append", choices=("cached", "storm"), metavar="NAME",
                        help="only this row: cached, storm")
    parser.add_argument("--rounds", type=int, default=3, help="of each figure (default: 3)")
    parser.add_argument("--cpus", default="0,0", type=lambda text: text.split(","),
                        help="the servers' and the client's (default: 0,0)")
    return parser.parse_args()


def make_network():
    """srv and cli, and a whole network of addresses that cli answers for."""
    network = one_server_one_client(ADDRESS + "/24")
    network.add_address("cli", "c0", CLIENT + "/24")
    network.ip("cli", "route", "add", "local", CLIENTS_NETWORK, "dev", "lo")
    network.ip("srv", "route", "add", CLIENTS_NETWORK, "via", CLIENT)
    for name, port in (("srv", "s0"), ("cli", "c0")):
        run(*network.command(name, "ethtool", "-K", port, "tx", "on", "rx", "on"))
    return network


def main():
    """Runs the rounds and prints the table."""
    arguments = parse_arguments()
    if arguments.bootd:
        os.environ["BOOTD"] = arguments.bootd
    handle_signals()
    require("ip", "ethtool", "curl", "taskset")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    root = Folder("root")
    with make_network() as network:
        bench = Bench(network, root.path, arguments)
        print(f"{platform.machine()}, Linux {platform.release()}, {os.cpu_count()} CPUs, all on "
              f"{','.join(arguments.cpus)}; medians of {arguments.rounds}; blksize 1428; every byte "
              "compared\n")
        print("| Work | local root | remote root | remote beside local (to reach) |")
        print("| --- " * 4 + "|")
        for window in (0, 16):
            if "cached" in (arguments.row or ("cached",)):
                measure_cached(bench, window, arguments.rounds)
            if "storm" in (arguments.row or ("storm",)):
                measure_storm(bench, window, arguments.rounds)
        bench.upstream.close()
    root.close()


if __name__ == "__main__":
    main()
