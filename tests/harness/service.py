"""What a Service of Kubernetes is to its callers: one address, behind which connections (not requests) are shared out."""
import random
import socket
import threading

from .forward import carry


class Service:
    """As kube-proxy does it: a new connection goes to any of `endpoints` (ports), and one that is open stays where it is
    until an end closes it, whatever becomes of the list. Nobody tries again: an endpoint that is gone, or none at all, is a
    connection reset, as the caller would see it."""

    def __init__(self):
        self.endpoints = []
        self.refused = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def add(self, port):
        self.endpoints = self.endpoints + [port]

    def remove(self, port):
        self.endpoints = [one for one in self.endpoints if one != port]

    def close(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=(client, self.endpoints), daemon=True).start()

    def _lead(self, client, endpoints):
        try:
            server = socket.create_connection(("127.0.0.1", random.choice(endpoints)))
        except (OSError, IndexError):
            self.refused += 1
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
            return
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=carry, args=(server, client), daemon=True)
        back.start()
        carry(client, server)
        back.join()
        client.close()
        server.close()
