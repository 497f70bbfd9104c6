#include "ml/tasks/origins.h"

#include "base/memory.h"

void rcx_calendar_release(struct rcx_calendar *calendar)
{
    rcx_free(calendar->list);
    rcx_free(calendar->place);
    calendar->list = NULL;
    calendar->place = NULL;
    calendar->count = calendar->capacity = 0;
}

enum rcx_status rcx_calendar_add(struct rcx_calendar *calendar, struct rcx_calendar_place place,
                                 const struct rcx_split_snapshot *snapshot, struct rcx_error *err)
{
    size_t need = calendar->count + 1, capacity = calendar->capacity;
    if (!rcx_array_reserve(&calendar->place, &capacity, need, sizeof *calendar->place) ||
        !rcx_array_reserve(&calendar->list, &calendar->capacity, need, sizeof *calendar->list))
        return rcx_fail_nomem(err, "snapshots", need * sizeof *calendar->list);
    calendar->place[calendar->count] = place;
    calendar->list[calendar->count++] = *snapshot;
    return RCX_OK;
}

enum rcx_status rcx_calendar_split(const struct rcx_calendar *calendar, size_t last,
                                   struct rcx_split *out, struct rcx_error *err)
{
    size_t count = last < calendar->count ? last + 1 : calendar->count;
    return rcx_split_plan(&calendar->rule, calendar->list, count, &calendar->limits, out, err);
}

static struct rcx_origin origin_at(const struct rcx_calendar *calendar, size_t listed)
{
    size_t train = rcx_split_prefix(&calendar->rule, calendar->list, calendar->count, listed);
    return (struct rcx_origin){
        .listed = listed,
        .snapshot = calendar->place[listed].snapshot,
        .day = calendar->list[listed].day,
        .counts = rcx_split_is_origin(&calendar->rule, calendar->list, calendar->count,
                                      &calendar->limits, listed),
        .train_snapshots = train,
        .train_rows = rcx_split_rows(calendar->list, train),
        .first = calendar->place[listed].first,
        .rows = calendar->list[listed].rows,
    };
}

enum rcx_status rcx_calendar_origins(const struct rcx_calendar *calendar,
                                     const struct rcx_split *split, const int64_t *customer,
                                     const rcx_day *day, struct rcx_origin **out, size_t *out_count,
                                     struct rcx_error *err)
{
    struct rcx_origin *origins = rcx_calloc(calendar->count, sizeof *origins);
    size_t count = 0;
    enum rcx_status status =
        origins ? RCX_OK : rcx_fail_nomem(err, "origins", calendar->count * sizeof *origins);
    for (size_t s = 0; status == RCX_OK && s < calendar->count; s++) {
        struct rcx_origin origin = origin_at(calendar, s);
        if (!origin.counts && s != split->test)
            continue;
        origins[count++] = origin;
        status = rcx_split_guard(&calendar->rule, customer, day, origin.train_rows, origin.day,
                                 err);
    }
    if (status != RCX_OK) {
        rcx_free(origins);
        return status;
    }
    *out = origins;
    *out_count = count;
    return RCX_OK;
}

bool rcx_origin_known_at(const struct rcx_calendar *calendar, const struct rcx_origin *origin,
                         rcx_day day)
{
    return origin->counts && rcx_split_may_train(&calendar->rule, origin->day, day);
}

enum rcx_status rcx_origin_columns(size_t rows, size_t models, double **out, struct rcx_error *err)
{
    double *block = rcx_malloc_array(rows * models, sizeof *block);
    if (!block)
        return rcx_fail_nomem(err, "evaluation", rows * models * sizeof *block);
    for (size_t m = 0; m < models; m++)
        out[m] = block + m * rows;
    return RCX_OK;
}

enum rcx_status rcx_train_jobs(const struct rcx_parallel *all, bool apart, size_t jobs,
                               rcx_chunk_function *run, void *context, struct rcx_parallel *inner,
                               struct rcx_error *err)
{
    const struct rcx_parallel outer = {.threads = apart ? all->threads : 1};
    inner->threads = apart ? 1 : all->threads;
    return rcx_parallel_for(&outer, jobs, run, context, err);
}
