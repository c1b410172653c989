/* getopt_long, with every number checked. */
#include "receiver/options.h"

#include "base/str.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_TEXT_MAX 512
#define DELAY_MS_MAX 3600000
#define THREADS_MAX 8192

static const struct option longs[] = {
    {"address", required_argument, NULL, 'a'},
    {"port", required_argument, NULL, 'p'},
    {"threads", required_argument, NULL, 't'},
    {"tls-cert", required_argument, NULL, 'c'},
    {"tls-key", required_argument, NULL, 'k'},
    {"secret", required_argument, NULL, 's'},
    {"secret-file", required_argument, NULL, 'S'},
    {"delay-ms", required_argument, NULL, 'd'},
    {"status", required_argument, NULL, 'r'},
    {"fail-first", required_argument, NULL, 'f'},
    {"log", required_argument, NULL, 'l'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

const char *options_help(void)
{
    return "receiver: answers Porter's webhooks and checks their signatures\n"
           "  --address A       listen there (127.0.0.1)\n"
           "  --port N          0 takes any free port (9443)\n"
           "  --threads N       connections served at once (256)\n"
           "  --tls-cert FILE --tls-key FILE   HTTPS; without them HTTP\n"
           "  --secret S        whsec_...; up to 8, any may have signed\n"
           "  --secret-file F   the same, from a file's first line\n"
           "  --delay-ms N      wait before every answer (0)\n"
           "  --status N        answer with this status (200)\n"
           "  --fail-first N    answer 503 to the first N attempts of each\n"
           "                    delivery (0)\n"
           "  --log FILE        one JSON line per request\n"
           "  --quiet           nothing on standard output but the port\n";
}

static bool number(const char *name, const char *text, unsigned max,
                   unsigned *out, struct err *err)
{
    uint64_t n = 0;

    if (!str_to_u64(str_of(text), max, &n)) {
        return err_set(err, ERR_INVALID, "--%s must be a number up to %u", name,
                       max);
    }
    *out = (unsigned)n;
    return true;
}

static bool add_secret(struct options *o, struct str secret, struct err *err)
{
    if (secret.data == NULL || !str_starts(secret, STR("whsec_"))) {
        return err_set(err, ERR_INVALID, "a secret begins with whsec_");
    }
    if (o->secret_count == SECRETS_MAX) {
        return err_set(err, ERR_INVALID, "at most %d secrets", SECRETS_MAX);
    }
    o->secrets[o->secret_count++] = str_dup(secret);
    return true;
}

static bool read_secret(struct options *o, const char *path, struct err *err)
{
    char text[SECRET_TEXT_MAX] = "";
    FILE *f = fopen(path, "re");

    if (f == NULL) {
        return err_set(err, ERR_INVALID, "can't read %s: %s", path,
                       strerror(errno));
    }
    if (fgets(text, sizeof(text), f) == NULL) {
        text[0] = '\0';
    }
    fclose(f);
    text[strcspn(text, "\r\n")] = '\0';
    return add_secret(o, str_of(text), err);
}

static bool take(struct options *o, int letter, const char *value,
                 struct err *err)
{
    switch (letter) {
    case 'a':
        o->address = value;
        return true;
    case 'p':
        return number("port", value, 65535, &o->port, err);
    case 't':
        return number("threads", value, THREADS_MAX, &o->threads, err);
    case 'c':
        o->tls_cert = value;
        return true;
    case 'k':
        o->tls_key = value;
        return true;
    case 's':
        return add_secret(o, str_of(value), err);
    case 'S':
        return read_secret(o, value, err);
    case 'd':
        return number("delay-ms", value, DELAY_MS_MAX, &o->delay_ms, err);
    case 'r':
        return number("status", value, 599, &o->status, err);
    case 'f':
        return number("fail-first", value, 1000, &o->fail_first, err);
    case 'l':
        o->log = value;
        return true;
    case 'q':
        o->quiet = true;
        return true;
    case 'h':
        o->help = true;
        return true;
    default:
        return err_set(err, ERR_INVALID, "see --help");
    }
}

bool options_read(int argc, char **argv, struct options *out, struct err *err)
{
    int letter = 0;

    *out = (struct options){
        .address = "127.0.0.1", .port = 9443, .threads = 256, .status = 200};
    while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (!take(out, letter, optarg, err)) {
            return false;
        }
    }
    if (optind != argc) {
        return err_set(err, ERR_INVALID, "%s is not an option; see --help",
                       argv[optind]);
    }
    if ((out->tls_cert == NULL) != (out->tls_key == NULL)) {
        return err_set(err, ERR_INVALID,
                       "--tls-cert and --tls-key go together");
    }
    if (out->status < 200 || out->threads == 0) {
        return err_set(err, ERR_INVALID,
                       "--status is 200 to 599, --threads at least 1");
    }
    return true;
}

void options_done(struct options *o)
{
    for (unsigned i = 0; i < o->secret_count; i++) {
        free(o->secrets[i]);
    }
    o->secret_count = 0;
}
