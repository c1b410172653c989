"""/metrics as OpenMetrics 1.0, read by its rules: what is against one fails the test."""
import re
from dataclasses import dataclass, field

import requests

ACCEPT = "application/openmetrics-text; version=1.0.0"
TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SUFFIXES = {"counter": {"_total"}, "gauge": {""}, "histogram": {"_bucket", "_sum", "_count"}}
NUMBER = r"[-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|Inf)"
LABELS = r'\{(?:[a-z_]+="[^"\\\n]*"(?:,(?=[a-z_])|(?=\})))*\}'
SAMPLE = re.compile(rf"([a-z_:]+)({LABELS})? ({NUMBER})(?: # ({LABELS}) ({NUMBER}) ({NUMBER}))?")


@dataclass
class Exemplar:
    trace: str
    value: float  # In seconds, as `at`.
    at: float


@dataclass
class Family:
    kind: str
    help: str
    samples: dict = field(default_factory=dict)    # {(suffix, labels): value}
    exemplars: dict = field(default_factory=dict)  # {labels of a bucket: Exemplar}


def fetch(program, accept=ACCEPT):
    return requests.get(f"http://127.0.0.1:{program.private}/metrics", headers={"Accept": accept}, timeout=5)


def read(program):
    """The families by name."""
    answer = fetch(program)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, TYPE)
    return parse(answer.content.decode())


def parse(text):
    assert text.endswith("\n# EOF\n")
    families, name = {}, None
    for line in text.removesuffix("# EOF\n").splitlines():
        head = re.fullmatch(r'# (HELP|TYPE) ([a-z_:]+) ([^"\\]+)', line)
        if head and head[1] == "HELP":
            name = head[2]
            assert name not in families, f"{name} is there twice"
            families[name] = Family("", head[3])
        elif head:
            assert (head[2], families[name].kind) == (name, "") and head[3] in SUFFIXES, line
            families[name].kind = head[3]
        else:
            sample_of(families[name], name, line)
    for one, family in families.items():
        assert family.samples, f"{one} has no sample"
        clashes = {one + suffix for suffix in SUFFIXES[family.kind]} & (families.keys() - {one})
        assert not clashes, f"samples of {one} are named as {clashes}"
        if family.kind == "histogram":
            hold_histogram(one, family)
    return families


def sample_of(family, name, line):
    found = SAMPLE.fullmatch(line)
    assert found, line
    suffix, labels = found[1].removeprefix(name), found[2] or ""
    assert found[1].startswith(name) and suffix in SUFFIXES[family.kind], f"{line} is no sample of the {family.kind} {name}"
    assert (suffix, labels) not in family.samples, f"{line} is there twice"
    assert family.kind == "gauge" or float(found[3]) >= 0, line
    family.samples[suffix, labels] = float(found[3])
    if found[4]:
        assert suffix in ("_bucket", "_total") and len(re.sub(r'[{}=",]', "", found[4])) <= 128, line
        family.exemplars[labels] = Exemplar(re.fullmatch(r'\{trace_id="([0-9a-f]{32})"\}', found[4])[1], float(found[5]), float(found[6]))


def hold_histogram(name, family):
    """Buckets in order, each with all that is below it, the last with what was counted; an exemplar is of its bucket."""
    series = {}
    for (suffix, labels), value in family.samples.items():
        others = re.sub(r',?le="[^"]*"', "", labels).replace("{}", "")
        bound = re.search(r'le="([^"]*)"', labels)
        assert (suffix == "_bucket") == (bound is not None), f"{name}{suffix}{labels}"
        series.setdefault(others, []).append((suffix, bound and bound[1], value, family.exemplars.get(labels)))
    for labels, lines in series.items():
        buckets, below, so_far = [one for one in lines if one[0] == "_bucket"], float("-inf"), 0
        for _, bound, value, exemplar in buckets:
            # As Python and Go write a floating point number: 5e-05, 0.5, 1.0.
            assert bound == "+Inf" or bound == repr(float(bound)), f"{name}: {bound} has another form"
            assert float(bound) > below and value >= so_far, f"{name}{labels}: {bound}"
            assert exemplar is None or below < exemplar.value <= float(bound), f"{name}{labels}: {exemplar} is not of {bound}"
            below, so_far = float(bound), value
        assert buckets[-1][1] == "+Inf" and [value for suffix, _, value, _ in lines if suffix == "_count"] == [so_far], f"{name}{labels}"
        assert len([1 for suffix, *_ in lines if suffix == "_sum"]) == 1, f"{name}{labels}"
