"""Network namespaces and virtual links for the tests, removed however the test ends.

Every namespace is called bootd-e2e-PID-NAME after the process that made it. What a killed run left
behind is recognised by its dead process and removed before the next network is made.
"""

import atexit
import contextlib
import ctypes
import fcntl
import ipaddress
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

PREFIX = "bootd-e2e"
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
SIOCGIFINDEX = 0x8933
SIOCGIFHWADDR = 0x8927
RUN_NETNS = "/run/netns"

_libc = ctypes.CDLL(None, use_errno=True)
_open_things = []


def close_at_exit(thing):
    """Has thing.close() called at the end of the process, last opened first."""
    _open_things.append(thing)


def is_closed(thing):
    """Takes back close_at_exit: thing is closed already."""
    if thing in _open_things:
        _open_things.remove(thing)


def _close_everything():
    while _open_things:
        thing = _open_things.pop()
        with contextlib.suppress(Exception):
            thing.close()


def _on_signal(number, _frame):
    # As Ctrl-C does: unittest stops, finally blocks and the exit handler run.
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def handle_signals():
    """Has SIGTERM end the tests as Ctrl-C does, so that the exit handler runs."""
    signal.signal(signal.SIGTERM, _on_signal)
    signal.signal(signal.SIGHUP, _on_signal)


atexit.register(_close_everything)


def die_with_parent():
    """For preexec_fn: the child is killed when the thread that started it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(*command, check=True, timeout=60, **more):
    """Runs a command and returns its result, output captured as text."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=timeout, errors="replace", stdin=subprocess.DEVNULL, **more)
    if check and result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {result.returncode}: {result.stdout}")
    return result


def wait_until(is_true, timeout, what, details=str):
    """For what reports no event: asks is_true again and again until it says a true value. details
    adds to the complaint."""
    end = time.monotonic() + timeout
    while True:
        value = is_true()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what}\n{details()}")
        time.sleep(0.01)


def _is_alive(pid):
    return os.path.exists(f"/proc/{pid}")


def _end_processes_in(namespace):
    pids = run("ip", "netns", "pids", namespace, check=False).stdout.split()
    for pid in pids:
        if pid.isdigit() and int(pid) != os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def _remove_namespace(namespace):
    _end_processes_in(namespace)
    run("ip", "netns", "del", namespace, check=False)


def _of_dead_runs(folder):
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        match = re.fullmatch(PREFIX + r"-(\d+)-.*", name)
        if match and not _is_alive(match.group(1)):
            yield name


def remove_leftovers():
    """Removes the namespaces, with the processes in them, and the folders of dead test runs."""
    for name in _of_dead_runs(RUN_NETNS):
        _remove_namespace(name)
    for name in _of_dead_runs(tempfile.gettempdir()):
        shutil.rmtree(os.path.join(tempfile.gettempdir(), name), ignore_errors=True)


class Folder:
    """A temporary folder that everybody may enter; path is its name."""

    def __init__(self, tag):
        self.path = tempfile.mkdtemp(prefix=f"{PREFIX}-{os.getpid()}-{tag}-")
        os.chmod(self.path, 0o755)
        close_at_exit(self)

    def close(self):
        """Removes it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        is_closed(self)


class Network:
    """Some namespaces and the links between them. Use as a context manager, or call close()."""

    def __init__(self):
        if os.geteuid() != 0:
            raise PermissionError("these tests make network namespaces: run them as root")
        remove_leftovers()
        self._names = []
        self._number = Network._count = getattr(Network, "_count", 0) + 1
        close_at_exit(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Removes everything; links vanish with their namespaces."""
        while self._names:
            _remove_namespace(self.full_name(self._names.pop()))
        is_closed(self)

    def full_name(self, name):
        """The namespace's name as `ip netns` knows it."""
        return f"{PREFIX}-{os.getpid()}-{self._number}-{name}"

    def add_namespace(self, name):
        """Makes an empty namespace with its loopback up and IPv6 off."""
        full = self.full_name(name)
        run("ip", "netns", "add", full)
        self._names.append(name)
        run("ip", "-n", full, "link", "set", "lo", "up")
        with self.inside(name):
            for which in ("all", "default"):
                with open(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "w") as file:
                    file.write("1")

    def add_link(self, one, other, mac=None):
        """Joins two (namespace, interface) pairs by a virtual cable; mac is the other end's."""
        (one_name, one_port), (other_name, other_port) = one, other
        run("ip", "link", "add", one_port, "netns", self.full_name(one_name), "type", "veth",
            "peer", "name", other_port, "netns", self.full_name(other_name),
            *(["address", mac] if mac else []))
        for name, port in (one, other):
            # Raw-socket clients read the checksum, which offload would leave unfilled.
            run("ip", "netns", "exec", self.full_name(name), "ethtool", "-K", port,
                "tx", "off", "rx", "off")
            self.ip(name, "link", "set", port, "up")
        for name, port in (one, other):
            wait_until(lambda: "state UP" in self.ip(name, "link", "show", port).stdout, 10,
                       f"the carrier of {port}")

    def add_bridge(self, name, bridge, ports):
        """Joins ports of a namespace by a bridge that forwards at once."""
        self.ip(name, "link", "add", bridge, "type", "bridge", "stp_state", "0", "forward_delay",
                "0")
        for port in ports:
            self.ip(name, "link", "set", port, "master", bridge)
        self.ip(name, "link", "set", bridge, "up")

    def ip(self, name, *arguments):
        """Runs `ip` in a namespace."""
        return run("ip", "-n", self.full_name(name), *arguments)

    def add_address(self, name, port, address):
        """Gives an interface an address such as 10.77.0.1/24."""
        interface = ipaddress.ip_interface(address)
        self.ip(name, "address", "add", address, "broadcast",
                str(interface.network.broadcast_address), "dev", port)

    def enable_ip6(self, name, port, *addresses):
        """Gives an interface IPv6 and addresses such as fd00:77::1/64, which count at once."""
        with self.inside(name):
            for key, value in (("accept_dad", 0), ("addr_gen_mode", 1), ("disable_ipv6", 0)):
                with open(f"/proc/sys/net/ipv6/conf/{port}/{key}", "w") as file:
                    file.write(str(value))
        for address in addresses:
            self.ip(name, "address", "add", address, "dev", port, "nodad")

    def flush(self, name, port):
        """Takes all addresses from an interface."""
        self.ip(name, "address", "flush", "dev", port)

    def addresses(self, name, port):
        """The IPv4 addresses of an interface, as text without the prefix length."""
        lines = self.ip(name, "-4", "-o", "address", "show", "dev", port).stdout
        return re.findall(r"inet ([\d.]+)", lines)

    def command(self, name, *command):
        """The command line that runs a command inside a namespace."""
        return ["ip", "netns", "exec", self.full_name(name), *map(str, command)]

    def run(self, name, *command, **more):
        """Runs a command in a namespace and awaits its end; the exit code is not checked."""
        return run(*self.command(name, *command), check=False, **more)

    def start(self, name, *command, **more):
        """Starts a command in a namespace; ip replaces itself by it, so its pid is the child's."""
        return subprocess.Popen(self.command(name, *command), preexec_fn=die_with_parent, **more)

    @contextlib.contextmanager
    def inside(self, name):
        """Moves this thread into a namespace for a while; sockets opened meanwhile stay there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"{RUN_NETNS}/{self.full_name(name)}", os.O_RDONLY)
        try:
            _set_namespace(there)
            yield
        finally:
            _set_namespace(home)
            os.close(there)
            os.close(home)

    def mac(self, name, port):
        """An interface's MAC address, 6 bytes."""
        with self.inside(name), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            answer = fcntl.ioctl(sock, SIOCGIFHWADDR, struct.pack("256s", port.encode()))
        return answer[18:24]

    def udp_ports(self, name):
        """The UDP ports that are bound in a namespace."""
        rows = []
        with self.inside(name):
            for table in ("udp", "udp6"):
                with open(f"/proc/thread-self/net/{table}") as file:
                    rows += file.read().splitlines()[1:]
        return {int(row.split()[1].split(":")[1], 16) for row in rows}

    def udp_socket(self, name, address="0.0.0.0", port=0):
        """A UDP socket inside a namespace, allowed to broadcast; of IPv6 by its address."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.inside(name):
            sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind((address, port))
        return sock

    def raw_socket(self, name, port):
        """A socket for whole Ethernet frames on an interface, also those for other stations."""
        with self.inside(name):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            sock.bind((port, 0x0003))
        return sock


def _set_namespace(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def one_server_one_client(server="10.77.0.1/24", mac="52:54:00:77:00:01"):
    """The usual network: srv with interface s0 and the address, cli with c0 without one."""
    network = Network()
    try:
        network.add_namespace("srv")
        network.add_namespace("cli")
        network.add_link(("srv", "s0"), ("cli", "c0"), mac=mac)
        network.add_address("srv", "s0", server)
    except BaseException:
        network.close()
        raise
    return network
