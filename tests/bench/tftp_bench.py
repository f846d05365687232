#!/usr/bin/env python3
"""Measures bootd's TFTP beside tftpd-hpa and dnsmasq, with the same client, curl, in one run.

Server and client share one CPU (--cpu) and speak over a virtual cable between two namespaces, so
the figures tell what a block costs rather than how fast an idle CPU wakes. The servers take turns,
each figure is the median of the rounds, and every file that arrives is compared. Needs root.
"""

import argparse
import hashlib
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from bootd import Bootd, binary
from harness import require
from network import Folder, handle_signals, one_server_one_client, run, wait_until

ADDRESS = "10.77.0.1"
MIB = 1 << 20
PARALLEL = 50
FILES_EACH = 20
SMALL_SIZE = 64 << 10


class Peer:
    """Another TFTP server, run in bootd's place."""

    def __init__(self, network, command, libraries=""):
        self._process = network.start("srv", *command, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      env=dict(os.environ, LD_LIBRARY_PATH=libraries))
        wait_until(lambda: 69 in network.udp_ports("srv"), 10, f"{command[0]} to listen")

    def stop(self):
        """Ends it."""
        self._process.terminate()
        self._process.wait(10)


class BootdPeer:
    """bootd with TFTP alone."""

    def __init__(self, network, root):
        self._bootd = Bootd(network, {"logger": {"level": "error"}, "tftp": {
            "root": root, "timeout": None}}, arguments=("-t",))
        self._bootd.start(until=None)
        wait_until(lambda: 69 in network.udp_ports("srv"), 10, "bootd to listen")

    def stop(self):
        """Ends it and sees that it ends well."""
        self._bootd.stop()
        self._bootd.close()


def unpack_tftpd_hpa(folder):
    """Debian's package and the libraries that only it needs, unpacked and not installed: installing
    it would start its service. Returns the program and where its libraries are."""
    program = os.path.join(folder, "usr", "sbin", "in.tftpd")
    if not os.path.exists(program):
        os.makedirs(folder, exist_ok=True)
        run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "tftpd-hpa", "libwrap0",
            "libnsl2", "libtirpc3", cwd=folder, timeout=300)
        for package in pathlib.Path(folder).glob("*.deb"):
            run("dpkg-deb", "-x", package.name, ".", cwd=folder)
    libraries = {str(path.parent) for path in pathlib.Path(folder).rglob("*.so.*")}
    return program, ":".join(sorted(libraries))


def servers(network, root, build_folder):
    """{name: function that starts it}"""
    tftpd, libraries = unpack_tftpd_hpa(os.path.join(build_folder, "tftpd-hpa"))
    hpa = [tftpd, "--foreground", "--address", ADDRESS + ":69", "--user", "nobody", "--secure",
           root]
    dnsmasq = ["dnsmasq", "-C", "/dev/null", "-k", "--port=0", "--pid-file=", "--user=root",
               "--enable-tftp", f"--tftp-root={root}", "--tftp-max=500"]
    return {"bootd": lambda: BootdPeer(network, root),
            "tftpd-hpa": lambda: Peer(network, hpa, libraries),
            "dnsmasq": lambda: Peer(network, dnsmasq)}


def curl(names, local, block_size):
    """One curl that gets the files one after the other."""
    command = ["curl", "-sS", "--fail", "--tftp-blksize", str(block_size)]
    for name in names:
        command += ["-o", f"{local}-{name}", f"tftp://{ADDRESS}/{name}"]
    return command


class Work:
    """Some curls at once, each with files of its own."""

    def __init__(self, title, lists, block_size):
        self.title, self.lists, self.block_size = title, lists, block_size

    def measure(self, network, root, folder):
        """Downloads everything, compares it, and returns bytes a second."""
        commands = [curl(names, str(number), self.block_size)
                    for number, names in enumerate(self.lists)]
        started = time.monotonic()
        running = [network.start("cli", *command, cwd=folder, stdin=subprocess.DEVNULL)
                   for command in commands]
        codes = [process.wait(600) for process in running]
        seconds = time.monotonic() - started
        if any(codes):
            raise RuntimeError(f"{self.title}: curl ended with {codes}")
        return self._compare(root, folder) / seconds

    def _compare(self, root, folder):
        size = 0
        for number, names in enumerate(self.lists):
            for name in names:
                local = os.path.join(folder, f"{number}-{name}")
                if digest(local) != digest(os.path.join(root, name)):
                    raise RuntimeError(f"{self.title}: {name} arrived with wrong bytes")
                size += os.path.getsize(local)
                os.unlink(local)
        return size


def digest(path):
    """The SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def write_files(root, size_mib):
    """Makes the files; returns the works."""
    chance = random.Random(1)
    with open(os.path.join(root, "large"), "wb") as file:
        for _ in range(size_mib):
            file.write(chance.randbytes(MIB))
    small = [f"small-{number}" for number in range(PARALLEL)]
    for name in small:
        with open(os.path.join(root, name), "wb") as file:
            file.write(chance.randbytes(SMALL_SIZE))
    lists = [[small[(number + step) % PARALLEL] for step in range(FILES_EACH)]
             for number in range(PARALLEL)]
    return [Work(f"{size_mib} MiB, blksize 1428", [["large"]], 1428),
            Work(f"{size_mib} MiB, blksize 512", [["large"]], 512),
            Work(f"{PARALLEL} clients, {SMALL_SIZE >> 10} KiB files", lists, 1428)]


def print_table(works, names, speeds):
    """Median MB/s of each server, and how bootd compares."""
    print(f"{'MB/s (bootd / peer)':28}" + "".join(f"{name:>20}" for name in names))
    for work in works:
        medians = {name: statistics.median(speeds[work.title, name]) / 1e6 for name in names}
        row = f"{work.title:28}"
        for name, median in medians.items():
            ratio = "" if name == "bootd" else f" ({medians['bootd'] / median:.2f})"
            row += f"{median:.1f}{ratio}".rjust(20)
        print(row)


def main():
    """Runs the rounds and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bootd", help="the program (default: build/bootd)")
    parser.add_argument("--rounds", type=int, default=3, help="of each figure (default: 3)")
    parser.add_argument("--size", type=int, default=64, help="of the large file, in MiB")
    parser.add_argument("--cpu", type=int, default=min(os.sched_getaffinity(0)),
                        help="that all run on (default: the first)")
    arguments = parser.parse_args()
    if arguments.bootd:
        os.environ["BOOTD"] = arguments.bootd
    handle_signals()
    require("ip", "ethtool", "curl", "dnsmasq", "apt-get", "dpkg-deb")
    build_folder = os.path.join(os.path.dirname(binary()), "bench")
    os.sched_setaffinity(0, {arguments.cpu})
    root, downloads = Folder("root"), Folder("downloads")
    with one_server_one_client(ADDRESS + "/24") as network:
        network.add_address("cli", "c0", "10.77.0.2/24")
        works = write_files(root.path, arguments.size)
        choice = servers(network, root.path, build_folder)
        speeds = {(work.title, name): [] for work in works for name in choice}
        for _ in range(arguments.rounds):
            for name, start in choice.items():
                server = start()
                for work in works:
                    speeds[work.title, name].append(
                        work.measure(network, root.path, downloads.path))
                server.stop()
    print(f"{platform.machine()}, Linux {platform.release()}, {os.cpu_count()} CPUs, all on CPU "
          f"{arguments.cpu}; medians of {arguments.rounds}; every file compared")
    print_table(works, list(choice), speeds)
    for folder in (root, downloads):
        folder.close()


if __name__ == "__main__":
    main()
