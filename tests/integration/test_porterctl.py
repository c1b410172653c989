"""porterctl: what operators do, its exit codes and its JSON."""
import json

import pytest

OK, FAILED, USAGE, NOT_FOUND, CONFLICT, AWAY = range(6)


@pytest.fixture
def ctl_porter(new_porter):
    """A migrated database and nothing running."""
    return new_porter()


def test_migrating_again_changes_nothing(ctl_porter):
    assert ctl_porter.ctl("migrate") == {"applied": 0}


def test_an_edited_migration_is_refused(ctl_porter):
    with ctl_porter.database() as db:
        db.execute("UPDATE schema_migrations SET sha256 = '\\x00' WHERE number = 2")
    done = ctl_porter.run_ctl("migrate")
    assert done.returncode == CONFLICT
    assert "0002_people_and_places.sql was applied with another text" in done.stderr


def test_a_key_is_shown_once_and_revoked_for_good(ctl_porter):
    organization = ctl_porter.organization()
    key = organization.key()
    listed = ctl_porter.ctl("key", "list", "--org", organization.slug)
    assert listed["id"] == key.id and key.text not in json.dumps(listed)
    for _ in range(2):  # Twice is no error.
        assert ctl_porter.ctl("key", "revoke", key.id, "--org", organization.id)["revoked"]
    assert ctl_porter.ctl("key", "list", "--org", organization.id)["revoked_at"]


def test_a_webhook_secret_is_sealed_and_never_listed(ctl_porter):
    organization = ctl_porter.organization()
    webhook = organization.webhook("https://example.com/hook?a=1", "visitor.checked_in")
    assert webhook.secret.startswith("whsec_")
    listed = ctl_porter.ctl("webhook", "list", "--org", organization.id)
    assert listed["events"] == ["visitor.checked_in"] and webhook.secret not in json.dumps(listed)
    with ctl_porter.database() as db:
        assert webhook.secret.encode() not in db.execute("SELECT secret FROM webhooks").fetchone()[0]


@pytest.mark.parametrize("url", ["ftp://example.com/", "https://", "https://u:p@example.com/",
                                 "https://exa mple.com/", "https://example.com/#x", "example.com"])
def test_a_bad_url_is_refused(ctl_porter, url):
    organization = ctl_porter.organization()
    done = ctl_porter.run_ctl("webhook", "add", "--org", organization.id, "--url", url)
    assert done.returncode == USAGE and "URL" in done.stderr


def test_exit_codes_say_what_went_wrong(ctl_porter):
    organization = ctl_porter.organization()
    slug = organization.slug
    key = "key_01jd0000000000000000000000"
    away = {"PORTER_DB_URL": "postgresql://127.0.0.1:1/none"}
    for words, settings, code in [
        (["no", "such"], {}, USAGE),
        (["key", "create", "--org", slug], {}, USAGE),
        (["key", "create", "--org", slug, "--name", "x", "--scopes", "all:things"], {}, USAGE),
        (["key", "list", "--org", slug, "--nonsense", "1"], {}, USAGE),
        (["key", "list", "--org", "nobody"], {}, NOT_FOUND),
        (["key", "revoke", "--org", slug, key], {}, NOT_FOUND),
        (["key", "revoke", "--org", slug, "key_1"], {}, USAGE),
        (["org", "create", "--name", "x", "--slug", slug], {}, CONFLICT),
        (["org", "create", "--name", "x", "--slug", "Bad_Slug"], {}, USAGE),
        (["key", "list", "--org", slug], away, AWAY),
        (["migrate", "--status"], away, AWAY),
        (["--help"], {}, OK),
        (["key", "create", "--help"], {}, OK),
    ]:
        done = ctl_porter.run_ctl(*words, **settings)
        assert done.returncode == code, f"{words}: {done.returncode} {done.stderr}"


@pytest.mark.parametrize("words", [
    ["org", "create", "--slug", "named", "--name"], ["user", "create", "--email", "a@example.com", "--name"],
    ["location", "create", "--timezone", "Europe/Zurich", "--name"], ["contractor", "create", "--company"],
    ["contractor", "create", "--company", "x", "--contact-name"], ["key", "create", "--name"]])
def test_a_name_is_one_line(ctl_porter, words):
    more = [] if words[0] == "org" else ["--org", ctl_porter.organization().slug]
    limit = 200
    for name in ("", " ", "\u200b ", "a\nb", "a\tb", "a\x1b[31mb", "a\u0085b", "a\u2028b", "x" * (limit + 1), b"a\xff"):
        done = ctl_porter.run_ctl(*words, name, *more)
        assert done.returncode == USAGE, (name, done.stderr)
        assert f"{words[-1]} must be one line of 1 to {limit} characters" in done.stderr
    assert ctl_porter.run_ctl(*words, "é" * limit, *more).returncode == OK


def test_with_one_organization_its_name_may_be_left_out(ctl_porter):
    done = ctl_porter.run_ctl("key", "list")
    assert done.returncode == USAGE and "--org" in done.stderr
    ctl_porter.organization()
    assert ctl_porter.run_ctl("key", "list").returncode == OK


def test_text_survives_in_every_script(ctl_porter):
    ctl_porter.organization()
    made = ctl_porter.ctl("location", "create", "--name", "Zürich – 会議室", "--timezone",
                          "Europe/Zurich", "--city", "Zürich", "--capacity", "20")
    assert made["name"] == "Zürich – 会議室" and made["capacity"] == 20
    contractor = ctl_porter.ctl("contractor", "create", "--company", "Dvořák s.r.o.",
                                "--location", made["id"])
    assert contractor["location_ids"] == [made["id"]] and contractor["status"] == "pending"
