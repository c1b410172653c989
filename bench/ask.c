/* One quiet caller: asks one request after the other over one kept HTTPS
 * connection, each with the next key, and tells the answer times of each kind
 * of request.
 *
 *     ask URL CA_FILE KEYS_FILE ASKS_FILE
 *
 * ASKS_FILE has a line "kind path" for each request, in the order in which they
 * are made: kinds that alternate meet the same moments of the machine. Prints
 * one JSON object: a member for each kind. */
#include <assert.h>
#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEYS_MAX 100000
#define KINDS_MAX 200
#define LINE_BYTES_MAX 1024
#define TIMES_FIRST 1024

struct kind {
    char *name;
    int64_t *took_us;
    size_t count;
    size_t room;
    size_t failed; /* not 200 */
    size_t bytes;
};

struct asker {
    CURL *easy;
    const char *url;
    char **keys;
    size_t key_count;
    size_t next_key;
    struct kind kinds[KINDS_MAX];
    size_t kind_count;
};

static int64_t now_us(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static size_t swallow(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    *(size_t *)user += size * count;
    return size * count;
}

static FILE *file_open(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        (void)fprintf(stderr, "ask: can't read %s\n", path);
        exit(2);
    }
    return file;
}

static void keys_read(struct asker *a, const char *path)
{
    FILE *file = file_open(path);
    char line[256];

    a->keys = calloc(KEYS_MAX, sizeof *a->keys);
    assert(a->keys != NULL);
    while (a->key_count < KEYS_MAX && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        a->keys[a->key_count++] = strdup(line);
    }
    (void)fclose(file);
    assert(a->key_count > 0);
}

static void asker_open(struct asker *a, const char *url, const char *ca_file)
{
    a->url = url;
    a->easy = curl_easy_init();
    assert(a->easy != NULL);
    curl_easy_setopt(a->easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(a->easy, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(a->easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(a->easy, CURLOPT_NOSIGNAL, 1L);
}

static struct kind *kind_of(struct asker *a, const char *name)
{
    struct kind *k = NULL;

    for (size_t i = 0; i < a->kind_count; i++) {
        if (strcmp(a->kinds[i].name, name) == 0) {
            return &a->kinds[i];
        }
    }
    assert(a->kind_count < KINDS_MAX);
    k = &a->kinds[a->kind_count++];
    k->name = strdup(name);
    return k;
}

static void note(struct kind *k, int64_t took_us)
{
    if (k->count == k->room) {
        k->room = k->room == 0 ? TIMES_FIRST : 2 * k->room;
        k->took_us = realloc(k->took_us, k->room * sizeof *k->took_us);
        assert(k->took_us != NULL);
    }
    k->took_us[k->count++] = took_us;
}

static void ask(struct asker *a, struct kind *k, const char *path)
{
    char url[LINE_BYTES_MAX + 300];
    char key[300];
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OK;
    long status = 0;
    int64_t began = 0;

    (void)snprintf(url, sizeof url, "%s%s", a->url, path);
    (void)snprintf(key, sizeof key, "X-API-Key: %s",
                   a->keys[a->next_key++ % a->key_count]);
    headers = curl_slist_append(NULL, key);
    curl_easy_setopt(a->easy, CURLOPT_URL, url);
    curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(a->easy, CURLOPT_WRITEDATA, &k->bytes);
    began = now_us();
    code = curl_easy_perform(a->easy);
    note(k, now_us() - began);
    curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
    k->failed += code != CURLE_OK || status != 200;
    curl_slist_free_all(headers);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void report(struct asker *a)
{
    printf("{");
    for (size_t i = 0; i < a->kind_count; i++) {
        struct kind *k = &a->kinds[i];

        qsort(k->took_us, k->count, sizeof *k->took_us, by_value);
        printf("%s\"%s\":{\"count\":%zu,\"failed\":%zu,\"bytes\":%zu,"
               "\"p50_us\":%lld,\"p99_us\":%lld,\"max_us\":%lld}",
               i == 0 ? "" : ",", k->name, k->count, k->failed,
               k->bytes / k->count, (long long)k->took_us[k->count / 2],
               (long long)k->took_us[k->count * 99 / 100],
               (long long)k->took_us[k->count - 1]);
    }
    printf("}\n");
}

int main(int argc, char **argv)
{
    static struct asker a;
    char line[LINE_BYTES_MAX];
    FILE *asks = NULL;

    if (argc != 5) {
        (void)fprintf(stderr, "usage: ask URL CA_FILE KEYS_FILE ASKS_FILE\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_ALL);
    asker_open(&a, argv[1], argv[2]);
    keys_read(&a, argv[3]);
    asks = file_open(argv[4]);
    while (fgets(line, sizeof line, asks) != NULL) {
        char *path = strchr(line, ' ');

        assert(path != NULL);
        line[strcspn(line, "\r\n")] = '\0';
        *path++ = '\0';
        ask(&a, kind_of(&a, line), path);
    }
    (void)fclose(asks);
    report(&a);
    curl_easy_cleanup(a.easy);
    return 0;
}
