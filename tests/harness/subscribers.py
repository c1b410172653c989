"""The subscribers of docs/examples/, made ready and started as docs/kafka.md says."""
import os
import re
import shutil
import signal
import subprocess
import sys

from .process import ROOT, Process

PAGE = (ROOT / "docs" / "kafka.md").read_text()


def commands(language):
    """The page's lines for a language: how it is made ready, and how it is started."""
    block = re.search(rf"^### {re.escape(language)}\n.*?```sh\n(.*?)^```", PAGE, re.M | re.S).group(1)
    lines = block.replace("\\\n", " ").strip().splitlines()
    return lines[:-1], lines[-1]


class Subscriber:
    """`settings` are variables of its environment beside its brokers and its group."""

    def __init__(self, language, folder, brokers, group, **settings):
        shutil.copytree(ROOT / "docs" / "examples", folder)
        (folder / "jars").symlink_to(ROOT / ".deps" / "java")
        modules = ROOT / ".deps" / "node" / "node_modules"
        env = {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}", "HOME": str(folder), "LANG": "C.UTF-8",
               "NODE_PATH": f"{modules}:{os.environ.get('NODE_PATH', '')}",
               "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "KAFKA_BROKERS": brokers, "KAFKA_GROUP": group, **settings}
        before, start = commands(language)
        for line in before:
            # Packages are there already, pinned.
            if not re.match("((pip|npm|apt-get|sudo apt-get) install|mvn) ", line):
                subprocess.run(["bash", "-ec", line], cwd=folder, env=env, check=True, timeout=240)  # javac takes its time on a busy machine.
        # The page's line sets its own addresses: here the environment does.
        start = re.sub(r"KAFKA_\w+=\S+ ", "", start)
        self.log = folder / "log"
        self.process = Process(language, ["bash", "-c", f"cd {folder}; {start}"], env, self.log, lambda: True)
        self.process.start()

    def end(self):
        """With all of a pipe."""
        if self.process.is_alive():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()

    def lines(self, text):
        return [line for line in self.log.read_text().splitlines() if text in line] if self.log.exists() else []
