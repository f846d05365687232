"""The tree on a web server, nginx, instead of in a folder: bootd has to fetch all that it serves."""

import contextlib
import os
import posixpath
import shutil
import socket
import subprocess
import time
import urllib.parse
from collections import Counter
from pathlib import Path

from .problem import Problem
from .processes import running

ADDRESS, PORT = "127.0.0.1", 8000
PLACE = "netboot"
START_S = 10
ACCESS_LOG, ERROR_LOG = LOGS = ("nginx-access.log", "nginx-error.log")

NGINX_CONFIG = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
http {{
  log_format plain '$request_method $status $body_bytes_sent $request_uri';
  access_log {folder}/{log} plain;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  sendfile on;
  server {{
    listen {address}:{port};
    location /{place}/ {{ alias {tree}/; }}
  }}
}}
"""


def root_url():
    """What bootd's root is."""
    return f"http://{ADDRESS}:{PORT}/{PLACE}"


def find_nginx(build_folder):
    """The installed one or Debian's package, unpacked: installing it would start its service."""
    if shutil.which("nginx"):
        return shutil.which("nginx")
    place = Path(build_folder) / "nginx"
    if not (place / "usr/sbin/nginx").exists():
        place.mkdir(parents=True, exist_ok=True)
        run_in(place, "apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "nginx")
        for package in place.glob("nginx_*.deb"):
            run_in(place, "dpkg-deb", "-x", package.name, ".")
    return place / "usr/sbin/nginx"


def run_in(folder, *words):
    result = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Problem(f"nginx cannot be had: '{' '.join(words)}' failed: {result.stderr.strip()}")


class Web:
    """nginx with the tree, and what it was asked."""

    def __init__(self, nginx, folder, tree):
        self._nginx = nginx
        self._folder = folder
        self._tree = tree

    @contextlib.contextmanager
    def serving(self):
        """nginx, for the length of a with block."""
        config = self._folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(folder=self._folder, log=ACCESS_LOG, address=ADDRESS,
                                              port=PORT, place=PLACE, tree=self._tree))
        command = [self._nginx, "-c", config, "-p", self._folder, "-e", "stderr"]
        with running("nginx", command, self._folder / ERROR_LOG, self._folder) as child:
            wait_for_port(child)
            yield

    def asked(self):
        """The requests so far: (method, status, bytes of the body, name below the root)."""
        log = self._folder / ACCESS_LOG
        for line in log.read_text().splitlines() if log.exists() else ():
            method, status, size, target = line.split(" ", 3)
            name = urllib.parse.unquote(target).removeprefix(f"/{PLACE}/")
            yield method, int(status), int(size), name

    def complaint(self, sent_files):
        """What is wrong with the requests, as a sentence; empty: each file that bootd has sent was
        asked for once and in whole, and no other way."""
        found = Counter()
        for method, status, size, name in self.asked():
            if method != "GET":
                return f"nginx was asked for {name} by {method}"
            if status not in (200, 404):
                return f"nginx answered {status} for {name}"
            if status == 200:
                found[name] += 1
                if size != os.path.getsize(self._tree / name):
                    return f"nginx sent {size} bytes of {name}, which is not all of it"
        twice = [name for name, count in found.items() if count > 1]
        if twice:
            return f"nginx was asked {found[twice[0]]} times for {twice[0]}"
        # Loaders ask by "/name" and "\\name", too. Those of [ipxe] are bootd's own.
        sent = {posixpath.normpath(name.replace("\\", "/")).lstrip("/") for name in sent_files
                if not name.startswith("ipxe/")}
        strangers = sent ^ set(found)
        if strangers:
            return f"nginx and bootd do not agree on having sent {', '.join(sorted(strangers))}"
        return ""

    def count(self):
        """How many files it sent."""
        return sum(status == 200 for _, status, _, _ in self.asked())


def wait_for_port(child):
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection((ADDRESS, PORT), 1):
            return
        if child.exit_code() is not None or time.monotonic() > deadline:
            raise Problem("nginx does not start: " + child.log_path.read_text().strip())
        child.read_lines()
        time.sleep(0.05)
