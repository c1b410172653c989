"""Something that goes on beside a test."""
import threading
from contextlib import contextmanager


@contextmanager
def meanwhile(*acts):
    """Each runs in a thread of its own while the block does; it is given the Event that says that this is over."""
    is_over = threading.Event()
    threads = [threading.Thread(target=act, args=(is_over,)) for act in acts]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        is_over.set()
        for one in threads:
            one.join()
