/* The plain-HTTP listener. */
#include "gateway/plain.h"

#include "base/clock.h"
#include "gateway/gateway.h"
#include "gateway/pipeline.h"
#include "log/log.h"
#include "store/keycache.h"
#include "store/organization.h"

#define REFUSAL "this API is served over HTTPS only; nothing was carried out"
#define REFUSAL_REVOKED                                                        \
    REFUSAL ". The API key came over plain HTTP, where others can read it, "   \
            "so it has been revoked: make a new one"
#define REFUSAL_EXPOSED                                                        \
    REFUSAL                                                                    \
    ". If the API key that came over plain HTTP is a live one, others "        \
    "may know it: revoke it"

#define KEYS_MAX 8 /* Looked at per request. */

/* An error, as a line of this request. */
static void log_trouble(const struct call *call, const char *event,
                        const struct err *err)
{
    struct trace_id_text trace = trace_id_text(call->trace.id);

    log_err(LOG_ERROR, event, err,
            LOG_FIELDS(LOG_STR("request_id", call->request_id),
                       LOG_TEXT("trace_id", trace.data)));
}

/* Tell the owner: in the audit log, which the dashboard shows, and in ours. */
static void tell_owner(const struct call *call, const struct principal *who)
{
    struct gateway *g = call->gateway;
    struct id_text key = id_text(ID_KEY, who->key_id);
    struct id_text org = id_text(ID_ORGANIZATION, who->org_id);
    struct trace_id_text trace = trace_id_text(call->trace.id);
    struct err err = ERR_NONE;

    gateway_metrics_exposed(g->metrics);
    log_warn("key.revoked_exposed", LOG_STR("request_id", call->request_id),
             LOG_TEXT("trace_id", trace.data), LOG_TEXT("org", org.data),
             LOG_TEXT("key", key.data),
             LOG_STR("remote", call->request->remote));
    if (!audit_write(g->db, who->org_id, STR("gateway"),
                     STR("key.revoked_exposed"), str_of(key.data),
                     STR("{\"reason\":\"seen in plain text\"}"),
                     call->request_id, clock_wall_us(), &err)) {
        log_trouble(call, "audit.failed", &err);
    }
}

/* True when the key was live and is revoked now. */
static bool revoke_exposed(const struct call *call, struct str key,
                           struct err *err)
{
    struct gateway *g = call->gateway;
    const struct str remote = call->request->remote;
    const struct sha256 hash = key_hash(key);
    const struct author by = {.actor = STR("gateway"),
                              .request_id = call->request_id,
                              .address = remote};
    struct principal who = {0};
    int64_t retry_ms = 0;
    bool found = false;

    if (!admit_may_ask(g->admit, hash, remote, &retry_ms) ||
        !key_find(g->db, hash, clock_wall_us(), &found, &who, err)) {
        return false;
    }
    admit_asked(g->admit, hash, remote, found);
    if (!found) {
        return false;
    }
    if (!keycache_revoke(g->db, g->kv, who.org_id, who.key_id,
                         STR("seen in plain text"), &by, err)) {
        return false;
    }
    tell_owner(call, &who);
    return true;
}

/* What could be a key in a header: its last word, so that "Bearer …" counts. */
static struct str last_word(struct str value)
{
    struct str word = value;

    while (str_split(&value, ' ', &word)) {
    }
    return word;
}

/* Keys that came in the clear, wherever the sender put them; those that were
 * live are revoked. The detail for the answer, or NULL when there was none. */
static const char *deal_with_keys(const struct call *call)
{
    const struct web_request *req = call->request;
    const char *detail = NULL;
    size_t seen = 0;

    for (size_t i = 0; i < req->header_count && seen < KEYS_MAX; i++) {
        const struct web_header *h = &req->headers[i];
        struct str key = last_word(h->value);
        struct err err = ERR_NONE;

        if (!(str_eq_ci(h->name, STR("X-API-Key")) ||
              str_eq_ci(h->name, STR("Authorization"))) ||
            !key_is_well_formed(key, NULL)) {
            continue;
        }
        seen++;
        if (revoke_exposed(call, key, &err)) {
            detail = REFUSAL_REVOKED;
        } else if (detail == NULL) {
            detail = REFUSAL_EXPOSED;
        }
        if (err.code != ERR_OK) {
            log_trouble(call, "key.revoke_failed", &err);
        }
    }
    return detail;
}

void plain_handle(void *user, const struct web_request *req,
                  struct web_response *res)
{
    struct call call = pipeline_call(user, req, res);
    const char *detail = deal_with_keys(&call);

    res->close = true;
    pipeline_problem(&call, PROBLEM_HTTPS_REQUIRED,
                     detail == NULL ? REFUSAL : detail);
}

/* A request that breaks HTTP's rules has shown its key all the same. */
void plain_refuse(void *user, enum web_refusal code, const char *detail,
                  const struct web_request *req, struct web_response *res)
{
    struct call call = pipeline_call(user, req, res);
    const char *exposed = deal_with_keys(&call);

    res->close = true;
    if (exposed != NULL) {
        pipeline_problem(&call, PROBLEM_HTTPS_REQUIRED, exposed);
    } else {
        pipeline_problem(&call, problem_of_refusal(code), detail);
    }
}
