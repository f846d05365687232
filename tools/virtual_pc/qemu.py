"""The virtual PC's hardware: QEMU's command line."""

import random
import re
import shutil
from pathlib import Path

from .network import TAP
from .problem import Problem

QEMU = "qemu-system-x86_64"
OVMF = Path("/usr/share/OVMF")
OVMF_NAMES = (("OVMF_CODE.fd", "OVMF_VARS.fd"), ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"))

# The installer's kernel keeps the packed and the unpacked initrd for a moment.
MEMORY_MIB = 1024


def can_use_kvm():
    """A /dev/kvm on a CPU without vmx or svm may open and still not run firmware."""
    flags = re.search(r"^flags\s*:.*\b(vmx|svm)\b", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    try:
        with open("/dev/kvm", "r+b", buffering=0):
            return bool(flags)
    except OSError:
        return False


def random_mac():
    return "52:54:00:" + ":".join(f"{random.randrange(256):02x}" for _ in range(3))


def accelerator(is_kvm):
    # rdrand spares the installer a minute of gathering randomness on an idle machine.
    return ["-accel", "kvm", "-cpu", "host"] if is_kvm else ["-accel", "tcg", "-cpu", "qemu64,+rdrand"]


def bios_firmware(_folder):
    # graphics=off makes SeaBIOS, and with it iPXE and pxelinux, speak on the serial port too.
    return ["-machine", "pc,graphics=off"], ""


def uefi_firmware(folder):
    """OVMF with a copy of its variables, since it writes to them."""
    for code, variables in OVMF_NAMES:
        if (OVMF / code).exists():
            break
    else:
        raise Problem(f"No UEFI firmware in {OVMF}: install ovmf (tools/setup).")
    shutil.copyfile(OVMF / variables, folder / "variables.fd")
    arguments = [
        "-machine", "q35",
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF / code}",
        "-drive", f"if=pflash,format=raw,unit=1,file={folder / 'variables.fd'}",
        # A minute of waiting for each, where IPv4 fails.
        "-fw_cfg", "name=opt/org.tianocore/IPv6Support,string=no",
    ]
    # OVMF's own network boot, as on a real UEFI machine. QEMU's iPXE of 2019 for UEFI, which would
    # come first, hands shim files of a wrong length ("Malformed binary").
    return arguments, ",romfile="


def http_firmware(folder):
    """OVMF that boots over HTTP alone."""
    arguments, card_options = uefi_firmware(folder)
    return [*arguments, "-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=no"], card_options


FIRMWARE = {"bios": bios_firmware, "uefi": uefi_firmware, "http": http_firmware}


def command(firmware, is_kvm, mac, folder, tap=TAP, memory_mib=MEMORY_MIB):
    """folder: the virtual PC's own, for what its firmware keeps."""
    if shutil.which(QEMU) is None:
        raise Problem(f"{QEMU} is missing: install qemu-system-x86 (tools/setup).")
    arguments, card_options = FIRMWARE[firmware](folder)
    return [
        QEMU, *accelerator(is_kvm), *arguments, "-m", str(memory_mib),
        "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-boot", "n",
        "-netdev", f"tap,id=net,ifname={tap},script=no,downscript=no",
        "-device", f"virtio-net-pci,netdev=net,mac={mac}{card_options}",
    ]
