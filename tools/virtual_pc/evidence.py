"""What is known of one boot so far, what it still waits for, and what it proves."""

import re
from dataclasses import dataclass, field

from .tree import ADDRESS_MARK, SCRIPT_MARK, SERVER_NAME

NO_ADDRESS = "0.0.0.0"

KERNEL_LINE = re.compile(r"Linux version (\S+)")

# Printed by the start script of Debian's installer (S10syslog) on the console it has chosen: no
# kernel, boot loader or command line contains it.
USER_SPACE_LINE = "Starting system log daemon: syslogd"

# By iPXE, with what bootd has put into the script.
SCRIPT_LINE = re.compile(re.escape(SCRIPT_MARK) + r" (\S+) at (\d+\.\d+\.\d+\.\d+)")

ADDRESS_LINE = re.compile(re.escape(ADDRESS_MARK) + r".*\binet (\d+\.\d+\.\d+\.\d+)/")

# Where waiting on is pointless.
DEAD_ENDS = {
    # iPXE and pxelinux; with two consoles on one line pxelinux writes "directoryy".
    "No such file or director": "a file to boot was not there",
    "No configuration methods succeeded": "iPXE got no address",
    "No bootable device": "the BIOS found nothing to boot",
    "Unable to locate configuration file": "pxelinux found no configuration",
    "No DEFAULT or UI configuration directive": "pxelinux found no configuration",
    "Unable to fetch TFTP image": "shim could not fetch GRUB",
    "BdsDxe: failed to load": "the UEFI firmware could not load its boot file",
    "BdsDxe: failed to start": "the boot file that the UEFI firmware started gave up",
    "Minimal BASH-like line editing": "GRUB found no configuration",
    "Kernel panic": "the kernel panicked",
}

# How often bootd gives the same loader in one boot.
LOOP_LIMIT = 3

# iPXE, when it has given up.
GIVEN_UP = "No more network devices"


@dataclass
class Evidence:
    """Facts come in by the note_ methods; nothing here waits, prints or asks anybody."""
    mac: str
    is_proxied: bool = False  # another server gives the addresses
    is_scripted: bool = False  # iPXE boots by a script
    has_run_script: bool = False
    has_proxy_answered: bool = False
    has_firmware_asked: bool = False
    firmware_address: str = ""
    files: list = field(default_factory=list)
    has_asked_for_file: bool = False
    kernel: str = ""
    is_in_user_space: bool = False
    installer_address: str = ""
    console_address: str = ""
    failure: str = ""

    def note_dhcp(self, message):
        if message.mac != self.mac:
            return
        if self.is_proxied and message.server == SERVER_NAME:
            self._note_proxy(message)
            return
        if message.client == "firmware":
            self.has_firmware_asked = True
            if message.kind == "ACK":
                self.firmware_address = message.address
        if message.client == "installer" and message.kind == "ACK":
            self.installer_address = message.address
            self._compare("the installer's DHCP got", self.installer_address)

    def _note_proxy(self, message):
        self.has_proxy_answered = True
        if message.address != NO_ADDRESS:
            self.failure = f"bootd, as a proxy, gave the address {message.address}"

    def note_file(self, event):
        self.has_asked_for_file |= bool(event.file)
        if event.kind == "sent":
            self.files.append(event)

    def note_console(self, line):
        """Returns what is new by this line, as a sentence; empty for most lines."""
        script = SCRIPT_LINE.search(line)
        if script:
            return self._note_script(*script.groups())
        kernel, address = KERNEL_LINE.search(line), ADDRESS_LINE.search(line)
        if kernel:
            self.kernel = kernel[1]
            return f"kernel: Linux {self.kernel} has started"
        if USER_SPACE_LINE in line:
            self.is_in_user_space = True
            return f"installer: first line from user space, \"{USER_SPACE_LINE}\""
        if address:
            self.console_address = address[1]
            self._compare("the installer says that it has", self.console_address)
            return f"installer: says on its console that it has {self.console_address}"
        if not self.is_in_user_space:
            self._note_dead_end(line)
        return ""

    def _note_script(self, mac, address):
        self.has_run_script = True
        if mac.lower().replace("-", ":") != self.mac or address != self.firmware_address:
            self.failure = f"the script was made for {mac} at {address}"
        return f"iPXE: runs the script that was made for {mac} at {address}"

    def _note_dead_end(self, line):
        for words, meaning in DEAD_ENDS.items():
            if words in line and not self.failure:
                self.failure = f"{meaning} (\"{words}\" on the console)"

    def _compare(self, who_says, address):
        if address and address != self.firmware_address:
            self.failure = f"the firmware got {self.firmware_address or 'no address'}, " \
                           f"but {who_says} {address}"

    def waiting_for(self):
        """The step that has not come yet; empty when all have."""
        steps = (
            (self.has_firmware_asked, "the firmware to ask for an address"),
            (self.firmware_address, "the firmware to get an address"),
            (self.has_proxy_answered or not self.is_proxied, "bootd to say what to boot"),
            (self.has_asked_for_file or self.kernel, "the firmware to ask for its boot file"),
            (self.has_run_script or not self.is_scripted, "iPXE to run its script"),
            (self.kernel, "the boot loader to load and start the kernel"),
            (self.is_in_user_space, "the installer's first line from user space"),
            (self.installer_address, "the installer's own DHCP to get an address"),
            (self.console_address, "the installer to say its address on the console"),
        )
        return next((step for done, step in steps if not done), "")

    def is_complete(self):
        return not self.failure and not self.waiting_for()


@dataclass
class KernelEvidence(Evidence):
    """Of one machine of several: it has come far enough when its kernel runs."""

    def waiting_for(self):
        steps = (
            (self.has_firmware_asked, "the firmware to ask for an address"),
            (self.firmware_address, "the firmware to get an address"),
            (self.kernel, "the boot loader to load and start the kernel"),
        )
        return next((step for done, step in steps if not done), "")


@dataclass
class LoopEvidence(Evidence):
    """Of a loader that asks for itself: bootd gives it three times, and no more."""
    acknowledged: int = 0
    has_given_up: bool = False
    has_explained: bool = False

    def note_dhcp(self, message):
        super().note_dhcp(message)
        if message.mac == self.mac and message.kind == "ACK":
            self.acknowledged += 1
            if self.acknowledged > LOOP_LIMIT:
                self.failure = f"the loader was given {self.acknowledged} times"

    def note_file(self, event):
        super().note_file(event)
        self.has_explained |= "was given three times in this boot" in event.text

    def note_console(self, line):
        if GIVEN_UP not in line:
            return ""
        self.has_given_up = True
        return "iPXE: gives up"

    def waiting_for(self):
        steps = (
            (self.acknowledged == LOOP_LIMIT, "the loader to be given three times"),
            (len(self.files) >= LOOP_LIMIT, "the loader to be loaded three times"),
            (self.has_explained, "bootd to say that it stops the loop"),
            (self.has_given_up, "iPXE to give up"),
        )
        return next((step for done, step in steps if not done), "")
