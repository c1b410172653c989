/* UUIDv7 and its TypeID text. */
#include "base/id.h"

#include "base/clock.h"
#include "base/random.h"

#include <assert.h>
#include <pthread.h>

static const char *const prefixes[ID_KIND_COUNT] = {
    [ID_ORGANIZATION] = "org", [ID_KEY] = "key",        [ID_USER] = "usr",
    [ID_VISITOR] = "vis",      [ID_LOCATION] = "loc",   [ID_CONTRACTOR] = "con",
    [ID_EVACUATION] = "evac",  [ID_EVENT] = "evt",      [ID_WEBHOOK] = "whk",
    [ID_DELIVERY] = "dlv",     [ID_REQUEST] = "req",    [ID_REPLAY] = "rpl",
    [ID_SESSION] = "ses",      [ID_INVITATION] = "inv", [ID_AUDIT] = "aud",
};

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

const char *id_prefix(enum id_kind kind)
{
    assert(kind < ID_KIND_COUNT);
    return prefixes[kind];
}

static void set_time_ms(struct id *id, uint64_t ms)
{
    for (int i = 5; i >= 0; i--) {
        id->bytes[i] = (uint8_t)ms;
        ms >>= 8;
    }
}

/* RFC 9562, 6.2 method 1: the 12 bits behind the time count within one
 * millisecond of this process' ids; past 4095 the time itself moves on. */
struct id id_new(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t last; /* ms * 4096 + counter */
    struct id id;
    uint64_t now = (uint64_t)(clock_wall_us() / US_PER_MS) << 12;

    random_bytes(id.bytes, sizeof id.bytes);
    (void)pthread_mutex_lock(&lock);
    last = now > last ? now : last + 1;
    now = last;
    (void)pthread_mutex_unlock(&lock);
    set_time_ms(&id, now >> 12);
    id.bytes[6] = (uint8_t)(0x70 | ((now >> 8) & 0x0F));
    id.bytes[7] = (uint8_t)now;
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3F) | 0x80);
    return id;
}

/* The finisher of MurmurHash3 (public domain, A. Appleby). */
static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ULL;
    h ^= h >> 33;
    return h;
}

static uint64_t read64(const uint8_t *p)
{
    uint64_t n = 0;

    for (int i = 0; i < 8; i++) {
        n = n << 8 | p[i];
    }
    return n;
}

uint64_t id_hash(struct id id)
{
    return mix(mix(read64(id.bytes)) ^ read64(id.bytes + 8));
}

struct id id_pair(struct id a, struct id b)
{
    uint64_t high = mix(id_hash(a) ^ mix(id_hash(b) + 0x9e3779b97f4a7c15ULL));
    uint64_t low = mix(high ^ read64(b.bytes + 8) ^ mix(read64(a.bytes + 8)));
    struct id id = a;

    id.bytes[6] = (uint8_t)(0x80 | (high & 0x0F)); /* UUIDv8: our own making */
    id.bytes[7] = (uint8_t)(high >> 8);
    for (int i = 0; i < 8; i++) {
        id.bytes[8 + i] = (uint8_t)(low >> (8 * i));
    }
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3F) | 0x80);
    return id;
}

int64_t id_time_us(struct id id)
{
    return (int64_t)(read64(id.bytes) >> 16) * US_PER_MS;
}

struct id_text id_text(enum id_kind kind, struct id id)
{
    struct id_text text = {{0}};
    size_t n = strlen(id_prefix(kind));
    uint64_t high = read64(id.bytes);
    uint64_t low = read64(id.bytes + 8);

    memcpy(text.data, id_prefix(kind), n);
    text.data[n++] = '_';
    for (int i = ID_BODY_LEN - 1; i >= 0; i--) {
        text.data[n + (size_t)i] = alphabet[low & 31];
        low = low >> 5 | high << 59;
        high >>= 5;
    }
    return text;
}

static int digit_of(char c)
{
    const char *hit = c != '\0' ? strchr(alphabet, c) : NULL;

    return hit != NULL ? (int)(hit - alphabet) : -1;
}

bool id_read(enum id_kind kind, struct str s, struct id *out)
{
    size_t n = strlen(id_prefix(kind));
    uint64_t high = 0;
    uint64_t low = 0;

    if (s.len != n + 1 + ID_BODY_LEN ||
        memcmp(s.data, id_prefix(kind), n) != 0 || s.data[n] != '_' ||
        s.data[n + 1] > '7') {
        return false;
    }
    for (size_t i = n + 1; i < s.len; i++) {
        int digit = digit_of(s.data[i]);

        if (digit < 0) {
            return false;
        }
        high = high << 5 | low >> 59;
        low = low << 5 | (uint64_t)digit;
    }
    for (int i = 7; i >= 0; i--) {
        out->bytes[i] = (uint8_t)high;
        out->bytes[8 + i] = (uint8_t)low;
        high >>= 8;
        low >>= 8;
    }
    return true;
}

bool id_is_zero(struct id id)
{
    return read64(id.bytes) == 0 && read64(id.bytes + 8) == 0;
}
