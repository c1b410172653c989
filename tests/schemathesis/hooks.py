"""A check of our own: what the document allows is refused only for reasons that no schema can say."""
import schemathesis
from schemathesis.generation import GenerationMode

# Faults that depend on the time, on other fields or on what is stored.
SEMANTIC = {"out_of_range", "not_found", "required", "not_allowed"}
PROBLEMS = {400: {"invalid-cursor", "invalid-parameter"}, 412: {"precondition-failed"}, 422: {"validation-failed", "idempotency-mismatch"}}


@schemathesis.hook
def map_headers(context, headers):
    """A tab in a header is refused with 400 before anybody reads the header; no schema of one header says so."""
    return {name: value.replace("\t", " ") if isinstance(value, str) else value for name, value in (headers or {}).items()}


@schemathesis.check
def document_and_rules_agree(ctx, response, case):
    if response.status_code not in PROBLEMS or case.meta is None:
        return
    if case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    problem = response.json()
    name = problem["type"].rsplit("/", 1)[1]
    assert name in PROBLEMS[response.status_code], f"{name}: {problem['detail']}"
    if name in ("validation-failed", "invalid-parameter"):
        # (No schema can say what a certificate is.)
        codes = {fault["code"] for fault in problem["errors"] if not fault["field"].startswith("client_certificate.")}
        assert codes <= SEMANTIC, f"the document allows what the rules refuse: {problem['errors']}"
