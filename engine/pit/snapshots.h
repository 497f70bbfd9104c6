#pragma once
/* Snapshot dates and the cutoff: which rows a snapshot may see.
 *
 * A snapshot is a calendar date S; its cutoff C is the first second of the next day. Features see
 * rows before C, labels rows from C on. Everything here counts in whole calendar days. */
#include <stdbool.h>
#include <stddef.h>

#include "base/date.h"
#include "base/status.h"
#include "config/config.h"

/* Dates of the first and last row of all rows in the store, guests included (D0 and D1). */
struct rcx_data_range {
    rcx_day first, last;
};

struct rcx_snapshots {
    size_t count;
    rcx_day *days; /* ascending, distinct; owned */
};

/* C, the first second that the features of snapshot `day` must not see. */
static inline rcx_time rcx_cutoff(rcx_day day)
{
    return ((rcx_time)day + 1) * RCX_DAY_SECONDS;
}

/* Days of data up to and including `day`. */
static inline int64_t rcx_history_days(struct rcx_data_range range, rcx_day day)
{
    return (int64_t)day + 1 - range.first;
}

/* Makes the list that `cfg` asks for: cfg->dates when there are any, else the series of cfg->every
 * from the first date with max(min_history_days, fit_days) days of data to the last in the data.
 *  fit_days         cleaning.outliers.fit_days
 *  learns_from_fit  thresholds come from the first fit_days: dates before they end are refused
 * Errors: RCX_E_USAGE (a date that was asked for has too little data before it), RCX_E_INPUT (no
 * date is left; the text names the range of the data and the days that are needed), RCX_E_NOMEM.
 * Ownership: the caller releases *out. */
enum rcx_status rcx_snapshots_plan(const struct rcx_cfg_snapshots *cfg, int64_t fit_days,
                                   bool learns_from_fit, struct rcx_data_range range,
                                   struct rcx_snapshots *out, struct rcx_error *err);
void rcx_snapshots_release(struct rcx_snapshots *snapshots);
