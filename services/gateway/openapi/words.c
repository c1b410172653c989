/* How the API is used, in words. */
#include "gateway/openapi/words.h"

#include "base/macros.h"

#define TEXT "{\"type\":\"string\"}"

/* clang-format off */
const struct chapter chapters[] = {
    {"keys", "Keys",
     "Send the API key in the `X-API-Key` header of every request, over HTTPS only. A key that is sent over plain HTTP is "
     "refused and revoked at once, because it must be taken as known to others. A key carries scopes; each operation "
     "names the one that it needs."},
    {"limits", "Limits",
     "A key may make 100 requests in any 60 seconds, unless it has another limit. `RateLimit-Limit`, "
     "`RateLimit-Remaining` and `RateLimit-Reset` (seconds) are on every answer to a known key. After a 429, wait for as "
     "many seconds as `Retry-After` says: a request after that is let in."},
    {"lists", "Lists",
     "A list answers its rows under their name, and `pagination`. While `has_more` is true, send `next_cursor` as "
     "`cursor` with the same filters for the next page; the `Link` header has the whole address. Rows that are added "
     "meanwhile neither hide nor repeat others. Send an answer's `ETag` as `If-None-Match` with the same request again: "
     "304 means that nothing of it has changed. Unknown parameters and bad values are refused, all at once."},
    {"errors", "Errors",
     "Every error is `application/problem+json` (RFC 9457). `type` is an address that explains the cause and the cure, "
     "`detail` says what to do now, `instance` is the request's id. Faults of fields and parameters are in `errors`, all "
     "of them at once, each with `field`, `code` and `detail`."},
    {"bodies", "Bodies",
     "JSON in UTF-8 with `Content-Type: application/json`. Unset, `null` and, for a text, `\"\"` are the same. Unknown "
     "fields are refused, so that a typo can not lose data. Times are RFC 3339 with their zone; we answer in UTC."},
    {"safely", "Writing safely",
     "Send a new `Idempotency-Key` with each POST, and the same one when you send it again after a 503 or a lost "
     "connection: the change is made once, and the repeat gets the first answer. `If-Match` with an `ETag` makes a change "
     "only if nobody else was quicker. `X-Porter-Dry-Run: true` checks everything and changes nothing."},
    {"tracing", "Tracing",
     "`X-Request-Id` is on every answer: yours when you send one, else a new one. It is in the event that the request "
     "causes, in the webhook's delivery and in our logs. A `traceparent` goes on to the same places."},
};
const size_t chapter_count = COUNT_OF(chapters);

const struct webhook_header webhook_headers[] = {
    {"X-Porter-Signature", "Hex HMAC-SHA256 of the raw body; the key is the secret as it is shown, `whsec_` included.",
     "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"}", true},
    {"X-Porter-Signature-Previous", "The same with the secret before; only while a change of secrets overlaps.",
     "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"}", false},
    {"X-Porter-Event", "The event's type.", TEXT, true},
    {"X-Porter-Delivery", "`dlv_…`: the same at every attempt to this webhook.", TEXT, true},
    {"X-Porter-Attempt", "1 at first.", "{\"type\":\"integer\",\"minimum\":1}", true},
    {"X-Porter-Request-Id", "`X-Request-Id` of the request that caused the event.", TEXT, false},
    {"X-Porter-Test", "`true` when somebody sent a sample; the body then has `\"test\": true`.",
     "{\"type\":\"string\",\"enum\":[\"true\"]}", false},
    {"webhook-id", "The event's id.", TEXT, true},
    {"webhook-timestamp", "When this attempt was made, in Unix seconds.", "{\"type\":\"integer\"}", true},
    {"webhook-signature", "`v1,` and base64, one or two of them with a blank between (Standard Webhooks).", TEXT, true},
    {"traceparent", "W3C trace context of the request that caused the event.", TEXT, false},
};
const size_t webhook_header_count = COUNT_OF(webhook_headers);
/* clang-format on */
