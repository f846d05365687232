"""A cable that loses frames, and one end of a cable that listens. Neither needs a kernel module."""

import random
import select
import threading

ETHERTYPE_AT, PROTOCOL_AT = slice(12, 14), 23


class LossyCable:
    """Joins two (namespace, interface) pairs; of UDP frames, it loses the given share."""

    def __init__(self, network, one, other, loss, seed):
        self._sockets = [network.raw_socket(*one), network.raw_socket(*other)]
        self._loss = loss
        self._random = random.Random(seed)
        self._end = threading.Event()
        self.lost = self.carried = 0
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        for sock in self._sockets:
            sock.close()

    def _is_lost(self, frame):
        is_udp = frame[ETHERTYPE_AT] == b"\x08\x00" and frame[PROTOCOL_AT] == 17
        return is_udp and self._random.random() < self._loss

    def _carry(self):
        one, other = self._sockets
        while not self._end.is_set():
            for sock in select.select(self._sockets, [], [], 0.2)[0]:
                frame, (_, _, kind, *_) = sock.recvfrom(65536)
                if kind == 4:  # PACKET_OUTGOING: what this cable itself has put there
                    continue
                if self._is_lost(frame):
                    self.lost += 1
                else:
                    self.carried += 1
                    (other if sock is one else one).send(frame)


class Sniffer:
    """Collects the frames on an interface until stopped, as a context manager."""

    def __init__(self, network, namespace, port):
        self._socket = network.raw_socket(namespace, port)
        self._end = threading.Event()
        self.frames = []
        self._thread = threading.Thread(target=self._collect, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        self._socket.close()

    def _collect(self):
        while True:
            is_over = self._end.is_set()
            if not select.select([self._socket], [], [], 0 if is_over else 0.1)[0]:
                if is_over:
                    return
                continue
            self.frames.append(self._socket.recv(65536))
