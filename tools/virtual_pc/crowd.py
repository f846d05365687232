"""Several virtual PCs that boot at once from one bootd, until the kernel of each runs."""

import contextlib
import re
import selectors
import time
from pathlib import Path

from . import network, qemu, tree
from .boot import BOOTD_LOG, BOOTD_START_S, DHCP_PORT, TFTP_PORT, find_bootd
from .dhcp_watch import DhcpWatch
from .evidence import KernelEvidence
from .problem import Problem
from .processes import Child, without_interruption
from .screen import Screen

FIRMWARE = ("bios", "uefi", "http")

# Until its kernel has unpacked nothing yet. OVMF holds the file that it got over HTTP twice.
MEMORY_MIB = 512


def boot(bootd, count, timeout_s):
    """Returns the exit code. Each machine has the next firmware in turn."""
    screen = Screen()
    bootd = find_bootd(bootd)
    taps = network.enter_own_network(count)
    logs = (BOOTD_LOG, *(f"{tap}.log" for tap in taps))
    with tree.working_folder(kept=logs) as folder:
        tree.make_unattended(tree.copy_installer(folder), False)
        tree.make_whole(folder / "tree")
        settings = tree.virtual_pc_config("", "http", "usual", False, False)
        config = tree.write_config(folder, settings, tree.HTTP_BOOT_FILES)
        code = Crowd(screen, folder, taps).run([bootd, "-c", config], timeout_s)
        if code == 0:
            for log in logs:
                (folder / log).unlink(missing_ok=True)
        return code


class Machine:
    """One virtual PC."""

    def __init__(self, number, tap, folder):
        self.name = tap
        self.firmware = FIRMWARE[number % len(FIRMWARE)]
        self.evidence = KernelEvidence(qemu.random_mac())
        self.log_path = folder / f"{tap}.log"
        self._own_folder = folder / tap
        self._child = None

    def start(self, is_kvm):
        self._own_folder.mkdir()
        command = qemu.command(self.firmware, is_kvm, self.evidence.mac, self._own_folder, self.name,
                               MEMORY_MIB)
        self._child = Child(self.name, command, self.log_path)

    def fileno(self):
        return self._child.fileno()

    def end(self):
        if self._child:
            self._child.end()

    def read(self):
        """False: the machine is done, one way or the other."""
        lines = self._child.read_lines()
        for line in lines or ():
            self.evidence.note_console(line)
        if lines is None and self.evidence.waiting_for():
            self.evidence.failure = "it ended"
        return bool(self.evidence.waiting_for()) and not self.evidence.failure


class Crowd:
    """bootd, the machines, and the watch on the wire."""

    def __init__(self, screen, folder, taps):
        self._screen = screen
        self._folder = folder
        self._machines = [Machine(number, tap, folder) for number, tap in enumerate(taps)]
        self._bootd = None
        self._peak = ""
        self._failure = ""

    def run(self, command, timeout_s):
        is_kvm = qemu.can_use_kvm()
        how = "with KVM" if is_kvm else "emulated, since there is no KVM"
        self._screen.fact(f"{len(self._machines)} virtual PCs, {how}; logs, kept if it fails: "
                          f"{self._folder}")
        with contextlib.ExitStack() as stack:
            watch = stack.enter_context(contextlib.closing(DhcpWatch(network.TAP)))
            self._bootd = Child("bootd", command, self._folder / BOOTD_LOG, self._folder)
            stack.callback(self._end)
            self._await_bootd()
            for machine in self._machines:
                machine.start(is_kvm)
            self._watch(watch, time.monotonic() + timeout_s)
        return self._report(timeout_s)

    def _await_bootd(self):
        deadline = time.monotonic() + BOOTD_START_S
        while not {DHCP_PORT, TFTP_PORT} <= network.open_udp_ports():
            if self._bootd.exit_code() is not None or time.monotonic() > deadline:
                self._screen.tail("bootd", self._folder / BOOTD_LOG)
                raise Problem("bootd does not serve.")
            self._bootd.read_lines()
            time.sleep(0.05)

    def _watch(self, watch, deadline):
        with selectors.DefaultSelector() as selector:
            selector.register(watch, selectors.EVENT_READ)
            selector.register(self._bootd, selectors.EVENT_READ)
            for machine in self._machines:
                selector.register(machine, selectors.EVENT_READ)
            while self._waiting() and self._bootd.exit_code() is None \
                    and time.monotonic() < deadline:
                for key, _ in selector.select(timeout=1):
                    if key.fileobj is watch:
                        self._note_dhcp(watch)
                    elif key.fileobj is self._bootd:
                        self._bootd.read_lines()
                    elif not key.fileobj.read():
                        selector.unregister(key.fileobj)
                        self._finish(key.fileobj)
                self._screen.progress(f"{len(self._waiting())} machines are under way")

    def _waiting(self):
        return [machine for machine in self._machines
                if machine.evidence.waiting_for() and not machine.evidence.failure]

    def _note_dhcp(self, watch):
        for message in watch.read_messages():
            for machine in self._machines:
                machine.evidence.note_dhcp(message)

    def _finish(self, machine):
        """What it would do from here on is for others to test, and costs these their time."""
        machine.end()
        evidence = machine.evidence
        self._screen.fact(f"{machine.name} ({machine.firmware}), {evidence.firmware_address}: "
                          + (evidence.failure or f"Linux {evidence.kernel} has started"))

    def _end(self):
        """What bootd needed at most is asked while it runs."""
        with without_interruption():
            for machine in self._machines:
                machine.end()
            self._peak = peak_of(self._bootd.pid)
            self._failure = "" if self._bootd.end() == 0 else "bootd did not end in order"

    def _report(self, timeout_s):
        addresses = {machine.evidence.firmware_address for machine in self._machines}
        failed = [machine for machine in self._machines
                  if machine.evidence.failure or machine.evidence.waiting_for()]
        for machine in failed:
            evidence = machine.evidence
            why = evidence.failure or f"{timeout_s} seconds were not enough for " \
                f"{evidence.waiting_for()}"
            self._screen.text(f"\n{machine.name} ({machine.firmware}) did not boot: {why}.")
            self._screen.tail("its console", machine.log_path)
        if not failed and len(addresses) < len(self._machines):
            self._failure = "two machines got one address"
        if failed or self._failure:
            self._screen.text(f"\n{self._failure or 'Not all machines booted'}.")
            self._screen.tail("bootd", self._folder / BOOTD_LOG)
            return 1
        self._screen.text(f"\n{len(self._machines)} virtual PCs have booted from one bootd, which needed "
                          f"{self._peak} of memory at most: {self._screen.elapsed():.0f} seconds.")
        return 0


def peak_of(pid):
    """The most memory that a process had at once."""
    with contextlib.suppress(OSError):
        found = re.search(r"^VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        if found:
            return f"{int(found[1]) / 1024:.1f} MiB"
    return "an unknown amount"
