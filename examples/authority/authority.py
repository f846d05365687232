#!/usr/bin/env python3
"""The demonstration authority: a small web server that tells bootd which machines may boot.

Usage: authority.py [CONFIG.INI]

bootd asks GET /boot?mac=...&uuid=... when a machine's firmware starts to boot, and
GET /linux?mac=...&uuid=... when the system that it booted asks for an address. The answer is 200 for
a machine that the configuration lets boot, else 401; the system's stage is granted only to a
machine that was granted the firmware's before.
"""

import configparser
import http.server
import os
import re
import sys
import urllib.parse

TRUE = {"on", "true", "enable", "enabled", "yes", "high", "ok", "1"}
FALSE = {"off", "false", "disable", "disabled", "no", "low", "ko", "0"}
MAC = re.compile(r"[0-9A-F]{2}(-[0-9A-F]{2}){5}")
UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
BOOT, LINUX = "/boot", "/linux"
OK, BAD_REQUEST, UNAUTHORIZED, NOT_FOUND = 200, 400, 401, 404
SILENT_AFTER_S = 10


class ConfigError(Exception):
    """What is wrong with the configuration, in words."""


def canonical(name):
    """A MAC address or UUID as it is compared."""
    text = name.strip().upper()
    return text.replace(":", "-") if len(text) == 17 else text


class Config:
    """What config.ini says."""

    def __init__(self, path):
        # ":" is part of a MAC address, so only "=" separates.
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
        parser.optionxform = canonical
        try:
            with open(path, encoding="utf-8") as file:
                parser.read_file(file)
            self.address = parser.get("httpd", "ADDRESS", fallback="127.0.0.1")
            self.port = parser.getint("httpd", "PORT", fallback=8080)
        except (OSError, ValueError, configparser.Error) as error:
            raise ConfigError(str(error)) from None
        self.macs = self._permissions(parser, "mac", MAC)
        self.uuids = self._permissions(parser, "uuid", UUID)
        self.clients = self._names(parser, "client")
        self.files = self._names(parser, "file")

    @staticmethod
    def _permissions(parser, section, form):
        found = {}
        for key, value in parser.items(section) if parser.has_section(section) else ():
            if not form.fullmatch(key):
                raise ConfigError(f"[{section}] {key}: this is no {section.upper()}")
            if value.lower() not in TRUE | FALSE:
                raise ConfigError(f"[{section}] {key}: '{value}' is neither on nor off")
            found[key] = value.lower() in TRUE
        return found

    @staticmethod
    def _names(parser, section):
        found = dict(parser.items(section)) if parser.has_section(section) else {}
        for key in found:
            if not MAC.fullmatch(key) and not UUID.fullmatch(key):
                raise ConfigError(f"[{section}] {key}: this is neither a MAC nor a UUID")
        return found


class Authority:
    """Who may boot, and how far each machine has come."""

    def __init__(self, config):
        self._config = config
        self._booting = set()

    def check(self, stage, mac, uuid):
        """Whether the machine may go on, and why (not)."""
        told = [rows[name] for rows, name in ((self._config.macs, mac), (self._config.uuids, uuid))
                if name in rows]
        if not told:
            return False, "it is not listed"
        if not all(told):
            return False, "it is forbidden"
        if stage == BOOT:
            self._booting.add(mac)  # only listed machines: it cannot grow beyond the list
            return True, "it may boot"
        if mac not in self._booting:
            return False, "it has not booted from here"
        return True, "its system may start"

    def body(self, mac, uuid):
        """What a machine that may go on is told: its name and its file, where the list has them."""
        lines = ""
        for title, names in (("Client", self._config.clients), ("File", self._config.files)):
            value = names.get(mac, names.get(uuid))
            if value is not None:
                lines += f"{title}: {value}\n"
        return lines


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection. One at a time: requests are short and a silent client is dropped."""

    timeout = SILENT_AFTER_S
    server_version = "bootd-example-authority"
    sys_version = ""

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        arguments = dict(urllib.parse.parse_qsl(url.query))
        mac, uuid = canonical(arguments.get("mac", "")), canonical(arguments.get("uuid", ""))
        if url.path not in (BOOT, LINUX):
            self._answer(NOT_FOUND, mac, f"there is only {BOOT} and {LINUX}")
        elif not MAC.fullmatch(mac) or (uuid and not UUID.fullmatch(uuid)):
            self._answer(BAD_REQUEST, "", "it names no machine: ?mac=AA-BB-CC-DD-EE-FF&uuid=...")
        else:
            is_granted, why = self.server.authority.check(url.path, mac, uuid)
            body = self.server.authority.body(mac, uuid) if is_granted else ""
            self._answer(OK if is_granted else UNAUTHORIZED, mac, why, body)

    def _answer(self, status, mac, why, body=""):
        content = body.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        path = urllib.parse.urlsplit(self.path).path[:40]
        print(f"{status} {path!r} {mac or '-'}: {why}", flush=True)

    def log_message(self, *_):
        """What was answered is printed by _answer."""


class Server(http.server.HTTPServer):
    """The listening socket, with the authority that its handlers ask."""

    def __init__(self, config):
        self.authority = Authority(config)
        super().__init__((config.address, config.port), Handler)

    def handle_error(self, request, client_address):
        print(f"- {client_address[0]}: {sys.exc_info()[1]}", flush=True)


def main():
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "config.ini")
    path = sys.argv[1] if len(sys.argv) == 2 else beside
    if len(sys.argv) > 2:
        sys.exit("usage: authority.py [CONFIG.INI]")
    try:
        server = Server(Config(path))
    except ConfigError as error:
        sys.exit(f"{path}: {error}")
    except (OSError, OverflowError) as error:
        sys.exit(f"{path}: cannot listen there: {error}")
    print("listening on http://{}:{}".format(*server.server_address), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
