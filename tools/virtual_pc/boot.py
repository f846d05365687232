"""One boot of the virtual PC, from bootd's start to the proof."""

import contextlib
import selectors
import time
from pathlib import Path

from . import address_server, bootd_log, network, qemu, tree, web
from .dhcp_watch import DhcpWatch
from .evidence import Evidence, LoopEvidence, NO_ADDRESS
from .problem import Problem
from .processes import running
from .screen import Screen, format_size

BOOTD_LOG, SERIAL_LOG, DNSMASQ_LOG = "bootd.log", "serial.log", "dnsmasq.log"
BOOTD_START_S = 10
DHCP_PORT, TFTP_PORT, PXE_PORT = 67, 69, 4011

FIRMWARE_NAMES = {"bios": "BIOS firmware (SeaBIOS, iPXE)", "uefi": "UEFI firmware (OVMF)",
                  "http": "UEFI firmware (OVMF) that boots over HTTP"}

# Without KVM measured on two cores of 2.3 GHz; with KVM estimated.
USUAL_TIME = {False: "about 100 seconds", True: "about 40 seconds"}


def boot(bootd, firmware, loader, is_filtered, is_proxied, is_remote, timeout_s):
    """Returns the exit code. loader: usual, ipxe for iPXE and its script, or loop for one that asks
    for itself. is_filtered: access control and a filter are in use. is_proxied: bootd is a proxy
    beside dnsmasq, which gives the addresses. is_remote: the files are on a web server."""
    screen = Screen()
    bootd = find_bootd(bootd)
    nginx = web.find_nginx(bootd.parent) if is_remote else None
    network.enter_own_network()
    logs = (BOOTD_LOG, SERIAL_LOG, DNSMASQ_LOG, *(web.LOGS if is_remote else ()))
    with tree.working_folder(kept=logs) as folder:
        mac = qemu.random_mac()
        files = tree.copy_installer(folder, "mirror" if is_remote else "tree")
        tree.make_unattended(files, is_filtered)
        boot_files = prepare_loader(folder, firmware, loader)
        settings = tree.virtual_pc_config(mac, firmware, loader, is_filtered, is_proxied)
        if is_remote:
            settings += tree.CACHE_CONFIG
        config = tree.write_config(folder, settings, boot_files,
                                   web.root_url() if is_remote else "./tree")
        evidence = (LoopEvidence if loader == "loop" else Evidence)(mac, is_proxied, loader == "ipxe")
        server = web.Web(nginx, folder, files) if is_remote else None
        code = Boot(screen, folder, firmware, evidence, server).run([bootd, "-c", config], timeout_s)
        if code == 0:
            # The logs are kept for whoever asks why it did not boot.
            for log in logs:
                (folder / log).unlink(missing_ok=True)
        return code


def prepare_loader(folder, firmware, loader):
    """Puts into the tree what the firmware is to boot; returns the rows of [bootfile]."""
    if loader == "loop":
        tree.copy_loop_loader(folder / "tree")
        return tree.LOOP_BOOT_FILES
    if loader == "ipxe":
        return {}
    if firmware == "http":
        tree.make_whole(folder / "tree")
        return tree.HTTP_BOOT_FILES
    return tree.BOOT_FILES


def find_bootd(path):
    path = Path(path).absolute()
    if not path.is_file():
        raise Problem(f"{path} is missing: build it with make.")
    return path


class Boot:
    """Holds the two processes and the watch together; Evidence judges."""

    def __init__(self, screen, folder, firmware, evidence, server=None):
        self._screen = screen
        self._folder = folder
        self._firmware = firmware
        self._evidence = evidence
        self._server = server
        self._missing = []
        self._transfer = ""
        self._bootd = None
        self._pc = None

    def run(self, bootd_command, timeout_s):
        is_kvm = qemu.can_use_kvm()
        self._announce(is_kvm)
        with contextlib.ExitStack() as stack:
            watch = stack.enter_context(contextlib.closing(DhcpWatch(network.TAP)))
            if self._evidence.is_proxied:
                # On this same machine, with the same port: the narrowest place for a proxy.
                stack.enter_context(running("dnsmasq", address_server.command(self._folder),
                                            self._folder / DNSMASQ_LOG))
            if self._server:
                stack.enter_context(self._server.serving())
                self._screen.fact(f"nginx has the files, bootd has none: {web.root_url()}")
            self._bootd = stack.enter_context(
                running("bootd", bootd_command, self._folder / BOOTD_LOG, self._folder))
            if self._has_bootd_started():
                command = qemu.command(self._firmware, is_kvm, self._evidence.mac, self._folder)
                self._pc = stack.enter_context(
                    running("the virtual PC", command, self._folder / SERIAL_LOG))
                self._watch_until_decided(watch, timeout_s)
                self._end_in_order()
        return self._report()

    def _announce(self, is_kvm):
        how = "with KVM" if is_kvm else "emulated, since there is no KVM"
        self._screen.fact(f"a virtual PC with {FIRMWARE_NAMES[self._firmware]}, {how}: "
                          f"expect {USUAL_TIME[is_kvm]}")
        self._screen.fact(f"logs, kept if it fails: {self._folder}/{SERIAL_LOG}, "
                          f"{self._folder}/{BOOTD_LOG}")

    def _has_bootd_started(self):
        """It has when its ports are open, and dnsmasq's; that is asked of the kernel."""
        deadline = time.monotonic() + BOOTD_START_S
        while not {DHCP_PORT, TFTP_PORT, PXE_PORT} <= network.open_udp_ports():
            self._show_bootd()
            if self._bootd.exit_code() is not None:
                self._evidence.failure = f"bootd ended at its start with exit code {self._bootd.exit_code()}"
                return False
            if time.monotonic() > deadline:
                self._evidence.failure = f"bootd did not open UDP ports 67, 69 and 4011 in {BOOTD_START_S} s"
                return False
            time.sleep(0.05)
        beside = " as a proxy, beside dnsmasq on the same machine" if self._evidence.is_proxied else ""
        self._screen.fact(f"bootd serves {network.SERVER}{beside}")
        return True

    def _watch_until_decided(self, watch, timeout_s):
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(watch, selectors.EVENT_READ, lambda: self._show_dhcp(watch))
            selector.register(self._bootd, selectors.EVENT_READ, self._show_bootd)
            selector.register(self._pc, selectors.EVENT_READ, self._show_console)
            while not self._evidence.failure and not self._evidence.is_complete():
                for key, _ in selector.select(timeout=1):
                    if not key.data():
                        selector.unregister(key.fileobj)
                self._note_passing_time(deadline, timeout_s)

    def _note_passing_time(self, deadline, timeout_s):
        waiting_for = self._evidence.waiting_for()
        if not waiting_for or self._evidence.failure:
            return
        for child in (self._bootd, self._pc):
            if child.exit_code() is not None:
                self._evidence.failure = f"{child.name} ended with exit code {child.exit_code()} " \
                                         f"while waiting for {waiting_for}"
        if time.monotonic() > deadline:
            self._evidence.failure = f"{timeout_s} seconds passed while waiting for {waiting_for}"
        self._screen.progress(self._transfer or f"waiting for {waiting_for}")

    # What each source says. False: it has ended.

    def _show_dhcp(self, watch):
        for message in watch.read_messages():
            self._evidence.note_dhcp(message)
            if message.kind in ("OFFER", "ACK", "NAK"):
                what = message.address if message.address != NO_ADDRESS else "without an address"
                self._screen.fact(f"{message.client}: {message.kind} {what} on the wire "
                                  f"({message.vendor_class or 'no vendor class'})")
        return True

    def _show_bootd(self):
        lines = self._bootd.read_lines()
        for line in lines or ():
            event = bootd_log.parse(line)
            if event:
                self._evidence.note_file(event)
                self._show_file(event)
        return lines is not None

    def _show_file(self, event):
        if event.kind == "missing":
            self._missing.append(event.file)
        elif event.kind == "progress":
            self._transfer = f"file: {event.file} {event.percent} %, {format_size(event.size)}"
            self._screen.progress(self._transfer)
        elif event.kind == "sent":
            self._transfer = ""
            self._show_missing()
            self._screen.fact(f"file: {event.file}, {format_size(event.size)} in {event.seconds:.2f} s")
        else:
            self._screen.fact(f"bootd: {event.text}")

    def _show_missing(self):
        """Boot loaders try many names; one line for all of them."""
        if len(self._missing) > 1:
            self._screen.fact(f"file: {len(self._missing)} names tried that do not exist, "
                              f"{self._missing[0]} to {self._missing[-1]}")
        elif self._missing:
            self._screen.fact(f"file: {self._missing[0]} does not exist")
        self._missing.clear()

    def _show_console(self):
        lines = self._pc.read_lines()
        for line in lines or ():
            news = self._evidence.note_console(line)
            if news:
                self._screen.fact(news)
        return lines is not None

    # The end.

    def _end_in_order(self):
        """Pulls the plug, then asks bootd to end, which it must do in order."""
        self._pc.end()
        if self._bootd.exit_code() is None and self._bootd.end() != 0 and not self._evidence.failure:
            self._evidence.failure = "the virtual PC booted, but bootd ended with exit code " \
                                     f"{self._bootd.exit_code()} when it was stopped"
        if self._server and not self._evidence.failure:
            self._evidence.failure = self._server.complaint(
                event.file for event in self._evidence.files)
            if not self._evidence.failure:
                self._screen.fact(f"nginx sent each of {self._server.count()} files once")

    def _report(self):
        evidence, screen = self._evidence, self._screen
        if evidence.failure:
            self._show_missing()
            screen.text(f"\nThe virtual PC did not boot: {evidence.failure}.\n")
            screen.tail("the virtual PC's console", self._folder / SERIAL_LOG)
            screen.tail("bootd", self._folder / BOOTD_LOG)
            screen.tail("dnsmasq", self._folder / DNSMASQ_LOG)
            return 1
        if not evidence.installer_address:
            screen.text(f"\nbootd stopped the loop: {len(evidence.files)} files, "
                        f"{screen.elapsed():.0f} seconds.")
            return 0
        size = format_size(sum(event.size for event in evidence.files))
        screen.text(f"\nThe virtual PC booted Debian's installer from bootd: {evidence.installer_address}, "
                    f"{len(evidence.files)} files, {size}, {screen.elapsed():.0f} seconds.")
        return 0
