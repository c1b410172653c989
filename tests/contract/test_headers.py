"""A header can be used from itself alone: it compiles alone, is guarded by its path's name, and
documents what it declares."""
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.sources import ROOT, tracked

BUILD = ROOT / "build" / "dev"
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
         "-x", "c", f"-I{ROOT}/libs", f"-I{ROOT}/services", f"-I{ROOT}/tests",
         f"-isystem{BUILD}/proto", f"-isystem{BUILD}/embed", f"-isystem{ROOT}/.deps/civetweb/include",
         "-isystem/usr/include/postgresql"]


def headers():
    return tracked("libs/*.h", "services/*.h")


@pytest.mark.parametrize("compiler", ["gcc", "clang-14"])
def test_every_header_compiles_alone(compiler):
    assert (BUILD / "proto").exists(), "build the preset dev first: headers need the generated ones"

    def compile_alone(file):
        done = subprocess.run([compiler, *FLAGS, "-"], input=f'#include "{file}"\n', text=True,
                              capture_output=True, check=False)
        return None if done.returncode == 0 else f"{file.relative_to(ROOT)}:\n{done.stderr[:800]}"

    with ThreadPoolExecutor(2) as pool:
        faults = [fault for fault in pool.map(compile_alone, headers()) if fault]
    assert not faults, "\n".join(faults)


def test_every_header_has_the_guard_of_its_path():
    faults = []
    for file in headers():
        place = file.relative_to(ROOT).with_suffix("").parts[1:]
        if place[-1] == place[-2] and len(place) > 2:
            place = place[:-1]  # resources/resources.h needs to say it once.
        guard = "PORTER_" + "_".join(place).upper().replace("-", "_") + "_H"
        text = file.read_text()
        if not re.search(rf"#ifndef {guard}\n#define {guard}\n", text):
            faults.append(f"{file.relative_to(ROOT)}: wants #ifndef {guard}")
    assert not faults, "\n".join(faults)


def test_every_source_opens_with_its_purpose():
    faults = [str(file.relative_to(ROOT))
              for file in tracked("libs/*.[ch]", "services/*.[ch]")
              if not file.read_text().lstrip().startswith(("/*", "//"))]
    assert not faults, "no purpose sentence: " + ", ".join(faults)
