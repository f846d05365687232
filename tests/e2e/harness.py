"""What every end-to-end test starts from."""

import shutil
import sys
import unittest

import bootd
import network

# Where each program comes from, to say what to install.
PACKAGES = {
    "ip": "iproute2", "ethtool": "ethtool", "dhclient": "isc-dhcp-client", "busybox": "busybox",
    "dhcpcd": "dhcpcd-base", "curl": "curl", "tftp": "tftp-hpa", "atftp": "atftp",
    "dhcpd": "isc-dhcp-server", "dhcrelay": "isc-dhcp-relay", "kea-dhcp4": "kea-dhcp4-server",
    "perfdhcp": "kea-admin",
    "setpriv": "util-linux", "unshare": "util-linux", "taskset": "util-linux", "dnsmasq": "dnsmasq-base",
    "strace": "strace", "apt-get": "apt", "dpkg-deb": "dpkg", "openssl": "openssl",
}


def require(*programs):
    """Fails, never skips, where a program is missing, naming the packages to install."""
    missing = sorted({PACKAGES[name] for name in programs if shutil.which(name) is None})
    if missing:
        raise AssertionError(f"these packages are missing: {' '.join(missing)}")


class EndToEndTest(unittest.TestCase):
    """A test with the network of one server and one client, and what was started removed after.

    programs: what setUpClass requires. network: made once for the class by make_network."""

    programs = ()
    network = None
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        require("ip", "ethtool", *cls.programs)
        cls.network = cls.make_network()
        cls.addClassCleanup(cls.network.close)

    @classmethod
    def make_network(cls):
        """The network of the class's tests."""
        return network.one_server_one_client()

    def bootd(self, *changes, start=True, **more):
        """A running bootd, stopped and checked at the end of the test (see Bootd); with
        start=False one that the test starts."""
        daemon = bootd.Bootd(self.network, *changes, **more)
        self.addCleanup(daemon.close)
        if not start:
            return daemon
        daemon.start()
        self.addCleanup(self._stop, daemon)
        return daemon

    def _stop(self, daemon):
        outcome = getattr(self, "_outcome", None)
        if outcome is not None and not outcome.success:
            print(f"\n{self.id()}: bootd's log ends:\n{daemon.tail()}", file=sys.stderr)
        daemon.stop()


def main():
    """unittest's main, with `--bootd PATH` besides."""
    network.handle_signals()
    if "--bootd" in sys.argv:
        at = sys.argv.index("--bootd")
        bootd.os.environ["BOOTD"] = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    bootd.binary()
    unittest.main(verbosity=2)
