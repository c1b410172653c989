"""Waiting for something to become true, with a deadline. Nothing here sleeps to be right."""
import time


class Late(AssertionError):
    """The deadline passed first."""


# For what /events shows: its end waits for the oldest write transaction of the whole cluster, and other tests fill tables.
LOG_S = 120


def eventually(question, seconds=30, what=None, every=0.02):
    """Asks until the answer is true (and returns it). An AssertionError counts as "not yet"."""
    until = time.monotonic() + seconds
    last = None
    while True:
        try:
            answer = question()
            if answer:
                return answer
            last = f"the last answer was {answer!r}"
        except AssertionError as fault:
            last = fault
        if time.monotonic() >= until:
            raise Late(f"{what or question.__name__}: not within {seconds} s ({last})")
        time.sleep(every)
