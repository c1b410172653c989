"""A road to a server that can be closed behind a word: what the server answers to it never arrives."""
import socket
import threading
from urllib.parse import urlsplit, urlunsplit


class Gate:
    """`gate.url` leads to where `url` leads. After `swallow(word)`, whoever sends the word gets no
    further bytes on that connection, while the server gets all of them; `swallowed` is set."""

    def __init__(self, url):
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._word = None
        self.swallowed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        user = parts.netloc.rsplit("@", 1)[0] + "@" if "@" in parts.netloc else ""
        self.url = urlunsplit(parts._replace(netloc=f"{user}127.0.0.1:{self._listener.getsockname()[1]}"))
        threading.Thread(target=self._serve, daemon=True).start()

    def swallow(self, word):
        self._word = word

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            deaf = threading.Event()
            threading.Thread(target=self._ask, args=(client, server, deaf), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, deaf), daemon=True).start()

    def _ask(self, client, server, deaf):
        try:
            while data := client.recv(65536):
                if self._word and self._word in data:
                    deaf.set()  # Before the server can answer.
                    self.swallowed.set()
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # The other side went away: so do we.

    def _answer(self, server, client, deaf):
        try:
            while data := server.recv(65536):
                if not deaf.is_set():
                    client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()
