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

/* Tell the owner: in the audit log, which the dashboard shows, and in ours. */
static void tell_owner(struct gateway *g, const struct principal *who,
                       const struct web_request *req)
{
    struct id_text key = id_text(ID_KEY, who->key_id);
    struct id_text org = id_text(ID_ORGANIZATION, who->org_id);
    struct err err = ERR_NONE;

    gateway_metrics_exposed(g->metrics);
    log_warn("key.revoked_exposed", LOG_TEXT("org", org.data),
             LOG_TEXT("key", key.data), LOG_STR("remote", req->remote));
    if (!audit_write(g->db, who->org_id, STR("gateway"),
                     STR("key.revoked_exposed"), str_of(key.data),
                     STR("{\"reason\":\"seen in plain text\"}"), STR_NONE,
                     clock_wall_us(), &err)) {
        log_fail("audit.failed", &err);
    }
}

/* True when the key was live and is revoked now. */
static bool revoke_exposed(struct gateway *g, const struct web_request *req,
                           struct str key, struct err *err)
{
    struct principal who = {0};
    bool found = false;

    if (!key_find(g->db, key_hash(key), clock_wall_us(), &found, &who, err) ||
        !found) {
        return false;
    }
    if (!keycache_revoke(g->db, g->kv, who.org_id, who.key_id,
                         STR("seen in plain text"), STR("gateway"), err)) {
        return false;
    }
    tell_owner(g, &who, req);
    return true;
}

void plain_handle(void *user, const struct web_request *req,
                  struct web_response *res)
{
    struct gateway *g = user;
    struct str key = str_trim(web_header(req, STR("X-API-Key")));
    struct err err = ERR_NONE;
    const char *detail = REFUSAL;

    if (key_is_well_formed(key, NULL)) {
        detail = revoke_exposed(g, req, key, &err) ? REFUSAL_REVOKED
                                                   : REFUSAL_EXPOSED;
        if (err.code != ERR_OK) {
            log_fail("key.revoke_failed", &err);
        }
    }
    res->close = true;
    pipeline_problem(g, req, res, PROBLEM_HTTPS_REQUIRED, detail);
}

void plain_refuse(void *user, enum web_refusal code, const char *detail,
                  const struct web_request *req, struct web_response *res)
{
    res->close = true;
    pipeline_refuse(user, code, detail, req, res);
}
