"""The sources, as the contract tests read them."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns):
    """Files of the repository (also new ones not committed yet) that match."""
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in sorted(set(out.splitlines())) if (ROOT / line).exists()]


def statements():
    """{name: (text, is_batch)} of all embedded SQL, read by the builder's own parser."""
    sys.path.insert(0, str(ROOT / "cmake"))
    import embed
    return embed.statements(sorted((ROOT / "libs/store/sql").glob("*.sql")))
