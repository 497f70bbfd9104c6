#include "ml/gbdt/histogram_rows.h"

enum {
    PANEL = 8,     /* groups that are copied together: a cache line of each row */
    FIRST = 256,   /* rows of the first block, which nobody has fetched */
    LINE_WORDS = 8 /* words of a cache line */
};

/* Some rows and groups at work. */
struct panel {
    const struct rcx_gbdt_dataset *dataset;
    const uint32_t *offset;
    uint64_t *slot;
    struct rcx_histogram_scratch *scratch;
    size_t first, width; /* groups */
    size_t touches;      /* cache lines of a row's words, at most */
};

static bool neighbours(const uint64_t *records, size_t count)
{
    return rcx_record_row(records[count - 1]) - rcx_record_row(records[0]) == count - 1;
}

/* The word of a row in its line number `touch`. */
static size_t touch_at(const struct panel *panel, size_t touch)
{
    size_t last = panel->first + panel->width - 1;
    size_t at = panel->first + touch * LINE_WORDS;
    return at < last ? at : last;
}

static size_t count_touches(size_t stride, size_t width)
{
    return LINE_WORDS % stride == 0 || (stride % LINE_WORDS == 0 && width <= LINE_WORDS)
               ? 1
               : 1 + (width + LINE_WORDS - 2) / LINE_WORDS;
}

/* What is fetched while group `turn` of the panel is added: the lines of the next block are shared out evenly. */
static struct rcx_histogram_ahead share_of(const struct panel *panel, size_t turn,
                                           const uint64_t *next, size_t count)
{
    size_t touches = panel->touches < panel->width ? panel->touches : panel->width;
    size_t touch = turn % touches;
    size_t turns = (panel->width - touch + touches - 1) / touches; /* with this touch */
    size_t begin = count * (turn / touches) / turns, end = count * (turn / touches + 1) / turns;
    return (struct rcx_histogram_ahead){.records = next + begin,
                                        .count = end - begin,
                                        .words = panel->dataset->words + touch_at(panel, touch),
                                        .stride = panel->dataset->group_count};
}

static void fetch(const struct panel *panel, const uint64_t *records, size_t count)
{
    for (size_t touch = 0; touch < panel->touches; touch++) {
        const uint64_t *words = panel->dataset->words + touch_at(panel, touch);
        for (size_t i = 0; i < count; i++)
            __builtin_prefetch(&words[rcx_record_row(records[i]) * panel->dataset->group_count]);
    }
}

static void add_block(const struct panel *panel, const uint64_t *records, size_t count,
                      size_t next_count)
{
    const struct rcx_gbdt_dataset *dataset = panel->dataset;
    struct rcx_histogram_scratch *scratch = panel->scratch;
    const uint64_t *words = scratch->words;
    size_t stride = panel->width;
    if (neighbours(records, count)) {
        stride = dataset->group_count;
        words = dataset->words + rcx_record_row(records[0]) * stride + panel->first;
        RCX_KERNEL_CALL(rcx_records_sums)(records, count, scratch->sums);
    } else {
        RCX_KERNEL_CALL(rcx_records_gather)
        (records, count, dataset->words + panel->first, dataset->group_count, panel->width,
         scratch->sums, scratch->words);
    }
    for (size_t turn = 0; turn < panel->width; turn++) {
        uint64_t *hist[RCX_GBDT_GROUP];
        size_t begin = dataset->group_begin[panel->first + turn];
        size_t size = dataset->group_begin[panel->first + turn + 1] - begin;
        for (size_t j = 0; j < size; j++)
            hist[j] = panel->slot + panel->offset[begin + j];
        struct rcx_histogram_ahead ahead = share_of(panel, turn, records + count, next_count);
        RCX_KERNEL_CALL(rcx_histogram_add)
        (scratch->sums, count, words + turn, stride, size, hist, &ahead);
    }
}

static void add_panel(const struct panel *panel, const uint64_t *records, size_t count)
{
    size_t most = RCX_HISTOGRAM_WORDS / panel->width;
    most = most < RCX_HISTOGRAM_BLOCK ? most : RCX_HISTOGRAM_BLOCK;
    size_t block = count < FIRST ? count : FIRST;
    if (!neighbours(records, block))
        fetch(panel, records, block);
    for (size_t at = 0; at < count;) {
        size_t left = count - at - block, next = left < most ? left : most;
        bool dense = next == 0 || neighbours(records + at + block, next);
        add_block(panel, records + at, block, dense ? 0 : next);
        at += block;
        block = next;
    }
}

void rcx_histogram_rows(const struct rcx_gbdt_dataset *dataset, const uint64_t *records,
                        size_t count, size_t first, size_t end, const uint32_t *offset,
                        uint64_t *slot, struct rcx_histogram_scratch *scratch)
{
    if (count == 0)
        return;
    for (size_t at = first; at < end; at += PANEL) {
        size_t width = end - at < PANEL ? end - at : PANEL;
        struct panel panel = {.dataset = dataset,
                              .offset = offset,
                              .slot = slot,
                              .scratch = scratch,
                              .first = at,
                              .width = width,
                              .touches = count_touches(dataset->group_count, width)};
        add_panel(&panel, records, count);
    }
}
