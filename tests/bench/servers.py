"""The servers that are measured, each started alone in a namespace, and what they cost by /proc; of
TFTP's which there are. Those of DHCP are in dhcp_servers.py."""

import glob
import os
import pathlib
import subprocess
import threading
import time

from bootd import Bootd
from network import run, wait_until

ADDRESS = "10.77.0.1"
TICKS = os.sysconf("SC_CLK_TCK")
# Debian's packages with what only they need, unpacked and not installed: installing them would
# start their services, and they conflict.
PACKAGES = ("tftpd-hpa", "atftpd", "libwrap0", "libnsl2", "libtirpc3", "libpcre2-8-0")


def unpack_peers(folder):
    """Downloads and unpacks once; returns where their programs and their libraries are."""
    if not os.path.exists(os.path.join(folder, "complete")):
        os.makedirs(folder, exist_ok=True)
        run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *PACKAGES, cwd=folder,
            timeout=300)
        for package in pathlib.Path(folder).glob("*.deb"):
            run("dpkg-deb", "-x", package.name, ".", cwd=folder)
        pathlib.Path(folder, "complete").touch()
    libraries = {str(path.parent) for path in pathlib.Path(folder).rglob("*.so.*")}
    return os.path.join(folder, "usr", "sbin"), ":".join(sorted(libraries))


def cpu_seconds(pid):
    """What a process has used, and those of its children that it has waited for; None: it is gone.
    """
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return sum(map(int, fields[11:15])) / TICKS


def children(pid):
    """The processes that a process has started and that still run."""
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path) as file:
                found += map(int, file.read().split())
        except OSError:
            pass
    return found


def anonymous_kib(pid):
    """RssAnon of one process; 0 when it has ended."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("RssAnon")), 0)
    except OSError:
        return 0


class Children:
    """What the children of a process have used, for one that does not wait for them (tftpd-hpa): each
    is asked again and again until it has ended."""

    def __init__(self, pid):
        self._pid, self._used = pid, {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        count = 0
        # Many children are asked seldom: asking costs a CPU, too.
        while not self._end.wait(0.01 if count < 4 else 0.2):
            living = children(self._pid)
            count = len(living)
            for pid in living:
                self._used[pid] = cpu_seconds(pid) or self._used.get(pid, 0)

    def cpu_seconds(self):
        """Of all so far."""
        return sum(self._used.copy().values())

    def stop(self):
        """Asks no more."""
        self._end.set()
        self._thread.join()


class Server:
    """A server that runs. Use as a context manager: its end ends it."""

    def __init__(self, network, name, command, environment=None, waits_for_children=True, port=69):
        self.name, self._children = name, None
        self._process = network.start("srv", *command, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      env={**os.environ, **(environment or {})})
        wait_until(lambda: port in network.udp_ports("srv"), 10, f"{name} to listen")
        if not waits_for_children:
            self._children = Children(self.pid)

    @property
    def pid(self):
        return self._process.pid

    def is_running(self):
        """It has not ended by itself."""
        return self._process.poll() is None

    def cpu_seconds(self):
        """With all its children, once those of the work just done have ended."""
        if not self.is_running():
            return None
        wait_until(lambda: not children(self.pid), 120, f"the children of {self.name} to end")
        return cpu_seconds(self.pid) + (self._children.cpu_seconds() if self._children else 0)

    def anonymous_kib(self):
        """Memory of its own, with that of its children."""
        return sum(anonymous_kib(pid) for pid in (self.pid, *children(self.pid)))

    def stop(self):
        """Ends it and its children."""
        if self._children:
            self._children.stop()
        left = children(self.pid)
        if self.is_running():
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
        for pid in left:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class BootdServer(Server):
    """bootd, and what it says as short as it can be; changes and more as Bootd takes them."""

    def __init__(self, network, name, *changes, port=69, **more):
        self.name, self._children = name, None
        self._changes = changes
        self._bootd = Bootd(network, {"logger": {"level": "error"}}, *changes, **more)
        self._bootd.start(until=None)
        wait_until(lambda: port in network.udp_ports("srv"), 10, "bootd to listen")

    @property
    def pid(self):
        return self._bootd.pid

    def is_running(self):
        return self._bootd.is_running()

    def restart(self):
        """Ends it and starts it with the same files: the seconds until it is ready, and the leases
        that it then has."""
        self._bootd.stop()
        self._bootd.configure({"logger": {"level": "info"}}, *self._changes)
        mark, begun = self._bootd.mark(), time.monotonic()
        self._bootd.start(until=None)
        self._bootd.wait_for("is ready", since=mark)
        seconds = time.monotonic() - begun
        return seconds, int(self._bootd.wait_for(r"leases: (\d+) in", since=mark).group(1))

    def stop(self):
        """Ends it and sees that it ends well."""
        self._bootd.stop()
        self._bootd.close()


class Choice:
    """Starts a server by its name; the programs come from build_folder and from Debian."""

    NAMES = ("bootd", "tftpd-hpa", "dnsmasq", "atftpd", "bare")

    def __init__(self, network, root, build_folder):
        self._network, self._root = network, root
        self._programs, self._libraries = unpack_peers(os.path.join(build_folder, "bench-peers"))
        self._bare = os.path.join(build_folder, "tests", "bench", "tftp", "tftp_bare")

    def start(self, name, cpu):
        """The server, on one CPU."""
        pin = ("taskset", "-c", str(cpu))
        if name == "bootd":
            return BootdServer(self._network, name, {"tftp": {"root": self._root, "timeout": None}},
                               arguments=("-t",), before=pin)
        command = {
            "tftpd-hpa": [self._program("in.tftpd"), "--foreground", "--address", ADDRESS + ":69",
                          "--user", "nobody", "--secure", self._root],
            "dnsmasq": ["dnsmasq", "-C", "/dev/null", "-k", "--port=0", "--pid-file=",
                        "--user=root", "--enable-tftp", f"--tftp-root={self._root}",
                        "--tftp-max=5000", "--quiet-tftp"],
            "atftpd": [self._program("atftpd"), "--daemon", "--no-fork", "--bind-address", ADDRESS,
                       "--user", "nobody.nogroup", "--maxthread", "5000", "--verbose=0",
                       "--logfile", "/dev/null", self._root],
            "bare": [self._bare, ADDRESS],
        }[name]
        return Server(self._network, name, [*pin, *command],
                      environment={"LD_LIBRARY_PATH": self._libraries},
                      waits_for_children=name != "tftpd-hpa")

    def _program(self, name):
        return os.path.join(self._programs, name)
