"""The line breaks: it is said, nothing is lost, and it goes on by itself."""


def test_a_broken_line_is_said_and_mends_itself(page, organization):
    place = organization.location()
    page.reload()
    page.get_by_text("0 on site").first.wait_for()
    page.context.set_offline(True)
    page.get_by_role("link", name="Contractors").click()
    page.get_by_role("alert").filter(has_text="Porter can’t be reached. What you see").wait_for()
    page.context.set_offline(False)
    page.get_by_role("alert").filter(has_text="Porter can’t be reached. What you see").wait_for(state="detached")
    page.get_by_role("link", name="Front desk").click()
    organization.client().pre_register(place, full_name="After The Storm")
    page.get_by_role("listitem").filter(has_text="After The Storm").wait_for()
