/* Runs a fuzzer over files that were kept: its seeds and what it once found.
 *
 * Stands in for libFuzzer where the compiler has none (gcc), so that every
 * build replays every corpus. Arguments are folders; one that is missing is
 * fine, since not every fuzzer has found something yet. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PATH_BYTES 1024
#define INPUT_BYTES_MAX ((size_t)1 << 20) /* As large as a body may be. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_BYTES_MAX);
    uint8_t *exact = NULL;
    size_t size = 0;
    int ok = 0;

    if (file == NULL || data == NULL) {
        (void)fprintf(stderr, "replay: cannot read %s\n", path);
        goto out;
    }
    size = fread(data, 1, INPUT_BYTES_MAX, file);
    /* Of the exact size, so that a sanitizer sees a read behind the end. */
    exact = malloc(size > 0 ? size : 1);
    if (exact == NULL) {
        goto out;
    }
    for (size_t i = 0; i < size; i++) {
        exact[i] = data[i];
    }
    (void)LLVMFuzzerTestOneInput(exact, size);
    ok = 1;

out:
    free(exact);
    free(data);
    if (file != NULL) {
        (void)fclose(file);
    }
    return ok;
}

/* Adds the files of one folder to *count; 0 when one can't be read. */
static int replay_folder(const char *folder, unsigned *count)
{
    DIR *dir = opendir(folder);
    struct dirent *entry = NULL;
    char path[PATH_BYTES];
    int ok = 1;

    if (dir == NULL) {
        return 1;
    }
    while ((entry = readdir(dir)) != NULL) {
        int n = 0;

        if (entry->d_name[0] == '.') {
            continue;
        }
        n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (n < 0 || (size_t)n >= sizeof path || !replay_file(path)) {
            ok = 0;
        } else {
            (*count)++;
        }
    }
    (void)closedir(dir);
    return ok;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    int ok = 1;

    for (int i = 1; i < argc; i++) {
        ok = replay_folder(argv[i], &count) && ok;
    }
    (void)printf("replayed %u files\n", count);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
