/* Ranges between commas, each with its weight. */
#include "gateway/accept.h"

struct range {
    struct str name;
    bool is_wanted; /* Its weight is not zero. */
};

/* "q=0" and "q=0.000": nothing but zeros. */
static bool is_zero_weight(struct str param)
{
    if (!str_starts(param, STR("q=0")) && !str_starts(param, STR("Q=0"))) {
        return false;
    }
    for (size_t i = 3; i < param.len; i++) {
        if (param.data[i] >= '1' && param.data[i] <= '9') {
            return false;
        }
    }
    return true;
}

static bool is_wanted(struct str params)
{
    struct str one = STR_NONE;

    while (str_split(&params, ';', &one)) {
        if (is_zero_weight(str_trim(one))) {
            return false;
        }
    }
    return true;
}

/* Take the next; false: there is none. */
static bool next_range(struct str *list, struct range *out)
{
    struct str params = STR_NONE;
    struct str name = STR_NONE;

    while (str_split(list, ',', &params)) {
        if (str_split(&params, ';', &name)) {
            *out = (struct range){str_trim(name), is_wanted(params)};
            return true;
        }
    }
    return false;
}

bool accept_takes_json(struct str accept)
{
    struct range range = {0};

    while (next_range(&accept, &range)) {
        if (range.is_wanted &&
            (str_eq(range.name, STR("*/*")) ||
             str_eq_ci(range.name, STR("application/*")) ||
             str_eq_ci(range.name, STR("application/json")))) {
            return true;
        }
    }
    return false;
}

bool accept_takes_coding(struct str accept, struct str coding)
{
    struct range range = {0};
    bool takes_any = false;

    while (next_range(&accept, &range)) {
        if (str_starts(range.name, STR("x-"))) { /* x-gzip: RFC 9110 */
            range.name = (struct str){range.name.data + 2, range.name.len - 2};
        }
        if (str_eq_ci(range.name, coding)) {
            return range.is_wanted;
        }
        takes_any =
            takes_any || (str_eq(range.name, STR("*")) && range.is_wanted);
    }
    return takes_any;
}
