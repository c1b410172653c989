"""The project's own receiver (services/receiver): fast, verifies signatures, writes a line a request."""
import json
from pathlib import Path

import requests

from .process import Process, free_port, port_is_free, program


class FastReceiver(Process):
    """Its port and so its URL are known before it starts, because the webhook's secret is not."""

    def __init__(self, porter, folder=None):
        self.port, self.tls = free_port(), porter.tls
        self.journal = Path(folder or porter.folder) / f"received-{self.port}.jsonl"
        self._porter = porter
        super().__init__("receiver", [], porter.environment(), self.journal.with_suffix(".log"),
                         lambda: not port_is_free(self.port))

    @property
    def url(self):
        return f"https://localhost:{self.port}/hook"

    def start(self, wait=True, secret=None, journal=True):
        if not self.words:
            self.words = [program("receiver"), "--port", str(self.port), "--quiet",
                          "--tls-cert", str(self.tls / "server.pem"), "--tls-key", str(self.tls / "server.key")]
            self.words += ["--secret", secret] if secret else []
            self.words += ["--log", str(self.journal)] if journal else []
        return super().start(wait)

    def stats(self):
        return requests.get(f"https://localhost:{self.port}/stats", timeout=5,
                            verify=str(self.tls / "ca.pem")).json()

    def lines(self):
        """What was received, in order; a last line that is still being written is left out."""
        if not self.journal.exists():
            return []
        text = self.journal.read_text()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]
