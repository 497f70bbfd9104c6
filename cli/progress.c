#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum { DRAW_INTERVAL_NS = 100000000, BAR_CELLS = 24 };

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* "541,909 rows" or "45.0 MB" */
static const char *amount(const struct rcx_progress *progress, uint64_t value, char out[32])
{
    return strcmp(progress->unit, "bytes") == 0 ? rcx_format_bytes(value, out)
                                                : rcx_format_count(value, out);
}

static const char *unit_of(const struct rcx_progress *progress)
{
    return strcmp(progress->unit, "bytes") == 0 ? "" : progress->unit;
}

/* One write, so that lines of the log do not fall into it. A bar that cannot be drawn is no error.
 */
static void put(const struct rcx_cli *cli, const char *text, size_t length)
{
    if (write(cli->environment->stderr_fd, text, length) < 0)
        return;
}

/* Where `share` of the way is. */
static void fill_bar(double share, char bar[BAR_CELLS + 1])
{
    memset(bar, '.', BAR_CELLS);
    memset(bar, '#', (size_t)(share * BAR_CELLS));
    bar[BAR_CELLS] = '\0';
}

static void draw(const struct rcx_progress *progress, uint64_t done)
{
    char line[256], bar[BAR_CELLS + 1], count[32], total[32];
    uint64_t capped = done < progress->total ? done : progress->total;
    int length;
    if (progress->total > 0) {
        fill_bar((double)capped / (double)progress->total, bar);
        length = snprintf(line, sizeof line, "\r%s [%s] %3.0f %% %s of %s %s\033[K",
                          progress->label, bar, (double)capped / (double)progress->total * 100,
                          amount(progress, done, count), amount(progress, progress->total, total),
                          unit_of(progress));
    } else {
        length = snprintf(line, sizeof line, "\r%s %s %s\033[K", progress->label,
                          amount(progress, done, count), unit_of(progress));
    }
    if (length > 0)
        put(progress->cli, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

void rcx_progress_begin(struct rcx_progress *progress, const struct rcx_cli *cli, const char *label,
                        uint64_t total, const char *unit)
{
    *progress = (struct rcx_progress){.cli = cli, .label = label, .unit = unit, .total = total};
    progress->begin_ns = now_ns();
    atomic_store_explicit(&progress->next_draw_ns, progress->begin_ns + DRAW_INTERVAL_NS,
                          memory_order_relaxed);
}

void rcx_progress_add(struct rcx_progress *progress, uint64_t count)
{
    uint64_t done = atomic_fetch_add_explicit(&progress->done, count, memory_order_relaxed) + count;
    if (!progress->cli->progress)
        return;
    int64_t now = now_ns(),
            next = atomic_load_explicit(&progress->next_draw_ns, memory_order_relaxed);
    if (now >= next &&
        atomic_compare_exchange_strong(&progress->next_draw_ns, &next, now + DRAW_INTERVAL_NS))
        draw(progress, done);
}

double rcx_progress_end(struct rcx_progress *progress)
{
    char count[32];
    double seconds = (double)(now_ns() - progress->begin_ns) / 1e9;
    if (progress->cli->progress)
        rcx_progress_erase(progress->cli);
    uint64_t done = atomic_load_explicit(&progress->done, memory_order_relaxed);
    const char *unit = unit_of(progress);
    if (done == 0)
        return seconds;
    rcx_log_write(progress->cli->log, RCX_LOG_INFO, progress->label, "%s%s%s in %.2f s",
                  amount(progress, done, count), unit[0] != '\0' ? " " : "", unit, seconds);
    return seconds;
}

void rcx_progress_part(const struct rcx_cli *cli, const char *label, const char *what, size_t part,
                       size_t parts)
{
    char line[256], bar[BAR_CELLS + 1];
    if (!cli->progress) {
        rcx_log_write(cli->log, RCX_LOG_INFO, label, "%s %zu of %zu", what, part, parts);
        return;
    }
    fill_bar((double)(part - 1) / (double)parts, bar);
    int length = snprintf(line, sizeof line, "\r[%s] %s %zu of %zu: %s\033[K", bar, what, part,
                          parts, label);
    if (length > 0)
        put(cli, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

void rcx_progress_erase(const struct rcx_cli *cli)
{
    if (cli->progress)
        put(cli, "\r\033[K", 4);
}
