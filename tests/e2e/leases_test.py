#!/usr/bin/env python3
"""Leases on disk: what is acknowledged survives, in time it is given to others, and real clients renew
it. LEASE_KILLS says how often bootd is killed under load (default 3)."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import sqlite3
import stat
import struct

import dhcp
from bootd import Bootd, run_binary
from clients import Dhclient, Udhcpc
from dhcp import (ACK, DECLINE, DISCOVER, INFORM, LEASE_TIME, NAK, OFFER, RELEASE, REQUEST,
                  REQUESTED_ADDRESS, SERVER_ID, RawClient, ip4, mac, message, pxe_options)
from harness import EndToEndTest, main
from network import Folder, run, wait_until

SERVER = "10.77.0.1"
MACHINE = mac("52:54:00:77:06:01")
OTHER = mac("52:54:00:77:06:02")
THIRD = mac("52:54:00:77:06:03")
DURABLE = {"leases": {"type": "sqlite", "file": "leases.db"}}
KILLS = int(os.environ.get("LEASE_KILLS", "3"))
STATES = {1: "bound", 2: "released", 3: "declined"}


def numbered_mac(number):
    """A MAC of its own for each number."""
    return b"\x52\x54\x01" + number.to_bytes(3, "big")


def claim(address, chaddr, **fields):
    """INIT-REBOOT: a machine that says it has an address."""
    return message(REQUEST, chaddr, [(REQUESTED_ADDRESS, ip4(address))], **fields)


class LeasesTest(EndToEndTest):
    """A bootd with its leases in FOLDER/leases.db, and a client of raw frames."""

    def setUp(self):
        self.raw = RawClient(self.network)
        self.addCleanup(self.raw.close)

    def serve(self, *changes, **more):
        return self.bootd(DURABLE, *changes, **more)

    def restart(self, daemon, number=signal.SIGKILL):
        """Ends it, by default without any warning, and starts it again with the same files."""
        if number == signal.SIGKILL:
            os.kill(daemon.pid, signal.SIGKILL)
            daemon.wait_exit()
        else:
            daemon.stop(number)
        mark = daemon.mark()
        daemon.start(until=None)
        daemon.wait_for("is ready", since=mark)
        return mark

    def stored(self, daemon):
        """What is in the file of a bootd that has ended: {address: (owner's MAC, state)}."""
        with contextlib.closing(sqlite3.connect(os.path.join(daemon.folder, "leases.db"))) as file:
            rows = file.execute("SELECT address, mac, state FROM lease").fetchall()
        return {dhcp.ip4_text(struct.pack(">I", address)): (bytes(owner), STATES[state])
                for address, owner, state in rows}

    def lease_in_time(self, chaddr):
        """The address of a machine that asks until it is answered: one may have to be tried first."""
        def is_offered():
            self.raw.send(message(DISCOVER, chaddr))
            return next(iter(self.raw.answers(0.2)), None)
        offer = wait_until(is_offered, 20, "an offer")
        return self.raw.request(chaddr, offer).message.yiaddr

    def assert_is_told(self, type_, sent, address=None):
        answer = self.raw.ask(sent).message
        self.assertEqual(answer.type, type_)
        if address is not None:
            self.assertEqual(answer.yiaddr, address)
        return answer


class Durability(LeasesTest):
    """kill -9, damage, and disks that are full."""

    programs = ("strace",)

    def test_a_lease_is_there_after_a_kill(self):
        daemon = self.serve()
        got = self.raw.lease(MACHINE).message
        self.restart(daemon)
        daemon.wait_for("leases: 1 in")
        self.assert_is_told(ACK, claim(got.yiaddr, MACHINE), got.yiaddr)
        # Nobody else gets it, and nobody else is believed.
        self.assert_is_told(NAK, claim(got.yiaddr, OTHER))
        self.assertNotEqual(self.raw.lease(OTHER).message.yiaddr, got.yiaddr)

    def test_a_machine_is_known_by_its_uuid_after_a_kill(self):
        daemon = self.serve({"leases": {"identity": "uuid"}})
        firmware = pxe_options(7, uuid=b"\0" + bytes(range(16, 32)))
        got = self.raw.lease(MACHINE, firmware).message.yiaddr
        # Its system, which shows no UUID.
        self.assert_is_told(ACK, claim(got, MACHINE), got)
        self.restart(daemon)
        self.assert_is_told(ACK, claim(got, MACHINE), got)
        self.assertEqual(self.raw.lease(MACHINE).message.yiaddr, got)
        self.assert_is_told(NAK, claim(got, OTHER))
        # Nor does it have to say which address it had.
        self.restart(daemon)
        self.assertEqual(self.raw.lease(MACHINE).message.yiaddr, got)

    def test_an_offer_is_not_written(self):
        daemon = self.serve()
        for number in range(20):
            self.raw.discover(numbered_mac(number))
        self.raw.lease(MACHINE)
        daemon.stop()
        self.assertEqual([owner for owner, _ in self.stored(daemon).values()], [MACHINE])

    def kill_under_load(self, daemon, first, acknowledged):
        """A burst of machines; bootd is killed in the middle of it. Who was acknowledged is noted."""
        offers, pending = {}, {}
        for number in range(first, first + 60):
            sent = message(DISCOVER, numbered_mac(number))
            pending[sent.xid] = sent.chaddr
            self.raw.send(sent)
        kill_at = random.randrange(60)
        for answer in self.raw.answers(2):
            got = answer.message
            if got.type == OFFER and got.xid in pending and got.xid not in offers:
                offers[got.xid] = got
                self.raw.send(message(REQUEST, got.chaddr, [
                    (REQUESTED_ADDRESS, ip4(got.yiaddr)),
                    (SERVER_ID, got.option(SERVER_ID))], xid=got.xid))
            elif got.type == ACK and got.xid in offers:
                self.assertNotIn(got.yiaddr, acknowledged)
                acknowledged[got.yiaddr] = got.chaddr
                kill_at -= 1
                if kill_at <= 0 and daemon.is_running():
                    os.kill(daemon.pid, signal.SIGKILL)
                    daemon.wait_exit()
                    break

    def test_killed_under_load_every_acknowledged_lease_is_in_the_file(self):
        seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
        print(f"SEED={seed}")
        random.seed(seed)
        daemon = self.serve({"bootp": {"pool_start": "10.77.0.2", "pool_count": "250"}})
        acknowledged = {}
        for kill in range(KILLS):
            if kill % 4 == 3:
                # The pool is small: begin anew.
                self.forget(daemon)
                acknowledged.clear()
            self.kill_under_load(daemon, kill * 60, acknowledged)
            if daemon.is_running():
                os.kill(daemon.pid, signal.SIGKILL)
                daemon.wait_exit()
            stored = self.stored(daemon)
            lost = {address: owner for address, owner in acknowledged.items()
                    if stored.get(address) != (owner, "bound")}
            self.assertEqual(lost, {})
            mark = daemon.mark()
            daemon.start(until=None)
            daemon.wait_for("is ready", since=mark)
        self.assertTrue(acknowledged)

    def forget(self, daemon):
        """A new file of leases."""
        daemon.stop()
        for ending in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(daemon.folder, "leases.db" + ending))
        mark = daemon.mark()
        daemon.start(until=None)
        daemon.wait_for("is ready", since=mark)

    def test_a_damaged_file_is_set_aside_and_what_can_be_read_goes_on(self):
        daemon = self.serve({"bootp": {"pool_start": "10.77.0.2", "pool_count": "250"}})
        kept = {self.raw.lease(numbered_mac(number)).message.yiaddr: numbered_mac(number)
                for number in range(200)}
        daemon.stop()
        path = os.path.join(daemon.folder, "leases.db")
        # Closed in order, all is in the file itself; its last page is one of leases.
        size = os.path.getsize(path)
        with open(path, "r+b") as file:
            file.seek(size - 4096)
            file.write(os.urandom(4096))
        mark = daemon.mark()
        daemon.start(until=None)
        daemon.wait_for("is ready", since=mark)
        self.assertTrue(daemon.lines("WAS DAMAGED", since=mark))
        aside = [name for name in os.listdir(daemon.folder) if "damaged-" in name]
        self.assertIn(size, [os.path.getsize(os.path.join(daemon.folder, name)) for name in aside])
        saved = int(daemon.wait_for(r"(\d+) leases could be read", since=mark).group(1))
        self.assertTrue(0 < saved < 200, saved)
        # An unknown lease is never refused. An ACK waits for the disk, and so does the probe's.
        own = self.lease_in_time(MACHINE)
        told = {}
        for address, owner in kept.items():
            sent = claim(address, owner)
            got = self.raw.answers_before_probe(sent, probe=claim(own, MACHINE))
            told[address] = [answer.message.type for answer in got]
        self.assertEqual([types for types in told.values() if types not in ([ACK], [])], [])
        self.assertEqual(sum(types == [ACK] for types in told.values()), saved)
        # That is remembered across another restart.
        mark = self.restart(daemon)
        self.assertTrue(daemon.lines("some may have been lost", since=mark))

    def test_what_is_no_database_is_set_aside_too(self):
        daemon = self.serve()
        daemon.stop()
        with open(os.path.join(daemon.folder, "leases.db"), "wb") as file:
            file.write(b"no database\n" * 1000)
        mark = daemon.mark()
        daemon.start(until=None)
        daemon.wait_for("is ready", since=mark)
        self.assertTrue(daemon.lines("WAS DAMAGED.*0 leases could be read", since=mark))
        self.lease_in_time(MACHINE)

    def service_manager(self):
        """A socket as systemd has it, and its name in NOTIFY_SOCKET."""
        name = f"bootd-leases-{os.getpid()}"
        with self.network.inside("srv"):
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind("\0" + name)
        manager.settimeout(30)
        return manager, "@" + name

    def test_a_file_that_was_cut_to_nothing_is_damaged_and_not_new(self):
        daemon = self.serve()
        got = self.raw.lease(MACHINE).message.yiaddr
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.wait_exit()
        path = os.path.join(daemon.folder, "leases.db")
        log = os.path.getsize(path + "-wal")
        os.truncate(path, 0)
        mark = daemon.mark()
        daemon.start(until=None)
        daemon.wait_for("is ready", since=mark)
        aside = daemon.wait_for(r"WAS DAMAGED. It is (\S+) now; 0 leases", since=mark).group(1)
        self.assertEqual(os.path.getsize(aside + "-wal"), log)
        # Its machine is not refused, and others are served.
        own = self.lease_in_time(OTHER)
        found = self.raw.answers_before_probe(claim(got, MACHINE), probe=claim(own, OTHER))
        self.assertEqual([answer.message.type for answer in found], [])

    def test_a_full_disk_stops_new_leases_and_nothing_else(self):
        manager, notify_socket = self.service_manager()
        disk = Folder("disk")
        self.addCleanup(disk.close)
        # Beneath the folder of the leases, so that root's reserve is no way out.
        run("mount", "-t", "tmpfs", "-o", "size=400k,mode=0755", "none", disk.path)
        self.addCleanup(run, "umount", disk.path)
        daemon = self.serve({"leases": {"file": os.path.join(disk.path, "leases.db")},
                             "bootp": {"lease_time": "1000"}},
                            env={"NOTIFY_SOCKET": notify_socket})
        self.assertEqual(manager.recv(4096), b"READY=1")
        got = self.raw.lease(MACHINE).message
        filler = os.path.join(disk.path, "filler")
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        mark = daemon.mark()
        number = 0
        while not daemon.lines("leases: nothing can be kept", since=mark):
            number += 1
            offers = self.raw.answers_before_probe(message(DISCOVER, numbered_mac(number)),
                                                   probe=message(DISCOVER, MACHINE))
            for offer in offers:
                self.raw.send(message(REQUEST, offer.message.chaddr, [
                    (REQUESTED_ADDRESS, ip4(offer.message.yiaddr)),
                    (SERVER_ID, offer.message.option(SERVER_ID))], xid=offer.message.xid))
            self.assertLess(number, 2000)
        self.assertEqual(manager.recv(4096),
                         b"STATUS=leases cannot be kept: No space left on device")
        # A lease that is kept goes on, for the time that it has.
        renewed = self.assert_is_told(ACK, claim(got.yiaddr, MACHINE), got.yiaddr)
        self.assertLessEqual(struct.unpack(">I", renewed.option(LEASE_TIME))[0], 1000)
        # Nobody new is even offered one.
        probe = message(DISCOVER, MACHINE)
        self.assertEqual(self.raw.answers_before_probe(message(DISCOVER, OTHER), probe=probe), [])
        os.unlink(filler)
        daemon.wait_for("leases: they are kept again", since=mark)
        self.assertEqual(manager.recv(4096), b"STATUS=leases are kept again; everybody is served")
        self.raw.lease(OTHER)
        daemon.stop()

    def test_every_ack_follows_a_sync(self):
        # LeakSanitizer cannot work in a traced process.
        daemon = Bootd(self.network, DURABLE, env={"ASAN_OPTIONS": "detect_leaks=0"}, before=(
            "strace", "-D", "-f", "-tt", "-e", "trace=fdatasync,fsync,sendto,sendmsg", "-o", "/dev/stderr"))
        self.addCleanup(daemon.close)
        daemon.start()
        for number in range(20):
            self.raw.lease(numbered_mac(number))
        daemon.stop()
        calls = [line for line in daemon.log if re.search(r"fdatasync\(|fsync\(|sendto\(|: ACK", line)]
        syncs, acks = 0, 0
        for line in calls:
            if "sync(" in line:
                syncs += 1
            elif ": ACK" in line:
                acks += 1
                self.assertGreater(syncs, 0, f"ACK {acks} came before a sync:\n" + "\n".join(calls))
                syncs = 0
        self.assertEqual(acks, 20)


class Life(LeasesTest):
    """Expiry, RELEASE, DECLINE, INFORM."""

    def test_an_expired_address_goes_to_another_machine_when_no_other_is_left(self):
        self.serve({"bootp": {"pool_count": "2", "lease_time": "10"}})
        first = self.raw.lease(MACHINE).message.yiaddr
        second = self.raw.lease(OTHER).message.yiaddr
        probe = claim(second, OTHER)
        self.assertEqual(self.raw.answers_before_probe(message(DISCOVER, THIRD), probe=probe), [])

        def is_served():
            self.raw.send(claim(second, OTHER))
            found = self.raw.answers_before_probe(message(DISCOVER, THIRD), probe=claim(second, OTHER))
            return [one.message for one in found if one.message.chaddr == THIRD]
        # The other machine renews all the time; the first one's lease ends.
        offers = wait_until(is_served, 30, "the first lease to end")
        self.assertEqual(offers[0].yiaddr, first)

    def test_a_machine_gets_its_address_again_while_others_are_left(self):
        self.serve({"bootp": {"pool_count": "3"}})
        got = self.raw.lease(MACHINE).message.yiaddr
        self.raw.send(message(RELEASE, MACHINE, [(SERVER_ID, ip4(SERVER))], ciaddr=got))
        self.assertNotEqual(self.raw.lease(OTHER).message.yiaddr, got)
        self.assertEqual(self.raw.lease(MACHINE).message.yiaddr, got)

    def test_a_released_address_is_given_anew_when_it_is_the_last(self):
        daemon = self.serve({"bootp": {"pool_count": "1"}})
        got = self.raw.lease(MACHINE).message.yiaddr
        self.raw.send(message(RELEASE, MACHINE, [(SERVER_ID, ip4(SERVER))], ciaddr=got))
        daemon.wait_for("RELEASE " + got)
        self.assertEqual(self.raw.lease(OTHER).message.yiaddr, got)
        self.assert_is_told(NAK, claim(got, MACHINE))
        daemon.stop()
        self.assertEqual(self.stored(daemon), {got: (OTHER, "bound")})

    def test_a_declined_address_is_in_probation_also_after_a_restart(self):
        daemon = self.serve({"bootp": {"pool_count": "2"}, "leases": {"probation": "1h"}})
        got = self.raw.lease(MACHINE).message.yiaddr
        self.raw.send(message(DECLINE, MACHINE, [
            (REQUESTED_ADDRESS, ip4(got)), (SERVER_ID, ip4(SERVER))]))
        daemon.wait_for("DECLINE " + got)
        self.restart(daemon, signal.SIGTERM)
        other = self.raw.lease(MACHINE).message.yiaddr
        self.assertNotEqual(other, got)
        probe = claim(other, MACHINE)
        self.assertEqual(self.raw.answers_before_probe(message(DISCOVER, OTHER), probe=probe), [])

    def test_a_modest_server_refuses_no_claim(self):
        self.serve({"bootp": {"authoritative": "no"}})
        got = self.raw.lease(MACHINE).message.yiaddr
        probe = claim(got, MACHINE)
        for address in (got, "10.77.0.120", "192.0.2.1"):
            self.assertEqual(
                self.raw.answers_before_probe(claim(address, OTHER), probe=probe), [], address)

    def test_inform_gets_parameters_and_no_lease(self):
        daemon = self.serve()
        self.network.add_address("cli", "c0", "10.77.0.9/24")
        self.addCleanup(self.network.flush, "cli", "c0")
        own = self.network.mac("cli", "c0")
        got = self.raw.ask(message(INFORM, own, ciaddr="10.77.0.9")).message
        self.assertEqual((got.type, got.yiaddr), (ACK, "0.0.0.0"))
        self.assertIsNone(got.option(LEASE_TIME))
        self.assertIsNotNone(got.option(dhcp.DNS))
        daemon.stop()
        self.assertEqual(self.stored(daemon), {})


class Conflicts(LeasesTest):
    """conflict_check: a machine that never asked uses addresses of the pool."""

    def setUp(self):
        super().setUp()
        self.network.add_address("cli", "c0", "10.77.0.100/24")
        self.network.add_address("cli", "c0", "10.77.0.102/24")
        self.addCleanup(self.network.flush, "cli", "c0")

    def test_what_is_in_use_is_not_given(self):
        daemon = self.serve({"bootp": {"pool_count": "4"}})
        daemon.wait_for("uses 10.77.0.100,")
        daemon.wait_for("uses 10.77.0.102,")
        given = {self.raw.lease(chaddr).message.yiaddr for chaddr in (MACHINE, OTHER)}
        self.assertEqual(given, {"10.77.0.101", "10.77.0.103"})
        probe = claim("10.77.0.101", MACHINE)
        found = self.raw.answers_before_probe(message(DISCOVER, THIRD), probe=probe)
        self.assertEqual([one for one in found if one.message.chaddr == THIRD], [])

    def test_without_the_check_it_is_the_machines_own_business(self):
        self.serve({"bootp": {"conflict_check": "no"}})
        self.assertEqual(self.raw.discover(MACHINE).message.yiaddr, "10.77.0.100")

    def test_no_offer_waits_for_a_trial(self):
        self.serve({"bootp": {"pool_start": "10.77.0.110", "pool_count": "2"}})
        self.raw.discover(MACHINE)
        self.raw.discover(OTHER)

    def serve_after_damage(self, *changes):
        """A bootd whose file of leases was no database when it started."""
        daemon = self.serve(*changes)
        daemon.stop()
        with open(os.path.join(daemon.folder, "leases.db"), "wb") as file:
            file.write(b"no database\n" * 1000)
        mark = daemon.mark()
        daemon.start(until=None)
        daemon.wait_for("is ready", since=mark)
        return daemon

    def test_after_damage_only_what_was_tried_is_given(self):
        self.serve_after_damage({"bootp": {"pool_count": "3"}})
        # Whatever it asks for, and however early.
        self.raw.send(message(DISCOVER, OTHER, [(REQUESTED_ADDRESS, ip4("10.77.0.100"))]))
        self.assertEqual(self.lease_in_time(MACHINE), "10.77.0.101")

    def test_after_damage_they_are_tried_even_without_the_check(self):
        self.serve_after_damage({"bootp": {"pool_count": "3", "conflict_check": "no"}})
        self.assertEqual(self.lease_in_time(MACHINE), "10.77.0.101")

    def test_after_damage_what_cannot_be_tried_is_not_given(self):
        # Nobody answers ARP there, so nothing is told by silence.
        self.network.add_address("srv", "lo", "10.78.0.1/24")
        self.addCleanup(self.network.ip, "srv", "address", "del", "10.78.0.1/24", "dev", "lo")
        daemon = self.serve_after_damage({"subnet deaf": {
            "network": "10.78.0.0/24", "ranges": "10.78.0.100 - 10.78.0.110"}})
        mark = daemon.mark()
        self.raw.send(message(DISCOVER, MACHINE, giaddr="10.78.0.2"), source="10.77.0.100",
                      target=SERVER, source_port=67)
        daemon.wait_for("52-54-00-77-06-01.*no address was tried yet", since=mark)


class Flood(LeasesTest):
    """DISCOVERs of random machines, as fast as this test can send them."""

    strangers = int(os.environ.get("FLOOD_COUNT", "20000"))
    known = 50

    def test_known_machines_are_served_and_nothing_is_written(self):
        daemon = self.serve({"bootp": {"pool_start": "10.77.0.2", "pool_count": "250"}})
        owned = {numbered_mac(number): self.raw.lease(numbered_mac(number)).message.yiaddr
                 for number in range(self.known)}
        flood = [message(DISCOVER, b"\x02" + os.urandom(5)).encode() for _ in range(self.strangers)]
        claims = [claim(address, chaddr) for chaddr, address in owned.items()]
        every = self.strangers // len(claims)
        for at, stranger in enumerate(flood):
            self.raw.send_bytes(stranger)
            if at % every == 0 and at // every < len(claims):
                self.raw.send(claims[at // every])
        wanted = {one.xid for one in claims}
        served = set()
        for answer in self.raw.answers(5):
            if answer.message.type == ACK and answer.message.xid in wanted:
                served.add(answer.message.xid)
                if served == wanted:
                    break
        self.assertGreaterEqual(len(served), 0.99 * len(claims))
        daemon.stop()
        self.assertEqual({address: owner for address, (owner, _) in self.stored(daemon).items()},
                         {address: owner for owner, address in owned.items()})


class Listing(LeasesTest):
    """bootd leases: what the running daemon tells of its leases."""

    def ask(self, daemon, *arguments):
        return run_binary(self.network, "leases", "-c", daemon.config, *arguments)

    def test_a_table_and_json(self):
        daemon = self.serve()
        got = self.raw.lease(MACHINE).message.yiaddr
        offered = self.raw.discover(OTHER).message.yiaddr
        code, out, err = self.ask(daemon)
        self.assertEqual((code, err), (0, ""))
        rows = [line.split() for line in out.splitlines()]
        self.assertEqual(rows[0], ["ADDRESS", "MAC", "STATE", "UNTIL"])
        self.assertEqual([row[:3] for row in rows[1:]], [
            [got, "52-54-00-77-06-01", "bound"], [offered, "52-54-00-77-06-02", "offered"]])
        code, out, err = self.ask(daemon, "--json")
        self.assertEqual((code, err), (0, ""))
        leases = json.loads(out)
        self.assertEqual([lease["address"] for lease in leases], [got, offered])
        self.assertEqual(leases[0]["identity"], "mac:525400770601")
        self.assertTrue(7100 < leases[0]["seconds_left"] <= 7200)

    def test_none(self):
        daemon = self.serve()
        self.assertEqual(self.ask(daemon), (0, "There are no leases.\n", ""))
        self.assertEqual(self.ask(daemon, "--json"), (0, "[]\n", ""))

    def test_addresses_and_files_of_the_services_do_not_matter(self):
        daemon = self.serve({"bootp": {"address": "s0"}, "tftp": {"address": SERVER},
                             "httpd": {"enable": "yes", "address": "s0", "port": "8080"}})
        self.assertEqual(self.ask(daemon), (0, "There are no leases.\n", ""))

    def test_more_than_one_chunk_is_listed_whole(self):
        daemon = self.serve({"bootp": {"pool_start": "10.77.0.2", "pool_count": "250"}})
        for number in range(245):
            self.raw.discover(numbered_mac(number))
        for number in range(100):
            self.raw.lease(numbered_mac(number))
        code, out, _ = self.ask(daemon, "--json")
        found = [lease["address"] for lease in json.loads(out)]
        self.assertEqual((code, len(found), len(set(found))), (0, 245, 245))

    def test_release(self):
        daemon = self.serve()
        got = self.raw.lease(MACHINE).message.yiaddr
        self.assertEqual(self.ask(daemon, "release", got), (0, "", ""))
        self.assertIn("released", self.ask(daemon)[1])
        code, _, err = self.ask(daemon, "release", "10.77.0.149")
        self.assertEqual((code, err), (1, "bootd: there is no lease of that address\n"))
        for wrong in (("release",), ("release", "nonsense"), ("steal", got)):
            self.assertEqual(self.ask(daemon, *wrong)[0], 2, wrong)
        daemon.stop()
        self.assertEqual(self.stored(daemon)[got], (MACHINE, "released"))

    def test_where_nobody_listens(self):
        daemon = self.serve()
        daemon.stop()
        code, out, err = self.ask(daemon)
        self.assertEqual((code, out), (1, ""))
        self.assertRegex(err, "no bootd listens there")

    def test_only_the_owner_may_ask(self):
        daemon = self.serve()
        mode = os.stat(os.path.join(daemon.folder, "control")).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_whatever_is_sent_there_harms_nobody(self):
        daemon = self.serve()
        path = os.path.join(daemon.folder, "control")
        for sent in (b"", b"\n", b"{", b"nonsense\n", b"[]\n", b"x" * 100_000,
                     b'{"command": "release"}\n', b'{"command": 7}\n',
                     b'{"command": "release", "address": "::1"}\n', b"[" * 511 + b"\n"):
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
                client.settimeout(20)
                client.connect(path)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    client.sendall(sent)
                    client.shutdown(socket.SHUT_WR)
                    self.assertNotIn(b'"end"', client.recv(65536))
        # More of them than there is room for, who ask nothing.
        with contextlib.ExitStack() as idle:
            for _ in range(30):
                client = idle.enter_context(contextlib.closing(socket.socket(socket.AF_UNIX)))
                client.connect(path)
            self.raw.lease(MACHINE)
        wait_until(lambda: self.ask(daemon)[0] == 0, 20, "an answer")


class RealClients(LeasesTest):
    """ISC dhclient and udhcpc: renew, rebind, release."""

    programs = ("dhclient", "busybox")

    def test_udhcpc_renews_and_releases(self):
        daemon = self.serve({"bootp": {"lease_time": "20"}})
        with Udhcpc(self.network) as client:
            lease = client.start().wait_bound()
            mark = daemon.mark()
            client.renew()
            daemon.wait_for("ACK " + lease.address, since=mark)
            client.release()
            daemon.wait_for("RELEASE " + lease.address, since=mark)
        daemon.stop()
        self.assertEqual([state for _, state in self.stored(daemon).values()], ["released"])

    def test_dhclient_renews_at_t1_after_a_restart_and_releases(self):
        daemon = self.serve({"bootp": {"lease_time": "20"}})
        with Dhclient(self.network) as client:
            lease = client.start().wait_bound()
            mark = self.restart(daemon)
            daemon.wait_for("ACK " + lease.address, since=mark)
            client.release()
            daemon.wait_for("RELEASE " + lease.address, since=mark)
            self.assertEqual(client.find_lease().address, lease.address)

    def test_dhclient_rebinds_by_broadcast_when_its_unicast_is_not_heard(self):
        # nftables drops what comes to the server's own address: renewals, not rebinding.
        rules = "add table ip t; add chain ip t c { type filter hook prerouting priority 0; }; " \
            "add rule ip t c ip daddr 10.77.0.1 udp dport 67 drop"
        result = self.network.run("srv", "nft", rules)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.addCleanup(self.network.run, "srv", "nft", "delete table ip t")
        daemon = self.serve({"bootp": {"lease_time": "24"}})
        with Dhclient(self.network) as client:
            lease = client.start().wait_bound()
            daemon.wait_for("ACK " + lease.address)
            daemon.wait_for("ACK " + lease.address, timeout=40, since=daemon.mark())
            wait_until(lambda: self.network.addresses("cli", "c0") == [lease.address], 10,
                       "the address to stay")


class Start(LeasesTest):
    """Where the file cannot be."""

    def assert_refused(self, daemon, pattern):
        code, out, err = run_binary(self.network, "-c", daemon.config)
        self.assertEqual((code, out), (1, ""), err)
        self.assertRegex(err, pattern)

    def prepare(self, *changes):
        daemon = Bootd(self.network, DURABLE, *changes)
        self.addCleanup(daemon.close)
        return daemon

    def test_the_folder_is_made(self):
        daemon = self.serve({"leases": {"file": "state/leases.db"}})
        self.raw.lease(MACHINE)
        daemon.stop()
        self.assertTrue(os.path.exists(os.path.join(daemon.folder, "state/leases.db")))

    def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(self):
        daemon = self.prepare({"leases": {"file": "none/such/leases.db"}})
        self.assert_refused(daemon, r"\[leases\] file: the folder .*/none/such is not there and "
                                    r"cannot be made.*type = memory")

    def test_a_file_that_another_bootd_has_open_is_named(self):
        daemon = self.serve()
        second = self.prepare({"leases": {"file": os.path.join(daemon.folder, "leases.db")},
                               "bootp": {"port": "6767"}, "tftp": {"port": "6969"}})
        self.assert_refused(second, r"another bootd has .*/leases.db open")

    def test_another_programs_database_is_left_alone(self):
        daemon = self.prepare()
        path = os.path.join(daemon.folder, "leases.db")
        with contextlib.closing(sqlite3.connect(path)) as file:
            file.execute("CREATE TABLE mine (number)")
            file.commit()
        with open(path, "rb") as file:
            before = file.read()
        self.assert_refused(daemon, "is a database of another program")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_a_check_opens_no_file(self):
        daemon = self.serve()
        code, _, err = run_binary(self.network, "-c", daemon.config, "--check")
        self.assertEqual(code, 0, err)

    def test_a_reload_keeps_the_leases_and_changes_the_pool(self):
        daemon = self.serve({"bootp": {"pool_count": "10"}})
        got = self.raw.lease(MACHINE).message.yiaddr
        daemon.configure(DURABLE, {"bootp": {"pool_start": "10.77.0.90", "pool_count": "100"}})
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for("reloaded")
        self.assert_is_told(ACK, claim(got, MACHINE), got)
        wish = [(REQUESTED_ADDRESS, ip4("10.77.0.90"))]
        self.assertEqual(self.raw.discover(OTHER, wish).message.yiaddr, "10.77.0.90")

    def test_a_host_waits_for_the_lease_that_another_machine_has_on_its_address(self):
        daemon = self.serve()
        got = self.raw.lease(MACHINE).message.yiaddr
        daemon.configure(DURABLE, {"host late": {"mac": "52-54-00-77-06-02", "address": got}})
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for("reloaded")
        meanwhile = self.raw.lease(OTHER).message.yiaddr
        self.assertNotEqual(meanwhile, got)
        daemon.wait_for("52-54-00-77-06-02: does not get its address " + got)
        code, _, err = run_binary(self.network, "leases", "-c", daemon.config, "release", got)
        self.assertEqual((code, err), (0, ""))
        self.assert_is_told(NAK, claim(meanwhile, OTHER))
        self.assertEqual(self.raw.lease(OTHER).message.yiaddr, got)

    def test_a_reload_to_another_file_is_refused_by_name(self):
        daemon = self.serve()
        daemon.configure(DURABLE, {"leases": {"file": "other.db"}})
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for(r"\[leases\] file: a reload cannot change this")
        self.raw.lease(MACHINE)


if __name__ == "__main__":
    main()
