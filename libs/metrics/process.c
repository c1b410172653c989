/* What the kernel says about this process, asked when a scraper asks. */
#include "metrics/process.h"

#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define STATM_MAX 128 /* Seven numbers. */

static void add(struct buf *out, const char *name, const char *kind,
                const char *help, double value)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name,
             kind, name, value);
}

/* Of a counter's name OpenMetrics has the suffix in the sample alone. */
static void add_cpu_seconds(enum metrics_format format, double value,
                            struct buf *out)
{
    const char *end = format == METRICS_OPENMETRICS ? "" : "_total";

    buf_addf(out,
             "# HELP process_cpu_seconds%s Processor time used, user and "
             "system.\n# TYPE process_cpu_seconds%s counter\n"
             "process_cpu_seconds_total %.15g\n",
             end, end, value);
}

static void add_cpu(enum metrics_format format, struct buf *out)
{
    struct rusage use;

    if (getrusage(RUSAGE_SELF, &use) == 0) {
        add_cpu_seconds(
            format,
            (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6,
            out);
    }
}

/* The second number of statm is the resident pages. */
static void add_memory(struct buf *out)
{
    FILE *f = fopen("/proc/self/statm", "re");
    char text[STATM_MAX] = "";
    struct str rest = STR_NONE;
    struct str part = STR_NONE;
    uint64_t pages = 0;
    bool is_read = false;

    if (f == NULL) {
        return;
    }
    rest = str_of(fgets(text, sizeof text, f));
    for (int i = 0; i < 2 && str_split(&rest, ' ', &part); i++) {
        is_read = i == 1 && str_to_u64(part, UINT64_MAX, &pages);
    }
    if (is_read) {
        add(out, "process_resident_memory_bytes", "gauge",
            "Memory that is in RAM.",
            (double)pages * (double)sysconf(_SC_PAGESIZE));
    }
    (void)fclose(f);
}

static void add_files(struct buf *out)
{
    DIR *dir = opendir("/proc/self/fd");
    struct rlimit limit;
    unsigned open_count = 0;

    if (dir == NULL) {
        return;
    }
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        open_count += e->d_name[0] != '.';
    }
    (void)closedir(dir);
    add(out, "process_open_fds", "gauge", "Open descriptors.",
        (double)(open_count - 1)); /* Ours for the folder is closed again. */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        add(out, "process_max_fds", "gauge",
            "Descriptors that may be open at the same time.",
            (double)limit.rlim_cur);
    }
}

void process_write(int64_t started_us, enum metrics_format format,
                   struct buf *out)
{
    add_cpu(format, out);
    add_memory(out);
    add_files(out);
    add(out, "process_start_time_seconds", "gauge",
        "When the process started, in seconds since 1970.",
        (double)started_us / 1e6);
}
