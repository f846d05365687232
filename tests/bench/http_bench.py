#!/usr/bin/env python3
"""Measures bootd's HTTP beside nginx, with the same clients, curl and wrk, in one run.

Both serve with one worker, pinned to one CPU (--server-cpu), and the client has another one
(--client-cpu); they speak over a namespace's loopback. The servers take turns, each figure is the median
of the rounds, and what each server sends is compared once a round. Needs root.
"""

import argparse
import hashlib
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import harness
from bootd import Bootd, binary
from harness import require
from network import Folder, handle_signals, one_server_one_client, run, wait_until

ADDRESS = "127.0.0.1"
PORT = 8080
MIB = 1 << 20
SMALL_SIZE = 1024
CONNECTIONS = 64
# Of nginx's throughput and of its requests a second.
GOALS = {"large": 0.9, "small": 0.6}

harness.PACKAGES.update({"wrk": "wrk"})

NGINX = """
worker_processes 1;
daemon off;
user root;
pid {folder}/pid;
error_log {folder}/error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen {address}:{port}; root {root}; }}
}}
"""


def unpack_nginx(folder):
    """Debian's package, unpacked and not installed: installing it would start its service."""
    program = os.path.join(folder, "usr", "sbin", "nginx")
    if not os.path.exists(program):
        os.makedirs(folder, exist_ok=True)
        run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "nginx", cwd=folder,
            timeout=300)
        for package in pathlib.Path(folder).glob("*.deb"):
            run("dpkg-deb", "-x", package.name, ".", cwd=folder)
    return program


def tcp_ports(network):
    """The TCP ports that are listened on in the server's namespace."""
    with network.inside("srv"), open("/proc/thread-self/net/tcp") as file:
        rows = [row.split() for row in file.read().splitlines()[1:]]
    return {int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A"}


class Nginx:
    """nginx with one worker."""

    def __init__(self, network, root, program, pinned):
        self._folder = Folder("nginx")
        config = os.path.join(self._folder.path, "conf")
        with open(config, "w") as file:
            file.write(NGINX.format(folder=self._folder.path, address=ADDRESS, port=PORT,
                                    root=root))
        self._process = network.start("srv", *pinned, program, "-e", self._folder.path + "/early",
                                      "-c", config, stdin=subprocess.DEVNULL)
        wait_until(lambda: PORT in tcp_ports(network), 10, "nginx to listen")

    def stop(self):
        """Ends it."""
        self._process.terminate()
        self._process.wait(10)
        self._folder.close()


class BootdPeer:
    """bootd with one worker."""

    def __init__(self, network, root, pinned):
        self._bootd = Bootd(network, {"logger": {"level": "error"},
                                      "tftp": {"root": root, "timeout": None},
                                      "httpd": {"port": PORT, "workers": 1}},
                            arguments=("-t", "-H"), before=pinned)
        self._bootd.start(until=None)
        wait_until(lambda: PORT in tcp_ports(network), 10, "bootd to listen")

    def stop(self):
        """Ends it and sees that it ends well."""
        self._bootd.stop()
        self._bootd.close()


class Bench:
    """The files, and what is measured with them."""

    def __init__(self, network, size_mib, pinned):
        self._network, self._pinned = network, pinned
        self.folder = Folder("root")
        self._digests = {}
        for name, size in (("large", size_mib * MIB), ("small", SMALL_SIZE)):
            data = os.urandom(size)
            self._digests[name] = hashlib.sha256(data).digest()
            with open(os.path.join(self.folder.path, name), "wb") as file:
                file.write(data)

    def _run(self, *command):
        result = self._network.run("srv", *self._pinned, *command, timeout=300)
        if result.returncode != 0:
            raise RuntimeError(f"{command[0]}: {result.stdout}")
        return result.stdout

    def compare(self):
        """Both files arrive as they are."""
        for name, expected in self._digests.items():
            local = os.path.join(self.folder.path, "arrived")
            self._run("curl", "-sSf", "-o", local, f"http://{ADDRESS}:{PORT}/{name}")
            with open(local, "rb") as file:
                if hashlib.file_digest(file, "sha256").digest() != expected:
                    raise RuntimeError(f"{name} arrived with wrong bytes")
            os.unlink(local)

    def large(self):
        """Bytes a second of one client."""
        return float(self._run("curl", "-sSf", "-o", "/dev/null", "-w", "%{speed_download}",
                               f"http://{ADDRESS}:{PORT}/large"))

    def small(self, seconds):
        """Requests a second of many clients with keep-alive."""
        output = self._run("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
                           f"http://{ADDRESS}:{PORT}/small")
        if "Socket errors" in output or "Non-2xx" in output:
            raise RuntimeError(output)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))


def print_table(figures, size_mib):
    """Medians, and whether the goals are met."""
    titles = {"large": (f"{size_mib} MiB to one client, MB/s", 1e6),
              "small": (f"{SMALL_SIZE} bytes, {CONNECTIONS} connections, requests/s", 1)}
    print(f"{'':44}{'bootd':>10}{'nginx':>10}{'ratio':>8}{'goal':>8}")
    for work, (title, unit) in titles.items():
        bootd, nginx = (statistics.median(figures[work, name]) for name in ("bootd", "nginx"))
        print(f"{title:44}{bootd / unit:10.0f}{nginx / unit:10.0f}{bootd / nginx:8.2f}"
              f"{GOALS[work]:8.2f}")


def main():
    """Runs the rounds and prints the table."""
    cpus = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bootd", help="the program (default: build/bootd)")
    parser.add_argument("--rounds", type=int, default=5, help="of each figure (default: 5)")
    parser.add_argument("--size", type=int, default=256, help="of the large file, in MiB")
    parser.add_argument("--seconds", type=int, default=3, help="of each run of wrk")
    parser.add_argument("--server-cpu", type=int, default=cpus[0])
    parser.add_argument("--client-cpu", type=int, default=cpus[-1])
    arguments = parser.parse_args()
    if arguments.bootd:
        os.environ["BOOTD"] = arguments.bootd
    handle_signals()
    require("ip", "curl", "wrk", "taskset", "apt-get", "dpkg-deb")
    program = unpack_nginx(os.path.join(os.path.dirname(binary()), "bench", "nginx"))
    server, client = (("taskset", "-c", str(cpu)) for cpu in
                      (arguments.server_cpu, arguments.client_cpu))
    figures = {(work, name): [] for work in GOALS for name in ("bootd", "nginx")}
    with one_server_one_client() as network:
        bench = Bench(network, arguments.size, client)
        choice = {"bootd": lambda: BootdPeer(network, bench.folder.path, server),
                  "nginx": lambda: Nginx(network, bench.folder.path, program, server)}
        for number in range(arguments.rounds):
            # Who begins takes turns, too.
            for name in sorted(choice, reverse=number % 2 == 1):
                peer = choice[name]()
                bench.compare()
                figures["large", name].append(max(bench.large() for _ in range(3)))
                figures["small", name].append(bench.small(arguments.seconds))
                peer.stop()
        bench.folder.close()
    print(f"{platform.machine()}, Linux {platform.release()}, {os.cpu_count()} CPUs, server on CPU "
          f"{arguments.server_cpu}, client on CPU {arguments.client_cpu}; medians of "
          f"{arguments.rounds}")
    print_table(figures, arguments.size)


if __name__ == "__main__":
    main()
