/* Any bytes as lines of X-Forwarded-For, the first byte choosing whose
 * connection it is: the caller is an address as we write them, and nobody who
 * is not trusted can change whose it is. */
#include "web/caller.h"

#include "base/arena.h"
#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 8
#define ARENA_BYTES 4096

static const char *const peers[] = {"10.0.0.1",        "fd00::1",
                                    "::ffff:10.0.0.2", "203.0.113.5",
                                    "2001:db8::1",     "nobody"};
#define TRUSTED_PEERS 3

static void set_lines(struct web_request *r, struct str text)
{
    struct str line = STR_NONE;

    r->header_count = 0;
    while (r->header_count < LINES_MAX && str_split(&text, '\n', &line)) {
        r->headers[r->header_count++] =
            (struct web_header){STR("X-Forwarded-For"), str_trim(line)};
    }
}

static bool is_proxy(const struct address_list *proxies, struct str text)
{
    struct address a = {0};

    return address_read(text, &a) && address_list_has(proxies, &a);
}

/* An address, written in the one way. */
static void check_form(struct str text)
{
    char again[ADDRESS_TEXT_MAX];
    struct address a = {0};

    if (!address_read(text, &a)) {
        abort();
    }
    address_write(&a, again);
    if (!str_eq(text, str_of(again))) {
        abort();
    }
}

/* What a caller sends stands left of what the proxies add. */
static void check_no_spoof(struct web_request *r,
                           const struct address_list *proxies)
{
    struct str first = caller_address(r, proxies);
    struct buf more = BUF_EMPTY;

    if (is_proxy(proxies, first) || r->header_count == 0) {
        return;
    }
    BUF_ADD(&more, "198.51.100.66, 10.0.0.9,");
    buf_add(&more, r->headers[0].value);
    r->headers[0].value = buf_str(&more);
    if (!str_eq(caller_address(r, proxies), first)) {
        abort();
    }
    /* Whom the last proxy names is the caller, whatever came before. */
    r->headers[r->header_count++] = (struct web_header){
        STR("x-forwarded-for"), STR("[2001:db8::7]:443,10.0.0.3")};
    if (is_proxy(proxies, r->peer) &&
        !str_eq(caller_address(r, proxies), STR("2001:db8::7"))) {
        abort();
    }
    buf_free(&more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct address_list proxies;
    static struct arena *arena;
    struct web_request r = {0};
    struct err err = ERR_NONE;

    if (arena == NULL) {
        arena = arena_new(ARENA_BYTES);
        if (!address_list_read_proxies(STR("10.0.0.0/8,fd00::/8"), &proxies,
                                       &err)) {
            abort();
        }
    }
    if (size == 0) {
        return 0;
    }
    arena_reset(arena);
    size_t peer = data[0] % COUNT_OF(peers);
    r.arena = arena;
    r.peer = str_of(peers[peer]);
    set_lines(&r, (struct str){(const char *)data + 1, size - 1});
    struct str got = caller_address(&r, &proxies);
    if (got.data == r.peer.data || peer >= TRUSTED_PEERS) {
        if (!str_eq(got, r.peer)) {
            abort();
        }
    } else {
        check_form(got);
    }
    check_no_spoof(&r, &proxies);
    return 0;
}
