"""Too much at once: reads are refused before writes, evacuations never, and nothing is left behind."""
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.poll import eventually
from harness.porter import Client


def shed(gateway, cause):
    return int(float(re.search(r"^porter_requests_shed_total\{cause=\"%s\"\} (\S+)" % cause, gateway.metrics(), re.M)[1]))


def failed(gateway):
    return sum(int(float(count)) for count in re.findall(r"^porter_requests_failed_total\{.*\} (\S+)", gateway.metrics(), re.M))


@pytest.mark.parametrize("cap, causes", [("PORTER_IN_FLIGHT_KEY_MAX", ("key_read", "key_write")), ("PORTER_IN_FLIGHT_MAX", ("read", "write"))])
def test_reads_are_refused_before_writes_and_evacuations_never(new_porter, cap, causes):
    porter = new_porter()
    gateway, tenant = porter.gateway(**{cap: 4}), porter.organization()
    place, text = tenant.location(), tenant.client().key

    def ask(method, path, **more):
        return Client(gateway.url, text, porter.tls / "ca.pem").request(method, path, **more)

    def write():
        return ask("POST", "/visitors/pre-register", json={"full_name": "A", "location_id": place})

    def under_way(count):
        eventually(lambda: re.search(r"^porter_requests_in_flight (\d+)", gateway.metrics(), re.M)[1] == str(count), 10,
                   f"{count} requests under way")

    with porter.database() as db, ThreadPoolExecutor(8) as pool:
        with db.transaction():
            db.execute("LOCK TABLE visitors IN ACCESS EXCLUSIVE MODE")
            waiting = [pool.submit(ask, "GET", "/visitors") for _ in range(3)]
            under_way(3)
            refused = ask("GET", "/locations")
            assert refused.status_code == 503 and refused.headers["Retry-After"] == "1", refused.text
            assert refused.json()["type"].endswith("/overloaded")
            waiting.append(pool.submit(write))
            under_way(4)
            assert write().status_code == 503
            assert ask("GET", "/evacuations").status_code != 503
            assert (shed(gateway, causes[0]), shed(gateway, causes[1])) == (1, 1)
            assert failed(gateway) == (0 if cap == "PORTER_IN_FLIGHT_KEY_MAX" else 2), "a key's own cap is no fault of ours"
        assert sorted(one.result().status_code for one in waiting) == [200, 200, 200, 201]
    under_way(0)
    assert ask("GET", "/locations").status_code == 200


def test_the_cap_of_one_key_is_not_anothers(new_porter):
    porter = new_porter()
    gateway, tenant = porter.gateway(PORTER_IN_FLIGHT_KEY_MAX=1), porter.organization()
    one, other = tenant.client(), tenant.client()
    with porter.database() as db, ThreadPoolExecutor(1) as pool:
        with db.transaction():
            db.execute("LOCK TABLE visitors IN ACCESS EXCLUSIVE MODE")
            waiting = pool.submit(one.get, "/visitors")
            eventually(lambda: re.search(r"^porter_requests_in_flight 1$", gateway.metrics(), re.M), 30, "one under way")
            assert Client(gateway.url, one.key, one.ca).get("/locations").status_code == 503
            assert other.get("/contractors").status_code == 200
        assert waiting.result().status_code == 200
