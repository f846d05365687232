"""Other people's DHCP servers, unmodified: dnsmasq, Kea and ISC dhcpd. Each gives addresses of
10.77.0.0/24 on one interface of one namespace, and knows nothing of booting."""

import contextlib
import json
import os
import shutil
import subprocess

from network import Folder, close_at_exit, is_closed, wait_until

# Where their pool lies; bootd's own would be elsewhere.
FIRST, LAST = "10.77.0.200", "10.77.0.220"
SERVER_PORT = 67


class OtherServer:
    """One server program. Use as a context manager: its block has it running."""

    name = ""
    started = ""  # what it prints once it answers

    def __init__(self, network, namespace="srv", port="s0"):
        self.network, self.namespace, self.port = network, namespace, port
        self._folder = Folder(self.name)
        self.folder = self._folder.path
        os.chmod(self.folder, 0o777)
        self._process = None
        self._output = open(os.path.join(self.folder, "output"), "wb")
        close_at_exit(self)

    def command(self):
        """The command line, of a process that stays in the foreground."""
        raise NotImplementedError

    def path(self, name, content=None):
        """A file in its folder, written if there is content."""
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "w") as file:
                file.write(content)
        return path

    def copy_of(self, program):
        """A copy of a program: where the system confines it by its path (AppArmor), it could not
        read its configuration here."""
        return shutil.copy(shutil.which(program), self.folder)

    def is_serving(self):
        """Its port is open, which may be before it hears anything, and it says that it has started."""
        return SERVER_PORT in self.network.udp_ports(self.namespace) \
            and self.started in self.output()

    def start(self):
        """Starts it and awaits that it serves."""
        self._process = self.network.start(self.namespace, *self.command(),
                                           stdin=subprocess.DEVNULL, stdout=self._output,
                                           stderr=subprocess.STDOUT, env=self.environment())
        wait_until(self._is_up, 30, f"{self.name} to serve", self.output)
        return self

    def environment(self):
        """Of the process."""
        return dict(os.environ)

    def _is_up(self):
        if self._process.poll() is not None:
            raise AssertionError(f"{self.name} ended:\n{self.output()}")
        return self.is_serving()

    def output(self):
        """What it printed."""
        with open(self._output.name, errors="replace") as file:
            return file.read()

    def stop(self):
        """Ends it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()

    def close(self):
        """Ends it and forgets its files."""
        self.stop()
        self._output.close()
        self._folder.close()
        is_closed(self)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()


class Dnsmasq(OtherServer):
    """dnsmasq."""

    name = "dnsmasq"
    started = "DHCP, sockets bound"

    def command(self):
        return ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--no-ping",
                f"--interface={self.port}", "--bind-interfaces", "--user=root", "--log-dhcp",
                f"--dhcp-range={FIRST},{LAST},255.255.255.0,1h",
                f"--dhcp-leasefile={self.path('leases')}", "--pid-file="]


class Kea(OtherServer):
    """ISC Kea; it reads the wire by a packet socket, and holds the port all the same."""

    name = "kea"
    started = "DHCP4_STARTED"

    def command(self):
        config = {"Dhcp4": {
            "interfaces-config": {"interfaces": [self.port], "dhcp-socket-type": "raw"},
            "lease-database": {"type": "memfile", "persist": False},
            "valid-lifetime": 3600,
            "subnet4": [{"id": 1, "subnet": "10.77.0.0/24",
                         "pools": [{"pool": f"{FIRST} - {LAST}"}]}],
            "loggers": [{"name": "kea-dhcp4", "severity": "INFO",
                         "output_options": [{"output": "stdout", "flush": True}]}]}}
        return [self.copy_of("kea-dhcp4"), "-c", self.path("kea.json", json.dumps(config))]

    def environment(self):
        return {**os.environ, "KEA_LOCKFILE_DIR": self.folder, "KEA_PIDFILE_DIR": self.folder}


class Dhcpd(OtherServer):
    """ISC dhcpd, which reads the wire by a packet socket and holds the port for unicast."""

    name = "dhcpd"
    started = "Server starting service."

    def command(self):
        config = (f"subnet 10.77.0.0 netmask 255.255.255.0 {{ range {FIRST} {LAST}; }}\n"
                  "ping-check false;\nauthoritative;\n")
        return [self.copy_of("dhcpd"), "-4", "-f", "-d", "-cf", self.path("conf", config),
                "-lf", self.path("leases", ""), "-pf", self.path("pid"), self.port]


ALL = (Dnsmasq, Kea, Dhcpd)
