"""Networks: one of our own with a tap device for the virtual PC, or a real interface's."""

import ctypes
import ipaddress
import json
import os
import subprocess
from pathlib import Path

from .problem import Problem
from .processes import libc

TAP = "bootd0"
SERVER = "10.77.0.1"

CLONE_NEWNET = 0x40000000  # linux/sched.h
POOL_MAX = 100


def ip(*words):
    """Runs ip(8); returns its output."""
    result = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Problem(f"'ip {' '.join(words)}' failed: {result.stderr.strip()}")
    return result.stdout


def enter_own_network(machine_count=1):
    """From here on this process and its children live in a network namespace of their own. Returns the
    names of the tap devices: TAP itself, or for several machines those that TAP joins as a bridge.

    It has no name, on purpose: the kernel removes it, tap device and all, when the last of these
    processes ends, however that happens. To look inside: nsenter --net=/proc/PID/ns/net.
    """
    if libc.unshare(CLONE_NEWNET) != 0:
        raise Problem(f"No network namespace of our own: {os.strerror(ctypes.get_errno())}.")
    if not os.path.exists("/dev/net/tun"):
        raise Problem("/dev/net/tun is missing, so there can be no tap device (try: modprobe tun).")
    ip("link", "set", "lo", "up")
    taps = [TAP] if machine_count == 1 else [f"pc{number}" for number in range(machine_count)]
    if machine_count > 1:
        ip("link", "add", TAP, "type", "bridge")
    for tap in taps:
        ip("tuntap", "add", "dev", tap, "mode", "tap")
        if tap != TAP:
            ip("link", "set", tap, "master", TAP, "up")
    ip("address", "add", f"{SERVER}/24", "dev", TAP)
    ip("link", "set", TAP, "up")
    return taps


def open_udp_ports():
    """The UDP ports bound in this process' network namespace."""
    tables = [Path("/proc/self/net") / name for name in ("udp", "udp6")]
    rows = [row for table in tables if table.exists() for row in table.read_text().splitlines()[1:]]
    return {int(row.split()[1].split(":")[1], 16) for row in rows}


def interface_addresses():
    """{interface name: its IPv4 addresses with network}, loopback left out."""
    found = {}
    for link in json.loads(ip("-json", "-4", "address", "show")):
        addresses = [ipaddress.IPv4Interface(f"{info['local']}/{info['prefixlen']}")
                     for info in link.get("addr_info", ())]
        if addresses and "LOOPBACK" not in link["flags"]:
            found[link["ifname"]] = addresses
    return found


def interface_address(name):
    """The first IPv4 address of a real interface."""
    found = interface_addresses()
    if name in found:
        return found[name][0]
    exists = os.path.exists(f"/sys/class/net/{name}")
    complaint = f"Interface {name} has no IPv4 address" if exists else f"There is no interface {name}"
    known = "; ".join(f"{other} {', '.join(map(str, addresses))}" for other, addresses in found.items())
    raise Problem(f"{complaint}; those with addresses are: {known or 'none'}.")


def pool_in(network, taken):
    """(first address, count): the longest run in a network's upper half that is free of taken ones."""
    first = int(network.network_address) + max(network.num_addresses // 2, 1)
    end = int(network.broadcast_address)
    numbers = (int(ipaddress.IPv4Address(address)) for address in taken)
    edges = sorted({first - 1, end, *(number for number in numbers if first <= number < end)})
    runs = [(low + 1, min(high - low - 1, POOL_MAX)) for low, high in zip(edges, edges[1:])]
    start, count = max(runs, key=lambda run: run[1], default=(0, 0))
    if first >= end or count == 0:
        raise Problem(f"The network {network} has no room for other machines' addresses.")
    return str(ipaddress.IPv4Address(start)), count


def gateway_on(name):
    """The host's own default gateway through an interface, or None."""
    for route in json.loads(ip("-json", "-4", "route", "show", "default")):
        if route.get("dev") == name and "gateway" in route:
            return route["gateway"]
    return None


def name_servers():
    """The IPv4 name servers of this host that another machine can reach too."""
    found = []
    for line in Path("/etc/resolv.conf").read_text().splitlines():
        words = line.split()
        if len(words) < 2 or words[0] != "nameserver" or ":" in words[1]:
            continue
        if not ipaddress.IPv4Address(words[1]).is_loopback:
            found.append(words[1])
    return found
