"""Which documented answers has no test seen?

    python -m harness.seen clear     before a whole run of the integration tests
    python -m harness.seen           after it: names what is missing, and fails when there is any
"""
import shutil
import sys

from .contract import SEEN, contract

# Our own failures: made by hand in tests of outages, not on each address.
NOT_EVERYWHERE = {500, 503}
# Only when somebody was quicker three times in a row: nobody can make that happen.
RACES = {("update_webhook", 409), ("delete_webhook", 409)}


def documented():
    return {(operation["operationId"], int(status))
            for operation in contract().operations.values() for status in operation["responses"]}


def seen():
    pairs = set()
    for file in SEEN.glob("*"):
        for line in file.read_text().splitlines():
            name, status = line.split()
            pairs.add((name, int(status)))
    return pairs


def main():
    if sys.argv[1:] == ["clear"]:
        shutil.rmtree(SEEN, ignore_errors=True)
        return 0
    wanted = {pair for pair in documented() if pair[1] not in NOT_EVERYWHERE} - RACES
    missing = sorted(wanted - seen())
    for name, status in missing:
        print(f"ERROR no test has seen {status} of {name}")
    print(f"{len(wanted) - len(missing)} passed, {len(missing)} failed")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
