"""Waiting for something to become true, with a deadline. Nothing here sleeps to be right."""
import time


class Late(AssertionError):
    """The deadline passed first."""


# For what /events shows: its end waits for the oldest write transaction of the whole cluster, and other tests fill tables.
LOG_S = 120


def eventually(question, seconds=30, what=None, every=0.02):
    """Asks until the answer is true (and returns it). A failed assertion counts as "not yet", as does what is not there or has another shape."""
    until = time.monotonic() + seconds
    last = None
    while True:
        try:
            answer = question()
            if answer:
                return answer
            last = f"the last answer was {answer!r}"
        except (AssertionError, LookupError, ValueError) as fault:
            last = repr(fault)
        if time.monotonic() >= until:
            raise Late(f"{what or question.__name__}: not within {seconds} s ({last})")
        time.sleep(every)


def logged(client, count=1, query="limit=200"):
    """The events that /events shows, once there are so many."""
    def look():
        rows = client.get(f"/events?{query}").json()["events"]
        return rows if len(rows) >= count else None
    return eventually(look, LOG_S, f"{count} events in the log")
