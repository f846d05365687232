#!/usr/bin/env python3
"""bootd passes every check of tests/tftp_conformance, and leaves out nothing that it may."""

import os
import subprocess

from bootd import REPOSITORY
from harness import EndToEndTest, main
from network import one_server_one_client, run

SCRIPT = os.path.join(REPOSITORY, "tests", "tftp_conformance")
SERVER, SERVER_6 = "10.77.0.1", "fd00:77::1"


class Conformance(EndToEndTest):
    """The script is a client in its own namespace."""

    @classmethod
    def make_network(cls):
        network = one_server_one_client(SERVER + "/24")
        network.add_address("cli", "c0", "10.77.0.2/24")
        network.enable_ip6("srv", "s0", SERVER_6 + "/64")
        network.enable_ip6("cli", "c0", "fd00:77::2/64")
        return network

    def test_every_check_passes_and_nothing_is_unsupported_over_ip4_and_ip6(self):
        # The longest wait of an impatient server, so that its last one is seen in a short test.
        bootd = self.bootd({"logger": {"level": "info"}, "tftp": {"timeout": "2", "address": "::"}})
        run(SCRIPT, "--make-files", bootd.root)
        scripts = [self.network.start("cli", SCRIPT, server, stdout=subprocess.PIPE, text=True,
                                      stdin=subprocess.DEVNULL)
                   for server in (SERVER, SERVER_6)]
        for script in scripts:
            self.check_table(script.communicate()[0].splitlines(), script.returncode)

    def check_table(self, lines, code):
        """All pass, as the last line tells."""
        bad = [line for line in lines if not line.startswith("pass ")]
        self.assertEqual((bad, code), ([f"{len(lines) - 1} pass, 0 FAIL, 0 not supported"], 0),
                         "\n".join(lines))


if __name__ == "__main__":
    main()
