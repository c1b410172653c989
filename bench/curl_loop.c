/* The limit that the dispatcher is measured against: a bare libcurl multi loop
 * that posts one body with the same headers to one URL over keep-alive
 * connections, as fast as it goes, with nothing of ours around it. @FILE
 * instead of the URL: a file of URLs, a line each, that take turns.
 *
 *     curl_loop URL CA_FILE TRANSFERS IN_FLIGHT BODY_FILE HEADERS_FILE
 * [THREADS]
 *
 * Prints one JSON line: posts, seconds, posts per second, CPU seconds. */
#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define THREADS_MAX 8
#define BODY_MAX 65536
#define LINE_MAX_BYTES 1024
#define URLS_MAX 100000

struct job {
    char **urls;
    long url_count;
    long url_next;
    const char *ca_file;
    long transfers;
    long in_flight;
    char *body;
    long body_len;
    struct curl_slist *headers;
    long failed;
};

static double now_s(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t swallow(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

static FILE *file_open(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        (void)fprintf(stderr, "curl_loop: can't read %s\n", path);
        exit(2);
    }
    return file;
}

static void body_read(struct job *job, const char *path)
{
    FILE *file = file_open(path);

    job->body = malloc(BODY_MAX);
    assert(job->body != NULL);
    job->body_len = (long)fread(job->body, 1, BODY_MAX, file);
    (void)fclose(file);
}

static void headers_read(struct job *job, const char *path)
{
    FILE *file = file_open(path);
    char line[LINE_MAX_BYTES];

    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        job->headers = curl_slist_append(job->headers, line);
    }
    (void)fclose(file);
}

static void urls_read(struct job *job, char *text)
{
    char line[LINE_MAX_BYTES];

    job->urls = calloc(URLS_MAX, sizeof *job->urls);
    assert(job->urls != NULL);
    if (text[0] != '@') {
        job->urls[job->url_count++] = text;
        return;
    }
    FILE *file = file_open(text + 1);
    while (job->url_count < URLS_MAX &&
           fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        job->urls[job->url_count++] = strdup(line);
    }
    (void)fclose(file);
}

/* To the next URL, if there are several. */
static void transfer_aim(struct job *job, CURL *easy)
{
    if (job->url_count > 1) {
        curl_easy_setopt(easy, CURLOPT_URL,
                         job->urls[job->url_next++ % job->url_count]);
    }
}

static CURL *transfer_new(struct job *job)
{
    CURL *easy = curl_easy_init();

    assert(easy != NULL);
    curl_easy_setopt(easy, CURLOPT_URL, job->urls[0]);
    transfer_aim(job, easy);
    curl_easy_setopt(easy, CURLOPT_CAINFO, job->ca_file);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, job->body_len);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}

static void reap(struct job *job, CURLM *multi, long *started, long *done)
{
    CURLMsg *message = NULL;
    int left = 0;

    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        long status = 0;

        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        job->failed += message->data.result != CURLE_OK || status / 100 != 2;
        (*done)++;
        curl_multi_remove_handle(multi, easy);
        if (*started < job->transfers) {
            (*started)++;
            transfer_aim(job, easy);
            curl_multi_add_handle(multi, easy);
        } else {
            curl_easy_cleanup(easy);
        }
    }
}

static void *run(void *user)
{
    struct job *job = user;
    CURLM *multi = curl_multi_init();
    long started = 0;
    long done = 0;
    int running = 0;

    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, job->in_flight);
    while (started < job->in_flight && started < job->transfers) {
        curl_multi_add_handle(multi, transfer_new(job));
        started++;
    }
    while (done < job->transfers) {
        curl_multi_perform(multi, &running);
        reap(job, multi, &started, &done);
        if (done < job->transfers) {
            curl_multi_poll(multi, NULL, 0, 100, NULL);
        }
    }
    curl_multi_cleanup(multi);
    return NULL;
}

static double cpu_s(void)
{
    struct rusage u = {0};

    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    struct job jobs[THREADS_MAX] = {{0}};
    pthread_t threads[THREADS_MAX];
    long count = argc > 7 ? strtol(argv[7], NULL, 10) : 1;
    long total = 0;
    long failed = 0;
    double began = 0;
    double took = 0;

    if (argc < 7 || count < 1 || count > THREADS_MAX) {
        (void)fprintf(stderr, "usage: curl_loop URL CA_FILE TRANSFERS "
                              "IN_FLIGHT BODY_FILE HEADERS_FILE "
                              "[THREADS]\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_ALL);
    for (long i = 0; i < count; i++) {
        struct job *job = &jobs[i];

        urls_read(job, argv[1]);
        job->ca_file = argv[2];
        job->transfers = strtol(argv[3], NULL, 10) / count;
        job->in_flight = strtol(argv[4], NULL, 10) / count;
        body_read(job, argv[5]);
        headers_read(job, argv[6]);
        total += job->transfers;
    }
    began = now_s();
    for (long i = 0; i < count; i++) {
        (void)pthread_create(&threads[i], NULL, run, &jobs[i]);
    }
    for (long i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
        failed += jobs[i].failed;
    }
    took = now_s() - began;
    printf("{\"posts\":%ld,\"failed\":%ld,\"seconds\":%.3f,\"per_second\":%.0f,"
           "\"cpu_seconds\":%.3f}\n",
           total, failed, took, (double)total / took, cpu_s());
    return failed == 0 ? 0 : 1;
}
