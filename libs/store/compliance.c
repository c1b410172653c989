/* Contractors' papers: dates and a clock value -> compliance. */
#include "store/compliance.h"

#include "base/macros.h"
#include "message/message.h"

#define REASONS_MAX 6
#define NO_END INT64_MAX

/* Shorter names for protobuf-c's. */
#define STATUS(word) PORTER__V1__COMPLIANCE_STATUS__COMPLIANCE_STATUS_##word
#define REASON(word) PORTER__V1__COMPLIANCE_REASON__COMPLIANCE_REASON_##word

/* When it ends; NO_END: it is not set. */
static int64_t end_of(const Google__Protobuf__Timestamp *t)
{
    return t == NULL ? NO_END : t->seconds * US_PER_S + t->nanos / 1000;
}

static bool is_expiring(int64_t end_us, int64_t now_us)
{
    return end_us > now_us && end_us != NO_END &&
           end_us - COMPLIANCE_WARNING_US <= now_us;
}

static size_t find_reasons(const Porter__V1__Contractor *c, int64_t now_us,
                           Porter__V1__ComplianceReason *reasons)
{
    int64_t insurance_us = end_of(c->insurance_expires_at);
    int64_t approval_us = end_of(c->valid_until);
    const struct {
        bool holds;
        Porter__V1__ComplianceReason reason;
    } all[REASONS_MAX] = {
        {insurance_us <= now_us, REASON(INSURANCE_EXPIRED)},
        {approval_us <= now_us, REASON(APPROVAL_EXPIRED)},
        {c->insurance_expires_at == NULL, REASON(INSURANCE_MISSING)},
        {c->induction_completed_at == NULL, REASON(INDUCTION_MISSING)},
        {is_expiring(insurance_us, now_us), REASON(INSURANCE_EXPIRING)},
        {is_expiring(approval_us, now_us), REASON(APPROVAL_EXPIRING)},
    };
    size_t count = 0;

    for (size_t i = 0; i < REASONS_MAX; i++) {
        if (all[i].holds) {
            reasons[count++] = all[i].reason;
        }
    }
    return count;
}

/* The reasons stand in the order of their weight: the first one decides. */
static Porter__V1__ComplianceStatus
status_of(const Porter__V1__ComplianceReason *reasons, size_t count)
{
    if (count == 0) {
        return STATUS(COMPLIANT);
    }
    if (reasons[0] <= REASON(APPROVAL_EXPIRED)) {
        return STATUS(EXPIRED);
    }
    return reasons[0] <= REASON(INDUCTION_MISSING) ? STATUS(INCOMPLETE)
                                                   : STATUS(EXPIRING);
}

void contractor_assess(Porter__V1__Contractor *c, int64_t now_us,
                       struct arena *arena)
{
    Porter__V1__ContractorCompliance *k = arena_take(arena, sizeof(*k));
    int64_t end_us =
        MIN_OF(end_of(c->insurance_expires_at), end_of(c->valid_until));

    porter__v1__contractor_compliance__init(k);
    k->reasons = arena_take(arena, REASONS_MAX * sizeof(*k->reasons));
    k->n_reasons = find_reasons(c, now_us, k->reasons);
    k->status = status_of(k->reasons, k->n_reasons);
    if (end_us != NO_END) {
        message_set_time(message_find(&k->base, STR("expires_at"), arena),
                         end_us, arena);
    }
    c->compliance = k;
    if (c->status ==
            PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_APPROVED &&
        end_of(c->valid_until) <= now_us) {
        c->status = PORTER__V1__CONTRACTOR_STATUS__CONTRACTOR_STATUS_EXPIRED;
    }
}

int64_t contractor_version_us(const Porter__V1__Contractor *c, int64_t now_us)
{
    const Google__Protobuf__Timestamp *const ends[] = {c->insurance_expires_at,
                                                       c->valid_until};
    int64_t version_us = c->updated_at == NULL ? 0 : end_of(c->updated_at);

    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        int64_t end_us = end_of(ends[i]);

        if (end_us == NO_END) {
            continue;
        }
        if (end_us <= now_us) {
            version_us = MAX_OF(version_us, end_us);
        } else if (end_us - COMPLIANCE_WARNING_US <= now_us) {
            version_us = MAX_OF(version_us, end_us - COMPLIANCE_WARNING_US);
        }
    }
    return version_us;
}
