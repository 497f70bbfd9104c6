#include "engine/exec/cohort_run.h"

#include "base/memory.h"
#include "engine/quality/clean_flags.h"

struct worker {
    struct rcx_scan_buffer *buffer;
    struct rcx_clean_scratch clean;
    struct rcx_clean_flags flags;
    struct rcx_cohorts sums;
    struct rcx_cohort_cell *months; /* [months] of the customer at hand */
};

struct job {
    const struct rcx_clean_plan *plan;
    const struct rcx_scan *scan;
    struct worker *workers;
    const int32_t *month_of_day; /* [days of the data] */
    rcx_day first_day;
};

/* Months since year 0. */
static int32_t month_number(rcx_day day)
{
    struct rcx_civil civil = rcx_civil_from_day(day);
    return civil.year * 12 + (int32_t)civil.month - 1;
}

static rcx_day month_start(int32_t number)
{
    return rcx_day_from_civil(number / 12, (uint32_t)(number % 12) + 1, 1);
}

rcx_day rcx_month_after(rcx_day first, size_t months)
{
    return month_start(month_number(first) + (int32_t)months);
}

static size_t cell_count(size_t months)
{
    return months * (months + 1) / 2;
}

static bool make_sums(size_t months, struct rcx_cohorts *out)
{
    *out = (struct rcx_cohorts){.months = months};
    out->customers = rcx_calloc(months, sizeof *out->customers);
    out->cells = rcx_calloc(cell_count(months), sizeof *out->cells);
    return out->customers && out->cells;
}

void rcx_cohorts_release(struct rcx_cohorts *cohorts)
{
    if (!cohorts)
        return;
    rcx_free(cohorts->customers);
    rcx_free(cohorts->cells);
    *cohorts = (struct rcx_cohorts){0};
}

/* Adds a customer's receipts [first, end): per month of the data first, then into the cohort. */
static void add_customer(const struct job *job, const struct rcx_batch *batch, size_t first,
                         size_t end, struct worker *worker)
{
    const uint8_t *rule = worker->clean.rule;
    struct rcx_cohorts *sums = &worker->sums;
    size_t cohort = sums->months;
    size_t from = (size_t)job->month_of_day[rcx_day_of_time(batch->time[first]) - job->first_day];
    size_t to = (size_t)job->month_of_day[rcx_day_of_time(batch->time[end - 1]) - job->first_day];
    uint64_t kept = 0;
    for (size_t m = from; m <= to; m++)
        worker->months[m] = (struct rcx_cohort_cell){0};
    for (size_t r = first; r < end; r++) {
        size_t month = (size_t)job->month_of_day[rcx_day_of_time(batch->time[r]) - job->first_day];
        struct rcx_cohort_cell *cell = &worker->months[month];
        for (uint32_t row = batch->first_row[r]; row < batch->first_row[r + 1]; row++) {
            if (rule[row] != RCX_RULE_KEPT)
                continue;
            kept++;
            cell->revenue += (rcx_i128)batch->quantity[row] * batch->unit_price[row];
            cell->active |= batch->quantity[row] > 0;
        }
        if (cell->active && month < cohort)
            cohort = month;
    }
    if (kept == 0)
        return;
    if (cohort == sums->months) {
        sums->without_purchase++;
        for (size_t m = from; m <= to; m++)
            sums->revenue_without_purchase += worker->months[m].revenue;
        return;
    }
    struct rcx_cohort_cell *cells = &sums->cells[rcx_cohort_start(sums, cohort)];
    sums->customers[cohort]++;
    for (size_t m = from; m <= to; m++) {
        size_t age = m > cohort ? m - cohort : 0;
        cells[age].active += worker->months[m].active;
        cells[age].revenue += worker->months[m].revenue;
    }
}

static enum rcx_status add_morsel(void *context, size_t morsel, unsigned worker_index,
                                  struct rcx_error *err)
{
    struct job *job = context;
    struct worker *worker = &job->workers[worker_index];
    struct rcx_batch batch;
    if (!worker->buffer && !(worker->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, morsel, worker->buffer, &batch, err);
    if (status == RCX_OK)
        status = rcx_clean_batch(job->plan, job->scan, worker->buffer, &batch, &worker->clean, err);
    if (status == RCX_OK)
        status = rcx_clean_flag_batch(job->plan, &batch, &worker->clean, &worker->flags, err);
    for (size_t first = 0, end; status == RCX_OK && first < batch.receipts; first = end) {
        end = rcx_batch_customer_end(&batch, first);
        add_customer(job, &batch, first, end, worker);
    }
    return status;
}

static void merge(struct rcx_cohorts *into, const struct rcx_cohorts *from)
{
    for (size_t m = 0; m < into->months; m++)
        into->customers[m] += from->customers[m];
    for (size_t i = 0; i < cell_count(into->months); i++) {
        into->cells[i].active += from->cells[i].active;
        into->cells[i].revenue += from->cells[i].revenue;
    }
    into->without_purchase += from->without_purchase;
    into->revenue_without_purchase += from->revenue_without_purchase;
}

static void release_workers(struct worker *workers, unsigned threads)
{
    for (unsigned i = 0; workers && i < threads; i++) {
        rcx_scan_buffer_release(workers[i].buffer);
        rcx_clean_scratch_release(&workers[i].clean);
        rcx_clean_flags_release(&workers[i].flags);
        rcx_cohorts_release(&workers[i].sums);
        rcx_free(workers[i].months);
    }
    rcx_free(workers);
}

static enum rcx_status prepare(struct job *job, unsigned threads, struct rcx_data_range range,
                               int32_t **out_months, struct rcx_error *err)
{
    size_t days = (size_t)(range.last - range.first) + 1;
    int32_t first = month_number(range.first);
    size_t months = (size_t)(month_number(range.last) - first) + 1;
    int32_t *month_of_day = rcx_malloc_array(days, sizeof *month_of_day);
    bool ok = month_of_day != NULL;
    for (size_t d = 0; ok && d < days; d++)
        month_of_day[d] = month_number(range.first + (rcx_day)d) - first;
    *out_months = month_of_day;
    job->month_of_day = month_of_day;
    job->first_day = range.first;
    job->workers = rcx_calloc(threads, sizeof *job->workers);
    ok = ok && job->workers;
    for (unsigned i = 0; ok && i < threads; i++) {
        job->workers[i].months = rcx_malloc_array(months, sizeof *job->workers[i].months);
        ok = make_sums(months, &job->workers[i].sums) && job->workers[i].months;
    }
    return ok ? RCX_OK : rcx_fail_nomem(err, "cohorts", cell_count(months) * 32);
}

enum rcx_status rcx_cohort_run(const struct rcx_store *store, const struct rcx_clean_plan *plan,
                               const struct rcx_parallel *parallel, struct rcx_cohorts *out,
                               struct rcx_error *err)
{
    struct rcx_data_range range = rcx_store_range(store);
    struct job job = {.plan = plan};
    struct rcx_scan *scan = NULL;
    int32_t *months = NULL;
    enum rcx_status status = prepare(&job, parallel->threads, range, &months, err);
    if (status == RCX_OK)
        status = rcx_scan_open(store, RCX_CLEAN_COLUMNS, &scan, err);
    job.scan = scan;
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, rcx_scan_customer_morsels(scan), add_morsel, &job, err);
    if (status == RCX_OK) {
        struct rcx_cohorts *sums = &job.workers[0].sums;
        for (unsigned i = 1; i < parallel->threads; i++)
            merge(sums, &job.workers[i].sums);
        sums->first_month = month_start(month_number(range.first));
        sums->first_complete = range.first == sums->first_month;
        sums->last_complete = range.last == rcx_month_end(range.last);
        sums->places = rcx_clean_revenue_decimals(plan);
        *out = *sums;
        *sums = (struct rcx_cohorts){0};
    }
    release_workers(job.workers, parallel->threads);
    rcx_scan_close(scan);
    rcx_free(months);
    return status;
}
