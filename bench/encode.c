/* What writing a page of visitors as JSON costs: CPU time of the gateway's own
 * writer on a page that a gateway has answered.
 *
 *     encode PAGE_FILE ROUNDS
 *
 * Prints microseconds of CPU per page. The first writing is compared with what
 * was answered: another text would be another cost. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "json/json.h"
#include "message/message.h"

#include "porter/v1/visitor.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_MAX 200
#define FILE_BYTES_MAX (1 << 20)

static struct str file_read(const char *path, struct arena *arena)
{
    char *data = arena_take(arena, FILE_BYTES_MAX);
    FILE *file = fopen(path, "r");
    size_t len = 0;

    if (file == NULL) {
        (void)fprintf(stderr, "encode: can't read %s\n", path);
        exit(2);
    }
    len = fread(data, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    return (struct str){data, len};
}

static size_t page_read(struct str text, struct arena *arena,
                        ProtobufCMessage *rows[PAGE_MAX])
{
    struct json *root = NULL;
    struct err err = ERR_NONE;
    struct faults faults;
    const struct json *list = NULL;
    size_t count = 0;

    faults_init(&faults, arena);
    if (json_read(text, &root, &err)) {
        list = json_find(root, "visitors");
    }
    for (; list != NULL && count < json_count(list) && count < PAGE_MAX;
         count++) {
        if (!message_read_json(json_at(list, count),
                               &porter__v1__visitor__descriptor, arena, &faults,
                               &rows[count])) {
            (void)fprintf(stderr, "encode: row %zu is no visitor\n", count);
            exit(2);
        }
    }
    json_free(root);
    return count;
}

static void page_write(ProtobufCMessage *const *rows, size_t count,
                       struct buf *out)
{
    struct json_writer w = json_writer(out);

    json_array_begin(&w);
    for (size_t i = 0; i < count; i++) {
        message_write_json(rows[i], &w);
    }
    json_array_end(&w);
}

static double cpu_us(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    static ProtobufCMessage *rows[PAGE_MAX];
    struct arena *arena = arena_new(1 << 16);
    struct buf out = BUF_EMPTY;
    struct str text;
    size_t count = 0;
    long rounds = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    double began = 0;

    if (rounds <= 0) {
        (void)fprintf(stderr, "usage: encode PAGE_FILE ROUNDS\n");
        return 2;
    }
    text = file_read(argv[1], arena);
    count = page_read(text, arena, rows);
    page_write(rows, count, &out);
    if (count == 0 || memmem(text.data, text.len, out.data, out.len) == NULL) {
        (void)fprintf(stderr, "encode: this is not what was answered\n");
        return 1;
    }
    began = cpu_us();
    for (long i = 0; i < rounds; i++) {
        buf_clear(&out);
        page_write(rows, count, &out);
    }
    printf("%.3f\n", (cpu_us() - began) / (double)rounds);
    buf_free(&out);
    arena_free(arena);
    return 0;
}
