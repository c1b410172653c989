"""Makes the dashboard's files ready to be served: names that carry a hash of the content, and the
gzip and br forms (see Dashboard.cmake).

    dashboard.py APP MODULES embed OUT       OUT.c and OUT.h: `dashboard_files[]`
    dashboard.py APP MODULES folder OUT      the plain files, for a look at them

APP is services/dashboard/app, MODULES the node_modules that services/dashboard/package.json names.
A file's hash covers what it imports, because the names it imports by are in it. So modules may not
import each other in a circle.
"""
import gzip
import hashlib
import posixpath
import re
import subprocess
import sys
from pathlib import Path

BASE = "/dashboard/assets/"
# What modules import by name: the file in MODULES, and what is added to it. Styles come with the page.
PACKAGES = {
    "preact": ("preact/dist/preact.mjs", ""),
    "preact/hooks": ("preact/hooks/dist/hooks.mjs", ""),
    "htm": ("htm/dist/htm.mjs", ""),
    "uplot": ("uplot/dist/uPlot.iife.min.js", "export default uPlot;\n"),
    "uqr": ("uqr/dist/index.mjs", ""),
}
STYLES = {"package/uplot.css": "uplot/dist/uPlot.min.css"}
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8"}
IMPORT = re.compile(r"""(\b(?:from|import)\s*)(["'])([^"'\n]+)\2""")
DYNAMIC = re.compile(r"""\bimport\((["'])([^"'\n]+)\1\)""")
SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*\n?", re.MULTILINE)
OPENING = re.compile(r"\A(?:(?://.*|/\*.*\*/)\n)+")  # What a file is for: it is said in the source, and not sent.
HOLE = re.compile(r"^( *)\{\{(\w+)\}\}\n", re.MULTILINE)


class Site:
    def __init__(self, app, modules):
        self.app, self.modules = Path(app), Path(modules)
        self.sources = {}  # path -> text
        self.names = {}  # path -> hashed name
        self.texts = {}  # path -> final text
        for file in sorted(self.app.rglob("*")):
            if file.suffix in TYPES:
                self.sources[file.relative_to(self.app).as_posix()] = OPENING.sub("", file.read_text())
        for path, file in STYLES.items():
            self.sources[path] = (self.modules / file).read_text()

    def package(self, word):
        file, more = PACKAGES[word]
        path = f"package/{word.replace('/', '-')}.js"
        if path not in self.sources:
            self.sources[path] = SOURCE_MAP.sub("", (self.modules / file).read_text()) + more
        return path

    def target(self, path, word):
        """The path that a module's import leads to; None when it is no import but text."""
        if word in PACKAGES:
            return self.package(word)
        if not word.startswith(("./", "../")):
            return None
        found = posixpath.normpath(posixpath.join(posixpath.dirname(path), word))
        if found not in self.sources:
            sys.exit(f"{path}: there is no {word}")
        return found

    def hashed(self, path, above=()):
        """The name of a file, made once."""
        if path in above:
            sys.exit(f"modules import each other in a circle: {' → '.join([*above, path])}")
        if path not in self.names:
            text = self.sources[path]
            if path.endswith(".js"):
                text = IMPORT.sub(lambda hit: self.rewritten(path, hit, (*above, path)), text)
                text = DYNAMIC.sub(lambda hit: self.at_once(path, hit[2], (*above, path)), text)
            self.texts[path] = text
            stem, suffix = posixpath.splitext(posixpath.basename(path))
            self.names[path] = f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:12]}{suffix}"
        return self.names[path]

    def rewritten(self, path, hit, above):
        found = self.target(path, hit[3])
        return hit[0] if found is None else f"{hit[1]}{hit[2]}./{self.hashed(found, above)}{hit[2]}"

    def at_once(self, path, word, above):
        """import() of a module and, beside it, of what it needs: the browser would only find out layer by layer."""
        early = self.closure("main.js")
        wanted = [one for one in self.closure(self.target(path, word)) if one not in early]
        calls = ", ".join(f'import("./{self.hashed(one, above)}")' for one in wanted)
        return calls if len(wanted) == 1 else f"Promise.all([{calls}]).then((all) => all.at(-1))"

    def needs(self, path):
        """The paths that a module imports statically."""
        found = [self.target(path, hit[3]) for hit in IMPORT.finditer(self.sources[path])] if path.endswith(".js") else []
        return [one for one in found if one is not None]

    def closure(self, path):
        """Everything that a module needs before it runs, itself last."""
        found = []
        for one in self.needs(path):
            found += [more for more in self.closure(one) if more not in found]
        return [*found, path]

    def page(self):
        """index.html with the names filled in."""
        self.hashed("main.js")
        styles = [path for path in self.sources if path.endswith(".css")]
        fills = {
            "styles": [f'<link rel="stylesheet" href="{BASE}{self.hashed(path)}">' for path in styles],
            "icon": [f'<link rel="icon" href="{BASE}{self.hashed("icon.svg")}">'],
            "modules": [f'<link rel="modulepreload" href="{BASE}{self.hashed(path)}">'
                        for path in self.closure("main.js")],
            "main": [f'<script type="module" src="{BASE}{self.hashed("main.js")}"></script>'],
        }
        return HOLE.sub(lambda hit: "".join(f"{hit[1]}{line}\n" for line in fills[hit[2]]),
                        self.sources["index.html"])

    def files(self):
        """(name, media type, text): the page first, whose name is empty."""
        page = self.page()
        found = [("", TYPES[".html"], page)]
        for path in sorted(self.names):
            found.append((self.names[path], TYPES[posixpath.splitext(path)[1]], self.texts[path]))
        unused = set(self.sources) - set(self.names) - {"index.html"}
        if unused:
            sys.exit(f"nothing leads to {', '.join(sorted(unused))}")
        return found


def brotli(data):
    return subprocess.run(["brotli", "--stdout", "-q", "11"], input=data, check=True, stdout=subprocess.PIPE).stdout


def literal(data, indent="     "):
    """A C string of any bytes."""
    rows = []
    for at in range(0, len(data), 64):
        row = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in data[at:at + 64])
        rows.append(f'{indent}"{row}"')
    return "\n".join(rows) if rows else f'{indent}""'


HEADER = """/* Made by cmake/dashboard.py. */
#ifndef PORTER_DASHBOARD_FILES_H
#define PORTER_DASHBOARD_FILES_H

#include "base/str.h"

struct dashboard_file {
    struct str name; /* Empty: the page. */
    struct str type;
    struct str tag; /* Weak: of all three forms. */
    struct str plain;
    struct str gzip;
    struct str br;
};

extern const struct dashboard_file dashboard_files[];
extern const size_t dashboard_file_count;

#endif
"""


def emit(out, files):
    body = ['#include "dashboard_files.h"', "",
            '#pragma GCC diagnostic ignored "-Woverlength-strings"',
            "const struct dashboard_file dashboard_files[] = {"]
    for name, kind, text in files:
        plain = text.encode()
        tag = f'W/"{hashlib.sha256(plain).hexdigest()[:20]}"'
        members = [name.encode(), kind.encode(), tag.encode(), plain,
                   gzip.compress(plain, 9, mtime=0), brotli(plain)]
        body.append("    {" + ",\n".join(f"{{\n{literal(data)},\n     {len(data)}}}" for data in members) + "},")
    body += ["};", f"const size_t dashboard_file_count = {len(files)};"]
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(f"{out}.h").write_text(HEADER)
    Path(f"{out}.c").write_text("\n".join(body) + "\n")


def main():
    app, modules, kind, out = sys.argv[1:]
    files = Site(app, modules).files()
    if kind == "embed":
        emit(out, files)
        return
    Path(out).mkdir(parents=True, exist_ok=True)
    for name, _, text in files:
        (Path(out) / (name or "index.html")).write_text(text)


if __name__ == "__main__":
    main()
