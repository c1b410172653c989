"""Turns SQL statements and text files into C (see Embed.cmake).

    embed.py sql  NAME OUT FILE.sql …
    embed.py text NAME OUT FILE …
    embed.py comments NAME OUT FILE.proto …

A statement begins with a line `-- name: some_name` and may carry `-- batch: yes` (it may share a
transaction with other callers' statements, see libs/db/db.h). Its parameter count is the highest $n.

What several statements share is a part, and statements that differ in some words are written once:

    -- part: fits                         its text takes the place of {fits} below, in the same file
    v.status = ANY ($2)
    -- name: list_{key}_{way}             four statements: list_created_at_desc …
    -- each: key = created_at ; expected_at
    -- each: way, beyond = desc | < ; asc | >
    SELECT … WHERE {fits} AND v.{key} {beyond} $3 ORDER BY v.{key} {way}
"""
import itertools
import re
import sys
from pathlib import Path

NAME = re.compile(r"^-- (name|part):\s*([a-z{][a-z0-9_{}]*)\s*$")
EACH = re.compile(r"^-- each:\s*([a-z_, ]+?)\s*=\s*(.*)$")
HOLE = re.compile(r"\{([a-z_]+)\}")
BATCH = re.compile(r"^-- batch:\s*(yes|no)\s*$")


def literal(text):
    """C string literal, one source line per text line."""
    rows = []
    for line in text.splitlines(keepends=True):
        body = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        body = body.replace("\t", "\\t").replace("\r", "\\r").replace("?", "\\?")
        # Bytes outside ASCII as octal, so that the C file is plain.
        body = "".join(
            c if ord(c) < 128 else "".join(f"\\{b:03o}" for b in c.encode()) for c in body
        )
        rows.append(f'    "{body}"')
    return "\n".join(rows) if rows else '    ""'


def each_value(words, choices):
    """The rows of one "-- each:" line, as dictionaries."""
    names = [name.strip() for name in words.split(",")]
    rows = [[value.strip() for value in row.split("|")] for row in choices.split(";")]
    if any(len(row) != len(names) for row in rows):
        sys.exit(f"-- each: {words}: every row has {len(names)} values")
    return [dict(zip(names, row)) for row in rows]


def filled(text, words, file):
    """The text with its holes filled, and those of what filled them."""
    def value(hole):
        if hole[1] not in words:
            sys.exit(f"{file}: nothing is called {{{hole[1]}}}")
        return filled(words[hole[1]], words, file)
    return HOLE.sub(value, text)


def blocks(file):
    """(kind, name, is_batch, each, text) in the order of the file."""
    found = []
    for line in Path(file).read_text().splitlines():
        if m := NAME.match(line):
            found.append([m.group(1), m.group(2), False, [], []])
        elif m := BATCH.match(line):
            found[-1][2] = m.group(1) == "yes"
        elif m := EACH.match(line):
            found[-1][3].append(each_value(*m.groups()))
        elif line.lstrip().startswith("--") or not line.strip():
            continue
        elif found:
            found[-1][4].append(line.rstrip())
        else:
            sys.exit(f"{file}: text before the first '-- name:'")
    return found


def statements(files):
    """{name: (text, is_batch)}"""
    found = {}
    for file in files:
        parts = {}
        for kind, name, batch, each, lines in blocks(file):
            text = "\n".join(lines).strip().rstrip(";")
            if not text:
                sys.exit(f"{file}: {kind} {name} is empty")
            if kind == "part":
                parts[name] = text
                continue
            for choice in itertools.product(*each):
                words = {**parts, **{k: v for row in choice for k, v in row.items()}}
                key = filled(name, words, file)
                if key in found:
                    sys.exit(f"{file}: statement {key} is there twice")
                found[key] = (filled(text, words, file), batch)
    return found


def write(path, text):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def emit_sql(name, out, files):
    found = statements(files)
    head = [f"/* Made by cmake/embed.py from the .sql files of {name}. */",
            f"#ifndef PORTER_EMBED_{name.upper()}_SQL_H",
            f"#define PORTER_EMBED_{name.upper()}_SQL_H", '#include "db/db.h"', ""]
    # As below: a statement may be long, too.
    body = [f'#include "{name}_sql.h"', "", '#pragma GCC diagnostic ignored "-Woverlength-strings"']
    for key, (text, batch) in found.items():
        count = max([int(n) for n in re.findall(r"\$(\d+)", text)], default=0)
        head.append(f"extern const struct sql sql_{key};")
        body.append(f'const struct sql sql_{key} = {{\n    "{key}",\n{literal(text)},\n'
                    f"    {count}, {'true' if batch else 'false'}}};")
    head += ["", f"extern const struct sql *const {name}_statements[];",
             f"extern const size_t {name}_statement_count;", "#endif"]
    body.append(f"const struct sql *const {name}_statements[] = {{")
    body += [f"    &sql_{key}," for key in found] + ["};"]
    body.append(f"const size_t {name}_statement_count = {len(found)};")
    write(out + ".h", "\n".join(head) + "\n")
    write(out + ".c", "\n".join(body) + "\n")


def emit_text(name, out, files):
    head = [f"/* Made by cmake/embed.py. */", f"#ifndef PORTER_EMBED_{name.upper()}_TEXT_H",
            f"#define PORTER_EMBED_{name.upper()}_TEXT_H", "#include <stddef.h>",
            '#include "base/embedded.h"', "",
            f"extern const struct embedded {name}_texts[];",
            f"extern const size_t {name}_text_count;", "#endif"]
    # A C literal may be long; gcc and clang both take it, -Woverlength-strings is pedantic only.
    body = [f'#include "{name}_text.h"', "",
            '#pragma GCC diagnostic ignored "-Woverlength-strings"',
            f"const struct embedded {name}_texts[] = {{"]
    for file in files:
        text = Path(file).read_text()
        body.append(f'    {{"{Path(file).name}",\n{literal(text)},\n     {len(text.encode())}}},')
    body += ["};", f"const size_t {name}_text_count = {len(files)};"]
    write(out + ".h", "\n".join(head) + "\n")
    write(out + ".c", "\n".join(body) + "\n")


FIELD = re.compile(r"(\w+)\s*=\s*\d+\s*[;\[]")
BLOCK = re.compile(r"^\s*(?:message|enum)\s+(\w+)\s*{")


def comments(file):
    """(type, field or None, text) of every comment that stands directly above a message or field.
    The file's own first comment is that of the message it is named after."""
    lines = Path(file).read_text().splitlines()
    stem = "".join(word.capitalize() for word in Path(file).stem.split("_"))
    found, above, open_types = [], [], []
    first = []
    for line in lines:
        if not line.startswith("//"):
            break
        first.append(line[2:].strip())
    if first:
        found.append((stem, None, " ".join(first)))
    for line in lines:
        words = line.strip()
        if words.startswith("//"):
            above.append(words[2:].strip())
            continue
        if m := BLOCK.match(line):
            open_types.append(m.group(1))
            if above:
                found.append((m.group(1), None, " ".join(above)))
        elif words.startswith("oneof"):
            open_types.append(open_types[-1])
        elif words.startswith("}"):
            open_types.pop()
        elif open_types and above and (m := FIELD.search(line)):
            found.append((open_types[-1], m.group(1), " ".join(above)))
        above = []
    return found


def emit_comments(name, out, files):
    head = ["/* Made by cmake/embed.py. */", f"#ifndef PORTER_EMBED_{name.upper()}_COMMENTS_H",
            f"#define PORTER_EMBED_{name.upper()}_COMMENTS_H", "#include <stddef.h>",
            '#include "base/embedded.h"', "",
            f"extern const struct comment {name}_comments[];",
            f"extern const size_t {name}_comment_count;", "#endif"]
    rows = [row for file in files for row in comments(file)]
    body = [f'#include "{name}_comments.h"', "", f"const struct comment {name}_comments[] = {{"]
    for kind, field, text in rows:
        where = f'"{field}"' if field else "NULL"
        body.append(f'    {{"{kind}", {where},\n{literal(text)}}},')
    body += ["};", f"const size_t {name}_comment_count = {len(rows)};"]
    write(out + ".h", "\n".join(head) + "\n")
    write(out + ".c", "\n".join(body) + "\n")


def main():
    kind, name, out, *files = sys.argv[1:]
    {"sql": emit_sql, "text": emit_text, "comments": emit_comments}[kind](name, out, sorted(files))


if __name__ == "__main__":
    main()
