"""What is generated from the code, and what the pages point at, is current."""
import re
import subprocess

from harness.process import printed, program
from harness.sources import ROOT, tracked


def test_the_page_of_variables_is_what_the_programs_print():
    told = subprocess.run([program("porterctl"), "config", "docs"], capture_output=True,
                          text=True, check=True).stdout
    page = ROOT / "docs" / "configuration.md"
    assert page.exists() and page.read_text() == told, (
        "build/dev/bin/porterctl config docs >docs/configuration.md")


def test_the_page_of_errors_is_what_the_gateway_prints():
    assert (ROOT / "docs" / "errors.md").read_text() == printed("--errors-docs", "gateway"), (
        "build/dev/bin/gateway --errors-docs >docs/errors.md")


def test_the_page_of_commands_is_what_porterctl_prints():
    told = subprocess.run([program("porterctl"), "commands", "docs"], capture_output=True,
                          text=True, check=True).stdout
    assert (ROOT / "docs" / "porterctl.md").read_text() == told, (
        "build/dev/bin/porterctl commands docs >docs/porterctl.md")


def test_the_page_of_failures_is_what_the_dispatcher_prints():
    assert (ROOT / "docs" / "failures.md").read_text() == printed("--failures-docs", "dispatcher"), (
        "build/dev/bin/dispatcher --failures-docs >docs/failures.md")


def test_the_page_of_metrics_ends_with_what_the_programs_print():
    told = printed("--metrics-docs", "gateway", "dispatcher")
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert page[page.index("\n## gateway"):] == told, (
        "keep the page's opening; then append: build/dev/bin/gateway --metrics-docs, "
        "build/dev/bin/dispatcher --metrics-docs")


def test_the_schema_that_subscribers_take_away_is_made_of_ours():
    told = subprocess.run([ROOT / "scripts" / "kafka-schema"], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "examples" / "porter-events.proto").read_text() == told, (
        "scripts/kafka-schema >docs/examples/porter-events.proto")


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


def test_the_page_of_the_doctors_checks_is_what_porterctl_prints():
    told = subprocess.run([program("porterctl"), "checks", "docs"], capture_output=True,
                          text=True, check=True).stdout
    assert (ROOT / "docs" / "doctor.md").read_text() == told, (
        "build/dev/bin/porterctl checks docs >docs/doctor.md")


def test_pages_say_how_often_gateways_look_at_their_certificate():
    watch_s = re.search(r"#define WATCH_S (\d+)", (ROOT / "services" / "gateway" / "main.c").read_text())[1]
    assert watch_s == "2"
    assert "gateways look every two seconds" in (ROOT / "docs" / "secrets.md").read_text()
    assert "gateways notice within two seconds" in (ROOT / "docs" / "doctor.md").read_text()


def test_tests_that_pages_name_exist():
    """`test_file::test_name` in backticks."""
    faults = []
    for page in tracked("*.md"):
        for file, name in re.findall(r"`(test_\w+)::(test_\w+)", page.read_text()):
            sources = list((ROOT / "tests").glob(f"*/{file}.py"))
            if not any(f"def {name}(" in source.read_text() for source in sources):
                faults.append(f"{page.relative_to(ROOT)}: {file}::{name}")
    assert faults == []
