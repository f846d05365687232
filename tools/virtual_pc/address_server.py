"""A DHCP server that gives addresses and knows nothing of booting: dnsmasq."""

import shutil

from .network import TAP
from .problem import Problem

FIRST, LAST = "10.77.0.200", "10.77.0.220"


def command(folder):
    if shutil.which("dnsmasq") is None:
        raise Problem("dnsmasq is missing: install dnsmasq-base (tools/setup).")
    return ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--user=root", "--port=0", "--pid-file=",
            f"--interface={TAP}", "--bind-interfaces", "--log-dhcp",
            f"--dhcp-range={FIRST},{LAST},255.255.255.0,1h",
            f"--dhcp-leasefile={folder / 'dnsmasq.leases'}"]
