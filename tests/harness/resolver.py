"""A name server of the test's own, and programs that ask it and nobody else.

The programs run in a mount namespace in which /etc/resolv.conf, /etc/hosts and /etc/nsswitch.conf are
ours: their resolver, their sockets and their network are the real ones. Port 53 wants root."""
import os
import socket
import struct
import tempfile
import threading
from pathlib import Path

A, CNAME, AAAA = 1, 5, 28
NO_SUCH_NAME = 3
SILENT = object()  # Of a name: whoever asks for it gets no answer.

# $0 is the folder with the three files, $@ the program.
INSIDE = ('for file in resolv.conf hosts nsswitch.conf; do mount --bind "$0/$file" "/etc/$file" || exit 1; done;'
          ' exec "$@"')


class Resolver:
    """`names` maps a name to its addresses ("127.0.0.1", "::1") or to another name ("=other.test"), or is SILENT;
    a function is called with the number of times that the name was looked up before and gives them. `options` are
    those of resolv.conf."""

    def __init__(self, address, names, options="timeout:2 attempts:2"):
        self.address, self.names, self.asked = address, names, []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self.folder = Path(tempfile.mkdtemp(prefix="porter-test-names-"))
        self.folder.chmod(0o755)
        (self.folder / "resolv.conf").write_text(f"nameserver {address}\nsearch .\noptions {options}\n")
        (self.folder / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        (self.folder / "nsswitch.conf").write_text("hosts: files dns\n")
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._socket.close()

    def words(self, *program):
        """The command line that runs the program among these names."""
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        return ["unshare", *user, "--mount", "sh", "-c", INSIDE, str(self.folder), *program]

    def lookups(self, name):
        """How often its v4 addresses were asked for."""
        return self.asked.count((name, A))

    def _serve(self):
        while True:
            try:
                question, client = self._socket.recvfrom(4096)
            except OSError:
                return
            answer = self._answer(question)
            if answer:
                self._socket.sendto(answer, client)

    def _answer(self, question):
        name, end = _read_name(question, 12)
        kind, = struct.unpack_from(">H", question, end)
        if self.names.get(name) is SILENT:
            self.asked.append((name, kind))
            return None
        records = self._records(name, kind)
        self.asked.append((name, kind))
        code = NO_SUCH_NAME if records is None else 0
        head = question[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, len(records or []), 0, 0)
        return head + question[12:end + 4] + b"".join(records or [])

    def _records(self, name, kind):
        """What the name has of this kind; None: there is no such name."""
        values = self.names.get(name)
        if callable(values):
            values = values(self.asked.count((name, kind)))
        if values is None:
            return None
        found = []
        for value in values:
            if value.startswith("="):
                found.append(_record(name, CNAME, _write_name(value[1:])))
                found += self._records(value[1:], kind) or []
            elif kind == (AAAA if ":" in value else A):
                family = socket.AF_INET6 if ":" in value else socket.AF_INET
                found.append(_record(name, kind, socket.inet_pton(family, value)))
        return found


def _read_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii").lower())
        at += packet[at] + 1
    return ".".join(labels), at + 1


def _write_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _record(name, kind, data):
    """Time to live 0: nobody may keep it."""
    return _write_name(name) + struct.pack(">HHIH", kind, 1, 0, len(data)) + data
