/* Health and metrics. */
#include "gateway/private.h"

#include "gateway/call.h"
#include "json/json.h"
#include "log/log.h"
#include "store/migrate.h"

struct readiness {
    bool postgresql_is_up;
    bool schema_is_current;
    bool redis_is_up;
    bool kafka_is_up;
    bool is_draining;
};

void private_ask_schema(struct gateway *g)
{
    struct err err = ERR_NONE;
    bool is_known = false;
    const bool is_up = migrate_is_current(g->db, &is_known, &err);

    atomic_store(&g->is_postgresql_up, is_up);
    if (is_up) {
        atomic_store(&g->is_schema_known, is_known);
    }
}

/* Who never was ready asks; else upkeep does, each second. */
static struct readiness look(struct gateway *g)
{
    if (!atomic_load(&g->is_schema_known)) {
        private_ask_schema(g);
    }
    return (struct readiness){
        .postgresql_is_up = atomic_load(&g->is_postgresql_up),
        .schema_is_current = atomic_load(&g->is_schema_known),
        .redis_is_up = kv_is_up(g->kv),
        .kafka_is_up = relay_stats(g->relay).kafka_is_up,
        .is_draining = atomic_load(&g->is_draining),
    };
}

static void add_word(struct json_writer *w, struct str name, const char *word)
{
    json_key(w, name);
    json_add_text(w, str_of(word));
}

static void answer_ready(struct gateway *g, struct web_response *res)
{
    struct readiness r = look(g);
    bool is_ready = r.schema_is_current && !r.is_draining;
    bool is_whole = r.postgresql_is_up && r.redis_is_up && r.kafka_is_up;
    struct json_writer w = json_writer(&res->body);

    res->status = is_ready ? HTTP_OK : problem_row(PROBLEM_UNAVAILABLE)->status;
    web_add_header(res, STR("Content-Type"), JSON_TYPE);
    json_object_begin(&w);
    add_word(&w, STR("status"),
             !is_ready ? "unready" : (is_whole ? "ready" : "degraded"));
    add_word(&w, STR("postgresql"), r.postgresql_is_up ? "up" : "down");
    add_word(&w, STR("schema"),
             r.schema_is_current
                 ? "current"
                 : (r.postgresql_is_up ? "not current" : "unknown"));
    add_word(&w, STR("redis"), r.redis_is_up ? "up" : "down");
    add_word(&w, STR("kafka"), r.kafka_is_up ? "up" : "down");
    json_key(&w, STR("draining"));
    json_add_bool(&w, r.is_draining);
    json_object_end(&w);
}

static void answer_problem(struct web_response *res, enum problem problem,
                           const char *detail)
{
    const struct problem_report report = {.problem = problem,
                                          .detail = str_of(detail)};

    res->status = problem_row(problem)->status;
    web_add_header(res, STR("Content-Type"), PROBLEM_TYPE);
    problem_write(&report, &res->body);
}

static void answer_metrics(struct gateway *g, const struct web_request *req,
                           struct web_response *res)
{
    const enum metrics_format format =
        metrics_format_for(web_header(req, STR("Accept")));

    res->status = HTTP_OK;
    web_add_header(res, STR("Content-Type"), metrics_type(format));
    gateway_metrics_write(g->metrics, g, format, &res->body);
}

void private_handle(void *user, const struct web_request *req,
                    struct web_response *res)
{
    struct gateway *g = user;

    if (req->method != WEB_GET && req->method != WEB_HEAD) {
        web_add_header(res, STR("Allow"), STR("GET, HEAD"));
        answer_problem(res, PROBLEM_METHOD_NOT_ALLOWED, "use GET");
    } else if (str_eq(req->path, STR("/healthz"))) {
        res->status = HTTP_OK;
        web_add_header(res, STR("Content-Type"), JSON_TYPE);
        BUF_ADD(&res->body, "{\"status\":\"alive\"}");
    } else if (str_eq(req->path, STR("/readyz"))) {
        answer_ready(g, res);
    } else if (str_eq(req->path, STR("/metrics"))) {
        answer_metrics(g, req, res);
    } else {
        answer_problem(res, PROBLEM_NOT_FOUND,
                       "here are /healthz, /readyz and /metrics");
    }
}

void private_refuse(void *user, enum web_refusal code, const char *detail,
                    const struct web_request *req, struct web_response *res)
{
    (void)user;
    (void)req;
    answer_problem(res, problem_of_refusal(code), detail);
}
