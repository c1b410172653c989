/* The bodies that make or change a webhook: read, laid over what there is, and
 * as the store takes them. */
#ifndef PORTER_GATEWAY_RESOURCES_WEBHOOK_BODY_H
#define PORTER_GATEWAY_RESOURCES_WEBHOOK_BODY_H

#include "gateway/call.h"
#include "store/webhook.h"

#define WEBHOOK_FIELDS 9

/* What was sent, and which fields. */
struct webhook_body {
    Porter__V1__Webhook *webhook;
    struct str fields[WEBHOOK_FIELDS];
    size_t field_count;
    bool has_description;
    bool has_headers;
    bool has_client;
    bool has_schedule;
    bool has_max_age;
};

/* By the rules of the call's operation; all faults at once. */
MUST_USE bool webhook_body_read(struct call *call, struct webhook_body *in,
                                struct err *err);

/* What was sent over what there is. False when nothing is new. */
bool webhook_body_merge(const struct webhook_body *in,
                        const Porter__V1__Webhook *old,
                        Porter__V1__Webhook *next);

/* Headers are nobody's to see: a PATCH that leads to another origin has to send
 * them again (or null), or whoever may change a webhook could have them sent
 * to himself. 422 otherwise. */
MUST_USE bool webhook_body_keeps_secrets(struct call *call,
                                         const struct webhook_body *in,
                                         const Porter__V1__Webhook *old,
                                         struct err *err);

/* Without `has_headers`, which is an update's. */
struct webhook_input webhook_body_row(struct call *call,
                                      const Porter__V1__Webhook *w);

#endif
