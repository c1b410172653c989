"""What a refused request must look like, for tests of any resource."""


def problem(answer, status, name):
    """The body of a problem with this status and name."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith(f"/docs/errors/{name}"), answer.text
    return answer.json()


def faults(answer):
    """(field, code) of everything that is wrong with a body."""
    return {(fault["field"], fault["code"]) for fault in problem(answer, 422, "validation-failed")["errors"]}
