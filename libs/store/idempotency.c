/* Answers that are kept for a day. */
#include "store/idempotency.h"

#include "base/clock.h"
#include "clean.h"
#include "store_sql.h"

#include <string.h>

#define KEPT_US (IDEMPOTENCY_HOURS * US_PER_HOUR)

static struct str hash_str(const struct sha256 *hash)
{
    return (struct str){(const char *)hash->bytes, SHA256_BYTES};
}

/* The last piece alone has any length. */
struct sha256 idempotency_identity(const struct idempotency_token *t)
{
    const struct str parts[] = {
        {(const char *)t->org_id.bytes, sizeof t->org_id.bytes},
        {(const char *)t->key_id.bytes, sizeof t->key_id.bytes},
        t->route,
        STR("\n"),
        t->text,
    };

    return crypt_hmac_sha256_parts(STR("idempotency"), parts, COUNT_OF(parts));
}

static int64_t lock_of(const struct sha256 *identity)
{
    int64_t number = 0;

    memcpy(&number, identity->bytes, sizeof number);
    return number;
}

static bool read_kept(const struct db_rows *rows, const struct seal_keys *keys,
                      struct str context, struct arena *arena,
                      struct idempotency_answer *out, struct err *err)
{
    struct str hash = db_bytes(rows, 0, 1);
    struct idempotency_answer kept = {.status = (unsigned)db_int(rows, 0, 2)};
    struct buf body = BUF_EMPTY;

    if (hash.len != SHA256_BYTES) {
        return err_set(err, ERR_INTERNAL, "a kept answer has no good hash");
    }
    if (!seal_open(keys, db_bytes(rows, 0, 4), context, &body, err)) {
        return err_wrap(err, "a kept answer");
    }
    memcpy(kept.request.bytes, hash.data, SHA256_BYTES);
    kept.headers = arena_str(arena, db_text(rows, 0, 3));
    kept.body = arena_str(arena, buf_str(&body));
    crypt_wipe(body.data, body.len);
    buf_free(&body);
    *out = kept;
    return true;
}

bool idempotency_claim(struct tx *tx, const struct seal_keys *keys,
                       const struct idempotency_token *token, int64_t now_us,
                       struct arena *arena, enum idempotency_state *state,
                       struct idempotency_answer *kept, struct err *err)
{
    const struct sha256 who = idempotency_identity(token);
    struct db_rows *rows = NULL;
    bool ok = tx_run(tx, &sql_idempotency_claim,
                     ARGS(ARG_UUID(token->org_id), ARG_UUID(token->key_id),
                          ARG_TEXT(token->route), ARG_TEXT(token->text),
                          ARG_INT(lock_of(&who)), ARG_TIME(now_us)),
                     &rows, err);

    if (!ok) {
        return false;
    }
    if (!db_bool(rows, 0, 0)) {
        *state = IDEMPOTENCY_BUSY;
    } else if (db_is_null(rows, 0, 2)) {
        *state = IDEMPOTENCY_FREE;
    } else {
        ok = read_kept(rows, keys, hash_str(&who), arena, kept, err);
        *state = IDEMPOTENCY_KEPT;
    }
    db_rows_free(rows);
    return ok;
}

bool idempotency_keep(struct tx *tx, const struct seal_keys *keys,
                      const struct idempotency_token *token,
                      const struct idempotency_answer *answer, int64_t now_us,
                      struct err *err)
{
    const struct sha256 who = idempotency_identity(token);
    struct buf sealed = BUF_EMPTY;
    bool ok = false;

    seal_close(keys, answer->body, hash_str(&who), &sealed);
    ok = tx_run_commit(tx, &sql_idempotency_keep,
                       ARGS(ARG_UUID(token->org_id), ARG_UUID(token->key_id),
                            ARG_TEXT(token->route), ARG_TEXT(token->text),
                            ARG_BYTES(hash_str(&answer->request)),
                            ARG_INT(answer->status), ARG_TEXT(answer->headers),
                            ARG_BYTES(buf_str(&sealed)), ARG_TIME(now_us),
                            ARG_TIME(now_us + KEPT_US)),
                       err);
    buf_free(&sealed);
    return ok;
}

bool idempotency_clean(struct db *db, int64_t now_us, int64_t *removed,
                       struct err *err)
{
    return clean_rows(db, &sql_idempotency_clean, now_us, IDEMPOTENCY_CLEAN_MAX,
                      removed, err);
}
