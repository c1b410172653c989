"""scripts/test tries at most three failed black-box tests once more; nothing else may make a part that failed a good one."""
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The script's own functions around a pytest that ends as told: $1 words for pytest, then per run its exit status, what it
# says, and whom it writes down.
SCRIPT = r"""
source /dev/stdin <<<"$(sed -e '/^main "\$@"$/d' -e "s#\$(dirname \"\${BASH_SOURCE\[0\]}\")#$ROOT/scripts#" "$ROOT/scripts/test")"
set +e
LOGS=$FOLDER PYTEST_WORDS=($1) at=2
words=("$@")
build_preset() { :; }
seen() { :; }
run_pytest()
{
    local status=${words[at - 1]} says=${words[at]} whom=${words[at + 1]}
    at=$((at + 3))
    [[ -z $whom || -z $FAILED_TESTS_FILE ]] || tr ';' '\n' <<<"$whom" >>"$FAILED_TESTS_FILE"
    echo "===== $says in 1.00s ====="
    return "$status"
}
part_integration >"$LOGS/log"
RESULT_OF[integration]=$( (($? == 0)) && echo ok || echo FAILED)
count integration "$LOGS/log"
echo "${RESULT_OF[integration]} ${PASSED_OF[integration]} ${FAILED_OF[integration]} ${AGAIN_OF[integration]} $(((at - 2) / 3))"
"""

GOOD = (0, "3 passed", "")


@pytest.mark.parametrize("runs, words, outcome", [
    ([(0, "9 passed", ""), GOOD], "", ("ok", 12, 0, 0, 2)),
    ([(1, "1 failed, 8 passed", "a.py::b"), GOOD, (0, "1 passed", "")], "", ("ok", 12, 0, 1, 3)),
    ([(1, "1 failed, 8 passed, 1 error", "a.py::b"), GOOD, (0, "1 passed", "")], "", ("ok", 12, 0, 1, 3)),
    ([(1, "1 failed, 8 passed", "a.py::b"), GOOD, (1, "1 failed", "")], "", ("FAILED", 11, 1, 0, 3)),
    ([(1, "4 failed, 8 passed", "a;b;c;d"), GOOD], "", ("FAILED", 11, 4, 0, 2)),
    ([(1, "1 failed, 8 passed", "once a.py::b"), GOOD], "", ("FAILED", 11, 1, 0, 2)),
    ([(1, "1 failed, 8 passed", "a.py::b"), GOOD], "-x", ("FAILED", 11, 1, 0, 2)),
    ([(3, "5 passed", ""), (1, "1 failed, 2 passed", "a.py::b")], "", ("FAILED", 7, 1, 0, 2)),
    ([(1, "9 passed", ""), GOOD], "", ("FAILED", 12, 1, 0, 2)),
    ([(5, "9 deselected", ""), GOOD], "", ("ok", 3, 0, 0, 2)),
], ids=["good", "second time", "and its end", "twice", "four", "once", "words", "pytest died", "nobody named", "none of the kind"])
def test_what_a_part_is_said_to_be(tmp_path, runs, words, outcome):
    done = subprocess.run(["bash", "-c", SCRIPT, "bash", words, *(str(word) for run in runs for word in run)],
                          env={"PATH": "/usr/bin:/bin", "ROOT": str(ROOT), "FOLDER": str(tmp_path), "HOME": str(tmp_path)},
                          capture_output=True, text=True, check=False)
    assert done.stdout.split() == [str(word) for word in outcome], done.stderr
