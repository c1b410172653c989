"""What a page asks by itself: nothing while it is hidden, and never as if a person had."""
from playwright.sync_api import expect

HIDE = """(isHidden) => { Object.defineProperty(document, "hidden", {configurable: true, get: () => isHidden});
  document.dispatchEvent(new Event("visibilitychange")); }"""


def waits(request):
    return "/dashboard/api/changes?since=" in request.url


def asked_by_itself(request):
    return request.headers.get("porter-background") == "1"


def test_a_hidden_page_waits_for_nothing_and_misses_nothing(page, client, location):
    with page.expect_request(waits) as first:
        page.reload()
    page.get_by_text("Zürich – Hauptsitz: 0 on site").wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request))
    with page.expect_event("requestfailed", lambda request: request == first.value):
        page.evaluate(HIDE, True)
    client.pre_register(location, full_name="Came Meanwhile")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert asked == []
    with page.expect_request(waits) as again:
        page.evaluate(HIDE, False)
    assert again.value.url == first.value.url
    page.get_by_role("listitem").filter(has_text="Came Meanwhile").wait_for()
    assert page.get_by_text("Porter can’t be reached").count() == 0


def test_a_page_that_was_opened_out_of_sight_shows_what_came_before_it_was_seen(new_page, owner, client, location, page):
    other = page.context.new_page()
    other.add_init_script(f"({HIDE})(true)")
    other.goto("/dashboard/desk")
    other.get_by_text("Nobody else is expected today").wait_for()
    client.pre_register(location, full_name="Came Meanwhile")
    other.evaluate(HIDE, False)
    other.get_by_role("listitem").filter(has_text="Came Meanwhile").wait_for()


def test_only_what_nobody_asked_for_is_said_to_be_so(page, client, location, organization):
    made = organization.key(name="Lobby screen")
    path = f"/dashboard/api/keys/{made.id}"
    asked = []
    page.on("request", lambda request: request.url.endswith(path) and asked.append(request))
    page.goto(f"/dashboard/settings/api/{made.id}")
    page.get_by_text("Called from").wait_for()
    with page.expect_request(lambda request: request.url.endswith(path)):
        pass
    assert [asked_by_itself(one) for one in asked[:2]] == [False, True]
    # What is told of, too; what a person opens is not, though it is the same list.
    lists = []
    page.on("request", lambda request: "/dashboard/api/v1/visitors?" in request.url and lists.append(request))
    page.get_by_role("link", name="Front desk").click()
    page.get_by_text("Nobody else is expected today").wait_for()
    client.pre_register(location, full_name="Grace Hopper")
    page.get_by_role("listitem").filter(has_text="Grace Hopper").wait_for()
    page.get_by_role("button", name="On site").click()
    page.get_by_text("Nobody is on site").wait_for()
    assert [asked_by_itself(one) for one in lists] == [False, *[True] * (len(lists) - 2), False] and len(lists) > 2


def test_all_pages_of_a_list_are_asked_for_alike(page, client, organization):
    made = organization.key(name="Lobby screen")
    caller = organization.client(key=made)
    for _ in range(30):
        caller.get("/locations")
    page.goto(f"/dashboard/settings/api/{made.id}")
    rows = page.get_by_role("table", name="Calls").locator("tbody tr")
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(30)
    with page.expect_request(lambda request: "/calls?" in request.url and "cursor=" in request.url) as later:
        pass
    assert asked_by_itself(later.value)
