"""What a webhook's people do once it works: its headers, its numbers, sending again, what an event caused."""
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import expect

from harness.certificates import Certificate
from harness.poll import eventually

SECRET = "Basic cG9ydGVyOmRvb3I="


def make(client, url, **more):
    answer = client.post("/webhooks", json={"url": url, "events": ["visitor.pre_registered"], **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def edit(page, hook):
    page.goto(f"/dashboard/settings/webhooks/{hook}")
    page.get_by_role("button", name="Edit", exact=True).click()
    return page.get_by_role("dialog", name="Edit webhook")


def fill_header(dialog, at, name, value):
    dialog.get_by_label("Name", exact=True).nth(at).fill(name)
    dialog.get_by_label("Value", exact=True).nth(at).fill(value)


def test_headers_are_given_kept_and_replaced_and_never_shown(page, porter, client, organization):
    receiver = porter.receiver()
    hook, place = make(client, receiver.url()), organization.location()
    dialog = edit(page, hook)
    dialog.get_by_text("Headers of its own", exact=True).first.click()
    for at, (name, value) in enumerate((("Authorization", SECRET), ("X-Team", "doors"))):
        dialog.get_by_role("button", name="Add a header").click()
        fill_header(dialog, at, name, value)
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    client.pre_register(place)
    assert receiver.wait(1)[0].headers["authorization"] == SECRET
    # A change of something else leaves them; nobody is shown a value.
    dialog = edit(page, hook)
    dialog.get_by_text("Authorization: ••••••••").wait_for()
    assert SECRET not in page.content()
    dialog.get_by_label("Description").fill("Doors")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    client.pre_register(place)
    assert receiver.wait(2)[1].headers["x-team"] == "doors"
    # Another origin asks for the values anew, and one of them may go.
    dialog = edit(page, hook)
    other = porter.receiver()
    dialog.get_by_label("URL").fill(other.url())
    dialog.get_by_text("The address is elsewhere now").wait_for()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("fieldset .fault")).to_contain_text("value")
    dialog.get_by_role("button", name="Remove the header X-Team").click()
    fill_header(dialog, 0, "Authorization", "Bearer other")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    client.pre_register(place)
    got, = other.wait(1)
    assert got.headers["authorization"] == "Bearer other" and "x-team" not in got.headers


def test_a_schedule_of_its_own_is_written_in_words(page, porter, client):
    hook = make(client, porter.receiver().url())
    dialog = edit(page, hook)
    dialog.get_by_text("Retries and order").click()
    waits = dialog.get_by_label("Waits between the attempts")
    waits.fill("5 s, soon")
    dialog.get_by_role("button", name="Save").click()
    expect(waits).to_be_focused()
    dialog.get_by_text("“soon” is no time").wait_for()
    waits.fill("5 s, 1 min, 2 h")
    dialog.get_by_label("Not after").fill("1 d")
    dialog.get_by_label("Send").select_option("subject")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    made = client.get(f"/webhooks/{hook}").json()
    assert made["retry_schedule"] == {"waits_seconds": [5, 60, 7200]} and made["max_age_seconds"] == 86400 and made["ordering"] == "subject"
    dialog = edit(page, hook)
    assert dialog.get_by_label("Waits between the attempts").input_value() == "5 s, 1 min, 2 h"
    dialog.get_by_label("Waits between the attempts").fill("")
    dialog.get_by_label("Not after").fill("")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    made = client.get(f"/webhooks/{hook}").json()
    assert made["retry_schedule"] is None and made["max_age_seconds"] is None and made["ordering"] == "subject"


def test_a_client_certificate_is_given_named_and_taken_away_and_its_key_never_shown(page, porter, client):
    hook = make(client, porter.receiver().url())
    mine, other = (Certificate(name, hosts=["caller.example"]) for name in ("doors", "gates"))
    key = mine.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    dialog = edit(page, hook)
    dialog.locator("summary", has_text="Client certificate").click()
    certificate = dialog.get_by_label("Certificate (optional)")
    certificate.fill(other.pem)
    dialog.get_by_label("Private key").fill(key)
    dialog.get_by_role("button", name="Save").click()
    wrong = dialog.get_by_label("Private key")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_value(key)
    certificate.fill(mine.pem)
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    facts = page.locator("dl.facts > div", has_text="Client certificate")
    expect(facts).to_contain_text("doors")
    expect(facts).to_contain_text(f"{mine.ends.year}")
    # A change of something else leaves it, and the form has neither of the two texts any more.
    dialog = edit(page, hook)
    expect(certificate).to_have_value("")
    expect(dialog.get_by_label("Private key")).to_have_value("")
    dialog.get_by_label("Description").fill("Doors")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    assert "doors" in client.get(f"/webhooks/{hook}").json()["client_certificate"]["subject"]
    dialog = edit(page, hook)
    dialog.get_by_label("Take the certificate away").check()
    expect(certificate).to_be_disabled()
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    expect(facts).to_have_count(0)
    assert not client.get(f"/webhooks/{hook}").json()["client_certificate"]


def test_what_is_still_tried_is_undelivered_too(page, porter, client, organization):
    receiver = porter.receiver(lambda got: (500, {}, b""))
    hook = make(client, receiver.url(), retry_schedule={"waits_seconds": [3600]})
    visitor = client.pre_register(organization.location())
    page.goto(f"/dashboard/settings/webhooks/{hook}?view=undelivered")
    line = page.get_by_role("table", name="Still to be delivered").locator("tbody tr")
    expect(line).to_contain_text("The endpoint answered 500")
    expect(line).to_contain_text(visitor["id"])
    expect(page.get_by_text("Nothing is undelivered")).to_have_count(0)


def test_what_failed_is_recovered_with_its_progress_and_counted(page, porter, client, organization):
    state = {"status": 500}
    receiver = porter.receiver(lambda got: (state["status"], {}, b""))
    hook, place = make(client, receiver.url(), retry_schedule={"waits_seconds": [1]}), organization.location()
    for _ in range(3):
        client.pre_register(place)
    eventually(lambda: client.get(f"/webhooks/{hook}/stats").json()["totals"]["failed_count"] == 3, 30, "three are given up")
    state["status"] = 204
    page.goto(f"/dashboard/settings/webhooks/{hook}")
    facts = page.locator(".card", has=page.get_by_role("heading", name="The last 24 hours"))
    expect(facts.locator("dl.facts > div").filter(has_text="Given up").locator("dd")).to_have_text("3")
    facts.get_by_text("0% of 6").wait_for()
    page.get_by_role("button", name="Undelivered", exact=True).click()
    page.get_by_role("button", name="Recover since…").click()
    dialog = page.get_by_role("dialog", name="Recover what failed")
    dialog.get_by_role("button", name="Send them again").click()
    again = page.locator(".card", has=page.get_by_role("heading", name="Sent again"))
    again.get_by_text("3 deliveries are due again").wait_for()
    again.get_by_text("Done", exact=True).wait_for()
    page.get_by_text("Nothing is undelivered").wait_for()
    eventually(lambda: len(client.get(f"/webhooks/{hook}/deliveries?state=delivered").json()["deliveries"]) == 3, 20, "all arrived")


def test_what_was_given_up_is_sent_again_and_seen_to_arrive(page, porter, client, organization):
    state = {"status": 500}
    receiver = porter.receiver(lambda got: (state["status"], {}, b""))
    hook, place = make(client, receiver.url(), retry_schedule={"waits_seconds": [1]}), organization.location()
    client.pre_register(place)
    page.goto(f"/dashboard/settings/webhooks/{hook}?view=log")
    line = page.locator("tbody tr")
    line.get_by_text("Failed", exact=True).wait_for(timeout=30_000)  # Nobody presses Refresh.
    state["status"] = 204
    line.get_by_role("button", name="Retry").click()
    line.get_by_text("Delivered", exact=True).wait_for()
    assert receiver.matching()[-1].headers["x-porter-attempt"] == "3"


def test_two_who_edit_one_webhook_both_have_their_way(page, porter, client):
    hook = make(client, porter.receiver().url())
    dialog = edit(page, hook)
    assert client.request("PATCH", f"/webhooks/{hook}", json={"ordering": "subject"}).status_code == 200
    dialog.get_by_label("Description").fill("Doors")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    made = client.get(f"/webhooks/{hook}").json()
    assert (made["ordering"], made["description"]) == ("subject", "Doors")


def test_the_progress_of_a_replay_is_shown_while_it_runs(page, porter, client):
    """Of a replay whose answers are ours, as a real one is done within moments."""
    hook = make(client, porter.receiver().url())
    replay = {"id": "rpl_01jndp8w1qe2v8m5tq2k3x4y00", "webhook_id": hook, "state": "running", "states": ["failed"], "event_type": None,
              "created_from": None, "created_to": None, "failure": None, "total_count": 400, "looked_count": 100, "replayed_count": 90,
              "delivery_id": None, "reason": None, "created_at": "2026-03-01T09:28:11.402Z", "started_at": None, "finished_at": None}
    page.route("**/replays?*", lambda route: route.fulfill(json={"replays": [replay], "pagination": {"has_more": False}}))
    page.goto(f"/dashboard/settings/webhooks/{hook}?view=undelivered")
    bar = page.get_by_role("progressbar", name="How far it is")
    expect(bar).to_have_attribute("aria-valuenow", "25")
    replay["looked_count"] = 300
    expect(bar).to_have_attribute("aria-valuenow", "75")
    replay.update(state="failed", reason="The webhook was disabled.")
    page.get_by_text("The webhook was disabled.").wait_for()
    expect(bar).to_have_count(0)


def test_what_an_event_caused_is_one_page(page, porter, client, organization):
    receiver, other = porter.receiver(), porter.receiver(lambda got: (500, {}, b""))
    first, second = make(client, receiver.url(), description="Turnstile"), make(client, other.url(), description="Slack relay")
    client.pre_register(organization.location())
    receiver.wait(1), other.wait(1)
    delivery, = eventually(lambda: client.get(f"/webhooks/{first}/deliveries?state=delivered").json()["deliveries"], 20, "it was delivered")
    page.goto(f"/dashboard/settings/webhooks/{first}/deliveries/{delivery['id']}")
    page.get_by_role("link", name=delivery["event_id"]).click()
    page.get_by_role("heading", name="A visitor is pre-registered").wait_for()
    rows = page.get_by_role("table", name="Deliveries").get_by_role("row")
    expect(rows.filter(has_text="Turnstile")).to_contain_text("Delivered")
    expect(rows.filter(has_text="Slack relay")).to_contain_text("500")
    assert delivery["request_id"] in page.locator("main").inner_text()
    rows.filter(has_text="Slack relay").get_by_role("link").click()
    page.wait_for_url(f"**/webhooks/{second}/deliveries/*")


def test_how_an_endpoint_failed_and_came_back_is_told(page, porter, client, organization):
    state = {"status": 500}
    receiver = porter.receiver(lambda got: (state["status"], {}, b""))
    hook, place = make(client, receiver.url()), organization.location()
    for _ in range(10):
        client.pre_register(place)
    eventually(lambda: client.get(f"/webhooks/{hook}").json()["health"] == "failing", 30, "it is failing")
    page.goto(f"/dashboard/settings/webhooks/{hook}")
    story = page.locator(".card", has=page.get_by_role("heading", name="What happened to it"))
    story.get_by_text("It began to fail").wait_for()
    state["status"] = 204
    page.get_by_role("button", name="Test", exact=True).click()
    story.get_by_text("It came back").wait_for()


def test_what_goes_wrong_is_behind_its_link(page, porter, client, organization):
    """Nothing has failed for good yet: all wait, or are held."""
    receiver = porter.receiver(lambda got: (500, {}, b""))
    hook, place = make(client, receiver.url(), retry_schedule={"waits_seconds": [3600]}), organization.location()
    for _ in range(12):
        client.pre_register(place)
    eventually(lambda: client.get(f"/webhooks/{hook}").json()["health"] == "failing", 30, "it is failing")
    page.goto(f"/dashboard/settings/webhooks/{hook}")
    page.get_by_role("link", name="What went wrong").click()
    line = page.locator("tbody tr").filter(has_text="The endpoint answered 500").first
    line.get_by_role("link").first.click()
    page.get_by_role("heading", name="Attempts").wait_for()
    expect(page.locator("main")).to_contain_text("500")
