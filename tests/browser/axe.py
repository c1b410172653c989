"""axe-core on a page, as it is."""
from harness.process import ROOT

AXE = ROOT / ".deps" / "node" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page):
    """axe comes in past the page's policy, which would not let it."""
    if not page.evaluate("'axe' in window"):
        session = page.context.new_cdp_session(page)
        session.send("Runtime.evaluate", {"expression": AXE.read_text()})
    found = page.evaluate("tags => axe.run(document, {runOnly: tags}).then(found => found.violations)", TAGS)
    return [f"{one['id']}: {one['help']}: {node['html'][:160]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"]]
