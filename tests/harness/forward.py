"""The other end of inside.py: a Unix socket whose bytes are carried to a local port."""
import socket
import threading


def carry(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # The other side went away: so do we.


class Forward:
    def __init__(self, path, port):
        self.path, self.port = str(path), port
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            outside = socket.create_connection(("127.0.0.1", self.port))
            for pair in ((client, outside), (outside, client)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    def close(self):
        self._listener.close()
