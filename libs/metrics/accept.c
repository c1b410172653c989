/* Which form a scraper wants, by the Accept that it sends. */
#include "metrics/metrics.h"

#define WEIGHT_MOST 1000 /* q=1, in thousandths. */

/* "0.5", "1", "0.75": in thousandths; anything else is not wanted. */
static unsigned weight_of(struct str text)
{
    struct str whole = STR_NONE;
    uint64_t ones = 0;
    uint64_t part = 0;

    (void)str_split(&text, '.', &whole);
    if (!str_to_u64(whole, 1, &ones)) {
        return 0;
    }
    for (size_t i = 0; i < 3; i++) {
        const char c = i < text.len ? text.data[i] : '0';
        if (c < '0' || c > '9') {
            return 0;
        }
        part = part * 10 + (uint64_t)(c - '0');
    }
    return (unsigned)(ones > 0 ? WEIGHT_MOST : part);
}

/* Of a range's parameters: how much it is wanted; 0: not, or not this version.
 * Version "" is any. */
static unsigned wanted(struct str params, struct str version)
{
    unsigned weight = WEIGHT_MOST;
    struct str one = STR_NONE;
    struct str name = STR_NONE;

    while (str_split(&params, ';', &one)) {
        one = str_trim(one);
        if (!str_split(&one, '=', &name)) {
            continue;
        }
        if (str_eq_ci(name, STR("q"))) {
            weight = weight_of(one);
        } else if (str_eq_ci(name, STR("version")) && version.len > 0 &&
                   !str_eq(one, version)) {
            return 0;
        }
    }
    return weight;
}

enum metrics_format metrics_format_for(struct str accept)
{
    unsigned text = 0;
    unsigned open = 0;
    struct str range = STR_NONE;
    struct str media = STR_NONE;

    while (str_split(&accept, ',', &range)) {
        if (!str_split(&range, ';', &media)) {
            continue;
        }
        media = str_trim(media);
        if (str_eq_ci(media, STR("application/openmetrics-text"))) {
            open = MAX_OF(open, wanted(range, STR("1.0.0")));
        } else if (str_eq_ci(media, STR("text/plain"))) {
            text = MAX_OF(text, wanted(range, STR("0.0.4")));
        }
    }
    return open > 0 && open >= text ? METRICS_OPENMETRICS : METRICS_TEXT;
}

struct str metrics_type(enum metrics_format format)
{
    return format == METRICS_OPENMETRICS
               ? STR("application/openmetrics-text; version=1.0.0; "
                     "charset=utf-8")
               : STR("text/plain; version=0.0.4; charset=utf-8");
}
