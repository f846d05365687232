"""Serves a real network with Debian's installer until Ctrl-C."""

from . import network, tree
from .boot import find_bootd
from .problem import Problem, Stopped
from .processes import running


def serve(bootd, interface):
    """Returns the exit code."""
    bootd = find_bootd(bootd)
    own = network.interface_address(interface)
    gateway = network.gateway_on(interface)
    servers = network.name_servers()
    pool = network.pool_in(own.network, [own.ip, *servers, *([gateway] if gateway else [])])
    with tree.working_folder() as folder:
        # As Debian made it, with its menu on the machine's own screen: what the virtual PC gets
        # would begin an installation by itself.
        tree.copy_installer(folder)
        config = tree.write_config(folder, settings(interface, pool, gateway, servers),
                                   tree.BOOT_FILES)
        announce(interface, own, pool)
        return run_until_stopped([bootd, "-c", config], folder)


def settings(interface, pool, gateway, servers):
    lines = ["[logger]", "type = stderr", "level = info", "", "[bootp]", f"address = {interface}",
             f"pool_start = {pool[0]}", f"pool_count = {pool[1]}"]
    if gateway:
        lines.append(f"gateway = {gateway}")
    if servers:
        lines.append(f"dns = {';'.join(servers)}")
    return "\n".join(lines) + "\n"


def announce(interface, own, pool):
    files = "\n".join(f"  {machine:10} {name}" for machine, name in tree.BOOT_FILES.items())
    print(f"""\
bootd serves the network {own.network} on {interface} as {own.ip}.
Machines that boot from the network get one of {pool[1]} addresses from {pool[0]} on, and Debian's installer:
{files}
Turn off any other DHCP server on this network: two of them confuse each other's clients.
Now start a machine on {interface} and choose network boot. Ctrl-C ends this.
""", flush=True)


def run_until_stopped(command, folder):
    with running("bootd", command, folder=folder) as child:
        try:
            code = child.wait()
        except Stopped:
            print("\nStopped.", flush=True)
            return 0
    raise Problem(f"bootd ended by itself with exit code {code}.")
