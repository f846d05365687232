#!/usr/bin/env python3
"""UEFI HTTP boot, iPXE with its script, loops, and second stages asked for in the wrong place."""

import concurrent.futures
import os
import struct
import subprocess
import tempfile

import dhcp
from bootd import run_binary
from dhcp import ACK, DISCOVER, OFFER, REQUEST, RawClient, mac, message, pxe_options
from harness import EndToEndTest, main
from tftp import ERROR, RawTftp
from upstream import Upstream

SERVER, FIRST, MACHINE = "10.77.0.1", "10.77.0.100", mac("52:54:00:77:00:01")
OTHER = mac("52:54:00:77:00:02")
PXE_PORT, VENDOR, IPXE_OPTION = 4011, 43, 175
BIOS, UEFI, ARM64, HTTP_X64 = 0, 7, 11, 16
UUID_OPTION = bytes(1) + bytes(range(16))

NO_ADDRESSES = {name: None for name in ("pool_start", "pool_count", "allow_simple_dhcp", "domain",
                                        "dns", "gateway", "lease_time")}
PROXY = {"bootp": {**NO_ADDRESSES, "mode": "proxy"}}
HTTPD = {"httpd": {"enable": "yes"}}
NO_ROWS = {"bootfile": None}
# What iPXE says of itself in option 175, as in captures/ipxe-chain: HTTP is 13 01 01.
FEATURES = bytes.fromhex("b105011af41000eb03010000170101220101130101110101270101")
WITHOUT_HTTP = FEATURES.replace(bytes.fromhex("130101"), b"")


def http_options(architecture=HTTP_X64):
    """What UEFI HTTP boot says of itself."""
    return [(dhcp.VENDOR_CLASS, b"HTTPClient:Arch:%05d:UNDI:003000" % architecture)
            if code == dhcp.VENDOR_CLASS else (code, value)
            for code, value in pxe_options(architecture, uuid=UUID_OPTION)]


def ipxe_options(architecture=BIOS, user_class=b"iPXE", features=FEATURES):
    """What iPXE says of itself."""
    options = pxe_options(architecture)
    if user_class:
        options.append((dhcp.USER_CLASS, user_class))
    if features:
        options.append((IPXE_OPTION, features))
    return options


def silent_options(architecture=BIOS):
    """Another program of the same machine, which does not say what it is."""
    return [(dhcp.ARCHITECTURE, struct.pack(">H", architecture)),
            (dhcp.VENDOR_CLASS, b"PXEClient:Arch:%05d:UNDI:003010" % architecture),
            (dhcp.PARAMETERS, bytes([1, 3, 43, 60, 67, 175]))]


class IpxeTest(EndToEndTest):
    """A bootd with loaders of its own making."""

    programs = ("curl",)

    def serve(self, *changes, loaders=("undionly.kpxe", "snponly.efi"), **more):
        """A running bootd with [ipxe] and a folder of loaders."""
        daemon = self.bootd(start=False, **more)
        folder = os.path.join(daemon.folder, "loaders")
        os.mkdir(folder)
        for name in loaders:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b"the loader " + name.encode())
        ipxe = {"ipxe": {"enable": "yes", "script": "boot.ipxe", "binaries": "loaders"}}
        daemon.configure(ipxe, *changes)
        daemon.start()
        self.addCleanup(self._stop, daemon)
        return daemon

    def give_address(self, address):
        """The client's own, until the test ends."""
        if address not in self.network.addresses("cli", "c0"):
            self.network.add_address("cli", "c0", address + "/24")
            self.addCleanup(self.network.flush, "cli", "c0")

    def tftp(self, name):
        """A file, by TFTP."""
        with RawTftp(self.network) as client:
            return client.read(name)[0]

    def curl(self, url, *arguments):
        """A file, by HTTP."""
        return subprocess.run(
            self.network.command("cli", "curl", "-sSf", *arguments, url), check=True,
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60).stdout

    def file_told(self, raw, options, chaddr=MACHINE):
        """The boot file of an offer."""
        told = raw.discover(chaddr, options).message
        option = told.option(dhcp.BOOT_FILE)
        self.assertEqual(told.file_name, (option or b"").decode())
        return told.file_name

    def ask_boot_server(self, address, options, port=68):
        """The answer of port 4011."""
        self.give_address(address)
        sent = message(REQUEST, MACHINE, options, ciaddr=address)
        with self.network.udp_socket("cli", address, port) as sock:
            sock.settimeout(20)
            sock.sendto(sent.encode(), (SERVER, PXE_PORT))
            return dhcp.Message.decode(sock.recv(4096))


class HttpBoot(IpxeTest):
    """UEFI firmware that boots over HTTP."""

    def check_answer(self, told, url):
        self.assertEqual(told.option(dhcp.VENDOR_CLASS), b"HTTPClient")
        self.assertEqual((told.option(dhcp.BOOT_FILE).decode(), told.file_name), (url, url))
        for code in (VENDOR, dhcp.SERVER_NAME, dhcp.UUID, IPXE_OPTION):
            self.assertIsNone(told.option(code), code)

    def test_a_server_tells_a_url_that_works(self):
        daemon = self.bootd(HTTPD)
        content = daemon.write("efi64/grubx64.efi", os.urandom(5000))
        url = f"http://{SERVER}/efi64/grubx64.efi"
        with RawClient(self.network) as raw:
            offer = raw.discover(MACHINE, http_options())
            self.assertEqual(offer.message.type, OFFER)
            self.check_answer(offer.message, url)
            ack = raw.request(MACHINE, offer, http_options())
            self.assertEqual(ack.message.type, ACK)
            self.check_answer(ack.message, url)
        self.give_address(FIRST)
        self.assertEqual(self.curl(url), content)

    def test_rows_ports_and_names(self):
        rows = {"bootfile": {"x64-uefi-http": "a b/ü#.efi", "arm64-uefi": "arm.efi",
                             "19": None, "x86-uefi-http": "http://192.0.2.7:81/other?x=1"}}
        self.bootd({"httpd": {"enable": "yes", "port": "8080"}}, rows)
        here = f"http://{SERVER}:8080/"
        with RawClient(self.network) as raw:
            for architecture, url in ((HTTP_X64, here + "a%20b/%C3%BC%23.efi"),
                                      (19, here + "arm.efi"), (23, here + "other.bin"),
                                      (15, "http://192.0.2.7:81/other?x=1")):
                self.check_answer(raw.discover(MACHINE, http_options(architecture)).message, url)

    def test_a_proxys_offer_carries_no_address(self):
        self.bootd(PROXY, HTTPD)
        with RawClient(self.network) as raw:
            answer = raw.discover(MACHINE, http_options())
            self.assertEqual((answer.frame.source_port, answer.frame.target,
                              answer.message.yiaddr), (67, dhcp.EVERYBODY, dhcp.ANY))
            self.check_answer(answer.message, f"http://{SERVER}/efi64/grubx64.efi")
            sent = message(REQUEST, MACHINE, [(dhcp.REQUESTED_ADDRESS, dhcp.ip4("10.77.0.200")),
                                              (dhcp.SERVER_ID, dhcp.ip4("10.77.0.2")),
                                              *http_options()])
            self.assertEqual(raw.answers_before_probe(sent), [])

    def test_through_a_relay_in_both_modes(self):
        for mode, relay in (({}, "10.77.0.9"), (PROXY, "192.0.2.9")):
            with self.subTest(relay):
                self.bootd(mode, HTTPD)
                with RawClient(self.network) as raw:
                    sent = message(DISCOVER, MACHINE, http_options(), giaddr=relay, hops=1)
                    if mode == PROXY:
                        answer = raw.ask(sent, source=relay, source_port=67, target=SERVER,
                                         from_mac=mac("52:54:00:77:99:99"),
                                         to_mac=self.network.mac("srv", "s0"))
                    else:
                        self.network.add_address("cli", "c0", relay + "/24")
                        answer = raw.ask(sent, source=relay, source_port=67, target=SERVER,
                                         from_mac=self.network.mac("cli", "c0"),
                                         to_mac=self.network.mac("srv", "s0"))
                        self.network.flush("cli", "c0")
                self.assertEqual((answer.frame.target, answer.frame.target_port), (relay, 67))
                self.check_answer(answer.message, f"http://{SERVER}/efi64/grubx64.efi")
                self.doCleanups()

    def test_without_httpd_there_is_no_answer_and_a_reason(self):
        for mode in ({}, PROXY):
            with self.subTest(mode):
                daemon = self.bootd(mode)
                with RawClient(self.network) as raw:
                    sent = [message(DISCOVER, MACHINE, http_options())]
                    if mode == {}:
                        sent.append(message(REQUEST, MACHINE, [
                            (dhcp.REQUESTED_ADDRESS, dhcp.ip4(FIRST)), *http_options()]))
                    self.assertEqual(raw.answers_before_probe(*sent), [])
                daemon.wait_for(r"ignored DISCOVER: it boots over HTTP alone: "
                                             r"\[httpd\] enable = yes would serve it")
                self.doCleanups()

    def test_a_url_needs_no_httpd(self):
        self.bootd({"bootfile": {"x64-uefi-http": "http://192.0.2.7/a.efi"}})
        with RawClient(self.network) as raw:
            self.check_answer(raw.discover(MACHINE, http_options()).message,
                              "http://192.0.2.7/a.efi")

    def test_nothing_to_boot_and_a_name_that_is_too_long(self):
        for rows, why in (({"bootfile": None}, "there is no boot file"),
                          ({"bootfile": {"x64-uefi-http": "\u00fc" * 60}}, "its boot file is too long")):
            daemon = self.bootd(HTTPD, rows)
            with RawClient(self.network) as raw:
                sent = message(DISCOVER, MACHINE, http_options())
                self.assertEqual(raw.answers_before_probe(sent), [])
            daemon.wait_for("ignored DISCOVER.*" + why)
            self.doCleanups()


class Chain(IpxeTest):
    """Firmware gets iPXE, and iPXE its script."""

    def test_firmware_gets_the_loader_and_ipxe_the_script(self):
        for mode in ({}, PROXY):
            with self.subTest(mode):
                self.serve(HTTPD, NO_ROWS, mode)
                script = f"http://{SERVER}/boot.ipxe"
                with RawClient(self.network) as raw:
                    self.assertEqual(self.file_told(raw, pxe_options(BIOS)), "ipxe/undionly.kpxe")
                    for options in (ipxe_options(), ipxe_options(user_class=b"\4iPXE"),
                                    ipxe_options(features=None), ipxe_options(user_class=None),
                                    ipxe_options(UEFI)):
                        self.assertEqual(self.file_told(raw, options), script)
                    self.assertEqual(self.file_told(raw, http_options()),
                                     f"http://{SERVER}/ipxe/snponly.efi")
                    # There is no loader for it, and no row.
                    if mode == {}:
                        self.assertEqual(self.file_told(raw, pxe_options(ARM64), OTHER), "")
                self.doCleanups()

    def test_port_4011_tells_the_same_entry_or_not(self):
        self.serve(HTTPD, NO_ROWS, PROXY)
        entry = (VENDOR, struct.pack(">BBHHB", 71, 4, 0x8000, 0, 255))
        with RawClient(self.network) as raw:
            raw.discover(MACHINE, pxe_options(UEFI))
        for options, file in ((pxe_options(UEFI), "ipxe/snponly.efi"),
                              (ipxe_options(UEFI), f"http://{SERVER}/boot.ipxe"),
                              ([*ipxe_options(BIOS), entry], f"http://{SERVER}/boot.ipxe")):
            self.assertEqual(self.ask_boot_server("10.77.0.77", options).file_name, file)

    def test_without_httpd_the_script_is_a_name(self):
        self.serve(NO_ROWS)
        with RawClient(self.network) as raw:
            self.assertEqual(self.file_told(raw, ipxe_options()), "boot.ipxe")

    def test_an_ipxe_that_has_no_http(self):
        url = {"ipxe": {"script": "http://192.0.2.7/menu.ipxe"}}
        for change, file in (({}, "boot.ipxe"), (url, "ipxe/undionly.kpxe")):
            self.serve(HTTPD, NO_ROWS, change)
            with RawClient(self.network) as raw:
                self.assertEqual(self.file_told(raw, ipxe_options(features=WITHOUT_HTTP)), file)
                if change:
                    self.assertEqual(self.file_told(raw, ipxe_options(), OTHER),
                                     "http://192.0.2.7/menu.ipxe")
            self.doCleanups()

    def test_the_one_server_says_that_there_is_no_proxy(self):
        not_alone = {"bootp": {"authoritative": "no"}}
        for mode, expected in (({}, b"\xb0\1\1"), (not_alone, None), (PROXY, None)):
            self.serve(HTTPD, NO_ROWS, mode)
            with RawClient(self.network) as raw:
                told = raw.discover(MACHINE, ipxe_options()).message
                self.assertEqual(told.option(IPXE_OPTION), expected)
                firmware = raw.discover(OTHER, pxe_options(BIOS)).message
                self.assertIsNone(firmware.option(IPXE_OPTION))
            self.doCleanups()

    def test_a_silent_ipxe_is_known_by_what_it_was_given(self):
        for mode in ({}, PROXY):
            with self.subTest(mode):
                daemon = self.serve(HTTPD, NO_ROWS, mode)
                with RawClient(self.network) as raw:
                    self.assertEqual(self.file_told(raw, pxe_options(BIOS)), "ipxe/undionly.kpxe")
                    # It has read nothing yet.
                    self.assertEqual(self.file_told(raw, silent_options()), "ipxe/undionly.kpxe")
                    self.assertEqual(self.file_told(raw, pxe_options(BIOS)), "ipxe/undionly.kpxe")
                    if mode == {}:
                        address = raw.lease(MACHINE, pxe_options(BIOS)).message.yiaddr
                    else:
                        address = "10.77.0.78"
                        self.ask_boot_server(address, pxe_options(BIOS))
                    self.give_address(address)
                    self.assertEqual(self.tftp("ipxe/undionly.kpxe"), b"the loader undionly.kpxe")
                    self.assertEqual(self.file_told(raw, silent_options()),
                                     f"http://{SERVER}/boot.ipxe")
                    # A reset: firmware again.
                    self.assertEqual(self.file_told(raw, pxe_options(BIOS)), "ipxe/undionly.kpxe")
                daemon.wait_for(r"OFFER .*\(x86-bios, iPXE\)" if mode == {} else
                                r"proxy OFFER .*\(x86-bios, iPXE\)")
                self.doCleanups()

    def test_loaders_by_tftp_and_http_where_the_root_has_none(self):
        daemon = self.serve(HTTPD)
        daemon.write("ipxe/snponly.efi", b"my own")
        self.give_address("10.77.0.77")
        for get in (self.tftp, lambda name: self.curl(f"http://{SERVER}/{name}")):
            self.assertEqual(get("ipxe/undionly.kpxe"), b"the loader undionly.kpxe")
            self.assertEqual(get("ipxe/snponly.efi"), b"my own")
        daemon.wait_for(r"tftp: .*: sent ipxe/undionly.kpxe \(from .*/loaders/undionly.kpxe\)")
        daemon.wait_for(r"http: .*: sent ipxe/undionly.kpxe \(from .*/loaders/undionly.kpxe\)")

    def test_a_script_is_made_for_its_machine(self):
        daemon = self.serve(HTTPD, NO_ROWS)
        text = "#!ipxe\necho {mac} {ip} {uuid} {arch}<{client}> {other} ${mac}\n"
        daemon.write("boot.ipxe", text.encode())
        daemon.write("plain.txt", text.encode())
        with RawClient(self.network) as raw:
            raw.lease(MACHINE, [*pxe_options(BIOS), (dhcp.UUID, UUID_OPTION)])
        self.give_address(FIRST)
        made = text.replace("{arch}", "x86-bios").replace(
            "{uuid}", "03020100-0504-0706-0809-0a0b0c0d0e0f").replace("{ip}", FIRST).replace(
            "{client}", "").replace("echo {mac}", "echo 52-54-00-77-00-01").encode()
        self.assertEqual(self.tftp("boot.ipxe"), made)
        url = f"http://{SERVER}/boot.ipxe"
        self.assertEqual(self.curl(url), made)
        self.assertEqual(self.curl(url, "-r", "3-9"), made[3:10])
        self.assertIn(b"Content-Length: %d\r\n" % len(made), self.curl(url, "-I"))
        self.assertEqual(self.curl(f"http://{SERVER}/plain.txt"), text.encode())

    def test_without_ipxe_nothing_is_made_and_nothing_mounted(self):
        daemon = self.bootd(HTTPD)
        daemon.write("boot.ipxe", b"{mac}")
        self.give_address("10.77.0.77")
        self.assertEqual(self.tftp("boot.ipxe"), b"{mac}")
        with RawTftp(self.network) as client:
            self.assertEqual(client.ask("ipxe/undionly.kpxe").code, 1)

    def test_a_start_without_loaders_says_what_to_install(self):
        daemon = self.bootd(start=False)
        for folder, words in (("nowhere", "cannot be opened"), ("root", "has no loader of iPXE")):
            daemon.configure({"ipxe": {"enable": "yes", "script": "a", "binaries": folder}})
            code, _, errors = run_binary(self.network, "--check", "-c", daemon.config)
            self.assertNotEqual(code, 0)
            self.assertIn("[ipxe] binaries", errors)
            self.assertIn(words, errors)
            self.assertIn("Debian's package ipxe", errors)
            self.assertEqual(len(errors.strip().splitlines()), 1, errors)

    def test_a_reload_changes_the_script_and_no_folder_out_of_reach(self):
        daemon = self.serve(HTTPD, NO_ROWS)
        ipxe = {"enable": "yes", "script": "other.ipxe", "binaries": "loaders"}
        daemon.configure({"ipxe": ipxe}, HTTPD, NO_ROWS)
        daemon._process.send_signal(1)
        daemon.wait_for("reloaded")
        with RawClient(self.network) as raw:
            self.assertEqual(self.file_told(raw, ipxe_options()), f"http://{SERVER}/other.ipxe")
        with tempfile.TemporaryDirectory() as elsewhere:
            os.chmod(elsewhere, 0o755)
            with open(os.path.join(elsewhere, "undionly.kpxe"), "wb"):
                pass
            daemon.configure({"ipxe": {**ipxe, "binaries": elsewhere}}, HTTPD, NO_ROWS)
            daemon._process.send_signal(1)
            daemon.wait_for(r"\[ipxe\] binaries: .* cannot be read: .* restart bootd")
            daemon.wait_for("nothing is changed")


class Loops(IpxeTest):
    """A loader that asks for itself."""

    BOOT = {"bootp": {"boot_file": "undionly.kpxe"}, "bootfile": None}

    def once(self, raw, options):
        """DISCOVER to ACK, and the loader read; what was told."""
        ack = raw.lease(MACHINE, options)
        self.give_address(ack.message.yiaddr)
        self.tftp(ack.message.file_name)
        return ack.message.file_name

    def test_the_fourth_time_it_gets_no_answer(self):
        daemon = self.bootd(self.BOOT)
        daemon.write("undionly.kpxe", b"loader")
        with RawClient(self.network) as raw:
            for options in (pxe_options(BIOS), ipxe_options(), ipxe_options()):
                self.assertEqual(self.once(raw, options), "undionly.kpxe")
            sent = [message(DISCOVER, MACHINE, ipxe_options()) for _ in range(3)]
            self.assertEqual(raw.answers_before_probe(*sent), [])
            daemon.wait_for(
                r"ignored DISCOVER: file undionly.kpxe was given three times in this boot, and asks "
                r"for itself again: \[ipxe\] enable = yes, with a script, tells it how to go on")
            # By what its firmware got, it might read the file without asking.
            with RawTftp(self.network) as client:
                self.assertEqual(client.ask("undionly.kpxe").code, 2)
            daemon.wait_for("undionly.kpxe: refused: its loader asks for itself")
            # The machine is reset: its firmware is not held up.
            self.assertEqual(self.once(raw, pxe_options(BIOS)), "undionly.kpxe")

    def test_firmware_may_begin_anew_as_often_as_it_likes(self):
        daemon = self.bootd(self.BOOT)
        daemon.write("undionly.kpxe", b"loader")
        with RawClient(self.network) as raw:
            for _ in range(6):
                self.assertEqual(self.once(raw, pxe_options(BIOS)), "undionly.kpxe")
        self.assertEqual(daemon.lines("three times"), [])

    def test_with_a_script_there_is_no_loop(self):
        daemon = self.serve(NO_ROWS)
        daemon.write("boot.ipxe", b"#!ipxe")
        with RawClient(self.network) as raw:
            self.assertEqual(self.once(raw, pxe_options(BIOS)), "ipxe/undionly.kpxe")
            for _ in range(6):
                self.assertEqual(self.once(raw, ipxe_options()), "boot.ipxe")
        self.assertEqual(daemon.lines("three times"), [])


class SecondStage(IpxeTest):
    """shim and GRUB ask for files where they are not."""

    def test_files_are_found_beside_the_first_loader(self):
        daemon = self.bootd(HTTPD, {"bootfile": {"7": "di/amd64/bootnetx64.efi"}})
        for name in ("bootnetx64.efi", "grubx64.efi", "grub/grub.cfg", "linux"):
            daemon.write("di/amd64/" + name, name.encode())
        with RawClient(self.network) as raw:
            self.give_address(raw.lease(MACHINE, pxe_options(UEFI)).message.yiaddr)
        for get in (self.tftp, lambda name: self.curl(f"http://{SERVER}/{name}")):
            self.assertEqual(get("grubx64.efi"), b"grubx64.efi")
            self.assertEqual(get("EFI/debian/grubx64.efi"), b"grubx64.efi")
            self.assertEqual(get("/grub/grub.cfg"), b"grub/grub.cfg")
        daemon.wait_for(r"sent grubx64.efi \(from di/amd64/grubx64.efi\)")
        with RawTftp(self.network) as client:
            self.assertEqual(client.ask("linux").code, 1)

    def test_a_stranger_finds_nothing_there(self):
        daemon = self.bootd({"bootfile": {"7": "di/amd64/bootnetx64.efi"}})
        daemon.write("di/amd64/grubx64.efi", b"x")
        self.give_address("10.77.0.99")
        with RawTftp(self.network) as client:
            self.assertEqual(client.ask("grubx64.efi").code, 1)

    def test_what_loaders_do_without_is_no_news(self):
        daemon = self.bootd(HTTPD)
        self.give_address("10.77.0.99")
        for name in ("di/revocations.efi", "shim_certificate_0.efi", "ipxe/autoexec.ipxe",
                     "pxelinux.cfg/01-52-54-00-77-00-01"):
            with RawTftp(self.network) as client:
                self.assertEqual(client.ask(name).code, 1)
            subprocess.run(self.network.command("cli", "curl", "-sS", f"http://{SERVER}/{name}"),
                           check=True, stdout=subprocess.DEVNULL, timeout=60)
        with RawTftp(self.network) as client:
            self.assertEqual(client.ask("di/grubx64.efi").code, 1)
        daemon.wait_for(r"info  +tftp: .*: di/grubx64.efi: not found")
        self.assertEqual(len(daemon.lines("not found")), len(daemon.lines("debug .*not found")) + 1)
        self.assertEqual(len(daemon.lines("not found, which is usual")), 8)


class RemoteRoot(IpxeTest):
    """The same where the files are on a web server."""

    def serve_remote(self, *changes):
        """(bootd, the upstream)."""
        upstream = Upstream(self.network)
        self.addCleanup(upstream.close)
        root = {"tftp": {"root": upstream.root}, "cache": {"directory": "cache"}}
        return self.serve(HTTPD, root, *changes), upstream

    def both(self):
        """By TFTP and by HTTP."""
        return self.tftp, lambda name: self.curl(f"http://{SERVER}/{name}")

    def test_a_script_is_made_for_its_machine(self):
        _, upstream = self.serve_remote(NO_ROWS)
        text = "#!ipxe\necho {mac} at {ip} ${mac}\n" + "# a long script\n" * 5000
        # Slow enough for the others to come meanwhile.
        upstream.put("boot.ipxe", text.encode(), pace=100_000)
        upstream.put("chunked.ipxe", text.encode(), framing="chunked")
        plain = upstream.put("plain.txt", text.encode())
        with RawClient(self.network) as raw:
            raw.lease(MACHINE, pxe_options(BIOS))
        self.give_address(FIRST)
        made = text.replace("{mac}", "52-54-00-77-00-01", 1).replace("{ip}", FIRST).encode()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            got = [pool.submit(get, "boot.ipxe") for get in self.both() * 3]
            self.assertEqual([one.result() for one in got], [made] * 6)
        self.assertEqual(len(upstream.requests("boot.ipxe")), 1)
        for get in self.both():
            self.assertEqual(get("chunked.ipxe"), made)
            self.assertEqual(get("boot.ipxe"), made)
            self.assertEqual(get("plain.txt"), plain)
        self.assertIn(b"Content-Length: %d\r\n" % len(made),
                      self.curl(f"http://{SERVER}/boot.ipxe", "-I"))
        # A stranger's has no MAC address in it.
        self.give_address("10.77.0.77")
        stranger = text.replace("{mac}", "", 1).replace("{ip}", "10.77.0.77").encode()
        self.assertEqual(self.curl(f"http://{SERVER}/boot.ipxe", "--interface", "10.77.0.77"), stranger)
        self.assertEqual(len(upstream.requests("boot.ipxe")), 1)

    def test_half_a_script_is_an_error(self):
        _, upstream = self.serve_remote(NO_ROWS)
        upstream.put("boot.ipxe", b"#!ipxe\n" * 1000, cut=3500, then=[{"cut": 3500}] * 9)
        self.give_address("10.77.0.77")
        with RawTftp(self.network) as client:
            self.assertEqual(client.ask("boot.ipxe").kind, ERROR)
        done = subprocess.run(self.network.command("cli", "curl", "-s", "-o", "/dev/null", "-w",
                                                   "%{http_code}", f"http://{SERVER}/boot.ipxe"),
                              check=True, stdout=subprocess.PIPE, timeout=120)
        self.assertEqual(done.stdout, b"502")

    def test_a_second_stage_is_found_beside_the_first_loader(self):
        daemon, upstream = self.serve_remote({"bootfile": {"7": "di/amd64/bootnetx64.efi"}})
        for name in ("bootnetx64.efi", "grubx64.efi", "grub/grub.cfg", "linux"):
            upstream.put("di/amd64/" + name, name.encode())
        with RawClient(self.network) as raw:
            self.give_address(raw.lease(MACHINE, pxe_options(UEFI)).message.yiaddr)
        for get in self.both():
            self.assertEqual(get("grubx64.efi"), b"grubx64.efi")
            self.assertEqual(get("EFI/debian/grubx64.efi"), b"grubx64.efi")
            self.assertEqual(get("/grub/grub.cfg"), b"grub/grub.cfg")
        daemon.wait_for(r"sent grubx64.efi \(from di/amd64/grubx64.efi\)")
        self.assertEqual(len(upstream.requests("di/amd64/grubx64.efi")), 1)
        for name in ("linux", "revocations.efi"):
            with RawTftp(self.network) as client:
                self.assertEqual(client.ask(name).code, 1)
        daemon.wait_for("revocations.efi: not found, which is usual")
        # The loaders' own folder costs the upstream nothing.
        self.assertEqual(self.tftp("ipxe/undionly.kpxe"), b"the loader undionly.kpxe")
        self.assertEqual(upstream.requests("ipxe/undionly.kpxe"), [])
        upstream.put("ipxe/own.efi", b"own")
        self.assertEqual(self.tftp("ipxe/own.efi"), b"own")


if __name__ == "__main__":
    main()
