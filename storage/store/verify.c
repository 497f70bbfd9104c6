#include "storage/store/verify.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "storage/store/scan_columns.h"
#include "storage/store/store_internal.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

struct job {
    const struct rcx_store *store;
    const struct rcx_segment *segment;
    struct worker {
        struct rcx_chunk_reader reader;
        struct rcx_columns columns;
        uint32_t spare[RCX_CHUNK_ROWS]; /* of repeats_hold */
    } * workers;
};

/* Order of row i and the one before it within a receipt. */
static int compare_with_previous(const struct rcx_store *store, const struct rcx_columns *c,
                                 size_t i)
{
    const uint32_t *stock = store->ranks[RCX_TEXT_STOCK];
    const uint32_t *description = store->ranks[RCX_TEXT_DESCRIPTION];
    const uint32_t *country = store->ranks[RCX_TEXT_COUNTRY];
    int order = COMPARE(stock[c->stock[i - 1]], stock[c->stock[i]]);

    if (!order)
        order = COMPARE(c->quantity[i - 1], c->quantity[i]);
    if (!order)
        order = COMPARE(c->unit_price[i - 1], c->unit_price[i]);
    if (!order)
        order = COMPARE(description[c->description[i - 1]], description[c->description[i]]);
    if (!order)
        order = COMPARE(country[c->country[i - 1]], country[c->country[i]]);
    return order;
}

static bool in_order(const struct rcx_store *store, const struct rcx_columns *c)
{
    const uint32_t *invoice = store->ranks[RCX_TEXT_INVOICE];

    for (size_t r = 0; r < c->receipts; r++) {
        if (r > 0) {
            int order = COMPARE(rcx_store_customer_order(store, c->customer[r - 1]),
                                rcx_store_customer_order(store, c->customer[r]));

            if (!order)
                order = COMPARE(c->time[r - 1], c->time[r]);
            if (!order)
                order = COMPARE(invoice[c->invoice[r - 1]], invoice[c->invoice[r]]);
            if (order >= 0)
                return false;
        }
        for (uint32_t i = c->first_row[r] + 1; i < c->first_row[r + 1]; i++)
            if (compare_with_previous(store, c, i) > 0)
                return false;
    }
    return true;
}

/* Which rows repeat the one before is stored; it must be what the columns say. Rows of one receipt that
 * is larger than a chunk are compared across the seam by the writer only. */
static bool repeats_hold(struct rcx_columns *c, uint32_t *spare)
{
    size_t stored = c->repeat_count;
    bool seam = stored > 0 && c->repeats[0] == 0;

    memcpy(spare, c->repeats, stored * sizeof *spare);
    rcx_columns_find_repeats(c);
    return c->repeat_count + seam == stored &&
           memcmp(spare + seam, c->repeats, c->repeat_count * sizeof *spare) == 0;
}

/* Minimum and maximum in the footer are what a scan skips by: they must be true. */
static bool time_range_holds(const struct rcx_chunk_info *info, const struct rcx_columns *c)
{
    const struct rcx_chunk_column_info *time = &info->columns[RCX_CHUNK_TIME];
    int64_t min = c->time[0], max = c->time[0];

    for (size_t r = 1; r < c->receipts; r++) {
        min = c->time[r] < min ? c->time[r] : min;
        max = c->time[r] > max ? c->time[r] : max;
    }
    return time->min == min && time->max == max;
}

static enum rcx_status verify_chunk(void *context, size_t chunk, unsigned worker,
                                    struct rcx_error *err)
{
    const struct job *job = context;
    struct rcx_columns *columns = &job->workers[worker].columns;
    enum rcx_status status = rcx_columns_read(columns, job->segment, chunk, chunk + 1, RCX_SCAN_ALL,
                                              &job->store->limits, &job->workers[worker].reader,
                                              err);

    if (status != RCX_OK)
        return status;
    if (!in_order(job->store, columns))
        return rcx_fail(err, RCX_E_CORRUPT, "%s: chunk %zu: rows are out of order",
                        job->segment->path, chunk);
    if (!repeats_hold(columns, job->workers[worker].spare))
        return rcx_fail(err, RCX_E_CORRUPT,
                        "%s: chunk %zu: column 'repeat' is not what the rows say",
                        job->segment->path, chunk);
    if (!time_range_holds(&job->segment->chunks[chunk], columns))
        return rcx_fail(err, RCX_E_CORRUPT,
                        "%s: chunk %zu: footer's range of times is not the rows'",
                        job->segment->path, chunk);
    return RCX_OK;
}

static enum rcx_status check_totals(const struct rcx_store *store, uint64_t rows,
                                    struct rcx_error *err)
{
    uint64_t customers = 0;
    enum rcx_status status = rcx_store_count_customers(store, &customers, err);

    if (status != RCX_OK)
        return status;
    if (rows != store->manifest.rows || customers != store->manifest.customers)
        return rcx_fail(
            err, RCX_E_CORRUPT,
            "%s: manifest says %" PRIu64 " rows of %" PRIu64 " customers, the segments hold "
            "%" PRIu64 " of %" PRIu64,
            store->directory, store->manifest.rows, store->manifest.customers, rows, customers);
    return RCX_OK;
}

static enum rcx_status verify_open_store(const struct rcx_store *store,
                                         const struct rcx_parallel *parallel,
                                         struct rcx_verify_report *out, struct rcx_error *err)
{
    struct job job = {.store = store,
                      .workers = rcx_calloc(parallel->threads, sizeof *job.workers)};
    struct rcx_verify_report report = {.version = store->manifest.version,
                                       .segments = store->segment_count};
    enum rcx_status status = job.workers ? RCX_OK : rcx_fail_nomem(err, "verify", 0);

    for (size_t s = 0; status == RCX_OK && s < store->segment_count; s++) {
        job.segment = &store->segments[s];
        status = rcx_parallel_for(parallel, job.segment->chunk_count, verify_chunk, &job, err);
        report.chunks += job.segment->chunk_count;
        report.rows += job.segment->rows;
        report.bytes += job.segment->map.length;
    }
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        for (size_t i = 0; i < store->manifest.dictionaries[f].count; i++) {
            report.dictionaries++;
            report.bytes += store->manifest.dictionaries[f].files[i].bytes;
        }
    if (status == RCX_OK)
        status = check_totals(store, report.rows, err);
    for (unsigned w = 0; job.workers && w < parallel->threads; w++) {
        rcx_columns_release(&job.workers[w].columns);
        rcx_chunk_reader_release(&job.workers[w].reader);
    }
    rcx_free(job.workers);
    if (status == RCX_OK)
        *out = report;
    return status;
}

enum rcx_status rcx_store_verify(const char *directory,
                                 const struct rcx_store_open_options *options,
                                 const struct rcx_parallel *parallel, struct rcx_verify_report *out,
                                 struct rcx_error *err)
{
    struct rcx_store *store = NULL;
    enum rcx_status status = rcx_store_open(directory, options, &store, err);

    if (status == RCX_OK)
        status = verify_open_store(store, parallel, out, err);
    rcx_store_close(store);
    return status;
}
