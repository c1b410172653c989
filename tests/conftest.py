"""What a run says of failures: each at once, in a line; and as its last words every one in a few lines, where a reader of a
long log looks first, with their names, a line each, in the file FAILED_TESTS_FILE for whoever tries them again ("once NAME": nobody should)."""
import os

import pytest

LINES, COLUMNS = 12, 240


class AtOnce:
    def __init__(self, reporter):
        self.reporter = reporter

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.reporter.ensure_newline()
            self.reporter.write_line(f"  not well: {report.nodeid} ({_when(report)}): {''.join(_message(report).splitlines()[:1])}"[:COLUMNS])


@pytest.hookimpl(trylast=True)  # Behind the reporter's own.
def pytest_configure(config):
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter and not hasattr(config, "workerinput"):
        config.pluginmanager.register(AtOnce(reporter))


def pytest_terminal_summary(terminalreporter, config):
    failed = [report for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, [])]
    if failed:
        terminalreporter.section("in short")
    if os.environ.get("FAILED_TESTS_FILE") and not hasattr(config, "workerinput"):  # One of xdist's workers.
        with open(os.environ["FAILED_TESTS_FILE"], "a", encoding="utf-8") as names:
            names.writelines(f"{name}\n" for name in dict.fromkeys(map(_again, failed)))
    for report in failed:
        terminalreporter.write_line(f"FAILED {report.nodeid} ({_when(report)})")
        said = _message(report).splitlines()
        if len(said) > LINES:  # What was wrong comes first, what came of it last.
            said = said[:LINES // 2] + ["…"] + said[-LINES // 2:]
        for line in said:
            terminalreporter.write_line(f"  {line[:COLUMNS]}")


def _again(report):
    return f"once {report.nodeid}" if "once" in getattr(report, "keywords", {}) else report.nodeid


def _when(report):
    """A file that could not be read has no time of its own."""
    return f"{report.when}, {report.duration:.1f} s" if hasattr(report, "duration") else "before any test"


def _message(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    return f"{crash.path}:{crash.lineno}: {crash.message}" if crash else str(report.longrepr or "")
