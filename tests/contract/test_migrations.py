"""Programs of the version before go on while a migration runs, and after it: db/README.md, "Expand, then contract"."""
import re

import pytest

from harness.sources import ROOT

FILES = sorted((ROOT / "db" / "migrations").glob("*.sql"))
# The first ones were there before anything ran that they could have disturbed.
HELD_FROM = 16
# What takes away, renames, or asks for more than programs give that know nothing of it; or writes a whole table anew.
REFUSED = {
    "drops what old programs may use": r"\bDROP (?!DEFAULT|EXPRESSION)",
    "renames what old programs use": r"\bRENAME\b",
    "changes a column's type": r"\b(SET DATA )?TYPE \w",
    "refuses rows that old programs write": r"\bSET NOT NULL\b|\bADD (CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)\b|^CREATE UNIQUE INDEX",
    "empties a table": r"^TRUNCATE",
    "writes the whole table anew": r"\bADD COLUMN [^,]*(\bDEFAULT [^,]*\w\(|\bGENERATED ALWAYS AS \()|\bADD COLUMN \w+ (big|small)?serial\b|\bSET (UN)?LOGGED\b",
}
NAMES = r"(?:ALTER TABLE|CREATE UNIQUE INDEX \w+ ON|TRUNCATE(?: TABLE)?|DROP TABLE) (?:IF EXISTS )?(?:ONLY )?(\w+)"


def statements(text):
    """(comment before it, statement) of each, without comments, strings and bodies of functions, in one line."""
    text = re.sub(r"\$(\w*)\$.*?\$\1\$", "BODY", text, flags=re.S)
    text = re.sub(r"'(?:[^']|'')*'", "''", re.sub(r"--[^\n]*", lambda comment: comment[0].replace("'", "").replace(";", ""), text))
    for part in text.split(";"):
        plain = re.sub(r"--[^\n]*", "", part)
        if plain.strip():
            yield "\n".join(re.findall(r"--[^\n]*", part)), " ".join(plain.split())


def release():
    """(0, 1, 0) of the version that is being made."""
    version = re.search(r"project\(porter VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    return tuple(map(int, version.split(".")))


def is_contract(comment):
    """-- contract: 0.1.0      the release from which on no program uses it; that one is out already."""
    marked = re.search(r"-- contract: (\d+)\.(\d+)\.(\d+)\b", comment)
    return bool(marked) and tuple(map(int, marked.groups())) < release()


def faults(text):
    """Why old programs would suffer from this migration; tables and functions that it makes itself are nobody's yet."""
    made = set(re.findall(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", "\n".join(one for _, one in statements(text)), re.M))
    found = []
    for comment, one in statements(text):
        named = re.match(NAMES, one)
        if is_contract(comment) or named and named[1] in made or re.match(r"CREATE (?!UNIQUE INDEX)", one):
            continue
        found += [f"{why}: {one}" for why, words in REFUSED.items() if re.search(words, one, re.I)]
        for column in re.split(r",\s*(?=ADD )", one) if one.startswith("ALTER TABLE") else []:
            if re.search(r"\bADD COLUMN\b.*\bNOT NULL\b", column) and "DEFAULT" not in column:
                found.append(f"wants a value that old programs don't write: {column}")
    return found


@pytest.mark.parametrize("file", FILES[HELD_FROM - 1:], ids=lambda file: file.name)
def test_programs_of_the_version_before_can_go_on(file):
    assert faults(file.read_text()) == []


@pytest.mark.parametrize("text", [
    "DROP TABLE visitors;", "ALTER TABLE visitors DROP COLUMN host;", "DROP INDEX visitors_search;", "DROP FUNCTION porter_search(uuid);",
    "ALTER TABLE visitors RENAME COLUMN host TO host_name;", "ALTER TABLE visitors RENAME TO guests;",
    "ALTER TABLE visitors ALTER COLUMN host TYPE bigint USING 0;", "ALTER TABLE visitors ALTER host SET DATA TYPE text;",
    "ALTER TABLE visitors ADD COLUMN a text, ADD COLUMN b text NOT NULL;", "ALTER TABLE visitors ALTER COLUMN host SET NOT NULL;",
    "ALTER TABLE visitors ADD CONSTRAINT c CHECK (host <> '') NOT VALID;", "CREATE UNIQUE INDEX one ON visitors (email);",
    "ALTER TABLE visitors ADD COLUMN a uuid NOT NULL DEFAULT gen_random_uuid();", "TRUNCATE visitors;",
    "CREATE TABLE made (a int);\nALTER TABLE visitors ADD COLUMN a text NOT NULL;", "-- contract: 99.0.0\nDROP TABLE visitors;",
    "ALTER TABLE visitors ADD COLUMN a text GENERATED ALWAYS AS (host) STORED;", "ALTER TABLE visitors ADD COLUMN a bigserial;",
])
def test_what_would_disturb_them_is_refused(text):
    assert faults(text)


@pytest.mark.parametrize("text", [
    "ALTER TABLE visitors ADD COLUMN a text NOT NULL DEFAULT '', ADD COLUMN b int;", "CREATE INDEX one ON visitors (host); -- DROP TABLE x;",
    "CREATE TABLE made (a text NOT NULL);\nCREATE UNIQUE INDEX one ON made (a);\nALTER TABLE made ADD CHECK (a <> 'DROP TABLE');",
    "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP TABLE x'; END $$;",
    "-- contract: 0.0.9 (nothing reads it)\nALTER TABLE visitors DROP COLUMN host;",
])
def test_what_they_do_not_notice_is_taken(text):
    assert faults(text) == []
