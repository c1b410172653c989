/* Options that can be told wrong before anything is fetched. */
#include "fetch/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CA_FILE_MAX 16777216
#define BLOCK_BYTES 2048

static bool is_proxy_scheme(const char *scheme)
{
    static const char *const schemes[] = {"http", "https", "socks5h"};

    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (strcmp(scheme, schemes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* With another scheme libcurl would look names up itself, and connect to
 * whatever they mean through the proxy. */
bool fetch_proxy_check(const char *proxy, struct err *err)
{
    CURLU *url = curl_url();
    char *scheme = NULL;

    if (url == NULL) {
        oom(sizeof url);
    }
    bool ok = proxy[0] == '\0' ||
              (curl_url_set(url, CURLUPART_URL, proxy,
                            CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
               curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
               is_proxy_scheme(scheme));
    curl_free(scheme);
    curl_url_cleanup(url);
    return ok || err_set(err, ERR_INVALID,
                         "must be a URL with http://, https:// or socks5h://");
}

static bool read_file(const char *path, struct buf *out, struct err *err)
{
    char block[BLOCK_BYTES];
    size_t got = 0;
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return err_set(err, ERR_INVALID, "can't be read: %s", strerror(errno));
    }
    while (out->len < CA_FILE_MAX &&
           (got = fread(block, 1, sizeof block, file)) > 0) {
        buf_add_bytes(out, block, got);
    }
    bool ok = ferror(file) == 0;
    (void)fclose(file);
    return ok || err_set(err, ERR_INVALID, "can't be read");
}

/* Else every attempt would fail with what looks like the endpoint's fault. */
bool fetch_ca_check(const char *path, struct err *err)
{
    struct buf text = BUF_EMPTY;

    if (path[0] == '\0') {
        return true;
    }
    bool ok = read_file(path, &text, err) &&
              (strstr(buf_cstr(&text), "-----BEGIN CERTIFICATE-----") != NULL ||
               err_set(err, ERR_INVALID, "holds no certificate in PEM form"));
    buf_free(&text);
    return ok;
}
