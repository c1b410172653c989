"""Pages of another site, in the browser in which somebody is signed in: they change nothing, and can't show the dashboard as theirs.

tests/integration says what the gateway answers to the headers; here a real browser makes them."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from harness.dashboard import COOKIE

from .conftest import sign_in

FORM = """<form method="post" enctype="{kind}" action="{url}">{fields}</form><script>document.forms[0].submit()</script>"""
FETCH = """<script>fetch({url}, {{method: "POST", mode: "no-cors", credentials: "include", body: {body}}})
  .then(() => {{ document.title = "done" }}, () => {{ document.title = "failed" }})</script>"""
ASKING = """async ([url, method]) => {
  try { return (await fetch(url, {method, credentials: "include", headers: {"Content-Type": "application/json"}, body: "{}"})).status }
  catch (fault) { return fault.name }
}"""


class Site:
    """Pages under http://127.0.0.1, which to a browser is another site than the gateway's https://localhost."""

    def __init__(self):
        self.pages = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                text = site.pages.get(self.path)
                body = (text or "").encode()
                self.send_response(404 if text is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def put(self, path, body):
        self.pages[path] = f"<!doctype html><html lang=en><title>Elsewhere</title><body>{body}"
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site():
    made = Site()
    yield made
    made.close()


@pytest.fixture(params=["Strict", "None"])
def victim(request, page):
    """Somebody who is signed in. "None": a browser that sends the cookie all the same, so that the gateway alone is in the way."""
    if request.param == "None":
        cookie, = page.context.cookies()
        page.context.add_cookies([{**cookie, "sameSite": "None"}])
    page.sends_cookie = request.param == "None"
    return page


@pytest.fixture
def writes(location, porter):
    """(address, body) of what a foreign page would like to do; each is done when our own page asks."""
    api = f"{porter.gateways[0].url}/dashboard/api"
    return [(f"{api}/v1/visitors/pre-register", {"full_name": "Mallory", "location_id": location, "notes": "="}),
            (f"{api}/v1/evacuations", {"location_id": location, "reason": "="}),
            (f"{api}/sign-out", {"x": "="})]


def as_fields(kind, body):
    """A form's fields whose encoding is this body, or at least holds it."""
    if kind == "text/plain":
        name, value = json.dumps(body).replace("&", "&amp;").replace("'", "&#39;").split("=")
        return f"<input name='{name}' value='{value}'>"
    return "".join(f'<input name="{name}" value="{value}">' for name, value in body.items())


def unchanged(client):
    return client.get("/visitors").json()["visitors"] == [] and client.get("/evacuations").json()["evacuations"] == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_that_sends_itself_changes_nothing(victim, site, writes, client, kind):
    for at, (url, body) in enumerate(writes):
        evil = site.put(f"/{at}", FORM.format(kind=kind, url=url, fields=as_fields(kind, body)))
        with victim.expect_response(url) as found:
            victim.goto(evil, wait_until="commit")
        victim.get_by_text("cross-site").wait_for()
        asked = found.value.request.all_headers()
        assert asked["sec-fetch-site"] == "cross-site" and (COOKIE in asked.get("cookie", "")) == victim.sends_cookie
        assert found.value.status == 403
    assert unchanged(client)
    # And she is still signed in.
    victim.goto("/dashboard/desk")
    victim.get_by_role("heading", name="Front desk").wait_for()


def test_a_fetch_that_wants_no_answer_changes_nothing(page, site, writes, client):
    for at, (url, body) in enumerate(writes):
        evil = site.put(f"/{at}", FETCH.format(url=json.dumps(url), body=json.dumps(json.dumps(body))))
        with page.expect_response(url) as found:
            page.goto(evil)
        expect(page).to_have_title("done")
        assert found.value.status == 403  # Without a session it would be 401: whose page it is counts first.
    assert unchanged(client)
    page.goto("/dashboard/desk")
    page.get_by_role("heading", name="Front desk").wait_for()


def test_a_fetch_that_wants_more_is_not_even_sent(page, site, writes, client, organization, porter):
    """JSON, other methods, reading: the browser asks first, and is not told that it may."""
    hook = organization.webhook(porter.receiver().url())
    api = f"{porter.gateways[0].url}/dashboard/api"
    page.goto(site.put("/", "Nothing to see"))
    for url, method in [*((url, "POST") for url, _ in writes), (f"{api}/v1/webhooks/{hook.id}", "DELETE"), (f"{api}/me", "PUT")]:
        assert page.evaluate(ASKING, [url, method]) == "TypeError"
    assert page.evaluate("url => fetch(url, {credentials: 'include'}).then(answer => answer.text(), fault => fault.name)", f"{api}/people") == "TypeError"
    assert unchanged(client) and client.get(f"/webhooks/{hook.id}").status_code == 200


def test_a_link_from_elsewhere_only_shows(victim, site, client, porter, organization):
    """Going to each kind of address from another site: nothing that is asked with GET changes anything."""
    hook = organization.webhook(porter.receiver().url())
    gateway = porter.gateways[0].url
    before = client.get(f"/webhooks/{hook.id}").json()
    for path in (f"/v1/webhooks/{hook.id}/test", f"/v1/webhooks/{hook.id}/rotate-secret", "/sign-out", "/v1/visitors/pre-register", f"/webhooks/{hook.id}/secret"):
        victim.goto(site.put("/", f'<a href="{gateway}/dashboard/api{path}">Win a bicycle</a>'))
        with victim.expect_response(f"**/dashboard/api{path}") as found:
            victim.get_by_role("link").click()
        assert found.value.status in (401, 403, 404, 405), path
        victim.get_by_text("errors/").or_(victim.get_by_text('"status"')).first.wait_for()
    assert client.get(f"/webhooks/{hook.id}").json() == before and unchanged(client)
    # The page itself can be linked to: she is signed in there, and whoever linked did nothing.
    victim.goto(site.put("/", f'<a href="{gateway}/dashboard/settings/webhooks/{hook.id}">Look here</a>'))
    with victim.expect_request("**/dashboard/api/session") as asked:
        victim.get_by_role("link").click()
    victim.get_by_role("button", name="Disable", exact=True).wait_for()
    assert asked.value.all_headers()["sec-fetch-site"] == "same-origin"
    assert client.get(f"/webhooks/{hook.id}").json() == before


def test_no_other_site_shows_it_in_a_frame(page, site, porter, faults):
    """Clickjacking: the frame has nothing of ours in it."""
    refusals = []
    page.on("console", lambda said: refusals.append(said.text) if "frame-ancestors" in said.text else None)
    gateway = porter.gateways[0].url
    with page.expect_event("console", lambda said: "frame-ancestors" in said.text):
        page.goto(site.put("/", f'<iframe src="{gateway}/dashboard/desk" width="900" height="600" title="prize"></iframe>'))
    inner, = [one for one in page.frames if one != page.main_frame]
    assert inner.url.startswith("chrome-error:") and inner.get_by_role("heading").count() == 0 and inner.get_by_role("button").count() == 0
    assert faults.seen == refusals and refusals
    faults.seen.clear()


def test_no_other_site_holds_its_window(page, site, porter):
    """The other site has no hand on a window that it opens: it can't lead it elsewhere while she types."""
    page.goto(site.put("/", f"""<button onclick="window.other = window.open('{porter.gateways[0].url}/dashboard/desk')">Open</button>"""))
    page.get_by_role("button").click()
    page.wait_for_function("window.other?.closed")  # Cut off, as Cross-Origin-Opener-Policy says; else it would be open.


def test_a_cookie_that_was_planted_is_not_the_session(new_page, owner, porter):
    """Whoever had the browser before knows its cookie, or wrote one into it; after the sign-in neither opens anything."""
    gateway = porter.gateways[0].url
    mine = owner.signed_in()
    for planted in ("A" * 43, mine.cookie):
        page = new_page()
        page.context.add_cookies([{"name": COOKIE, "value": planted, "url": gateway, "secure": True, "httpOnly": True, "sameSite": "Strict"}])
        page.goto("/dashboard/")
        if page.evaluate("fetch('/dashboard/api/session').then(answer => answer.status)") == 200:  # It is signed in as who planted it.
            page.get_by_role("heading", name="Front desk").wait_for()
            page.goto("/dashboard/sign-in")
            page.evaluate("""([email, password]) => fetch('/dashboard/api/sign-in', {method: 'POST', headers: {'Content-Type': 'application/json'},
                body: JSON.stringify({email, password})}).then(answer => answer.status)""", [owner.email, owner.password])
        else:
            sign_in(page, owner)
        now, = page.context.cookies()
        assert now["value"] != planted and now["httpOnly"] and now["secure"] and now["sameSite"] == "Strict"
        assert owner.browser().get("/session", headers={"Cookie": f"{COOKIE}={planted}"}).status_code == 401
        assert page.evaluate("document.cookie") == ""
