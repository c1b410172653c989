"""How the dashboard's files are served."""
import re

import pytest

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")


@pytest.fixture
def ask(new_page):
    """ask(path, method="GET", **headers): an answer as a program gets it, nothing unpacked."""
    context = new_page().context.request

    def send(path, method="GET", **headers):
        return context.fetch(path, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()}, max_redirects=0)

    return send


@pytest.fixture
def asset(ask):
    return re.search(r'src="(/dashboard/assets/main-[0-9a-f]{12}\.js)"', ask("/dashboard/").text()).group(1)


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/", "/dashboard/settings/api", "/dashboard/a/b/c/d/e", "/dashboard/index.html"])
def test_every_path_is_the_page_with_all_its_guards(ask, path):
    answer = ask(path)
    assert answer.status == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin" and answer.headers["cache-control"] == "no-cache"
    assert "<script>" not in answer.text() and "<style" not in answer.text() and "access-control-allow-origin" not in answer.headers


def test_the_page_is_not_sent_again_to_who_has_it(ask):
    tag = ask("/dashboard/").headers["etag"]
    again = ask("/dashboard/settings/api", If_None_Match=tag)
    assert again.status == 304 and again.body() == b"" and again.headers["etag"] == tag
    assert ask("/dashboard/", If_None_Match='W/"other"').status == 200


def test_an_asset_may_be_kept_for_ever(ask, asset):
    answer = ask(asset)
    assert answer.status == 200 and answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_each_form_holds_the_same(ask, asset):
    plain = ask(asset, Accept_Encoding="identity")
    assert "content-encoding" not in plain.headers
    for coding in ("gzip", "br"):
        packed = ask(asset, Accept_Encoding=coding)
        assert packed.headers["content-encoding"] == coding and packed.headers["vary"] == "Accept-Encoding"
        assert packed.body() == plain.body(), coding
    assert ask(asset, Accept_Encoding="gzip, br").headers["content-encoding"] == "br"
    assert ask(asset, Accept_Encoding="br;q=0, gzip").headers["content-encoding"] == "gzip"


def test_an_asset_of_another_build_is_absent_and_not_the_page(ask):
    answer = ask("/dashboard/assets/main-000000000000.js")
    assert answer.status == 404 and answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/dashboard/api/nothing", "/dashboard/api"])
def test_the_inner_api_is_not_the_page(ask, path):
    assert ask(path).headers["content-type"] == "application/problem+json"


def test_nothing_can_be_written_to_the_pages(ask):
    answer = ask("/dashboard/settings/api", method="POST")
    assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD"


def test_what_begins_like_the_dashboard_is_not_it(ask):
    assert ask("/dashboards").status == 404
