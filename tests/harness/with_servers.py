"""Runs a command with a PostgreSQL and a Redis of its own, for unit tests that want real ones
(TEST_DB_URL, TEST_REDIS_URL; not PORTER_…, which programs would take for misspelt settings).

    python3 tests/harness/with_servers.py COMMAND …
"""
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness.servers import Servers  # noqa: E402 (the line above makes it known)


def main():
    servers = Servers.temporary()
    wanted = [servers.postgres, servers.redis]
    try:
        for server in wanted:
            server.start()
        environment = dict(os.environ, TEST_DB_URL=servers.postgres.url,
                           TEST_REDIS_URL=servers.redis.url)
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
    finally:
        servers.stop()


if __name__ == "__main__":
    sys.exit(main())
