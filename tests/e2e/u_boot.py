"""U-Boot in QEMU on one port of a bridge, driven over its serial console. Emulated: no KVM needed."""

import os
import re
import select
import subprocess
import time

from network import close_at_exit, is_closed

# Debian's package u-boot-qemu; the machine's card, and where a file may lie in memory.
MACHINES = {
    "x86": (["qemu-system-i386", "-machine", "pc", "-bios", "/usr/lib/u-boot/qemu-x86/u-boot.rom"],
            "e1000", "1000000"),
    "arm64": (["qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a57", "-bios",
               "/usr/lib/u-boot/qemu_arm64/u-boot.bin"], "virtio-net-pci", "42000000"),
}
PROMPT = "=> "


class UBoot:
    """One machine, waiting at its prompt. tap is the network device that it makes."""

    def __init__(self, network, machine, tap, mac, namespace="cli"):
        command, card, self.address = MACHINES[machine]
        if not os.path.exists(command[-1]):
            raise AssertionError(f"{command[-1]} is missing: install u-boot-qemu")
        network.ip(namespace, "tuntap", "add", "dev", tap, "mode", "tap")
        self._process = network.start(
            namespace, *command, "-accel", "tcg", "-m", "256", "-nodefaults", "-display", "none",
            "-serial", "stdio", "-netdev", f"tap,id=net,ifname={tap},script=no,downscript=no",
            "-device", f"{card},netdev=net,mac={mac},romfile=",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = ""
        close_at_exit(self)

    def read_until(self, pattern, timeout=180, since=0):
        """Awaits a match in what the console says; returns it."""
        end = time.monotonic() + timeout
        while not (match := re.compile(pattern).search(self.output, since)):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise AssertionError(f"no {pattern!r} on the console in {timeout} s:\n"
                                     + self.output[-3000:])
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                raise AssertionError(f"the machine ends:\n{self.output[-3000:]}")
            self.output += data.decode("ascii", "replace").replace("\r", "")
        return match

    def stop_autoboot(self):
        """Awaits the prompt."""
        self.read_until("Hit any key")
        self._process.stdin.write(b" ")
        self._process.stdin.flush()
        self.read_until(r"\n" + PROMPT + "$")

    def run(self, command, timeout=180):
        """Runs one command; returns what it says."""
        self.read_until(PROMPT + "$", timeout)
        since = len(self.output)
        self._process.stdin.write(command.encode() + b"\n")
        self._process.stdin.flush()
        self.read_until(r"\n" + PROMPT + "$", timeout, since)
        return self.output[since:]

    def close(self):
        """Pulls the plug."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        is_closed(self)
