"""What no source may hold: functions that overflow or lie, the database's own clock, words that
promise work for later, traces of the machine it was written on."""
import re

import pytest

from harness.sources import ROOT, statements, tracked

COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
FORBIDDEN = ("strcpy", "strcat", "sprintf", "vsprintf", "strtok", "atoi", "atol", "atof", "gets",
             "strncpy", "strncat", "alloca", "setjmp", "longjmp", "system", "popen", "tmpnam",
             "mktemp", "rand", "srand", "gmtime", "localtime", "ctime", "asctime")
LIMIT_LINES = 500


def code_of(file):
    """The file with comments and string literals blanked, lines kept."""
    return COMMENT_OR_TEXT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), file.read_text())


def hits(pattern, *patterns, read=code_of):
    found = []
    for file in tracked(*patterns):
        for number, line in enumerate(read(file).splitlines(), 1):
            if re.search(pattern, line):
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()}")
    return found


def test_no_function_that_overflows_or_shares_a_static_buffer():
    words = "|".join(FORBIDDEN)
    assert hits(rf"(?<![\w>.])({words})\s*\(", "libs/*.[ch]", "services/*.[ch]") == []


def test_no_allocation_that_can_answer_null():
    """mem_new and its like stop the process when memory is out; malloc would need a check."""
    found = hits(r"(?<![\w>.])(malloc|calloc|realloc|strdup|strndup|asprintf)\s*\(", "libs/*.[ch]",
                 "services/*.[ch]")
    assert [hit for hit in found if not hit.startswith("libs/base/")] == []


def test_no_macro_hides_a_jump():
    found = []
    for file in tracked("libs/*.[ch]", "services/*.[ch]"):
        for match in re.finditer(r"^[ \t]*#[ \t]*define\b(?:.*\\\n)*.*", code_of(file), re.M):
            if re.search(r"\b(return|goto)\b", match.group()):
                found.append(f"{file.relative_to(ROOT)}: {match.group().splitlines()[0]}")
    assert found == []


def test_libraries_never_print():
    found = hits(r"(?<![\w>.])(printf|puts|putchar|perror|fprintf|syslog)\s*\(", "libs/*.[ch]")
    allowed = ("libs/base/err.c", "libs/crypt/engine.c")  # Last words before abort().
    assert [hit for hit in found if not hit.startswith(allowed)] == []


def test_no_field_of_a_log_line_has_the_name_of_one_that_every_line_has():
    """Of two members with one name a reader of JSON keeps the last."""
    found = hits(r'LOG_[A-Z]+\("(time|level|service|event)"', "services/*.[ch]", read=read_text)
    assert found == []


def test_no_file_is_longer_than_the_limit():
    long = [f"{file.relative_to(ROOT)}: {count} lines"
            for file in tracked("libs/*.[ch]", "services/*.[ch]")
            if (count := len(file.read_text().splitlines())) > LIMIT_LINES]
    assert long == []


def test_statements_never_ask_the_database_for_the_time():
    clock = re.compile(r"\bnow\s*\(|current_timestamp|clock_timestamp|statement_timestamp|"
                       r"current_date|localtime", re.I)
    assert [name for name, (text, _) in statements().items() if clock.search(text)] == []


def test_no_promise_of_later_work():
    words = "TO" + "DO|FIX" + "ME|XX" + "X"
    assert hits(rf"\b({words})\b", "*", read=read_text) == []


@pytest.mark.parametrize("trace", ["/wo" + "rk/", "/tm" + "p/h/", "issue" + " 3"])
def test_no_trace_of_the_machine_it_was_written_on(trace):
    assert hits(re.escape(trace), "*", read=read_text) == []


def read_text(file):
    try:
        return file.read_text()
    except UnicodeDecodeError:
        return ""
