/* Any bytes as the head of an endpoint's answer (after a byte that chooses how
 * the transfer ended): what is kept of it, and the sentence about it, is
 * bounded and can be stored. */
#include "dispatcher/outcome.h"

#include "fetch/answer.h"

#include <stdint.h>
#include <stdlib.h>

#define NOW_S 1772357400
#define SENTENCE_MAX 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* As libcurl gives them: a line at a time, its end included. */
static void read_lines(struct str rest, struct answer_head *head)
{
    while (rest.len > 0) {
        const char *end = memchr(rest.data, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.data) + 1;

        answer_header((struct str){rest.data, len}, NOW_S, head);
        rest = (struct str){rest.data + len, rest.len - len};
    }
}

static void check_head(const struct answer_head *head)
{
    must(head->kept.len <= ANSWER_HEADERS_MAX);
    must(head->status == 0 || (head->status >= 200 && head->status <= 999));
    must(head->retry_after_s >= -1);
}

static void check_text(struct str s)
{
    must(s.len == 0 || (str_is_utf8(s) && !str_has(s, '\0')));
}

static void check_attempt(const struct attempt *a)
{
    check_text(a->detail);
    check_text(a->response_headers);
    must(a->detail.len <= SENTENCE_MAX);
    must(a->detail.len == 0 || a->detail.data[a->detail.len - 1] == '.');
}

static void judge(const struct answer_head *head, enum fetch_failure failure)
{
    static const struct fetch_options limits = {.total_ms = 15000};
    static const struct backoff backoff = {.count = 0};
    static struct webhook_target target;
    static struct load load;
    struct request_lines lines = {.text = BUF_EMPTY};
    struct body *body = body_new(&(struct body){.is_test = true});
    struct fetch_answer a = {.failure = failure,
                             .status = head->status,
                             .headers = buf_str(&head->kept),
                             .retry_after_s = head->retry_after_s,
                             .http_version = "1.1",
                             .limits = &limits};

    target.url = STR("https://hooks.example.com/");
    struct job *j = job_new(&load, false, body, NULL, &target);
    outcome_answer(j, &a, &lines, &backoff, 0, 0);
    check_attempt(&j->outcome.attempt);
    job_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct answer_head head = {.retry_after_s = -1};

    if (size == 0) {
        return 0;
    }
    read_lines((struct str){(const char *)data + 1, size - 1}, &head);
    check_head(&head);
    if (head.status != 0 || data[0] % FETCH_FAILURES != FETCH_OK) {
        judge(&head, (enum fetch_failure)(data[0] % FETCH_FAILURES));
    }
    buf_free(&head.kept);
    return 0;
}
