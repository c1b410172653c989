"""What we lack ourselves is not blamed on endpoints."""
import os
import resource

from harness.deliveries import attempts
from harness.poll import eventually

EVENTS = 12  # More failures than an endpoint may have in a row.


def test_a_lack_of_descriptors_of_our_own_opens_no_circuit(new_porter):
    porter = new_porter()
    porter.gateway()
    dispatcher = porter.dispatcher(PORTER_RETRY_SCHEDULE=",".join(["2s"] * 32))
    receiver, organization = porter.receiver(), porter.organization()
    hook = organization.webhook(receiver.url())
    client, place = organization.client(), organization.location()
    well, other = porter.receiver(), porter.organization()
    other.webhook(well.url())
    other.client().pre_register(other.location())
    well.wait(1)  # All its ways to Kafka and PostgreSQL are open.
    pid = dispatcher.popen.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), hard))
    for _ in range(EVENTS):
        client.pre_register(place)
    eventually(lambda: len(attempts(porter, organization)) >= EVENTS, 60, "an attempt at each")
    assert client.get(f"/webhooks/{hook.id}").json()["health"] == "ok"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    receiver.wait(EVENTS, 60)
    assert {(one["verdict"], one["failure"]) for one in attempts(porter, organization)} <= {("retry", "lack"), ("delivered", None)}


def test_a_dispatcher_takes_all_descriptors_it_may_have(new_porter):
    mine = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (mine[1] // 2, mine[1]))
    try:
        dispatcher = new_porter().dispatcher()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, mine)
    assert resource.prlimit(dispatcher.popen.pid, resource.RLIMIT_NOFILE) == (mine[1], mine[1])
