"""Libraries are islands: each uses what its CMakeLists names, and an external library is known to
one folder only."""
import re

from harness.sources import ROOT, tracked

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)

# The header (a pattern) of each external library -> the only folders that may know it.
EXTERNAL = {
    r"libpq.*\.h|postgres.*\.h": {"libs/db"},
    r"(librdkafka/)?rdkafka\.h": {"libs/bus"},
    r"hiredis/.*|hiredis\.h": {"libs/kv"},
    r"jansson\.h": {"libs/json"},
    r"zlib\.h": {"libs/gzip"},
    r"openssl/.*": {"libs/crypt", "libs/fetch", "libs/web"},
    r"curl/.*": {"libs/fetch"},
    r"civetweb\.h": {"libs/web"},
    r"protobuf-c/.*": {"libs/message"},
    r"cmocka\.h": {"tests"},
}
SYSTEM_EXTRA = {"bench", "tests"}  # Peers in bench/ use external libraries on purpose.


def uses_of_libraries():
    """{library: libraries its CMakeLists names}, with base for all."""
    uses = {}
    for file in tracked("libs/*/CMakeLists.txt"):
        text = re.sub(r"#.*", "", file.read_text())
        for call in re.findall(r"porter_library\(([^)]*)\)", text):
            name, _, rest = call.partition(" ")
            words = rest.split("USES", 1)[1].split() if "USES" in rest else []
            named = []
            for word in words:
                if word in ("SOURCES", "EXTERNAL"):
                    break
                named.append(word)
            uses[name.strip()] = set(named)
    return uses


def reachable(library, uses):
    """What a library may include: its own folder and what it names, directly or through those."""
    seen, todo = set(), [library]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += uses.get(name, ())
    return seen


def includes(file):
    return INCLUDE.findall(file.read_text())


def test_a_library_includes_only_libraries_it_names():
    uses = uses_of_libraries()
    assert "base" in uses and not uses["base"], "libs/base knows only libc"
    faults = []
    for file in tracked("libs/*.c", "libs/*.h"):
        library = file.relative_to(ROOT / "libs").parts[0]
        allowed = reachable(library, uses)
        for kind, name in includes(file):
            folder = name.split("/")[0] if "/" in name else None
            if kind == '"' and folder in uses and folder not in allowed:
                faults.append(f"{file.relative_to(ROOT)} includes {name}: {library} does not use {folder}")
            if kind == '"' and name.startswith(("gateway/", "dispatcher/", "services/")):
                faults.append(f"{file.relative_to(ROOT)} includes {name}: a service")
    assert not faults, "\n".join(faults)


def test_libraries_do_not_use_each_other_in_a_circle():
    uses = uses_of_libraries()
    for library, named in uses.items():
        for other in named:
            assert library not in reachable(other, uses), f"{library} and {other} need each other"


def test_an_external_library_is_known_to_one_folder():
    faults = []
    for file in tracked("libs/*.c", "libs/*.h", "services/*.c", "services/*.h", "tests/*.c",
                        "tests/*.h"):
        place = file.relative_to(ROOT)
        folder = "/".join(place.parts[:2]) if place.parts[0] == "libs" else place.parts[0]
        if place.parts[:2] == ("tests", "unit"):
            # A library's own tests know what it knows.
            owners_folder = f"libs/{place.parts[2]}"
        else:
            owners_folder = folder
        for _, name in includes(file):
            for pattern, owners in EXTERNAL.items():
                if re.fullmatch(pattern, name) and not owners & {folder, owners_folder}:
                    faults.append(f"{place} includes {name}: only {', '.join(sorted(owners))} may")
    assert not faults, "\n".join(faults)


def test_a_service_knows_no_other_service():
    faults = []
    services = {folder.name for folder in (ROOT / "services").iterdir() if folder.is_dir()}
    for file in tracked("services/*.c", "services/*.h"):
        own = file.relative_to(ROOT / "services").parts[0]
        for kind, name in includes(file):
            folder = name.split("/")[0]
            if kind == '"' and "/" in name and folder in services - {own, "settings"}:
                faults.append(f"{file.relative_to(ROOT)} includes {name}")
    assert not faults, "\n".join(faults)
