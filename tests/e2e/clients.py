"""The real DHCP clients, unmodified: ISC dhclient, busybox udhcpc and dhcpcd. Each runs on one
interface of one namespace and tells what it got through the script that it calls."""

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass

from network import Folder, close_at_exit, is_closed, wait_until

# All three call a script with what they know in the environment. It keeps each call as a file, and
# sets the address for the two that leave that to their script.
SCRIPT = """#!/bin/sh
event=${reason:-$1}
case $event in
BOUND|RENEW|REBIND|REBOOT|bound|renew)
	if [ "%(name)s" != dhcpcd ]; then
		ip address flush dev $interface
		ip address add ${new_ip_address:-$ip}/${new_subnet_mask:-$subnet} dev $interface
	fi;;
RELEASE|EXPIRE|FAIL|STOP|deconfig)
	[ "%(name)s" = dhcpcd ] || ip address flush dev $interface;;
esac
number=$(ls %(folder)s/events | wc -l)
{ echo "event=$event"; env; } > %(folder)s/writing
mv %(folder)s/writing %(folder)s/events/$number
exit 0
"""

BOUND_EVENTS = {"BOUND", "RENEW", "REBIND", "REBOOT", "bound", "renew"}


@dataclass
class Lease:
    """What a client says that it was given; text as the client spells it."""
    address: str
    netmask: str
    gateway: str
    dns: str
    domain: str
    lease_time: str
    server: str
    next_server: str
    boot_file: str
    tftp_server: str

    @staticmethod
    def of(values):
        """From the environment of the script."""
        def first(*names):
            return next((values[name] for name in names if values.get(name)), "")
        return Lease(
            first("new_ip_address", "ip"), first("new_subnet_mask", "subnet"),
            first("new_routers", "router"), first("new_domain_name_servers", "dns"),
            first("new_domain_name", "domain"), first("new_dhcp_lease_time", "lease"),
            first("new_dhcp_server_identifier", "serverid"), first("new_next_server", "siaddr"),
            first("new_bootfile_name", "new_filename", "bootfile", "boot_file"),
            first("new_tftp_server_name", "tftp", "sname"))


class Program:
    """One client program on one interface."""

    name = ""

    def __init__(self, network, namespace="cli", port="c0"):
        self.network, self.namespace, self.port = network, namespace, port
        self._folder = Folder(self.name)
        self.folder = self._folder.path
        self.script = os.path.join(self.folder, "script")
        self._events = os.path.join(self.folder, "events")
        self._process = None
        os.mkdir(self._events)
        with open(self.script, "w") as file:
            file.write(SCRIPT % {"folder": self.folder, "name": self.name})
        os.chmod(self.script, 0o755)
        self._output = open(os.path.join(self.folder, "output"), "wb")
        close_at_exit(self)

    def command(self):
        """The command line, which asks again and again until there is an answer."""
        raise NotImplementedError

    def release(self):
        """Has the client give its address back and awaits its end."""
        raise NotImplementedError

    def start(self):
        """Starts the client."""
        self._process = self.network.start(
            self.namespace, *self.command(), stdin=subprocess.DEVNULL,
            stdout=self._output, stderr=subprocess.STDOUT)
        return self

    def renew(self):
        """Has the client renew its lease now."""
        raise NotImplementedError

    def wait_bound(self, timeout=30):
        """Awaits the address; returns the Lease."""
        return wait_until(self.find_lease, timeout, f"{self.name} to be bound", self.output)

    def output(self):
        """What the client printed."""
        with open(self._output.name, errors="replace") as file:
            return file.read()

    def _told(self):
        for number in sorted(os.listdir(self._events), key=int):
            with open(os.path.join(self._events, number), errors="replace") as file:
                yield dict(line.rstrip("\n").partition("=")[::2] for line in file)

    def find_lease(self):
        """The first Lease that the client told of, or None."""
        return next((Lease.of(values) for values in self._told()
                     if values["event"] in BOUND_EVENTS), None)

    def close(self):
        """Ends the client without a release and forgets its files."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()
        self.network.flush(self.namespace, self.port)
        self._folder.close()
        is_closed(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Udhcpc(Program):
    """busybox udhcpc."""

    name = "udhcpc"

    def command(self):
        return ["busybox", "udhcpc", "-f", "-i", self.port, "-s", self.script, "-T", "1",
                "-t", "20", "-O", "bootfile", "-O", "tftp"]

    def renew(self):
        self._process.send_signal(signal.SIGUSR1)
        wait_until(lambda: any(values["event"] == "renew" for values in self._told()), 10,
                   "udhcpc to renew", self.output)

    def release(self):
        self._process.send_signal(signal.SIGUSR2)
        wait_until(lambda: not self.network.addresses(self.namespace, self.port), 10,
                   "udhcpc to release")
        self._process.terminate()
        self._process.wait(10)


class Dhclient(Program):
    """ISC dhclient; statements are added to its configuration."""

    name = "dhclient"

    def __init__(self, network, namespace="cli", port="c0", statements=""):
        super().__init__(network, namespace, port)
        self._files = ["-cf", os.path.join(self.folder, "conf"),
                       "-lf", os.path.join(self.folder, "leases"),
                       "-pf", os.path.join(self.folder, "pid")]
        with open(self._files[1], "w") as file:
            file.write("timeout 60;\ninitial-interval 1;\nbackoff-cutoff 1;\n"
                       "request subnet-mask, broadcast-address, routers, domain-name, "
                       "domain-name-servers, host-name, tftp-server-name, bootfile-name;\n"
                       + statements)
        with open(self._files[3], "w"):
            pass

    def command(self):
        return ["dhclient", "-4", "-d", "-v", "-sf", self.script, *self._files, self.port]

    def release(self):
        # The second dhclient ends the first by its pid file, then releases.
        result = self.network.run(self.namespace, "dhclient", "-4", "-v", "-r", "-sf", self.script,
                                  *self._files, self.port)
        if result.returncode != 0:
            raise AssertionError(f"dhclient -r: {result.stdout}")
        self._process.wait(10)


class Dhcpcd(Program):
    """dhcpcd, with /var/lib and /run of its own so that nothing of it stays on the machine."""

    name = "dhcpcd"

    def command(self):
        conf = os.path.join(self.folder, "conf")
        with open(conf, "w") as file:
            file.write("duid\noption domain_name_servers, domain_name, routers\n"
                       "option tftp_server_name, bootfile_name\n"
                       "require dhcp_server_identifier\n")
        options = ["-4", "-B", "--noarp", "--noipv4ll", "-f", conf, "-c", self.script]
        mounts = "mount -t tmpfs none /run && mount -t tmpfs none /var/lib/dhcpcd && exec dhcpcd "
        return ["unshare", "-m", "sh", "-c", mounts + " ".join(options + [self.port])]

    def renew(self):
        # It calls its script only where something has changed.
        before = self.output().count("leased")
        self._signal(signal.SIGHUP)
        wait_until(lambda: self.output().count("leased") > before, 10, "dhcpcd to rebind",
                   self.output)

    def release(self):
        self._signal(signal.SIGALRM)
        self._process.wait(10)

    def _signal(self, number):
        """Sends a signal until it is received: one that comes while the script runs may be lost."""
        received = f"received {number.name}"
        for _ in range(10):
            self._process.send_signal(number)
            with contextlib.suppress(AssertionError):
                return wait_until(lambda: received in self.output(), 1, received)
        raise AssertionError(f"dhcpcd does not hear {number.name}:\n{self.output()}")


PROGRAMS = (Dhclient, Udhcpc, Dhcpcd)
