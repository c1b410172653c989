/* The page for people, from top to bottom. */
#include "gateway/openapi/openapi.h"

#include "gateway/html.h"
#include "gateway/openapi/page_parts.h"
#include "gateway/openapi/schemas.h"
#include "gateway/openapi/words.h"
#include "message/schema.h"
#include "store/event.h"

/* What examples call where no public address is configured. */
#define SAMPLE_URL "https://yourapp.portervisitors.com"

static const char *const header_columns[] = {"Header", "What it is", NULL};

static bool has_operations(const struct group *group)
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);

    for (size_t i = 0; i < count; i++) {
        if (describe_group(list[i]) == group) {
            return true;
        }
    }
    return false;
}

/* --- the menu ------------------------------------------------------------ */

static void menu_title(struct buf *out, const char *title)
{
    buf_addf(out, "<h2>%s</h2>\n<ul>\n", title);
}

static void menu_line(struct buf *out, const char *anchor, const char *title)
{
    buf_addf(out, "<li><a href=\"#%s\">%s</a></li>\n", anchor, title);
}

static void add_menu(struct buf *out)
{
    const struct operation *list[OPERATIONS_MAX];
    const ProtobufCMessageDescriptor *messages[MESSAGES_MAX];
    size_t count = routes_all(list);
    size_t message_count = schemas_messages(messages);

    BUF_ADD(out, "<nav class=\"menu\" id=\"menu\" aria-label=\"Contents\">"
                 "<div>\n");
    menu_title(out, "How it works");
    for (size_t i = 0; i < chapter_count; i++) {
        menu_line(out, chapters[i].name, chapters[i].title);
    }
    BUF_ADD(out, "</ul>\n");
    for (size_t g = 0; g < group_count; g++) {
        if (!has_operations(&groups[g])) {
            continue;
        }
        menu_title(out, groups[g].name);
        for (size_t i = 0; i < count; i++) {
            if (describe_group(list[i]) == &groups[g]) {
                menu_line(out, list[i]->name, list[i]->summary);
            }
        }
        BUF_ADD(out, "</ul>\n");
    }
    menu_title(out, "What comes and goes");
    menu_line(out, "received-events", "Events that are posted to you");
    for (size_t i = 0; i < message_count; i++) {
        buf_addf(out, "<li><a href=\"#object-%s\">%s</a></li>\n",
                 messages[i]->short_name, messages[i]->short_name);
    }
    BUF_ADD(out, "</ul>\n</div></nav>\n");
}

/* --- the content --------------------------------------------------------- */

static void add_chapters(struct buf *out)
{
    for (size_t i = 0; i < chapter_count; i++) {
        buf_addf(out, "<h2 id=\"%s\">%s</h2>\n<p>", chapters[i].name,
                 chapters[i].title);
        html_words(out, chapters[i].text);
        BUF_ADD(out, "</p>\n");
        if (strcmp(chapters[i].name, "errors") == 0) {
            BUF_ADD(out, "<p><a href=\"/docs/errors\">All errors</a></p>\n");
        }
    }
}

static void add_group(const struct group *group, const char *url,
                      const struct examples *e, struct buf *out)
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);

    buf_addf(out, "<h2 id=\"group-%s\">%s</h2>\n<p>", group->segment,
             group->name);
    html_words(out, group->help);
    BUF_ADD(out, "</p>\n");
    for (size_t i = 0; i < count; i++) {
        if (describe_group(list[i]) == group) {
            page_operation(list[i], url, e, out);
        }
    }
}

static void add_event_types(const struct examples *e, struct buf *out)
{
    static const char *const columns[] = {"Type", "When", NULL};
    const struct json *example = NULL;

    page_table_begin(out, "Types of event", columns);
    for (size_t i = 0; i < EVENT_TYPE_COUNT; i++) {
        buf_addf(out, "<tr><th scope=\"row\"><code>%s</code></th><td>",
                 event_types[i].name);
        html_words(out, event_types[i].help);
        BUF_ADD(out, "</td></tr>\n");
    }
    page_table_end(out);
    for (size_t i = 0; i < EVENT_TYPE_COUNT && example == NULL; i++) {
        example = examples_of(e, "events", event_types[i].name);
        if (example != NULL) {
            buf_addf(out, "<h4>Example: %s</h4>\n", event_types[i].name);
            page_json(out, "Example of an event", example);
        }
    }
}

static void add_events(const struct examples *e, struct buf *out)
{
    BUF_ADD(out,
            "<h2 id=\"received-events\">Events that are posted to you</h2>\n"
            "<p>Each event is posted to every enabled webhook that asked for "
            "its type. Verify a signature over the raw body, keep the event by "
            "its id, answer 2xx within 15 seconds; anything else is tried "
            "again.</p>\n");
    add_event_types(e, out);
    BUF_ADD(out, "<h4>Headers</h4>\n");
    page_table_begin(out, "Headers of a delivery", header_columns);
    for (size_t i = 0; i < webhook_header_count; i++) {
        buf_addf(out, "<tr><th scope=\"row\"><code>%s</code></th><td>",
                 webhook_headers[i].name);
        html_words(out, webhook_headers[i].help);
        BUF_ADD(out, "</td></tr>\n");
    }
    page_table_end(out);
}

static void add_messages(struct buf *out)
{
    const ProtobufCMessageDescriptor *messages[MESSAGES_MAX];
    size_t count = schemas_messages(messages);

    BUF_ADD(out, "<h2 id=\"objects\">Objects</h2>\n<p>Every field is always "
                 "there; what is unset is null.</p>\n");
    for (size_t i = 0; i < count; i++) {
        buf_addf(out, "<section>\n<h3 id=\"object-%s\">%s</h3>\n<p>",
                 messages[i]->short_name, messages[i]->short_name);
        html_words(out, schema_comment(messages[i], NULL));
        BUF_ADD(out, "</p>\n");
        page_message(messages[i], out);
        BUF_ADD(out, "</section>\n");
    }
}

void openapi_write_page(const char *public_url, const struct examples *e,
                        struct buf *out)
{
    const char *url = public_url[0] != '\0' ? public_url : SAMPLE_URL;

    html_begin(out, "Reference", true);
    buf_addf(out,
             "<div class=\"frame\">\n<main id=\"main\">\n<h1>Porter API</h1>\n"
             "<p>Visitors, contractors, evacuations and webhooks over HTTPS, "
             "in JSON. The base address is <code>%s/api/v1</code>. The same as "
             "<a href=\"/api/v1/openapi.json\">OpenAPI 3.1</a>.</p>\n",
             url);
    add_chapters(out);
    for (size_t g = 0; g < group_count; g++) {
        if (has_operations(&groups[g])) {
            add_group(&groups[g], url, e, out);
        }
    }
    add_events(e, out);
    add_messages(out);
    BUF_ADD(out, "</main>\n");
    add_menu(out);
    BUF_ADD(out, "</div>\n");
    html_end(out);
}
