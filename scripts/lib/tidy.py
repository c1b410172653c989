"""Runs clang-tidy over our C files, in parallel; a file whose text, command and rules are those of
a run that was clean is not checked again.

    tidy.py BUILD_DIR      (the build's compile_commands.json says how each file is compiled)
"""
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("libs", "services")


def digest_of_headers():
    """All of our headers together: a change in one checks everything again."""
    whole = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for folder in OURS:
        for file in sorted((ROOT / folder).rglob("*.h")):
            whole.update(file.read_bytes())
    return whole.hexdigest()


def check(build, headers, entry):
    """None when clean, else what clang-tidy says."""
    file = Path(entry["file"])
    words = f"{headers} {entry['command']}".encode() + file.read_bytes()
    stamp = build / "tidy" / hashlib.sha256(words).hexdigest()
    if stamp.exists():
        return None
    done = subprocess.run(["clang-tidy-14", "--quiet", "-p", str(build), str(file)],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        stamp.touch()
        return None
    return done.stdout + "\n".join(
        line for line in done.stderr.splitlines() if "warnings generated" not in line)


def main():
    build = Path(sys.argv[1]).resolve()
    (build / "tidy").mkdir(exist_ok=True)
    commands = json.loads((build / "compile_commands.json").read_text())
    entries = {entry["file"]: entry for entry in commands
               if Path(entry["file"]).is_relative_to(ROOT)
               and Path(entry["file"]).relative_to(ROOT).parts[0] in OURS}
    headers = digest_of_headers()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in
                  pool.map(lambda entry: check(build, headers, entry), entries.values()) if fault]
    print("\n".join(faults))
    print(f"{len(entries) - len(faults)} passed, {len(faults)} failed")
    return 1 if faults else 0


sys.exit(main())
