#pragma once
/* Which snapshots may train a model that is judged at another: whole snapshots, never rows.
 *
 * A label of snapshot S looks at the days [C + gap, C + gap + horizon), C the cutoff of S. A snapshot
 * may train a model that is evaluated at E only when this window has ended by E's cutoff (half-open:
 * ending exactly there is fine), so nothing a model was taught happened after the moment for which it
 * is judged. Distances between cutoffs are those between dates. Because windows have one length, what
 * may train for E is a prefix of the snapshots in the order of their dates; rows in that order are a
 * prefix, too, and a training set is a view.
 *
 *     test T        the last labelled snapshot
 *     training      all labelled snapshots that may train for T
 *     validation V  the last of these; choices are made there with a model trained on what may train
 *                   for V, when that is enough
 *     origins       every labelled snapshot whose training rows are enough: the backtest */
#include <stdbool.h>
#include <stddef.h>

#include "base/date.h"
#include "base/status.h"

struct rcx_split_rule {
    int32_t gap_days, horizon_days; /* horizon > 0 */
};

/* A labelled snapshot; a list of them is ascending in `day`. */
struct rcx_split_snapshot {
    rcx_day day;
    size_t rows;      /* that may be used: labelled and eligible */
    size_t positives; /* of them with label 1 */
};

bool rcx_split_may_train(const struct rcx_split_rule *rule, rcx_day train, rcx_day evaluation);
/* How many of the first snapshots may train a model that is evaluated at snapshot `evaluation`. */
size_t rcx_split_prefix(const struct rcx_split_rule *rule, const struct rcx_split_snapshot *list,
                        size_t count, size_t evaluation);
/* Rows of the first `prefix` snapshots, and those of the rarer class. */
size_t rcx_split_rows(const struct rcx_split_snapshot *list, size_t prefix);
size_t rcx_split_rarer(const struct rcx_split_snapshot *list, size_t prefix);

struct rcx_split {
    size_t test;         /* index of T */
    size_t train;        /* snapshots [0, train) train the tested model; 0: none may */
    bool has_choice;     /* V and what may train for it hold enough rows */
    size_t validation;   /* index of V = train - 1 */
    size_t choice_train; /* snapshots [0, choice_train) train the model that is judged at V */
};

/* Fewest rows for an origin, and for choices. Zero is fine. */
struct rcx_split_limits {
    size_t origin_rows; /* of training, both classes among them */
    size_t choice_rows; /* of V and what trains for it, each of the two with both classes */
};

/* Errors: RCX_E_INPUT when no snapshot is labelled, or none may train for the last labelled one: the
 * message says which dates or keys would help. */
enum rcx_status rcx_split_plan(const struct rcx_split_rule *rule,
                               const struct rcx_split_snapshot *list, size_t count,
                               const struct rcx_split_limits *limits, struct rcx_split *out,
                               struct rcx_error *err);
/* Whether snapshot `evaluation` is an origin of the backtest. */
bool rcx_split_is_origin(const struct rcx_split_rule *rule, const struct rcx_split_snapshot *list,
                         size_t count, const struct rcx_split_limits *limits, size_t evaluation);

/* The guard before a model is judged: no training label window reaches past the cutoff of the
 * evaluation, days ascend, and no (customer, snapshot) pair is there twice.
 *  customer, day  [rows] of the training rows, sorted by (day, customer)
 * Errors: RCX_E_INTERNAL naming the row. */
enum rcx_status rcx_split_guard(const struct rcx_split_rule *rule, const int64_t *customer,
                                const rcx_day *day, size_t rows, rcx_day evaluation,
                                struct rcx_error *err);

/* Days of the observation window that the data cover: all of it, or since the first day of data. */
int32_t rcx_split_covered_days(rcx_day first_data_day, rcx_day snapshot, int32_t observation_days);
