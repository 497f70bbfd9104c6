#include "engine/prove/proof_checks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/exec/feature_table.h"

void rcx_proof_checks_init(struct rcx_proof *proof)
{
    static const char *const names[RCX_PROOF_CHECK_COUNT] = {
#define X(id, name) name,
        RCX_PROOF_CHECKS(X)
#undef X
    };
    for (size_t i = 0; i < RCX_PROOF_CHECK_COUNT; i++)
        proof->checks[i] = (struct rcx_proof_check){.name = names[i], .ok = true};
}

/* Records the first fault of a check. */
__attribute__((format(printf, 3, 4))) static void
fault(struct rcx_proof *proof, enum rcx_proof_check_id id, const char *format, ...)
{
    struct rcx_proof_check *check = &proof->checks[id];
    va_list arguments;
    if (!check->ok)
        return;
    check->ok = false;
    va_start(arguments, format);
    vsnprintf(check->detail, sizeof check->detail, format, arguments);
    va_end(arguments);
}

/* Says what was looked at, when nothing was wrong. */
__attribute__((format(printf, 3, 4))) static void
pass(struct rcx_proof *proof, enum rcx_proof_check_id id, const char *format, ...)
{
    struct rcx_proof_check *check = &proof->checks[id];
    va_list arguments;
    if (!check->ok)
        return;
    va_start(arguments, format);
    vsnprintf(check->detail, sizeof check->detail, format, arguments);
    va_end(arguments);
}

void rcx_proof_check_windows(struct rcx_proof *proof, const struct rcx_cfg_features *features,
                             rcx_day day, const struct rcx_table *table)
{
    const struct rcx_column *columns = table->columns;
    const struct rcx_column *first = &columns[RCX_FEATURE_FIRST_COLUMN];
    const int32_t *begin = first[RCX_FEATURE_COUNT].i32;
    const int32_t *length = first[RCX_FEATURE_COUNT + 1].i32;
    int64_t most = features->observation_days;
    char date[RCX_DATE_TEXT_BYTES];
    for (size_t i = 0; i < table->rows; i++) {
        int32_t recency = first[RCX_FEATURE_RECENCY].i32[i];
        int32_t since_first = first[RCX_FEATURE_SINCE_FIRST].i32[i];
        bool dates = columns[1].i32[i] == day && length[i] == most && begin[i] == day - most + 1;
        bool inside = recency >= 0 && since_first >= recency && since_first < most;
        if (!dates || !inside)
            fault(
                proof, RCX_PROOF_CHECK_WINDOWS,
                "%s, row %zu of the table: purchases %d to %d days before the snapshot, window of "
                "%d days, expected %" PRId64,
                rcx_format_day(day, date), i, (int)since_first, (int)recency, (int)length[i], most);
    }
}

static void check_digests(struct rcx_proof *proof)
{
    char date[RCX_DATE_TEXT_BYTES];
    char got[RCX_DIGEST_TEXT_BYTES];
    char expected[RCX_DIGEST_TEXT_BYTES];
    for (size_t i = 0; i < proof->snapshot_count; i++) {
        const struct rcx_proof_snapshot *snapshot = &proof->snapshots[i];
        const struct rcx_proof_digests *ordinary = &snapshot->runs[RCX_PROOF_ORDINARY].digests;
        for (enum rcx_proof_way way = RCX_PROOF_HIDDEN; way < RCX_PROOF_WAYS; way++) {
            const struct rcx_proof_digests *other = &snapshot->runs[way].digests;
            if (!rcx_proof_same(ordinary, other))
                fault(proof, RCX_PROOF_CHECK_DIGESTS,
                      "%s: with the future %s the features have digest %s, ordinarily %s",
                      rcx_format_day(snapshot->day, date), rcx_proof_way_name(way),
                      rcx_digest_format(other->features, got),
                      rcx_digest_format(ordinary->features, expected));
        }
    }
    pass(proof, RCX_PROOF_CHECK_DIGESTS,
         "%zu of %zu snapshots: the same bytes with the future hidden and with another one",
         proof->snapshot_count, proof->planned);
}

static void check_recomputation(struct rcx_proof *proof, const struct rcx_outlier_fit *fit,
                                const struct rcx_plain_limits *plain)
{
    const struct rcx_agreement *agreement = &proof->agreement;
    if (proof->looks_ahead) {
        pass(proof, RCX_PROOF_CHECK_RECOMPUTATION,
             "left out: the plain code knows the standard definitions only");
        return;
    }
    if (proof->sampled == 0) {
        pass(proof, RCX_PROOF_CHECK_RECOMPUTATION, "left out: no customers are asked for");
        return;
    }
    if (fit->rows != plain->learned_rows || fit->applied != plain->applied)
        fault(proof, RCX_PROOF_CHECK_RECOMPUTATION,
              "cleaning learns from %" PRIu64 " rows, plainly from %" PRIu64, fit->rows,
              plain->learned_rows);
    if (agreement->differences > 0)
        fault(proof, RCX_PROOF_CHECK_RECOMPUTATION,
              "%" PRIu64 " of %" PRIu64 " values of %zu customers differ; the first: %s",
              agreement->differences, agreement->values, proof->sampled, agreement->first);
    pass(proof, RCX_PROOF_CHECK_RECOMPUTATION,
         "%zu random customers by plain code: %" PRIu64 " rows of features, %" PRIu64
         " of inputs of behaviour models, %" PRIu64 " values, labels included, all equal; %" PRIu64
         " times no row, rightly",
         proof->sampled, agreement->rows, agreement->summary_rows, agreement->values,
         agreement->absent + agreement->summary_absent);
}

static void check_dates(struct rcx_proof *proof, const struct rcx_prove *prove,
                        const struct rcx_snapshots *planned, const struct rcx_outlier_fit *fit)
{
    const struct rcx_cfg_snapshots *cfg = prove->config.snapshots;
    struct rcx_data_range range = rcx_store_range(prove->store);
    char date[RCX_DATE_TEXT_BYTES];
    char begin[RCX_DATE_TEXT_BYTES];
    char end[RCX_DATE_TEXT_BYTES];
    for (size_t i = 0; i < planned->count; i++) {
        rcx_day day = planned->days[i];
        bool early = rcx_history_days(range, day) < cfg->min_history_days;
        bool late = cfg->dates.count == 0 && cfg->last == RCX_CFG_AUTO_DAY && day > range.last;
        bool before_fit = fit->mode == RCX_OUTLIERS_FIT_FIRST_DAYS && day + 1 < fit->before;
        bool ordered = i == 0 || planned->days[i - 1] < day;
        if (early || late || before_fit || !ordered)
            fault(proof, RCX_PROOF_CHECK_DATES, "%s %s", rcx_format_day(day, date),
                  early        ? "has too little history"
                  : late       ? "is after the data"
                  : before_fit ? "is before the thresholds are learned"
                               : "is out of order");
    }
    pass(proof, RCX_PROOF_CHECK_DATES, "%zu planned, in data from %s to %s", planned->count,
         rcx_format_day(range.first, begin), rcx_format_day(range.last, end));
}

/* Feature rows end before the cutoff and label windows begin on or after it, so every row is on one
 * side; counted twice, by the views and from the receipts. */
static void check_rows(struct rcx_proof *proof, const struct rcx_prove *prove)
{
    char date[RCX_DATE_TEXT_BYTES];
    uint64_t total = rcx_store_summary(prove->store)->rows;
    for (size_t i = 0; i < proof->snapshot_count; i++) {
        const struct rcx_proof_snapshot *snapshot = &proof->snapshots[i];
        const struct rcx_proof_run *hidden = &snapshot->runs[RCX_PROOF_HIDDEN];
        const struct rcx_proof_run *poisoned = &snapshot->runs[RCX_PROOF_POISONED];
        uint64_t before = snapshot->rows_before;
        rcx_time cutoff = rcx_cutoff(snapshot->day);
        rcx_time label_begin = cutoff + prove->config.churn->gap_days * RCX_DAY_SECONDS;
        bool split = before + snapshot->rows_after == total &&
                     (before == 0 || snapshot->last_before < cutoff) &&
                     (snapshot->rows_after == 0 || snapshot->first_after >= cutoff);
        bool views = hidden->rows == before && hidden->last_time < cutoff &&
                     poisoned->rows >= before &&
                     (poisoned->rows == before || poisoned->last_time >= cutoff);
        if (!split || !views || label_begin < cutoff)
            fault(proof, RCX_PROOF_CHECK_ROWS,
                  "%s: %" PRIu64 " rows before the cutoff and %" PRIu64 " after it, of %" PRIu64
                  "; %" PRIu64 " with the future hidden, %" PRIu64 " with another one",
                  rcx_format_day(snapshot->day, date), before, snapshot->rows_after, total,
                  hidden->rows, poisoned->rows);
    }
    pass(proof, RCX_PROOF_CHECK_ROWS,
         "no row is on both sides of a cutoff: each of the %" PRIu64
         " rows is before it or in reach of labels only",
         total);
}

void rcx_proof_conclude(struct rcx_proof *proof, const struct rcx_prove *prove,
                        const struct rcx_snapshots *planned, const struct rcx_outlier_fit *fit,
                        const struct rcx_plain_limits *plain)
{
    check_digests(proof);
    check_recomputation(proof, fit, plain);
    check_dates(proof, prove, planned, fit);
    check_rows(proof, prove);
    pass(proof, RCX_PROOF_CHECK_WINDOWS,
         "all purchases lie in the last %" PRId64 " days of their snapshot",
         prove->config.features->observation_days);
    proof->ok = true;
    for (size_t i = 0; i < RCX_PROOF_CHECK_COUNT; i++)
        proof->ok &= proof->checks[i].ok;
}
