"""Turns SQL statements and text files into C (see Embed.cmake).

    embed.py sql  NAME OUT FILE.sql …
    embed.py text NAME OUT FILE …
    embed.py comments NAME OUT FILE.proto …

A statement begins with a line `-- name: some_name` and may carry `-- batch: yes` (it may share a
transaction with other callers' statements, see libs/db/db.h). Its parameter count is the highest $n.
"""
import re
import sys
from pathlib import Path

NAME = re.compile(r"^-- name:\s*([a-z][a-z0-9_]*)\s*$")
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


def statements(files):
    found = {}
    for file in files:
        name, batch, lines = None, False, []

        def close():
            if name is None:
                return
            text = "\n".join(lines).strip().rstrip(";")
            if not text:
                sys.exit(f"{file}: statement {name} is empty")
            if name in found:
                sys.exit(f"{file}: statement {name} is there twice")
            found[name] = (text, batch)

        for line in Path(file).read_text().splitlines():
            if m := NAME.match(line):
                close()
                name, batch, lines = m.group(1), False, []
            elif m := BATCH.match(line):
                batch = m.group(1) == "yes"
            elif line.lstrip().startswith("--"):
                continue
            elif name is not None and line.strip():
                lines.append(line.rstrip())
            elif line.strip():
                sys.exit(f"{file}: text before the first '-- name:'")
        close()
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
    body = [f'#include "{name}_sql.h"', ""]
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
