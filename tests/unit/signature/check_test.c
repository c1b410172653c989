/* The checks of a request say what is wrong, and the usual mistakes by name. */
#include "signature/check.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "crypt/crypt.h"
#include "signature/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define KEY "0123456789abcdef0123456789abcdef"
#define OLD "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
#define ID "evt_01hv8z3k2m9q4r5s6t7v8w9x0y"
#define SENT "1772000000"
#define SENT_S 1772000000LL
#define BODY                                                                   \
    "{\"id\":\"evt_1\",\"n\":1,\"deep\":{\"a\":[true,null]},\"name\":\"Zoë "  \
    "/ \\\"山\\\"\"}"

struct world {
    struct arena *arena;
    struct buf standard;
    char porter[SIGN_HEX_LEN + 1];
    struct signature_question q;
    struct signature_report report;
};

static void sign_with(struct world *w, const char *secret)
{
    struct err err = ERR_NONE;

    buf_clear(&w->standard);
    assert_true(sign_standard(str_of(secret), STR(ID), SENT_S, STR(BODY),
                              &w->standard, &err));
    sign_body(str_of(secret), STR(BODY), w->porter);
    w->q.standard = buf_str(&w->standard);
    w->q.porter = str_of(w->porter);
}

static int begin(void **state)
{
    static struct world w;

    w = (struct world){.arena = arena_new(4096), .standard = BUF_EMPTY};
    w.q = (struct signature_question){
        .body = STR(BODY),
        .id = STR(ID),
        .timestamp = STR(SENT),
        .at_us = (SENT_S + 3) * US_PER_S,
        .secrets = {{STR(SECRET), SIGNER_CURRENT}, {STR(OLD), SIGNER_PREVIOUS}},
        .secret_count = 2,
    };
    sign_with(&w, SECRET);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;

    buf_free(&w->standard);
    arena_free(w->arena);
    return 0;
}

static const struct signature_check *look(struct world *w, const char *name)
{
    signature_check(&w->q, w->arena, &w->report);
    for (size_t i = 0; i < w->report.count; i++) {
        if (str_eq(str_of(w->report.list[i].name), str_of(name))) {
            return &w->report.list[i];
        }
    }
    return NULL;
}

static bool has(struct str text, const char *part)
{
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

/* The check fails, and says this. */
static void assert_told(struct world *w, const char *name, const char *reason)
{
    const struct signature_check *check = look(w, name);

    assert_non_null(check);
    assert_false(check->ok);
    assert_false(w->report.verified);
    assert_true(check->cure.len > 0);
    if (!has(check->reason, reason)) {
        fail_msg("\"%.*s\" does not say \"%s\"", STR_ARGS(check->reason),
                 reason);
    }
}

static void assert_ok(struct world *w, const char *name, enum signer signer)
{
    const struct signature_check *check = look(w, name);

    assert_non_null(check);
    if (!check->ok) {
        fail_msg("%s: %.*s", name, STR_ARGS(check->reason));
    }
    assert_int_equal(check->signer, signer);
    assert_int_equal(check->cure.len, 0);
}

static struct str hex_of(struct world *w, struct sha256 mac)
{
    char hex[SIGN_HEX_LEN + 1];

    hex_write(mac.bytes, sizeof mac.bytes, hex);
    return arena_str(w->arena, str_of(hex));
}

static struct str v1_of(struct world *w, struct sha256 mac)
{
    struct buf out = BUF_EMPTY;
    struct str copy;

    BUF_ADD(&out, "v1,");
    base64_add(&out, mac.bytes, sizeof mac.bytes);
    copy = arena_str(w->arena, buf_str(&out));
    buf_free(&out);
    return copy;
}

/* --- what is right ---------------------------------------------------------
 */

static void a_request_as_it_was_sent_verifies(void **state)
{
    struct world *w = *state;

    assert_ok(w, "headers", SIGNER_NONE);
    assert_ok(w, "timestamp", SIGNER_NONE);
    assert_ok(w, "webhook_signature", SIGNER_CURRENT);
    assert_ok(w, "x_porter_signature", SIGNER_CURRENT);
    assert_ok(w, "body", SIGNER_NONE);
    assert_true(w->report.verified);
    assert_int_equal(w->report.count, 5);
}

static void the_secret_before_is_named(void **state)
{
    struct world *w = *state;

    sign_with(w, OLD);
    assert_ok(w, "webhook_signature", SIGNER_PREVIOUS);
    assert_ok(w, "x_porter_signature", SIGNER_PREVIOUS);
    w->q.secrets[1].who = SIGNER_EXPIRED;
    assert_told(w, "webhook_signature", "whose overlap has ended");
    assert_int_equal(look(w, "webhook_signature")->signer, SIGNER_EXPIRED);
}

static void both_headers_of_an_overlap_are_checked(void **state)
{
    struct world *w = *state;
    char old[SIGN_HEX_LEN + 1];

    sign_body(STR(OLD), STR(BODY), old);
    w->q.previous = str_of(old);
    assert_ok(w, "x_porter_signature", SIGNER_CURRENT);
    assert_ok(w, "x_porter_signature_previous", SIGNER_PREVIOUS);
    assert_true(w->report.verified);
}

static void one_scheme_is_enough(void **state)
{
    struct world *w = *state;

    w->q.porter = STR_NONE;
    assert_ok(w, "headers", SIGNER_NONE);
    assert_true(w->report.verified);
    assert_null(look(w, "x_porter_signature"));
    sign_with(w, SECRET);
    w->q.standard = w->q.id = w->q.timestamp = STR_NONE;
    assert_ok(w, "headers", SIGNER_NONE);
    assert_true(has(look(w, "headers")->reason, "played again"));
    assert_true(w->report.verified);
    assert_null(look(w, "webhook_signature"));
    assert_null(look(w, "timestamp"));
}

/* --- headers and time ------------------------------------------------------
 */

static void a_header_that_is_not_there_is_named(void **state)
{
    struct world *w = *state;

    w->q.id = STR_NONE;
    assert_told(w, "headers", "no webhook-id");
    w->q.id = STR(ID);
    w->q.standard = STR("");
    assert_told(w, "headers", "no webhook-signature");
    w->q.standard = w->q.id = w->q.timestamp = w->q.porter = STR_NONE;
    assert_told(w, "headers", "no header of a signature");
}

static void headers_are_taken_in_any_case(void **state)
{
    struct signature_question q = {.secret_count = 0};

    (void)state;
    signature_take_header(&q, STR("WEBHOOK-ID"), STR(" a "));
    signature_take_header(&q, STR("x-porter-SIGNATURE"), STR("b"));
    signature_take_header(&q, STR("X-Porter-Signature-Previous"), STR("c"));
    signature_take_header(&q, STR("Webhook-Signature-Input"), STR("d"));
    assert_true(str_eq(q.id, STR("a")));
    assert_true(str_eq(q.porter, STR("b")));
    assert_true(str_eq(q.previous, STR("c")));
    assert_null(q.standard.data);
}

static void a_timestamp_is_told_how_far_it_is_off(void **state)
{
    struct world *w = *state;

    w->q.at_us = (SENT_S + 300) * US_PER_S;
    assert_ok(w, "timestamp", SIGNER_NONE);
    w->q.at_us = (SENT_S + 301) * US_PER_S;
    assert_told(w, "timestamp", "It is 301 s old");
    assert_ok(w, "webhook_signature", SIGNER_CURRENT);
    w->q.at_us = (SENT_S - 300) * US_PER_S;
    assert_ok(w, "timestamp", SIGNER_NONE);
    w->q.at_us = (SENT_S - 4000) * US_PER_S;
    assert_told(w, "timestamp", "It is 4000 s ahead");
    w->q.timestamp = STR(SENT "000");
    assert_told(w, "timestamp", "milliseconds");
    w->q.timestamp = STR("1772000000.5");
    assert_told(w, "timestamp", "no number");
}

/* --- signatures ------------------------------------------------------------
 */

static void a_tampered_request_fits_nothing(void **state)
{
    struct world *w = *state;

    w->q.body = STR("{\"id\":\"evt_1\",\"n\":2}");
    assert_told(w, "webhook_signature", "none of the usual mistakes");
    assert_told(w, "x_porter_signature", "none of the usual mistakes");
    w->q.body = STR(BODY);
    w->q.id = STR("evt_2");
    assert_told(w, "webhook_signature", "none of the usual mistakes");
    assert_ok(w, "x_porter_signature", SIGNER_CURRENT);
    w->q.id = STR(ID);
    w->q.timestamp = STR("1772000001");
    assert_told(w, "webhook_signature", "none of the usual mistakes");
    w->q.timestamp = STR(SENT);
    w->q.secret_count = 0;
    assert_told(w, "webhook_signature", "none of the webhook's secrets");
}

static void a_signature_that_is_written_otherwise_is_told(void **state)
{
    struct world *w = *state;
    struct str right = w->q.standard;
    struct str porter = w->q.porter;
    char hex[SIGN_HEX_LEN + 1];
    uint8_t mac[SHA256_BYTES];
    size_t len = 0;

    assert_true(base64_read((struct str){right.data + 3, right.len - 3}, mac,
                            sizeof mac, &len));
    hex_write(mac, len, hex);
    w->q.standard = (struct str){right.data + 3, right.len - 3};
    assert_told(w, "webhook_signature", "begins with \"v1,\"");
    w->q.standard = str_of(hex);
    assert_told(w, "webhook_signature", "in hex");
    w->q.standard = (struct str){right.data, right.len - 4};
    assert_told(w, "webhook_signature", "cut");
    w->q.standard = STR("v1,*");
    assert_told(w, "webhook_signature", "cut");
    w->q.standard = STR("signed, honestly");
    assert_told(w, "webhook_signature", "no signature");
    w->q.porter = arena_printf(w->arena, "sha256=%.*s", STR_ARGS(porter));
    assert_told(w, "x_porter_signature", "stands in front");
    w->q.porter = (struct str){porter.data, 40};
    assert_told(w, "x_porter_signature", "cut");
    w->q.porter = STR("never");
    assert_told(w, "x_porter_signature", "no signature");
}

static void capitals_and_base64_are_told(void **state)
{
    struct world *w = *state;
    struct sha256 mac = crypt_hmac_sha256(STR(SECRET), STR(BODY));
    struct str v1 = v1_of(w, mac);
    char upper[SIGN_HEX_LEN + 1];

    for (size_t i = 0; i <= SIGN_HEX_LEN; i++) {
        char c = w->porter[i];
        upper[i] = c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : c;
    }
    w->q.porter = str_of(upper);
    assert_told(w, "x_porter_signature", "capital");
    w->q.porter = (struct str){v1.data + 3, v1.len - 3};
    assert_told(w, "x_porter_signature", "base64");
}

static void an_entry_that_is_not_ours_does_no_harm(void **state)
{
    struct world *w = *state;

    w->q.standard = arena_printf(w->arena, "v1a,AAAA v1,AAAA %.*s v2,x",
                                 STR_ARGS(w->q.standard));
    assert_ok(w, "webhook_signature", SIGNER_CURRENT);
}

/* The key, or the text that is signed, is a usual wrong one. */
static void a_key_that_was_read_wrongly_is_told(void **state)
{
    struct world *w = *state;
    struct str standard = STR(ID "." SENT "." BODY);
    struct str all = STR("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY");
    uint8_t whole[64];
    size_t len = 0;

    w->q.standard = v1_of(w, crypt_hmac_sha256(STR(SECRET), standard));
    assert_told(w, "webhook_signature", "with the secret's text, whsec_");
    assert_true(has(look(w, "webhook_signature")->cure, "base64 after whsec_"));
    w->q.standard = v1_of(
        w, crypt_hmac_sha256(
               STR("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="), standard));
    assert_told(w, "webhook_signature", "text without whsec_");
    all.len -= all.len % 4 == 1 ? 1 : 0; /* As lenient readers do. */
    assert_true(base64_read(all, whole, sizeof whole, &len));
    w->q.standard =
        v1_of(w, crypt_hmac_sha256((struct str){(char *)whole, len}, standard));
    assert_told(w, "webhook_signature", "whole secret");
    w->q.standard = v1_of(w, crypt_hmac_sha256(STR(KEY), STR(BODY)));
    assert_told(w, "webhook_signature", "HMAC of the body alone");
    w->q.standard = v1_of(w, crypt_hmac_sha256(STR(KEY), STR(SENT "." BODY)));
    assert_told(w, "webhook_signature", "HMAC of webhook-timestamp.body");
    w->q.porter = hex_of(w, crypt_hmac_sha256(STR(KEY), STR(BODY)));
    assert_told(w, "x_porter_signature", "base64 after whsec_ stands for");
    assert_int_equal(look(w, "x_porter_signature")->signer, SIGNER_CURRENT);
    w->q.porter = hex_of(w, crypt_hmac_sha256(STR(SECRET "\n"), STR(BODY)));
    assert_told(w, "x_porter_signature", "and a line break");
    w->q.porter = hex_of(w, crypt_hmac_sha256(STR(OLD), standard));
    assert_told(w, "x_porter_signature", "HMAC of webhook-id");
    assert_int_equal(look(w, "x_porter_signature")->signer, SIGNER_PREVIOUS);
    /* The body is what was signed all the same. */
    assert_ok(w, "body", SIGNER_NONE);
}

/* --- the body ---------------------------------------------------------------
 */

static void assert_body(struct world *w, struct str body, const char *reason)
{
    w->q.body = body;
    assert_told(w, "body", reason);
    assert_told(w, "webhook_signature", "another body than this");
    assert_told(w, "x_porter_signature", "another body than this");
}

static void what_happened_to_the_body_is_told(void **state)
{
    struct world *w = *state;

    assert_body(w, STR(BODY "\n"), "Line breaks or blanks");
    assert_body(w, STR(BODY "\r\n"), "Line breaks or blanks");
    assert_body(w, STR("\xef\xbb\xbf" BODY), "byte order mark");
    assert_body(w,
                STR("{\"id\": \"evt_1\", \"n\": 1, \"deep\": {\"a\": [true, "
                    "null]}, \"name\": \"Zo\\u00eb / \\\"\\u5c71\\\"\"}"),
                "parsed and printed again");
    assert_body(w,
                STR("{\r\n  \"id\": \"evt_1\",\r\n  \"n\": 1,\r\n  \"deep\": "
                    "{\"a\": [true, null]},\r\n  \"name\": \"Zoë \\/ "
                    "\\\"山\\\"\"\r\n}\r\n"),
                "parsed and printed again");
    assert_body(w,
                STR("\"{\\\"id\\\":\\\"evt_1\\\",\\\"n\\\":1,\\\"deep\\\":{"
                    "\\\"a\\\":[true,null]},\\\"name\\\":\\\"Zoë / "
                    "\\\\\\\"山\\\\\\\"\\\"}\""),
                "JSON string");
    assert_body(w,
                STR("{\"id\":\"evt_1\",\"n\":1,\"deep\":{\"a\":[true,null]},"
                    "\"name\":\"Zo\xc3\x83\xc2\xab / "
                    "\\\"\xc3\xa5\xc2\xb1\xc2\xb1\\\"\"}"),
                "read as Latin-1");
}

static void a_body_in_latin1_is_told(void **state)
{
    struct world *w = *state;

    w->q.standard = w->q.id = w->q.timestamp = STR_NONE;
    w->q.porter = hex_of(
        w, crypt_hmac_sha256(STR(SECRET), STR("{\"id\":\"Zo\xc3\xab\"}")));
    w->q.body = STR("{\"id\":\"Zo\xeb\"}");
    assert_told(w, "body", "in Latin-1");
    assert_told(w, "x_porter_signature", "another body than this");
}

/* Without a signature that fits the looks are all there is. */
static void the_looks_of_a_body_are_judged(void **state)
{
    struct world *w = *state;

    w->q.secret_count = 0;
    assert_ok(w, "body", SIGNER_NONE);
    w->q.body = STR("");
    assert_told(w, "body", "empty");
    w->q.body = STR("{\"id\":\"evt_1\",\"na");
    assert_told(w, "body", "no JSON");
    w->q.body = STR("{\"api_version\":\"v1\",\"id\":\"evt_1\"}");
    assert_told(w, "body", "another order");
    w->q.body = STR("{\"id\": \"evt_1\"}");
    assert_told(w, "body", "printed again");
    w->q.body = STR_NONE;
    assert_told(w, "body", "empty");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_as_it_was_sent_verifies),
        TEST(the_secret_before_is_named),
        TEST(both_headers_of_an_overlap_are_checked),
        TEST(one_scheme_is_enough),
        TEST(a_header_that_is_not_there_is_named),
        TEST(headers_are_taken_in_any_case),
        TEST(a_timestamp_is_told_how_far_it_is_off),
        TEST(a_tampered_request_fits_nothing),
        TEST(a_signature_that_is_written_otherwise_is_told),
        TEST(capitals_and_base64_are_told),
        TEST(an_entry_that_is_not_ours_does_no_harm),
        TEST(a_key_that_was_read_wrongly_is_told),
        TEST(what_happened_to_the_body_is_told),
        TEST(a_body_in_latin1_is_told),
        TEST(the_looks_of_a_body_are_judged),
    };

    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
