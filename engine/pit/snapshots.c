#include "engine/pit/snapshots.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

enum { SUNDAY = 6 };

void rcx_snapshots_release(struct rcx_snapshots *snapshots)
{
    rcx_free(snapshots->days);
    *snapshots = (struct rcx_snapshots){0};
}

static bool push(struct rcx_snapshots *list, size_t *capacity, rcx_day day)
{
    if (!rcx_array_reserve(&list->days, capacity, list->count + 1, sizeof *list->days))
        return false;
    list->days[list->count++] = day;
    return true;
}

/* The first date of the series on or after `day`. */
static rcx_day first_on_or_after(int64_t every, rcx_day last, rcx_day day)
{
    if (every == RCX_CFG_EVERY_MONTH)
        return rcx_month_end(day);
    if (every == RCX_CFG_EVERY_WEEK)
        return day + (rcx_day)(SUNDAY - rcx_weekday(day));
    int64_t steps = ((int64_t)last - day) / every; /* whole steps back from `last` */
    return (rcx_day)(last - steps * every);
}

static rcx_day next_date(int64_t every, rcx_day day)
{
    if (every == RCX_CFG_EVERY_MONTH)
        return rcx_month_end(day + 1);
    if (every == RCX_CFG_EVERY_WEEK)
        return day + 7;
    return (rcx_day)(day + every);
}

static bool series(const struct rcx_cfg_snapshots *cfg, int64_t need_days,
                   struct rcx_data_range range, struct rcx_snapshots *list)
{
    rcx_day last = cfg->last == RCX_CFG_AUTO_DAY ? range.last : cfg->last;
    rcx_day first = cfg->first == RCX_CFG_AUTO_DAY ? (rcx_day)(range.first + need_days - 1)
                                                   : cfg->first;
    size_t capacity = 0;
    if (first > last)
        return true;
    for (rcx_day day = first_on_or_after(cfg->every, last, first); day <= last;
         day = next_date(cfg->every, day)) {
        if (!push(list, &capacity, day))
            return false;
    }
    return true;
}

static bool explicit_dates(const struct rcx_cfg_dates *dates, struct rcx_snapshots *list)
{
    size_t capacity = 0;
    for (size_t i = 0; i < dates->count; i++) {
        if (!push(list, &capacity, dates->items[i]))
            return false;
    }
    for (size_t i = 1; i < list->count; i++) { /* few: insertion sort */
        rcx_day day = list->days[i];
        size_t j = i;
        for (; j > 0 && list->days[j - 1] > day; j--)
            list->days[j] = list->days[j - 1];
        list->days[j] = day;
    }
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || list->days[kept - 1] != list->days[i])
            list->days[kept++] = list->days[i];
    }
    list->count = kept;
    return true;
}

static enum rcx_status refuse_early(rcx_day day, struct rcx_data_range range, int64_t need,
                                    const char *key, struct rcx_error *err)
{
    char date[RCX_DATE_TEXT_BYTES];
    char begin[RCX_DATE_TEXT_BYTES];
    char end[RCX_DATE_TEXT_BYTES];
    char earliest[RCX_DATE_TEXT_BYTES];
    int64_t have = rcx_history_days(range, day);
    return rcx_fail(
        err, RCX_E_USAGE,
        "snapshot %s: only %lld days of data up to it, %s needs %lld; the data run from "
        "%s to %s, so the earliest snapshot is %s",
        rcx_format_day(day, date), (long long)(have < 0 ? 0 : have), key, (long long)need,
        rcx_format_day(range.first, begin), rcx_format_day(range.last, end),
        rcx_format_day((rcx_day)(range.first + need - 1), earliest));
}

static enum rcx_status refuse_empty(const struct rcx_cfg_snapshots *cfg, int64_t need,
                                    struct rcx_data_range range, struct rcx_error *err)
{
    char begin[RCX_DATE_TEXT_BYTES];
    char end[RCX_DATE_TEXT_BYTES];
    char until[RCX_DATE_TEXT_BYTES];
    rcx_day earliest = (rcx_day)(range.first + need - 1);
    if (cfg->every < 0)
        earliest = first_on_or_after(cfg->every, range.last, earliest);
    return rcx_fail(
        err, RCX_E_INPUT,
        "no snapshot date: the data run from %s to %s (%lld days), the first snapshot "
        "needs %lld days of data and would be %s; give more data, --as-of, or change "
        "snapshots.every, snapshots.first, snapshots.last or snapshots.min_history_days",
        rcx_format_day(range.first, begin), rcx_format_day(range.last, end),
        (long long)rcx_history_days(range, range.last), (long long)need,
        rcx_format_day(earliest, until));
}

enum rcx_status rcx_snapshots_plan(const struct rcx_cfg_snapshots *cfg, int64_t fit_days,
                                   bool learns_from_fit, struct rcx_data_range range,
                                   struct rcx_snapshots *out, struct rcx_error *err)
{
    struct rcx_snapshots list = {0};
    int64_t need = cfg->min_history_days > fit_days ? cfg->min_history_days : fit_days;
    bool ok = cfg->dates.count > 0 ? explicit_dates(&cfg->dates, &list)
                                   : series(cfg, need, range, &list);
    enum rcx_status status = RCX_OK;
    if (!ok)
        status = rcx_fail_nomem(err, "snapshot dates", list.count * sizeof *list.days);
    else if (list.count == 0)
        status = refuse_empty(cfg, need, range, err);
    else if (rcx_history_days(range, list.days[0]) < cfg->min_history_days)
        status = refuse_early(list.days[0], range, cfg->min_history_days,
                              "snapshots.min_history_days", err);
    else if (learns_from_fit && rcx_history_days(range, list.days[0]) < fit_days)
        status = refuse_early(list.days[0], range, fit_days, "cleaning.outliers.fit_days", err);
    if (status != RCX_OK) {
        rcx_snapshots_release(&list);
        return status;
    }
    *out = list;
    return RCX_OK;
}
