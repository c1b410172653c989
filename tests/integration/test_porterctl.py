"""porterctl: what operators do, its exit codes and its JSON."""
import json
import platform
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness.poll import eventually
from harness.process import program
from harness.watch import watch_process

OK, FAILED, USAGE, NOT_FOUND, CONFLICT, AWAY = range(6)
SIGTIMEDWAIT = {"x86_64": 128, "aarch64": 137}[platform.machine()]  # As the kernel numbers it.


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


@pytest.mark.parametrize("words, says", [
    ("frobnicate", 'there is no command "frobnicate"; see porterctl --help'),
    ("topics", '"topics" needs a second word: apply, check, list'),
    ("topics aply", '"topics" has no "aply"; there are apply, check, list'),
    ("secrets status --quick", "secrets status has no option --quick; there are --json and --help"),
    ("migrate --satus", "migrate has no option --satus; there are --status, --json and --help"),
    ("key revoke", "KEY_ID is missing: porterctl key revoke KEY_ID"),
    ("topics list extra", '"extra" is one word too many: topics list takes none but options'),
    ("key revoke key_x more", '"more" is one word too many: key revoke takes KEY_ID;'),
    ("erase-subject x --yes", "they look like vis_ or con_ and 26 letters and digits"),
    ("dead-letters requeue", "name one letter as the list does (0:17), or --since WHEN for all since then; not both"),
    ("deliveries retry", "name a delivery (porterctl deliveries list shows them), or a webhook with --webhook ID"),
])
def test_a_mistake_is_told_with_what_would_be_right(ctl_porter, words, says):
    done = ctl_porter.run_ctl(*words.split())
    assert done.returncode == 2 and says in done.stderr, done.stderr


def test_settings_that_are_wrong_are_named(ctl_porter):
    done = ctl_porter.run_ctl("secrets", "status", PORTER_SEAL_KEYS="nothing")
    assert done.returncode == 2 and done.stderr.startswith("porterctl: PORTER_SEAL_KEYS: seal key 1 has no id")
    assert "PORTER_LOG_LEVL is no variable of ours: mend its name, or unset it" in ctl_porter.run_ctl("migrate", PORTER_LOG_LEVL="info").stderr


def test_who_is_away_sends_to_the_doctor(ctl_porter):
    away = {"PORTER_DB_URL": "postgresql://127.0.0.1:1/x"}
    done = ctl_porter.run_ctl("key", "list", **away)
    assert done.returncode == 5 and "porterctl doctor --services none" in done.stderr
    assert list(json.loads(ctl_porter.run_ctl("key", "list", "--json", **away).stderr)) == ["error", "detail"]


def test_a_nouns_help_shows_its_commands_alone(ctl_porter):
    shown = ctl_porter.run_ctl("key", "--help").stdout
    assert [line.split()[1:] for line in shown.splitlines() if line.startswith("  porterctl ")] == [
        ["key", "create"], ["key", "list"], ["key", "rotate", "KEY_ID"], ["key", "revoke", "KEY_ID"]]


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


def test_a_password_is_one_that_can_sign_in(ctl_porter, tmp_path):
    org, file = ctl_porter.organization().slug, tmp_path / "password"
    for count, is_taken in ((11, False), (12, True), (256, True), (257, False), (5000, False)):
        file.write_text("ü" * count + "\nmore\n")
        done = ctl_porter.run_ctl("user", "create", "--org", org, "--email", f"of{count}@example.com", "--name", "Ada", "--password-file", file)
        assert done.returncode == (OK if is_taken else USAGE), done.stderr
        assert is_taken or "the password must have 12 to 256 characters" in done.stderr


CONTRACTOR, LOCATION = ["contractor", "create"], ["location", "create"]
COMPANY, ZONED = ["--company", "x"], ["--name", "x", "--timezone", "Europe/Zurich"]
PLACE = "loc_01jd0000000000000000000000"


@pytest.mark.parametrize("words,option,value,says", [
    (CONTRACTOR + COMPANY, "--trade", "a\nb", "must be one line"),
    (CONTRACTOR + COMPANY, "--trade", "a\x1b[31mb", "must hold no control characters"),
    (CONTRACTOR + COMPANY, "--trade", "é" * 121, "must have at most 120 characters, not 121"),
    (CONTRACTOR + COMPANY, "--trade", b"a\xff", "must be UTF-8"),
    (CONTRACTOR + COMPANY, "--contact-email", "nope", "must be an e-mail address"),
    (CONTRACTOR + COMPANY, "--contact-phone", "abc", "must be a phone number"),
    (CONTRACTOR + COMPANY, "--location", "loc_1", "must be an id that begins with loc_"),
    (CONTRACTOR + COMPANY, "--location", ",".join([PLACE] * 51), "must have at most 50 entries, not 51"),
    (LOCATION + ["--name", "x"], "--timezone", "", "is required"),
    (LOCATION + ["--name", "x"], "--timezone", "a\nb", "must be one line"),
    (LOCATION + ["--name", "x"], "--timezone", "x" * 65, "must have at most 64 characters, not 65"),
    (LOCATION + ZONED, "--line1", "x" * 201, "must have at most 200 characters, not 201"),
    (LOCATION + ZONED, "--city", "a\nb", "must be one line"),
    (LOCATION + ZONED, "--postal-code", "1" * 21, "must have at most 20 characters, not 21"),
    (LOCATION + ZONED, "--country", "germany", "must be a country's two capital letters, such as DE"),
    (LOCATION + ZONED, "--country", "de", "must be a country's two capital letters, such as DE"),
    (LOCATION + ZONED, "--capacity", "0", "must be from 1 to 1000000"),
    (LOCATION + ZONED, "--capacity", "1000001", "must be from 1 to 1000000"),
    (LOCATION + ZONED, "--capacity", "-1", "must be a whole number")])
def test_what_the_api_would_refuse_is_refused(ctl_porter, words, option, value, says):
    organization = ctl_porter.organization()
    done = ctl_porter.run_ctl(*words, option, value, "--org", organization.slug)
    assert done.returncode == USAGE and f"{option} {says}" in done.stderr, done.stderr
    with ctl_porter.database() as db:
        for table in ("contractors", "locations"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


@pytest.mark.parametrize("zone", ["Mars/X", "europe/berlin", "posix/Europe/Berlin", "right/UTC", "localtime", "Factory", "UTC+3", "x' OR true"])
def test_a_location_is_in_a_time_zone_that_is_known(ctl_porter, zone):
    slug = ctl_porter.organization().slug
    done = ctl_porter.run_ctl(*LOCATION, "--org", slug, "--name", "x", "--timezone", zone)
    assert done.returncode == USAGE
    assert f'--timezone "{zone}" is no IANA time zone; as Europe/Berlin' in done.stderr
    for known in ("Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC"):
        made = ctl_porter.ctl(*LOCATION, "--org", slug, "--name", "x", "--timezone", known)
        assert made["timezone"] == known


def test_all_faults_are_told_at_once(ctl_porter):
    for words, options in [
        (CONTRACTOR + COMPANY + ["--trade", "a\nb", "--contact-email", "nope", "--contact-phone", "abc", "--location", f"{PLACE},x"],
         ["--trade", "--contact-email", "--contact-phone", "--location"]),
        (LOCATION + ["--name", "x", "--timezone", "Mars/X", "--line1", b"\xff", "--city", "a\nb", "--country", "xx", "--capacity", "0"],
         ["--timezone", "--line1", "--city", "--country", "--capacity"])]:
        done = ctl_porter.run_ctl(*words)
        assert done.returncode == USAGE
        assert sorted(re.findall(r"--[a-z0-9-]+(?= )", done.stderr)) == sorted(options), done.stderr


def test_what_is_given_is_stored(ctl_porter):
    ctl_porter.organization()
    place = ctl_porter.ctl(*LOCATION, "--name", "Works", "--timezone", "Europe/Berlin", "--line1", "Hauptstraße 1", "--city", "Berlin",
                           "--postal-code", "10115", "--country", "DE", "--capacity", "1000000")
    assert place["address"] == {"line1": "Hauptstraße 1", "line2": None, "city": "Berlin", "region": None, "postal_code": "10115",
                                "country": "DE"}
    assert (place["name"], place["timezone"], place["capacity"]) == ("Works", "Europe/Berlin", 1000000)
    made = ctl_porter.ctl(*CONTRACTOR, "--company", "x", "--contact-name", "Ada", "--contact-email", "ada@example.com",
                          "--contact-phone", "+4930901820", "--trade", "é" * 120, "--location", place["id"])
    assert made["contact"] == {"name": "Ada", "email": "ada@example.com", "phone": "+4930901820"}
    assert (made["trade"], made["location_ids"]) == ("é" * 120, [place["id"]])
    with ctl_porter.database() as db:
        assert db.execute("SELECT line1, city, postal_code, country, timezone FROM locations").fetchall() == [
            ("Hauptstraße 1", "Berlin", "10115", "DE", "Europe/Berlin")]
        assert db.execute("SELECT contact_name, contact_email, contact_phone, trade FROM contractors").fetchall() == [
            ("Ada", "ada@example.com", "+4930901820", "é" * 120)]


def test_a_contractors_locations_are_the_organizations_and_named_once(ctl_porter):
    slug, other = ctl_porter.organization().slug, ctl_porter.organization()
    place = ctl_porter.ctl(*LOCATION, *ZONED, "--org", slug)["id"]
    theirs = ctl_porter.ctl(*LOCATION, *ZONED, "--org", other.slug)["id"]
    create = CONTRACTOR + COMPANY + ["--org", slug, "--location"]
    twice = ctl_porter.run_ctl(*create, f"{place},{place}")
    assert twice.returncode == USAGE and f"--location names {place} twice" in twice.stderr
    for id in (theirs, PLACE):
        missing = ctl_porter.run_ctl(*create, f"{place},{id}")
        assert missing.returncode == NOT_FOUND and f"no location {id}" in missing.stderr


def test_a_numbers_help_says_its_range(ctl_porter):
    """The first refused number names the bounds that the help shows."""
    slug = ctl_porter.organization().slug
    id = "01jd0000000000000000000000"
    docs = ctl_porter.run_ctl("commands", "docs").stdout
    for words, option in [(["topics", "apply"], "--partitions"), (["topics", "apply"], "--replication"),
                          (LOCATION + ZONED, "--capacity"), (["key", "create", "--name", "x"], "--rate-limit"),
                          (["webhook", "rotate-secret", f"whk_{id}", "--org", slug], "--overlap"),
                          (["webhook", "test", f"whk_{id}", "--org", slug], "--wait"),
                          (["deliveries", "list", "--org", slug], "--limit"), (["events", "tail"], "--count")]:
        chapter = docs.split(f"\n### {words[0]} {words[1]}")[1].split("\n###")[0]
        first, last = re.search(rf"`{option} .*, (\d+) to (\d+)[ .]", chapter).groups()
        done = ctl_porter.run_ctl(*words, option, str(int(last) + 1))
        assert done.returncode == USAGE and re.search(f"{option} must be (a number )?from {first} to {last}$", done.stderr.strip()), done.stderr


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_waiting_ends_when_it_is_told_to(number):
    """Well, and without settings: a container is kept there by it, whose first process has no signal's default."""
    with subprocess.Popen([program("porterctl"), "wait", "--seconds", "600"], env={}) as one:
        watch_process(one.pid)
        eventually(lambda: Path(f"/proc/{one.pid}/syscall").read_text().split()[0] == str(SIGTIMEDWAIT), 20, "it waits")
        one.send_signal(number)
        assert one.wait(20) == OK


def test_waiting_ends_by_itself(ctl_porter):
    done = ctl_porter.run_ctl("wait", "--seconds", "1")
    assert (done.returncode, done.stdout, done.stderr) == (OK, "", "")
    assert ctl_porter.run_ctl("wait").returncode == USAGE
