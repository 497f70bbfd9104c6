#include <string.h>

#include "base/memory.h"
#include "storage/ingest/judge.h"

static bool grow(struct rcx_invoice_times *times, size_t count)
{
    if (count <= times->count)
        return true;
    if (!rcx_array_reserve(&times->first, &times->capacity, count, sizeof *times->first))
        return false;
    for (size_t i = times->count; i < count; i++)
        for (unsigned order = 0; order < RCX_TIMED_ORDERS; order++)
            times->first[i][order] = INT64_MAX;
    times->count = count;
    return true;
}

bool rcx_invoice_times_note(struct rcx_invoice_times *times, uint32_t invoice, rcx_raw_date raw,
                            rcx_reading_set set)
{
    if (!grow(times, (size_t)invoice + 1))
        return false;
    for (unsigned order = 0; order < RCX_TIMED_ORDERS; order++) {
        enum rcx_date_order date_order = (enum rcx_date_order)(RCX_DATE_DMY + order);
        if (!(set & rcx_readings_of_order(date_order)))
            continue;
        rcx_time time = rcx_raw_date_time(raw, date_order);
        if (time < times->first[invoice][order])
            times->first[invoice][order] = time;
    }
    return true;
}

bool rcx_invoice_times_add(struct rcx_invoice_times *sum, const struct rcx_invoice_times *part,
                           const uint32_t *codes)
{
    if (part->dropped)
        sum->dropped = true;
    if (sum->dropped)
        return true;
    for (size_t i = 0; i < part->count; i++) {
        if (!grow(sum, (size_t)codes[i] + 1))
            return false;
        for (unsigned order = 0; order < RCX_TIMED_ORDERS; order++)
            if (part->first[i][order] < sum->first[codes[i]][order])
                sum->first[codes[i]][order] = part->first[i][order];
    }
    return true;
}

void rcx_invoice_times_release(struct rcx_invoice_times *times)
{
    rcx_free(times->first);
    *times = (struct rcx_invoice_times){0};
}
