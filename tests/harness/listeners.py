"""Ports that nobody should knock at: each counts who did."""
import selectors
import socket
import threading

from .process import free_port


class Listeners:
    """Each open() listens on every address of the machine, v4 and v6, at a port of its own."""

    def __init__(self):
        self.seen = {}  # port -> addresses that were connected to
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        threading.Thread(target=self._serve, daemon=True).start()

    def open(self, address="::", port=None):
        """The port."""
        port = port or free_port()
        listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, port))
        listener.listen()
        listener.setblocking(False)
        self.seen.setdefault(port, [])
        self._selector.register(listener, selectors.EVENT_READ, port)
        self._wake.send(b"x")  # Or one that is waited for already would not be.
        return port

    def close(self):
        self._wake.close()

    def _serve(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._woken:
                    connection, _ = key.fileobj.accept()
                    self.seen[key.data].append(connection.getsockname()[0])
                    connection.close()
                elif not self._woken.recv(64):
                    for one in list(self._selector.get_map().values()):
                        one.fileobj.close()
                    return
