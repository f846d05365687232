"""The DHCP servers that are measured, each started alone on port 67 of a namespace: the same network
and lease time, a pool as large as the work needs, and nothing logged that need not be."""

import json
import os
import shutil

from network import Folder
from servers import BootdServer, Server

ADDRESS, PREFIX, RELAY = "10.64.0.1", 10, "10.64.0.2"
POOL_FIRST, POOL_COUNT = "10.65.0.0", 1 << 20
POOL_LAST = "10.80.255.255"
# ISC dhcpd walks its pool: with more of them it is slower still.
DHCPD_LAST = "10.65.63.255"
LEASE_TIME = 3600
PORT = 67


def kea(persists, threads):
    """Kea's configuration: leases in memory, written to a file too or not; it never syncs them."""
    return {"Dhcp4": {
        "interfaces-config": {"interfaces": ["s0"], "dhcp-socket-type": "udp"},
        "lease-database": {"type": "memfile", "persist": persists, "name": "FOLDER/leases",
                           "lfc-interval": 0},
        "multi-threading": {"enable-multi-threading": threads > 1, "thread-pool-size": threads,
                            "packet-queue-size": 64},
        "valid-lifetime": LEASE_TIME,
        "subnet4": [{"id": 1, "subnet": f"10.64.0.0/{PREFIX}",
                     "pools": [{"pool": f"{POOL_FIRST} - {POOL_LAST}"}]}],
        "loggers": [{"name": "kea-dhcp4", "severity": "ERROR"}]}}


DNSMASQ = ["dnsmasq", "-C", "/dev/null", "-k", "--port=0", "--pid-file=", "--user=root", "--no-ping",
           "--quiet-dhcp", "--interface=s0", "--bind-interfaces", f"--dhcp-lease-max={POOL_COUNT}",
           "--dhcp-authoritative", "--dhcp-leasefile=FOLDER/leases",
           f"--dhcp-range={POOL_FIRST},{POOL_LAST},255.192.0.0,{LEASE_TIME}"]
DHCPD = (f"subnet 10.64.0.0 netmask 255.192.0.0 {{ range {POOL_FIRST} {DHCPD_LAST}; }}\n"
         f"ping-check false;\nauthoritative;\ndefault-lease-time {LEASE_TIME};\n")


class Peer(Server):
    """A server of others, with a folder of its own and a copy of its program: where the system
    confines it by its path (AppArmor), it could not read its configuration."""

    def __init__(self, network, name, command, files):
        self._folder = Folder("peer")
        os.chmod(self._folder.path, 0o777)
        for file, text in files.items():
            with open(os.path.join(self._folder.path, file), "w") as out:
                out.write(text.replace("FOLDER", self._folder.path))
        program = shutil.copy(shutil.which(command[0]), self._folder.path)
        super().__init__(network, name,
                         [program, *(part.replace("FOLDER", self._folder.path)
                                     for part in command[1:])],
                         {"KEA_LOCKFILE_DIR": self._folder.path,
                          "KEA_PIDFILE_DIR": self._folder.path}, port=PORT)

    def stop(self):
        """Ends it and forgets its files."""
        super().stop()
        self._folder.close()


NAMES = ("bootd-sqlite", "bootd-memory", "kea-1", "kea-2", "kea-file-1", "kea-file-2", "dnsmasq",
         "dhcpd")


def start(network, name, bootd_pool=POOL_COUNT):
    """The server of this name; kea-1 and kea-2 have so many threads, and keep no file. bootd_pool:
    bootd's addresses, for which it has memory."""
    if name.startswith("bootd"):
        return BootdServer(network, name, {
            "bootp": {"pool_start": POOL_FIRST, "pool_count": bootd_pool, "gateway": None,
                      "dns": None, "lease_time": LEASE_TIME},
            "leases": {"type": name.removeprefix("bootd-"),
                       "file": "leases.db" if name == "bootd-sqlite" else None}}, port=PORT)
    if name.startswith("kea"):
        configuration = json.dumps(kea("file" in name, int(name[-1])))
        return Peer(network, name, ["kea-dhcp4", "-c", "FOLDER/conf"], {"conf": configuration})
    if name == "dnsmasq":
        return Peer(network, name, DNSMASQ, {})
    return Peer(network, name, ["dhcpd", "-4", "-f", "-q", "-cf", "FOLDER/conf", "-lf",
                                "FOLDER/leases", "-pf", "FOLDER/pid", "s0"],
                {"conf": DHCPD, "leases": ""})
