#pragma once
/* How much all customers together will bring: the level, beside who brings more and who less.
 *
 * Candidates are chosen by the absolute error of single customers, which does not make their sum right.
 * What keeps its level best from one snapshot to the next is the behaviour model: without season its
 * total is off by the share of returns, since it expects gross order values, and that share is steady.
 * The ratio is the median over snapshots of
 *     sum of targets / sum of the behaviour model's values
 * and a calibrated value is value x ratio x (sum of behaviour values) / (sum of values). The median,
 * because fits on a short history were measured to be wrong by a factor of three; snapshots with less than
 * clv.min_data_days of data are left out for the same reason. */
#include "ml/tasks/clv/clv_data.h"

/* From snapshots whose targets are complete at `day` (INT32_MAX: from all). NaN when there is none.
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_clv_total_ratio(const struct rcx_clv_data *data, size_t horizon, rcx_day day,
                                    double *out, struct rcx_error *err);
