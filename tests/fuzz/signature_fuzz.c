/* The checks of a request: four lines of headers, then the body. Whatever
 * comes, a report is whole, and only a signature that fits is said to. */
#include "signature/check.h"

#include "base/arena.h"
#include "base/clock.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct signature_question q = {
        .at_us = 1772000000 * US_PER_S,
        .secrets = {{STR("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
                     SIGNER_CURRENT},
                    {STR("whsec_eHg="), SIGNER_PREVIOUS}},
        .secret_count = SIGNATURE_SECRETS_MAX,
    };
    struct str *const lines[] = {&q.id, &q.timestamp, &q.standard, &q.porter};
    struct arena *arena = arena_new(1024);
    struct signature_report report;

    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        (void)str_split(&rest, '\n', lines[i]);
    }
    q.body = rest;
    signature_check(&q, arena, &report);
    assert(report.count >= 2);
    for (size_t i = 0; i < report.count; i++) {
        assert(report.list[i].reason.len > 0);
        assert(report.list[i].ok == (report.list[i].cure.len == 0));
        assert(!report.verified || report.list[i].ok);
    }
    arena_free(arena);
    return 0;
}
