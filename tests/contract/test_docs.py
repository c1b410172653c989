"""What is generated from the code, and what the pages point at, is current."""
import re
import subprocess

from harness.process import program
from harness.sources import ROOT, tracked


def test_the_page_of_variables_is_what_the_programs_print():
    printed = subprocess.run([program("porterctl"), "config", "docs"], capture_output=True,
                             text=True, check=True).stdout
    page = ROOT / "docs" / "configuration.md"
    assert page.exists() and page.read_text() == printed, (
        "build/dev/bin/porterctl config docs >docs/configuration.md")


def test_the_page_of_errors_is_what_the_gateway_prints():
    printed = subprocess.run([program("gateway"), "--errors-docs"], capture_output=True,
                             text=True, check=True).stdout
    assert (ROOT / "docs" / "errors.md").read_text() == printed, (
        "build/dev/bin/gateway --errors-docs >docs/errors.md")


def test_the_page_of_commands_is_what_porterctl_prints():
    printed = subprocess.run([program("porterctl"), "commands", "docs"], capture_output=True,
                             text=True, check=True).stdout
    assert (ROOT / "docs" / "porterctl.md").read_text() == printed, (
        "build/dev/bin/porterctl commands docs >docs/porterctl.md")


def test_the_page_of_failures_is_what_the_dispatcher_prints():
    printed = subprocess.run([program("dispatcher"), "--failures-docs"], capture_output=True,
                             text=True, check=True).stdout
    assert (ROOT / "docs" / "failures.md").read_text() == printed, (
        "build/dev/bin/dispatcher --failures-docs >docs/failures.md")


def test_the_page_of_metrics_ends_with_what_the_programs_print():
    printed = "".join(
        subprocess.run([program(name), "--metrics-docs"], capture_output=True, text=True,
                       check=True).stdout for name in ("gateway", "dispatcher"))
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert page[page.index("\n## gateway"):] == printed, (
        "keep the page's opening; then append: build/dev/bin/gateway --metrics-docs, "
        "build/dev/bin/dispatcher --metrics-docs")


def test_links_between_pages_lead_somewhere():
    faults = []
    for page in tracked("*.md"):
        text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.S)
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in target and not (page.parent / target).exists():
                faults.append(f"{page.relative_to(ROOT)}: {target}")
    assert faults == []


def test_code_that_pages_name_exists():
    """`scripts/up`, `libs/web/head.c` and the like in backticks are files or folders."""
    faults = []
    pattern = re.compile(r"`((?:libs|services|scripts|tests|db|proto|cmake|bench|docs)/[\w./-]+)`")
    for page in tracked("*.md"):
        for name in pattern.findall(page.read_text()):
            if not (ROOT / name.rstrip("/")).exists() and not name.endswith("."):
                faults.append(f"{page.relative_to(ROOT)}: {name}")
    assert faults == []
