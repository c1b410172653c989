"""A client that a generator makes from the OpenAPI document: all of it can be read, and it works."""
import importlib
import ssl
import subprocess
import sys

import pytest

from harness.process import program

NAME = "porter_client_of_the_document"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Imports a module of the generated package. A warning of the generator fails: it would leave something out."""
    folder = tmp_path_factory.mktemp("client")
    document, config = folder / "openapi.json", folder / "config.yml"
    document.write_bytes(subprocess.run([program("gateway"), "--openapi"], capture_output=True, check=True).stdout)
    config.write_text("post_hooks: []\n")  # Nobody reads it, so nothing need format it.
    done = subprocess.run([sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none",
                           "--path", document, "--config", config, "--output-path", folder / NAME],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"{NAME}.{name}")
    sys.path.remove(str(folder))
    for name in [one for one in sys.modules if one.split(".")[0] == NAME]:
        del sys.modules[name]


@pytest.fixture
def desk(porter, made):
    """The location, and the generated client with a key."""
    tenant = porter.organization()
    plain = tenant.client()
    client = made("client").AuthenticatedClient(base_url=plain.base, token=plain.key, prefix="", auth_header_name="X-API-Key",
                                                verify_ssl=ssl.create_default_context(cafile=plain.ca), raise_on_unexpected_status=True)
    return tenant.location(), client


def test_a_visitor_is_registered_shown_and_listed(made, desk):
    location, client = desk
    models = made("models")
    body = models.PreRegisterVisitorInput(full_name="Zoë Łukasiewicz 山田", location_id=location, email="zoe@example.com",
                                          host=models.PreRegisterVisitorInputHostType0(email="maja@example.com"))
    new = made("api.visitors.pre_register_visitor").sync_detailed(client=client, body=body, idempotency_key="one")
    assert new.status_code == 201 and new.parsed.full_name == "Zoë Łukasiewicz 山田", new.content
    shown = made("api.visitors.show_visitor").sync(new.parsed.id, client=client)
    assert shown == new.parsed and shown.status == models.VisitorStatus.EXPECTED
    listed = made("api.visitors.list_visitors").sync(client=client, limit=1, status=[models.VisitorStatus.EXPECTED])
    assert [one.id for one in listed.visitors] == [new.parsed.id] and listed.pagination.has_more is False


def test_what_goes_wrong_is_a_problem(made, desk):
    location, client = desk
    models = made("models")
    unknown = made("api.visitors.show_visitor").sync("vis_01jndp8w1qe2v8m5tq2k3x4y5z", client=client)
    assert (unknown.status, unknown.type_.rsplit("/", 1)[1]) == (404, "not-found")
    body = models.PreRegisterVisitorInput(full_name="Ada", location_id=location, email="ada")
    refused = made("api.visitors.pre_register_visitor").sync(client=client, body=body)
    assert refused.status == 422 and [one.field for one in refused.errors] == ["email"]
