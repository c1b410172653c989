"""Runs a command where a host name and port 443 lead to a test's gateway.

    unshare --user --map-root-user --net --mount  python3 inside.py HOST SOCKET COMMAND …

We are in a network and mount namespace of our own: /etc/hosts there names HOST as 127.0.0.1, and
port 443 there is carried, byte by byte, to the Unix socket SOCKET outside. The command's own code,
its name resolution and its TLS are the real ones; nothing on the machine changes.
"""
import os
import socket
import subprocess
import sys
import tempfile
import threading


def carry(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # The other side went away: so do we.


def serve(listener, path):
    while True:
        client, _ = listener.accept()
        outside = socket.socket(socket.AF_UNIX)
        outside.connect(path)
        for pair in ((client, outside), (outside, client)):
            threading.Thread(target=carry, args=pair, daemon=True).start()


def main():
    host, path, *command = sys.argv[1:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".hosts") as hosts:
        hosts.write(f"127.0.0.1 localhost {host}\n")
        hosts.flush()
        os.chmod(hosts.name, 0o644)
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
        listener = socket.create_server(("127.0.0.1", 443))
        threading.Thread(target=serve, args=(listener, path), daemon=True).start()
        sys.exit(subprocess.run(command, check=False).returncode)


main()
