"""Fixtures. `porter` is a running gateway and dispatcher that a module's tests share; tests that
kill, stop or fill things make their own with `new_porter` and `private_servers`."""
import os

import pytest

from harness import contract
from harness.porter import Porter
from harness.process import PRESET
from harness.servers import Servers
from harness.shared import shared_servers


# They take longest: begun first, or a worker is left with one of them when all others are done.
LONG = ["test_chaos", "test_rollout", "test_schemathesis", "test_crashes", "test_week", "test_stats", "test_circuits", "test_dispatcher",
        "test_fairness", "test_backup", "test_kafka_rights", "test_rotations"]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


def pytest_sessionstart():
    contract.watch()


def pytest_sessionfinish():
    contract.keep()


@pytest.fixture(scope="session")
def servers():
    """PostgreSQL, Redis and Kafka, one set for the whole run: nobody may stop them."""
    run_id = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with shared_servers(run_id) as shared:
        yield shared


@pytest.fixture
def private_servers():
    """A set that this test may kill."""
    mine = Servers.temporary().start()
    yield mine
    mine.stop()


@pytest.fixture(scope="module")
def porter(servers, request):
    """One gateway and one dispatcher on a database of their own; a module's DISPATCHER are settings of its dispatcher, its
    BUILD whose programs they are."""
    made = Porter(servers, preset=getattr(request.module, "BUILD", PRESET))
    made.gateway()
    made.dispatcher(**getattr(request.module, "DISPATCHER", {}))
    yield made
    made.close()


@pytest.fixture
def new_porter(servers):
    """Makes Porters with nothing running yet; on other servers, of another build, when given."""
    made = []

    def make(on=None, **more):
        made.append(Porter(on or servers, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def organization(porter):
    return porter.organization()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what the services said last."""
    report = yield
    if report.failed:
        used = [v for v in item.funcargs.values() if isinstance(v, Porter)]
        for porter in used:
            for process in porter.gateways + porter.dispatchers:
                report.sections.append((f"{process.name} ({process.log})", process.tail(15)))
    return report
