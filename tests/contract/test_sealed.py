"""Whatever is sealed with a master key can be sealed anew with the next one."""
import re

from harness.sources import ROOT, statements, tracked

# Who seals what -> the statements by which porterctl secrets rewrap goes through it, and the columns that they swap.
WANTED = {"secret", "secret_previous", "headers", "client_certificate"}
SEALERS = {
    "libs/store/webhook_change.c": ("sealed_webhooks_swap", WANTED),
    "libs/store/webhook_headers.c": ("sealed_webhooks_swap", WANTED),
    "libs/store/totp_secret.c": ("sealed_people_swap", {"totp_secret", "totp_pending"}),
    "libs/store/idempotency.c": ("sealed_answers_swap", {"body"}),
    "libs/store/erase.c": ("sealed_answers_swap", {"body"}),
}


def test_all_that_is_sealed_is_sealed_anew():
    """A file that is not in the list seals something that would be lost with the old key: see libs/store/sealed.c."""
    sealing = {str(file.relative_to(ROOT)) for file in tracked("libs/*.c", "services/*.c")
               if re.search(r"\bseal_close\(", file.read_text())} - {"libs/crypt/seal.c", "libs/store/sealed.c"}
    assert sealing == set(SEALERS)
    for statement, columns in SEALERS.values():
        text, _ = statements()[statement]
        assert set(re.findall(r"(\w+) = s\.\w+(?=,|\s+FROM)", text.split("FROM")[0] + " FROM")) == columns
