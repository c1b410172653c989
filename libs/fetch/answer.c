/* From what libcurl and the endpoint say to a fetch_answer's words: the pure
 * half of libs/fetch, so that it is tested without a network. */
#include "fetch/answer.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

#define RETRY_AFTER_MAX 31536000 /* A year; callers cap it lower. */
#define DATE_MAX 64
/* A proxy that got nothing from whom it was to connect to. */
#define PROXY_NONE_FIRST 502
#define PROXY_NONE_LAST 504
#define STATUS_FINAL 200
#define STATUS_MAX 999

/* What says something of us, and nothing of who was to be connected to. */
bool answer_is_lack(int os_errno)
{
    switch (os_errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENETDOWN:
    case EADDRNOTAVAIL:
        return true;
    default:
        return false;
    }
}

static enum fetch_failure of_connect(const struct answer_facts *f)
{
    if (f->is_refused) { /* The errno is another's then. */
        return FETCH_REFUSED_ADDRESS;
    }
    if (answer_is_lack(f->os_errno)) {
        return FETCH_LACK;
    }
    if (f->is_proxied) {
        return FETCH_PROXY;
    }
    switch (f->os_errno) {
    case ECONNREFUSED:
        return FETCH_CONNECT_REFUSED;
    case ETIMEDOUT:
        return FETCH_CONNECT_TIMEOUT;
    case ECONNRESET: /* Taken, and at once given up. */
        return f->is_tls ? FETCH_TLS_ENDED : FETCH_ENDED_SENDING;
    default:
        return FETCH_UNREACHABLE;
    }
}

/* A certificate can hold and still be another host's: libcurl looks at the
 * names itself. What no error of OpenSSL's explains was cut off. */
static enum fetch_failure of_tls(const struct answer_facts *f)
{
    if (f->tls != FETCH_OK) {
        return f->tls;
    }
    return f->code == CURLE_PEER_FAILED_VERIFICATION ? FETCH_TLS_WRONG_HOST
                                                     : FETCH_TLS_ENDED;
}

static bool is_silent(const struct answer_facts *f)
{
    return f->head->bytes == 0;
}

static bool is_interim(const struct answer_facts *f)
{
    return f->head->status == 0 && f->head->interim_count > 0;
}

/* The first phase that was not reached. */
static enum fetch_failure of_timeout(const struct answer_facts *f)
{
    if (!f->is_reused && f->connect_us == 0) {
        return f->is_proxied    ? FETCH_PROXY
               : f->dns_us == 0 ? FETCH_DNS_TIMEOUT
                                : FETCH_CONNECT_TIMEOUT;
    }
    if (!f->is_reused && f->is_tls && f->tls_us == 0) {
        return FETCH_TLS_TIMEOUT;
    }
    if (is_interim(f)) {
        return FETCH_INTERIM;
    }
    if (!is_silent(f)) {
        return FETCH_TIMEOUT_ANSWER;
    }
    return f->is_sent ? FETCH_TIMEOUT : FETCH_TIMEOUT_SENDING;
}

/* In TLS 1.3 a server says only after the handshake that it wants a
 * certificate of ours, or just ends the connection. */
static enum fetch_failure of_end(const struct answer_facts *f)
{
    if (strstr(f->words, "chunk") != NULL) {
        return FETCH_NOT_HTTP;
    }
    /* "CONNECT tunnel failed, response 403", "Proxy CONNECT aborted" … */
    if (f->is_proxied && strstr(f->words, "CONNECT") != NULL) {
        return FETCH_PROXY;
    }
    if (!is_silent(f)) {
        return FETCH_ENDED_SHORT;
    }
    if (f->is_asking || f->tls == FETCH_TLS_CLIENT_CERTIFICATE) {
        return FETCH_TLS_CLIENT_CERTIFICATE;
    }
    return f->is_sent ? FETCH_ENDED_SILENT : FETCH_ENDED_SENDING;
}

/* A partial switch on purpose: libcurl has some hundred codes, and what is not
 * named here is "other". Hence the int. */
static enum fetch_failure of_code(const struct answer_facts *f)
{
    if (f->is_lacking) {
        return FETCH_LACK;
    }
    if (f->is_proxied && f->proxy_status >= PROXY_NONE_FIRST &&
        f->proxy_status <= PROXY_NONE_LAST) {
        return FETCH_UNREACHABLE;
    }
    switch (f->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return FETCH_DNS;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return FETCH_PROXY;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
        return of_connect(f);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return of_tls(f);
    case CURLE_OPERATION_TIMEDOUT:
        return of_timeout(f);
    case CURLE_OK: /* Within the head. */
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return of_end(f);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return FETCH_NOT_HTTP;
    case CURLE_OUT_OF_MEMORY: /* A line longer than libcurl takes. */
        return f->is_sent ? FETCH_HEADERS_TOO_LARGE : FETCH_OTHER;
    default:
        return FETCH_OTHER;
    }
}

enum fetch_failure answer_failure(const struct answer_facts *f)
{
    if (f->head->is_body_too_large) {
        return FETCH_TOO_LARGE;
    }
    if (f->head->is_too_large) {
        return is_interim(f) ? FETCH_INTERIM : FETCH_HEADERS_TOO_LARGE;
    }
    return f->head->is_encoded ? FETCH_ENCODED : of_code(f);
}

/* The errno is that of a connect: libcurl keeps it over later transfers. */
bool answer_was_reset(const struct answer_facts *f)
{
    return (f->code == CURLE_COULDNT_CONNECT && f->os_errno == ECONNRESET) ||
           strstr(f->words, "reset by peer") != NULL ||
           strstr(f->words, "Broken pipe") != NULL;
}

const char *answer_version(long version)
{
    switch (version) {
    case CURL_HTTP_VERSION_1_0:
        return "1.0";
    case CURL_HTTP_VERSION_1_1:
        return "1.1";
    case CURL_HTTP_VERSION_2_0:
        return "2";
    default:
        return "";
    }
}

enum fetch_protocol answer_protocol(long version)
{
    switch (version) {
    case CURL_HTTP_VERSION_1_0:
    case CURL_HTTP_VERSION_1_1:
        return FETCH_HTTP1;
    case CURL_HTTP_VERSION_2_0:
        return FETCH_HTTP2;
    default:
        return FETCH_NO_ANSWER;
    }
}

static bool is_number(struct str s)
{
    size_t i = 0;

    while (i < s.len && s.data[i] >= '0' && s.data[i] <= '9') {
        i++;
    }
    return s.len > 0 && i == s.len;
}

int64_t answer_retry_after(struct str value, int64_t now_s)
{
    char date[DATE_MAX];
    uint64_t seconds = 0;

    value = str_trim(value);
    if (str_to_u64(value, RETRY_AFTER_MAX, &seconds)) {
        return (int64_t)seconds;
    }
    if (is_number(value)) {
        return RETRY_AFTER_MAX;
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

/* "HTTP/1.1 200 OK": 200; 0 when there is no number where it should be. */
static unsigned status_of(struct str line)
{
    struct str word = STR_NONE;
    uint64_t status = 0;

    (void)str_split(&line, ' ', &word);
    if (!str_split(&line, ' ', &word) ||
        !str_to_u64(word, STATUS_MAX, &status)) {
        return 0;
    }
    return (unsigned)status;
}

static void begin_anew(struct str line, struct answer_head *head)
{
    unsigned status = status_of(line);
    bool is_interim = status > 0 && status < STATUS_FINAL;

    buf_clear(&head->kept);
    head->retry_after_s = -1;
    head->is_whole = false;
    head->is_encoded = false;
    head->interim_count += is_interim ? 1 : 0;
    head->status = is_interim ? 0 : status;
}

/* libcurl would unpack what it was not asked to ask for. */
static bool is_packed(struct str value)
{
    return !str_eq_ci(value, STR("chunked")) &&
           !str_eq_ci(value, STR("identity"));
}

void answer_header(struct str line, int64_t now_s, struct answer_head *head)
{
    struct str name = STR_NONE;

    while (line.len > 0 && (line.data[line.len - 1] == '\n' ||
                            line.data[line.len - 1] == '\r')) {
        line.len--;
    }
    if (str_starts(line, STR("HTTP/"))) {
        begin_anew(line, head);
        return;
    }
    head->is_whole = head->is_whole || line.len == 0;
    struct str rest = line;
    if (!str_split(&rest, ':', &name) || name.len == 0 ||
        name.len == line.len) {
        return;
    }
    struct str value = str_trim(rest);
    if (str_eq_ci(name, STR("retry-after"))) {
        head->retry_after_s = answer_retry_after(value, now_s);
    } else if (str_eq_ci(name, STR("transfer-encoding"))) {
        head->is_encoded = head->is_encoded || is_packed(value);
    }
    struct buf *kept = &head->kept;
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
