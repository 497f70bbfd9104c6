#include "storage/store/view.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "storage/store/store_internal.h"
#include "storage/store/store_texts.h"
#include "storage/store/view_rows.h"

/* What one worker counted. */
struct count {
    struct rcx_scan_buffer *buffer;
    uint64_t rows, guest_rows, customers;
    rcx_time first_time, last_time; /* when rows > 0 */
};

struct count_job {
    const struct rcx_scan *scan;
    struct count *counts; /* [threads] */
};

static void add_times(struct count *count, uint64_t rows, rcx_time first, rcx_time last)
{
    if (rows == 0)
        return;
    if (count->rows == 0 || first < count->first_time)
        count->first_time = first;
    if (count->rows == 0 || last > count->last_time)
        count->last_time = last;
    count->rows += rows;
}

static enum rcx_status count_morsel(void *context, size_t morsel, unsigned worker,
                                    struct rcx_error *err)
{
    const struct count_job *job = context;
    struct count *count = &job->counts[worker];
    struct rcx_batch batch;

    if (!count->buffer && !(count->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, morsel, count->buffer, &batch, err);
    if (status != RCX_OK)
        return status;
    for (size_t r = 0; r < batch.receipts; r++) {
        uint32_t rows = batch.first_row[r + 1] - batch.first_row[r];

        add_times(count, rows, batch.time[r], batch.time[r]);
        if (batch.guests)
            count->guest_rows += rows;
        else
            count->customers += r == 0 || batch.customer[r] != batch.customer[r - 1];
    }
    return RCX_OK;
}

static enum rcx_status summarise(struct rcx_store *view, const struct rcx_parallel *parallel,
                                 struct rcx_error *err)
{
    struct rcx_scan *scan = NULL;
    struct count total = {0};
    struct count *counts = rcx_calloc(parallel->threads, sizeof *counts);
    enum rcx_status status = counts ? rcx_scan_open(view, 0, &scan, err)
                                    : rcx_fail_nomem(err, "view", sizeof *counts);

    if (status == RCX_OK) {
        struct count_job job = {scan, counts};

        status = rcx_parallel_for(parallel, rcx_scan_morsels(scan), count_morsel, &job, err);
    }
    for (unsigned w = 0; counts && w < parallel->threads; w++) {
        add_times(&total, counts[w].rows, counts[w].first_time, counts[w].last_time);
        total.guest_rows += counts[w].guest_rows;
        total.customers += counts[w].customers;
        rcx_scan_buffer_release(counts[w].buffer);
    }
    rcx_free(counts);
    rcx_scan_close(scan);
    view->summary.rows = total.rows;
    view->summary.guest_rows = total.guest_rows;
    view->summary.customers = total.customers;
    view->summary.first_time = total.first_time;
    view->summary.last_time = total.last_time;
    return status;
}

static enum rcx_status take_texts(const struct rcx_store *base, enum rcx_text_field field,
                                  const struct rcx_dictionary *texts, struct rcx_store *view,
                                  struct rcx_error *err)
{
    const struct rcx_strings *strings = base->strings[field];

    if (texts)
        return rcx_store_texts_extend(strings, base->ranks[field], texts, &view->strings[field],
                                      &view->ranks[field], err);
    view->strings[field] = rcx_strings_retain(strings);
    view->ranks[field] = rcx_malloc_array((size_t)strings->count + 1, sizeof(uint32_t));
    if (!view->ranks[field])
        return rcx_fail_nomem(err, "view", strings->count * sizeof(uint32_t));
    memcpy(view->ranks[field], base->ranks[field], strings->count * sizeof(uint32_t));
    return RCX_OK;
}

enum rcx_status rcx_store_view_open(const struct rcx_store *base,
                                    const struct rcx_store_view_options *options,
                                    struct rcx_store **out, struct rcx_error *err)
{
    struct rcx_store *view = rcx_calloc(1, sizeof *view);
    enum rcx_status status = RCX_OK;

    assert(!base->view); /* views of views are not made */
    if (!view)
        return rcx_fail_nomem(err, "view", sizeof *view);
    view->view = rcx_calloc(1, sizeof *view->view);
    if (!view->view) {
        rcx_store_close(view);
        return rcx_fail_nomem(err, "view", sizeof *view->view);
    }
    *view->view = (struct rcx_view){options->from, options->add, options->add_context};
    view->segments = base->segments;
    view->segment_count = base->segment_count;
    view->summary = base->summary;
    view->limits = base->limits; /* of what is decoded */
    for (unsigned f = 0; status == RCX_OK && f < RCX_TEXT_FIELD_COUNT; f++)
        status = take_texts(base, (enum rcx_text_field)f, options->texts[f], view, err);
    if (status == RCX_OK)
        status = summarise(view, &options->parallel, err);
    if (status != RCX_OK) {
        rcx_store_close(view);
        return status;
    }
    *out = view;
    return RCX_OK;
}
