/* An open-loop load maker: so many requests a second, whether or not earlier
 * ones were answered, each with the next key of a file.
 *
 *     pace URL CA_FILE KEYS_FILE PER_SECOND SECONDS [BODY]
 *
 * With BODY it posts; "%T" in it becomes the moment the request was due, in
 * microseconds since 1970, so whoever receives it (a webhook's endpoint) can
 * tell the whole way's time, waiting for a free connection included. Prints
 * one JSON line: statuses, answer times in microseconds from the due moment. */
#include <assert.h>
#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 256 /* requests under way; more are late, and counted as such */
#define KEYS_MAX 100000
#define BODY_MAX 4096
#define STATUS_MAX 600

struct slot {
    CURL *easy;
    struct curl_slist *headers;
    int64_t due_us;
    int busy;
    char body[BODY_MAX];
};

struct pace {
    CURLM *multi;
    const char *template;
    char **keys;
    size_t key_count;
    size_t next_key;
    struct slot slots[SLOTS];
    int64_t *took_us;
    size_t done;
    size_t started;
    size_t total;
    size_t statuses[STATUS_MAX];
    size_t failed;
};

static int64_t wall_us(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static size_t swallow(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

static char **keys_read(const char *path, size_t *count)
{
    char **keys = calloc(KEYS_MAX, sizeof *keys);
    FILE *file = fopen(path, "r");
    char line[256];

    if (keys == NULL || file == NULL) {
        (void)fprintf(stderr, "pace: can't read %s\n", path);
        exit(2);
    }
    while (*count < KEYS_MAX && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        keys[(*count)++] = strdup(line);
    }
    (void)fclose(file);
    assert(*count > 0);
    return keys;
}

static void slot_open(struct slot *s, const char *url, const char *ca_file)
{
    s->easy = curl_easy_init();
    assert(s->easy != NULL);
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    curl_easy_setopt(s->easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
}

/* The body with the due moment in the place of "%T". */
static void body_fill(struct slot *s, const char *template)
{
    const char *mark = strstr(template, "%T");

    if (mark == NULL) {
        (void)snprintf(s->body, sizeof s->body, "%s", template);
        return;
    }
    (void)snprintf(s->body, sizeof s->body, "%.*s%lld%s",
                   (int)(mark - template), template, (long long)s->due_us,
                   mark + 2);
}

static int slot_start(struct pace *p, int64_t due_us)
{
    char key[300];

    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &p->slots[i];

        if (s->busy) {
            continue;
        }
        s->busy = 1;
        s->due_us = due_us;
        curl_slist_free_all(s->headers);
        (void)snprintf(key, sizeof key, "X-API-Key: %s",
                       p->keys[p->next_key++ % p->key_count]);
        s->headers = curl_slist_append(NULL, key);
        if (p->template != NULL) {
            s->headers =
                curl_slist_append(s->headers, "Content-Type: application/json");
            body_fill(s, p->template);
            curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, s->body);
            curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE,
                             (long)strlen(s->body));
        }
        curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
        curl_multi_add_handle(p->multi, s->easy);
        p->started++;
        return 1;
    }
    return 0;
}

static void reap(struct pace *p)
{
    CURLMsg *message = NULL;
    int left = 0;

    while ((message = curl_multi_info_read(p->multi, &left)) != NULL) {
        struct slot *s = NULL;
        long status = 0;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &s);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE,
                          &status);
        p->failed += message->data.result != CURLE_OK;
        p->statuses[status >= 0 && status < STATUS_MAX ? status : 0]++;
        p->took_us[p->done++] = wall_us() - s->due_us;
        curl_multi_remove_handle(p->multi, message->easy_handle);
        s->busy = 0;
    }
}

/* Until something comes or the next request is due, to the microsecond: curl's
 * own waits are whole milliseconds, which would be measured as the product's.
 */
static void wait_until(struct pace *p, int timer, int64_t due_us)
{
    struct itimerspec at = {
        .it_value = {due_us / 1000000, due_us % 1000000 * 1000}};
    struct curl_waitfd due = {.fd = timer, .events = CURL_WAIT_POLLIN};
    int waits = p->started < p->total && p->started - p->done < SLOTS;
    int set = timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);

    assert(set == 0);
    (void)set;
    curl_multi_poll(p->multi, &due, waits ? 1 : 0, 100, NULL);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void report(struct pace *p)
{
    qsort(p->took_us, p->done, sizeof *p->took_us, by_value);
    printf("{\"requests\":%zu,\"failed\":%zu", p->done, p->failed);
    for (size_t i = 0; i < STATUS_MAX; i++) {
        if (p->statuses[i] > 0) {
            printf(",\"status_%zu\":%zu", i, p->statuses[i]);
        }
    }
    printf(
        ",\"p50_us\":%lld,\"p90_us\":%lld,\"p99_us\":%lld,\"max_us\":%lld}\n",
        (long long)p->took_us[p->done / 2],
        (long long)p->took_us[p->done * 90 / 100],
        (long long)p->took_us[p->done * 99 / 100],
        (long long)p->took_us[p->done - 1]);
}

int main(int argc, char **argv)
{
    static struct pace p;
    int64_t began = 0;
    int64_t step_ns = 0;
    int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    int running = 0;

    if (argc < 6) {
        (void)fprintf(stderr, "usage: pace URL CA_FILE KEYS_FILE PER_SECOND "
                              "SECONDS [BODY]\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_ALL);
    p.multi = curl_multi_init();
    p.keys = keys_read(argv[3], &p.key_count);
    p.template = argc > 6 ? argv[6] : NULL;
    p.total = (size_t)(strtol(argv[4], NULL, 10) * strtol(argv[5], NULL, 10));
    step_ns = 1000000000 / strtol(argv[4], NULL, 10);
    p.took_us = calloc(p.total + 1, sizeof *p.took_us);
    assert(p.took_us != NULL && p.total > 0 && timer >= 0);
    curl_multi_setopt(p.multi, CURLMOPT_MAXCONNECTS, (long)SLOTS);
    for (size_t i = 0; i < SLOTS; i++) {
        slot_open(&p.slots[i], argv[1], argv[2]);
    }
    began = wall_us();
    while (p.done < p.total) {
        int64_t next = 0;

        do {
            next = began + (int64_t)p.started * step_ns / 1000;
        } while (p.started < p.total && next <= wall_us() &&
                 slot_start(&p, next));
        curl_multi_perform(p.multi, &running);
        reap(&p);
        if (p.done < p.total) {
            wait_until(&p, timer, next);
        }
    }
    (void)close(timer);
    report(&p);
    return p.failed == 0 ? 0 : 1;
}
