"""Every screen, with an organization that has something to show on it: for axe, the size limit, the pictures."""
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from playwright.sync_api import expect

from harness.dashboard import Person
from harness.poll import eventually

HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
INVITED = "luigi.menabrea@example.com"


@dataclass
class Furnished:
    """What the screens' addresses need."""
    webhook: str
    failed: str
    evacuation: str
    key: str
    event: str


def ago(**more):
    return (datetime.now(timezone.utc) - timedelta(**more)).isoformat()


def until_there(page):
    """What was gone to is there, and not the start before it."""
    page.locator("nav[aria-label=Main]").wait_for(state="attached")
    page.locator("main h1").first.wait_for()
    expect(page.locator(".waiting")).to_have_count(0)


def furnish(porter, organization):
    key = organization.key(name="Building management")
    client = organization.client(key=key)
    place, other = organization.location(capacity=120), organization.location(name="Zürich – Werkstatt")
    receiver = porter.receiver()
    broken = porter.receiver(lambda got: (500, {"X-Note": HOSTILE}, f"{HOSTILE} the database is on fire".encode()))
    good = organization.webhook(receiver.url(), description="Building management")
    bad = organization.webhook(broken.url(), description="Slack relay")
    _visitors(client, place, other)
    _contractors(client, place)
    Person(porter, organization, role="front_desk", name="Anna Müller")
    porter.ctl("people", "create", "--org", organization.id, "--email", INVITED, "--role", "viewer")
    evacuation = client.post("/evacuations", json={"location_id": place, "drill": True, "reason": "Quarterly drill"}).json()
    found = [one["visitor_id"] for one in evacuation["on_site"][:2]]
    client.post(f"/evacuations/{evacuation['id']}/roll-call", json={"accounted_for": found, "marked_by": "Maja Sjöberg"})
    sent = client.post(f"/webhooks/{bad.id}/test", json={"event_type": "visitor.checked_in"}).json()
    path = f"/webhooks/{bad.id}/deliveries/{sent['id']}"
    eventually(lambda: client.get(path).status_code == 200 and client.get(path).json()["attempts"], 20, "the test was sent")
    receiver.wait(1)
    event, = eventually(lambda: client.get("/events?type=visitor.pre_registered&limit=1").json()["events"], 20, "the log can be read")
    return Furnished(good.id, f"{bad.id}/deliveries/{sent['id']}", evacuation["id"], key.id, event["id"])


def _visitors(client, place, other):
    names = ["Zoë Łukasiewicz", "Mehmet Öztürk", HOSTILE[:60], "Anna Müller", "Ngozi Okafor", "Liam O’Brien", "Fátima al-Zahra",
             "A Very Long Name Which Goes On And On Until It Does Not Fit Into Its Row Any More", "Ivan Petrov", "Sofia Rossi"]
    for at, name in enumerate(names):
        visitor = client.pre_register(place if at % 5 else other, full_name=name, company=["Helvetia Logistik AG", "Contoso GmbH", None][at % 3],
                                      host={"name": "Maja Sjöberg"}, purpose="Meeting", expected_at=ago(minutes=len(names) - at))  # Today, also shortly before midnight.
        if at < 6:
            client.post(f"/visitors/{visitor['id']}/check-in", json={"badge_number": f"B-{at + 10}"})
        if at == 1:
            client.post(f"/visitors/{visitor['id']}/check-out")


def _contractors(client, place):
    for company, trade, days in (("Blitz Elektro AG", "Electrician", 9), ("Sauber & Co", "Cleaning", 400), ("Dachmeister", "Roofing", -20)):
        made = client.post("/contractors", json={
            "company": company, "trade": trade, "contact": {"name": "Peter Keller", "phone": "+41791234567"}, "location_ids": [place],
            "insurance_expires_at": ago(days=-days), "induction_completed_at": ago(days=30)}).json()
        if trade == "Cleaning":
            client.post(f"/contractors/{made['id']}/approve", json={"valid_until": ago(days=-200)})


@dataclass
class Screen:
    name: str
    path: str  # With {webhook} and so on.
    there: str  # A text that tells that it is whole.
    opens: str = ""  # A button to press, for a dialog.


SCREENS = [
    Screen("overview", "/overview", "webhook deliveries"),
    Screen("desk", "/desk", "Ivan Petrov"),
    Screen("desk-on-site", "/desk?view=checked_in", "Anna Müller"),
    Screen("desk-pre-register", "/desk", "Ivan Petrov", "Pre-register"),
    Screen("desk-walk-in", "/desk", "Ivan Petrov", "Walk-in"),
    Screen("desk-check-in", "/desk", "Ivan Petrov", "Check in Ivan Petrov"),
    Screen("desk-cancel", "/desk", "Ivan Petrov", "Cancel the visit of Ivan Petrov"),
    Screen("contractors", "/contractors?view=all", "Dachmeister"),
    Screen("contractors-approve", "/contractors", "Dachmeister", "Approve Dachmeister"),
    Screen("contractors-reject", "/contractors", "Dachmeister", "Reject Dachmeister"),
    Screen("contractors-enter", "/contractors", "Dachmeister", "Enter a contractor"),
    Screen("evacuations", "/evacuations", "Quarterly drill"),
    Screen("evacuation", "/evacuations/{evacuation}", "missing"),
    Screen("evacuation-end", "/evacuations/{evacuation}", "missing", "End the drill"),
    Screen("keys", "/settings/api", "Building management"),
    Screen("keys-generate", "/settings/api", "Building management", "Generate API Key"),
    Screen("keys-revoke", "/settings/api", "Building management", "Revoke Building management"),
    Screen("key", "/settings/api/{key}", "Called from"),
    Screen("key-rotate", "/settings/api/{key}", "Called from", "Rotate"),
    Screen("webhooks", "/settings/webhooks", "Slack relay"),
    Screen("webhooks-add", "/settings/webhooks", "Slack relay", "Add Webhook"),
    Screen("webhook", "/settings/webhooks/{webhook}", "Whoever has it can pretend to be Porter"),
    Screen("webhook-edit", "/settings/webhooks/{webhook}", "Whoever has it can pretend to be Porter", "Edit"),
    Screen("webhook-rotate", "/settings/webhooks/{webhook}", "Whoever has it can pretend to be Porter", "Rotate"),
    Screen("webhook-confirm", "/settings/webhooks/{webhook}", "Whoever has it can pretend to be Porter", "Reveal"),
    Screen("webhook-delete", "/settings/webhooks/{webhook}", "Whoever has it can pretend to be Porter", "Delete"),
    Screen("webhook-log", "/settings/webhooks/{webhook}?view=log", "visitor.checked_in"),
    Screen("webhook-undelivered", "/settings/webhooks/{webhook}?view=undelivered", "Nothing is undelivered"),
    Screen("webhook-debugger", "/settings/webhooks/{webhook}?view=debug", "Your check says no?"),
    Screen("delivery", "/settings/webhooks/{failed}", "database is on fire"),
    Screen("event", "/events/{event}", "Building management"),
    Screen("people", "/settings/people", "Maja Sjöberg"),
    Screen("people-invite", "/settings/people", "Front desk", "Invite"),
    Screen("people-change", "/settings/people", "Front desk", "Change Anna Müller"),
    Screen("people-password", "/settings/people", "Front desk", "New password for Anna Müller"),
    Screen("people-remove", "/settings/people", "Front desk", "Remove Anna Müller"),
    Screen("people-withdraw", "/settings/people", INVITED, f"Withdraw the invitation of {INVITED}"),
    Screen("audit", "/settings/audit", "Maja Sjöberg"),
    Screen("account", "/account", "Where you are signed in"),
]


def show(page, screen, furnished, is_exact=True):
    """Opens a screen and waits until it is whole and at rest. Not exact: names may have more to them."""
    page.goto("/dashboard" + screen.path.format(**vars(furnished)))
    page.locator("main").get_by_text(screen.there).filter(visible=True).first.wait_for()
    expect(page.locator(".waiting")).to_have_count(0)
    if screen.opens:
        page.get_by_role("button", name=screen.opens, exact=is_exact).first.click()
        page.get_by_role("dialog").wait_for()
    rest(page)


def rest(page):
    """Until nothing moves any more but what always does."""
    page.evaluate("Promise.all(document.getAnimations().filter(one => one.effect.getTiming().iterations !== Infinity).map(one => one.finished.catch(() => {})))")
