"""What is served: a copy of Debian's installer, and bootd's configuration for it."""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from .network import SERVER, TAP
from .problem import Problem
from .processes import without_interruption

INSTALLER = Path("/usr/lib/debian-installer/images/12/amd64/text")
KERNEL = "debian-installer/amd64/linux"
INITRD = "debian-installer/amd64/initrd.gz"

# A script of iPXE's, as bootd makes it for each machine.
SCRIPT = "boot.ipxe"
SCRIPT_MARK = "the script is for"

BOOT_FILES = {
    "x86-bios": "pxelinux.0",
    # Debian's shim; it loads grubx64.efi from its own folder, whose name it takes from the DHCP answer.
    "x64-uefi": "debian-installer/amd64/bootnetx64.efi",
}

# Debian's GRUB finds no configuration when it came over HTTP, so what firmware gets that way is
# kernel, initrd and arguments in one file, behind systemd's stub.
WHOLE = "installer.efi"
STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
HTTP_BOOT_FILES = {**BOOT_FILES, "x64-uefi-http": WHOLE}

# What the preseed file makes the installer say on its console about itself.
ADDRESS_MARK = "the installer's address:"

KERNEL_ARGUMENTS = " ".join((
    "console=ttyS0,115200",
    # Shows the kernel's banner and little else: each character costs time on an emulated console.
    "loglevel=6", "edd=off", "mitigations=off",
    # No IPv6 here, so no waiting for routers.
    "ipv6.disable=1",
    # The installer on a plain console, without questions. Reading its translations would take it
    # some ten seconds when emulated.
    "DEBIAN_FRONTEND=text", "TERM=dumb", "DEBCONF_DROP_TRANSLATIONS=1",
    "auto=true", "priority=critical", "locale=en_US.UTF-8", "keymap=us",
    "hostname=virtual-pc", "domain=bootd.test",
    # It asks for these when DHCP tells none.
    f"netcfg/get_nameservers={SERVER}", "netcfg/no_default_route=true",
    f"url=tftp://{SERVER}/preseed.cfg",
))

PXELINUX_CONFIG = f"""\
serial 0 115200
prompt 0
default install
label install
  kernel {KERNEL}
  append initrd={INITRD} {KERNEL_ARGUMENTS}
"""

GRUB_CONFIG = f"""\
linux /{KERNEL} {KERNEL_ARGUMENTS}
initrd /{INITRD}
boot
"""

IPXE_SCRIPT = f"""\
#!ipxe
echo {SCRIPT_MARK} {{mac}} at {{ip}}
kernel /{KERNEL} initrd=initrd.gz {KERNEL_ARGUMENTS}
initrd /{INITRD}
boot
"""

# Runs once the installer has its address and has fetched this file with it. It then waits for the
# plug to be pulled, rather than go on to look for a mirror.
PRESEED = f"""\
d-i preseed/early_command string \
echo "{ADDRESS_MARK}" $(ip -4 -o address show scope global) > /dev/console; sleep 600
"""

VIRTUAL_PC_CONFIG = f"""\
[logger]
type = stderr
level = debug

[bootp]
address = {TAP}
pool_start = 10.77.0.100
pool_count = 50
"""

# In the sname of bootd's answers: told apart by it from those of the server beside it.
SERVER_NAME = "bootd"

PROXY_CONFIG = f"""\
[logger]
type = stderr
level = debug

[bootp]
mode = proxy
address = {TAP}
servername = {SERVER_NAME}
"""

# Nothing is on this machine but what was fetched.
CACHE_CONFIG = """\

[cache]
directory = ./cache
"""

HTTP_CONFIG = """
[httpd]
enable = yes
"""

IPXE_CONFIG = f"""
[ipxe]
enable = yes
script = {SCRIPT}
"""

# Every name that pxelinux tries is one file outside the tree, and only one machine is served.
FILTERED_CONFIG = """\
access = mac

[mac]
{mac} = yes

[filters]
pxelinux.cfg/* = one.cfg
"""


# iPXE without a script of its own, and without [ipxe]: it asks again what to boot.
LOOP_LOADER = Path("/usr/lib/ipxe/undionly.kpxe")
LOOP_BOOT_FILES = {"x86-bios": LOOP_LOADER.name}


def copy_loop_loader(tree):
    """Puts it into the root."""
    if not LOOP_LOADER.exists():
        raise Problem(f"{LOOP_LOADER} is missing: install ipxe (tools/setup).")
    shutil.copy(LOOP_LOADER, tree / LOOP_LOADER.name)


@contextlib.contextmanager
def working_folder(kept=()):
    """A temporary folder; at the end all but the files named in kept is removed."""
    folder = Path(tempfile.mkdtemp(prefix="bootd-run-"))
    # bootd may give up root before it opens what it serves.
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        with without_interruption():
            remove_all_but(folder, kept)


def remove_all_but(folder, kept):
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name not in kept:
            entry.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def copy_installer(folder, name="tree"):
    """Copies what Debian's symbolic links point to, so that nothing in the tree leads out of it."""
    if not INSTALLER.is_dir():
        raise Problem(f"{INSTALLER} is missing: install debian-installer-12-netboot-amd64 (tools/setup).")
    return Path(shutil.copytree(INSTALLER, folder / name))


def make_unattended(tree, is_filtered):
    """The virtual PC has a serial console and nobody at it."""
    # The menu that Debian made stays in the tree where a filter stands before it.
    pxelinux_config = tree.parent / "one.cfg" if is_filtered else tree / "pxelinux.cfg" / "default"
    pxelinux_config.write_text(PXELINUX_CONFIG)
    (tree / "debian-installer/amd64/grub/grub.cfg").write_text(GRUB_CONFIG)
    (tree / "preseed.cfg").write_text(PRESEED)
    (tree / SCRIPT).write_text(IPXE_SCRIPT)


def make_whole(tree):
    """One EFI program of all that boots the installer."""
    if not STUB.exists():
        raise Problem(f"{STUB} is missing: install systemd-boot-efi (tools/setup).")
    arguments = tree.parent / "arguments"
    arguments.write_text(KERNEL_ARGUMENTS)
    parts = ((".cmdline", arguments, 0x30000), (".linux", tree / KERNEL, 0x2000000),
             (".initrd", tree / INITRD, 0x3000000))
    options = [word for name, path, address in parts for word in (
        "--add-section", f"{name}={path}", "--change-section-vma", f"{name}={address:#x}")]
    result = subprocess.run(["objcopy", *options, STUB, tree / WHOLE], capture_output=True, text=True,
                            check=False)
    arguments.unlink()
    if result.returncode != 0:
        raise Problem(f"objcopy cannot make {WHOLE}: {result.stderr.strip()}")


def virtual_pc_config(mac, firmware, loader, is_filtered, is_proxied):
    settings = PROXY_CONFIG if is_proxied else VIRTUAL_PC_CONFIG
    if is_filtered:
        settings += FILTERED_CONFIG.format(mac=mac)
    if firmware == "http" or loader == "ipxe":
        settings += HTTP_CONFIG
    if loader == "ipxe":
        settings += IPXE_CONFIG
    return settings


def write_config(folder, settings, boot_files, root="./tree"):
    """bootd.ini: the settings given, then what is the same for every network."""
    path = folder / "bootd.ini"
    files = "".join(f"{machine} = {name}\n" for machine, name in boot_files.items())
    path.write_text(f"{settings}\n[bootfile]\n{files}\n[tftp]\nroot = {root}\n"
                    "[leases]\nfile = ./leases.db\n")
    return path
