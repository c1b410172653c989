/* From what libcurl and the endpoint say to a fetch_answer's words: the pure
 * half of libs/fetch, so that it is tested without a network. */
#include "fetch/answer.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>

#define RETRY_AFTER_MAX 31536000 /* A year; callers cap it lower. */
#define DATE_MAX 64

/* A partial switch on purpose: libcurl has some hundred codes, and what is not
 * named here is "other". Hence the int. */
enum fetch_failure answer_failure_of(int code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return FETCH_DNS;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
        return FETCH_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return FETCH_TLS;
    case CURLE_OPERATION_TIMEDOUT:
        return FETCH_TIMEOUT;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return FETCH_PROTOCOL;
    default:
        return FETCH_OTHER;
    }
}

int64_t answer_retry_after(struct str value, int64_t now_s)
{
    char date[DATE_MAX];
    uint64_t seconds = 0;

    value = str_trim(value);
    if (str_to_u64(value, RETRY_AFTER_MAX, &seconds)) {
        return (int64_t)seconds;
    }
    /* A date has a letter first ("Sun, 06 Nov …"), which keeps curl_getdate's
     * generosity away from numbers such as "-1" or "20260301". */
    if (value.len < 20 || value.len >= sizeof date || value.data[0] < 'A') {
        return -1;
    }
    memcpy(date, value.data, value.len);
    date[value.len] = '\0';
    int64_t at_s = (int64_t)curl_getdate(date, NULL);
    if (at_s < 0) {
        return -1;
    }
    return at_s <= now_s ? 0 : MIN_OF(at_s - now_s, RETRY_AFTER_MAX);
}

void answer_header(struct str line, int64_t now_s, struct buf *kept,
                   int64_t *retry_after_s)
{
    struct str name = STR_NONE;

    while (line.len > 0 && (line.data[line.len - 1] == '\n' ||
                            line.data[line.len - 1] == '\r')) {
        line.len--;
    }
    if (str_starts(line, STR("HTTP/"))) {
        buf_clear(kept);
        *retry_after_s = -1;
        return;
    }
    struct str rest = line;
    if (!str_split(&rest, ':', &name) || name.len == 0 ||
        name.len == line.len) {
        return;
    }
    struct str value = str_trim(rest);
    if (str_eq_ci(name, STR("retry-after"))) {
        *retry_after_s = answer_retry_after(value, now_s);
    }
    if (kept->len + name.len + value.len + 3 <= ANSWER_HEADERS_MAX) {
        buf_add(kept, name);
        BUF_ADD(kept, ": ");
        buf_add(kept, value);
        buf_add_char(kept, '\n');
    }
}

void answer_remote(const char *ip, long port, char *out, size_t size)
{
    assert(out != NULL && size > 0);

    if (ip == NULL || ip[0] == '\0') {
        out[0] = '\0';
        return;
    }
    bool v6 = strchr(ip, ':') != NULL;
    int len = snprintf(out, size, v6 ? "[%s]:%ld" : "%s:%ld", ip, port);
    assert(len > 0);
}
