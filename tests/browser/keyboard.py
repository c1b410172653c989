"""Hands that have no mouse."""
from playwright.sync_api import expect



def has_focus(target):
    return target.evaluate("node => node === document.activeElement")


def tab_to(page, target, limit=80):
    target.wait_for()
    for _ in range(limit):
        if has_focus(target):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {target}")


def press_on(page, target, key="Enter"):
    tab_to(page, target)
    page.keyboard.press(key)


def hold(page, target, until, key=" "):
    """Holds a key on it until something is there."""
    tab_to(page, target)
    page.keyboard.down(key)
    until.wait_for()
    page.keyboard.up(key)


def type_over(page, target, text):
    tab_to(page, target)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def pick(page, target, word, value):
    """As one chooses in a list: by its first letters."""
    tab_to(page, target)
    page.keyboard.type(word)
    expect(target).to_have_value(value)


def stays(page):
    """What was pressed may be gone: whoever pressed it is not thrown to the page's beginning."""
    expect(page.locator("body")).not_to_be_focused()


def confirm_by_hand(page, person):
    expect(page.get_by_role("dialog", name="Confirm that it is you").get_by_label("Password")).to_be_focused()
    page.keyboard.type(person.password)
    page.keyboard.press("Enter")


def go_by(page, letter, heading):
    """Where the shortcut leads; the screen begins at its heading."""
    page.get_by_role("heading", level=1).first.wait_for()
    page.keyboard.press("g")
    page.keyboard.press(letter)
    page.get_by_role("heading", name=heading, exact=True, level=1).wait_for()
