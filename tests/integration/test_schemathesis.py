"""Whatever requests schemathesis can make of the OpenAPI document: no 5xx, nothing undocumented, no schema broken."""
import os
import subprocess

from harness.process import ROOT, SANITIZED

HERE = ROOT / "tests" / "schemathesis"
# One: two threads in ast.parse break CPython 3.11 ("AST constructor recursion depth mismatch").
WORKERS = 1
BUILD = SANITIZED  # A leak fails when the gateway ends.
BUDGET_S = 60  # Fuzzing and the stateful phase end with it; the rest comes to its end.


def test_no_request_of_the_document_is_answered_otherwise(porter, tmp_path):
    tenant = porter.organization()
    key, location = tenant.key(rate_limit=100000), tenant.location()
    for _ in range(3):
        tenant.client(key=key).pre_register(location)
    gateway, ca = porter.gateways[0], porter.tls / "ca.pem"
    done = subprocess.run(
        [ROOT / ".deps" / "venv" / "bin" / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run",
         f"{gateway.url}/api/v1/openapi.json", "-H", f"X-API-Key: {key.text}", "--tls-verify", ca, "--max-time", str(BUDGET_S),
         "--max-examples", "15", "--workers", str(WORKERS)],
        capture_output=True, text=True, check=False, timeout=240, cwd=tmp_path,
        env={**os.environ, "REQUESTS_CA_BUNDLE": str(ca), "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)})
    said = "\n".join(line[:1000] for line in done.stdout.splitlines())
    assert done.returncode == 0, said[-20000:] + done.stderr[-2000:]
    assert " 0 passed" not in done.stdout
