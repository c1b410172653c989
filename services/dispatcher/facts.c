/* Stands behind explain: its tables say what, this says how it is written. */
#include "dispatcher/facts.h"

#include "base/clock.h"
#include "base/rfc3339.h"

#include <assert.h>

#define QUOTE_MAX 300 /* Bytes of a header's value in a sentence. */
#define DATE_LEN 10
#define TIME_AT 11
#define TIME_LEN 5
#define KIB 1024

struct str facts_host(struct str url)
{
    struct str part = STR_NONE;

    (void)str_split(&url, '/', &part);
    (void)str_split(&url, '/', &part);
    if (!str_split(&url, '/', &part) || part.len == 0) {
        return STR("the host");
    }
    struct str host = part;
    if (part.data[0] == '[') {
        (void)str_split(&part, ']', &host);
        return (struct str){host.data, host.len + 1};
    }
    (void)str_split(&part, ':', &host);
    return host;
}

struct facts facts_of(const struct fetch_answer *answer, struct str url)
{
    static const struct fetch_peer nobody = {.tls = ""};

    return (struct facts){
        .a = answer,
        .peer = answer->peer == NULL ? &nobody : answer->peer,
        .host = facts_host(url),
    };
}

bool facts_has_name(const struct facts *f)
{
    struct str host = f->host;
    bool has_other = false;

    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];
        has_other = has_other || (c != '.' && (c < '0' || c > '9'));
    }
    return has_other && host.data[0] != '[';
}

/* Cut between characters. */
static struct str quoted(struct str s)
{
    size_t len = MIN_OF(s.len, (size_t)QUOTE_MAX);

    while (len < s.len && len > 0 &&
           ((unsigned char)s.data[len] & 0xC0U) == 0x80U) {
        len--;
    }
    return (struct str){s.data, len};
}

struct str facts_header(const struct facts *f, struct str wanted)
{
    struct str lines = f->a->headers;
    struct str line = STR_NONE;
    struct str name = STR_NONE;

    while (str_split(&lines, '\n', &line)) {
        if (str_split(&line, ':', &name) && str_eq_ci(name, wanted)) {
            return quoted(str_trim(line));
        }
    }
    return STR_NONE;
}

/* "850 ms", "15 s", "14.2 s": never rounded up to the limit it is told with. */
static void add_duration(struct buf *out, int64_t us)
{
    int64_t ms = us / US_PER_MS;
    int64_t tenths = ms / 100;

    if (ms < 1000) {
        buf_addf(out, "%lld ms", (long long)ms);
    } else if (tenths % 10 == 0) {
        buf_addf(out, "%lld s", (long long)(tenths / 10));
    } else {
        buf_addf(out, "%lld.%lld s", (long long)(tenths / 10),
                 (long long)(tenths % 10));
    }
}

/* "2026-03-01 09:30 UTC" */
static void add_time(struct buf *out, int64_t us)
{
    char text[RFC3339_LEN + 1];

    rfc3339_write(us, text);
    buf_add_bytes(out, text, DATE_LEN);
    buf_add_char(out, ' ');
    buf_add_bytes(out, text + TIME_AT, TIME_LEN);
    BUF_ADD(out, " UTC");
}

static void add_quoted(struct buf *out, const char *name)
{
    buf_addf(out, "\"%s\"", name);
}

/* Of "…error:0A000418:SSL routines::tlsv1 alert unknown ca, errno 0" the end is
 * for people. (An address may have "::" as well.) */
static void add_why(const struct facts *f, struct buf *out)
{
    const char *words = f->a->detail;
    const char *error = strstr(words, "error:");
    const char *last = error == NULL ? NULL : strstr(error, "::");

    if (f->peer->why[0] != '\0') {
        buf_add(out, str_of(f->peer->why));
        return;
    }
    buf_add(out, str_of(last == NULL ? words : last + 2));
}

static void add_status(const struct facts *f, struct buf *out)
{
    buf_add_u64(out, f->a->status);
}

static void add_host(const struct facts *f, struct buf *out)
{
    buf_add(out, f->host);
}

static void add_remote(const struct facts *f, struct buf *out)
{
    bool is_known = f->a->remote[0] != '\0';

    buf_add(out, is_known ? str_of(f->a->remote) : f->host);
}

static void add_took(const struct facts *f, struct buf *out)
{
    add_duration(out, f->a->total_us);
}

static void add_limit(const struct facts *f, struct buf *out)
{
    add_duration(out, (int64_t)f->a->limits->total_ms * US_PER_MS);
}

static void add_body_limit(const struct facts *f, struct buf *out)
{
    buf_addf(out, "%zu KiB", f->a->limits->response_max / KIB);
}

static void add_head_bytes(const struct facts *f, struct buf *out)
{
    buf_add_u64(out, f->a->header_bytes);
}

static void add_body_bytes(const struct facts *f, struct buf *out)
{
    buf_add_u64(out, f->a->body_bytes);
}

static void add_interim(const struct facts *f, struct buf *out)
{
    buf_add_u64(out, f->a->interim_count);
}

static void add_ended(const struct facts *f, struct buf *out)
{
    buf_add(out, f->a->was_reset ? STR("reset") : STR("closed"));
}

static void add_culprit(const struct facts *f, struct buf *out)
{
    add_quoted(out, f->peer->culprit);
}

static void add_signer(const struct facts *f, struct buf *out)
{
    add_quoted(out, f->peer->culprit_issuer);
}

static void add_from(const struct facts *f, struct buf *out)
{
    add_time(out, f->peer->culprit_from_us);
}

static void add_until(const struct facts *f, struct buf *out)
{
    add_time(out, f->peer->culprit_until_us);
}

static void add_names(const struct facts *f, struct buf *out)
{
    buf_add(out, str_of(f->peer->names));
}

static void add_location(const struct facts *f, struct buf *out)
{
    buf_add(out, facts_header(f, STR("location")));
}

static void add_allow(const struct facts *f, struct buf *out)
{
    buf_add(out, facts_header(f, STR("allow")));
}

static void add_retry_after(const struct facts *f, struct buf *out)
{
    buf_addf(out, "%lld s", (long long)f->a->retry_after_s);
}

static const struct {
    struct str name;
    void (*add)(const struct facts *f, struct buf *out);
} words[] = {
    {{"why", 3}, add_why},
    {{"status", 6}, add_status},
    {{"host", 4}, add_host},
    {{"remote", 6}, add_remote},
    {{"took", 4}, add_took},
    {{"limit", 5}, add_limit},
    {{"body_limit", 10}, add_body_limit},
    {{"head_bytes", 10}, add_head_bytes},
    {{"body_bytes", 10}, add_body_bytes},
    {{"interim", 7}, add_interim},
    {{"ended", 5}, add_ended},
    {{"culprit", 7}, add_culprit},
    {{"signer", 6}, add_signer},
    {{"from", 4}, add_from},
    {{"until", 5}, add_until},
    {{"names", 5}, add_names},
    {{"location", 8}, add_location},
    {{"allow", 5}, add_allow},
    {{"retry_after", 11}, add_retry_after},
};

static void add_fact(struct str name, const struct facts *f, struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq(words[i].name, name)) {
            words[i].add(f, out);
            return;
        }
    }
    assert(false && "the tables above are ours");
}

void facts_say(const struct facts *f, const char *says, struct buf *out)
{
    struct str rest = str_of(says);
    struct str part = STR_NONE;
    bool is_fact = false;

    while (str_split(&rest, is_fact ? '}' : '{', &part)) {
        if (is_fact) {
            add_fact(part, f, out);
        } else {
            buf_add(out, part);
        }
        is_fact = !is_fact;
    }
}
