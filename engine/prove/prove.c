#include "engine/prove/prove.h"

#include <stdio.h>

#include "base/memory.h"
#include "engine/prove/future.h"
#include "engine/prove/proof_checks.h"

const char *rcx_proof_way_name(enum rcx_proof_way way)
{
    static const char *const names[RCX_PROOF_WAYS] = {"ordinary", "hidden", "poisoned"};
    return names[way];
}

bool rcx_proof_same(const struct rcx_proof_digests *a, const struct rcx_proof_digests *b)
{
    return rcx_digest_compare(a->features, b->features) == 0 &&
           rcx_digest_compare(a->summary, b->summary) == 0;
}

void rcx_proof_release(struct rcx_proof *proof)
{
    rcx_free(proof->snapshots);
    *proof = (struct rcx_proof){0};
}

static enum rcx_status keep_digest(void *context, size_t snapshot, struct rcx_table *table,
                                   struct rcx_error *err)
{
    const struct rcx_digest none = {0};
    struct rcx_proof_run *run = context;
    (void)snapshot;
    run->digests.features = rcx_feature_digest(table);
    if (rcx_digest_compare(run->digests.features, none) == 0)
        return rcx_fail_nomem(err, "digest of the features", 0);
    run->customers = table->rows;
    return RCX_OK;
}

static enum rcx_status keep_summary_digest(void *context, size_t snapshot, struct rcx_table *table,
                                           struct rcx_error *err)
{
    const struct rcx_digest none = {0};
    struct rcx_proof_run *run = context;
    (void)snapshot;
    run->digests.summary = rcx_table_digest(table);
    if (rcx_digest_compare(run->digests.summary, none) == 0)
        return rcx_fail_nomem(err, "digest of the summary", 0);
    return RCX_OK;
}

/* The ordinary computation of one snapshot over a view. */
static enum rcx_status run_view(const struct rcx_prove *prove, const struct rcx_store *view,
                                rcx_day day, struct rcx_proof_run *out, struct rcx_error *err)
{
    const struct rcx_recompute run = {
        .config = &prove->config,
        .store = view,
        .days = {1, &day},
        .parallel = {out->threads},
        .sink = keep_digest,
        .summary_sink = keep_summary_digest,
        .sink_context = out,
    };
    const struct rcx_store_summary *summary = rcx_store_summary(view);
    out->rows = summary->rows;
    out->last_time = summary->last_time;
    return rcx_recompute(&run, &out->fit, err);
}

enum rcx_status rcx_prove_again(const struct rcx_prove *prove, enum rcx_proof_way way, rcx_day day,
                                rcx_time cutoff, struct rcx_proof_run *out, struct rcx_error *err)
{
    struct rcx_proof_run run = {.threads = prove->parallel.threads + (unsigned)way};
    const struct rcx_parallel parallel = {run.threads};
    struct rcx_poison poison;
    struct rcx_store *view = NULL;
    enum rcx_status status;
    if (way == RCX_PROOF_HIDDEN)
        status = rcx_future_hide(prove->store, cutoff, &parallel, &view, err);
    else
        status = rcx_future_poison(prove->store, cutoff, prove->seed, &parallel, &poison, &view,
                                   err);
    if (status == RCX_OK)
        status = run_view(prove, view, day, &run, err);
    rcx_store_close(view);
    if (status == RCX_OK)
        *out = run;
    return status;
}

/* --- the ordinary run ------------------------------------------------------------------------ */

struct ordinary {
    const struct rcx_prove *prove;
    const struct rcx_snapshots *planned;
    struct rcx_proof *proof;
    struct rcx_sample *sample;
    struct rcx_plain_rules rules;
    struct rcx_outlier_fit fit;
};

static enum rcx_status look_at(void *context, size_t snapshot, struct rcx_table *table,
                               struct rcx_error *err)
{
    struct ordinary *ordinary = context;
    struct rcx_proof *proof = ordinary->proof;
    rcx_day day = ordinary->planned->days[snapshot];
    for (size_t i = 0; i < proof->snapshot_count; i++) {
        struct rcx_proof_snapshot *chosen = &proof->snapshots[i];
        if (chosen->day != day)
            continue;
        enum rcx_status status = keep_digest(&chosen->runs[RCX_PROOF_ORDINARY], snapshot, table,
                                             err);
        if (status != RCX_OK)
            return status;
        rcx_proof_check_windows(proof, ordinary->prove->config.features, day, table);
        if (ordinary->sample->count > 0)
            rcx_agreement_add(&proof->agreement, ordinary->sample, &ordinary->rules, day, table);
    }
    return RCX_OK;
}

static enum rcx_status look_at_summary(void *context, size_t snapshot, struct rcx_table *table,
                                       struct rcx_error *err)
{
    struct ordinary *ordinary = context;
    struct rcx_proof *proof = ordinary->proof;
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < proof->snapshot_count && status == RCX_OK; i++) {
        struct rcx_proof_snapshot *chosen = &proof->snapshots[i];
        if (chosen->day != ordinary->planned->days[snapshot])
            continue;
        status = keep_summary_digest(&chosen->runs[RCX_PROOF_ORDINARY], snapshot, table, err);
        if (status == RCX_OK && ordinary->sample->count > 0)
            rcx_agreement_add_summary(&proof->agreement, ordinary->sample, &ordinary->rules,
                                      chosen->day, table);
    }
    return status;
}

static struct rcx_plain_rules plain_rules(const struct rcx_prove *prove)
{
    const struct rcx_recompute_config *config = &prove->config;
    struct rcx_data_range range = rcx_store_range(prove->store);
    return (struct rcx_plain_rules){
        .cleaning = config->cleaning,
        .features = config->features,
        .churn = config->churn,
        .clv = config->clv,
        .decisions = &rcx_store_summary(prove->store)->decisions,
        .stocks = rcx_store_strings(prove->store, RCX_TEXT_STOCK),
        .first_day = range.first,
        .last_day = range.last,
    };
}

static enum rcx_status run_ordinary(struct ordinary *ordinary, struct rcx_error *err)
{
    const struct rcx_prove *prove = ordinary->prove;
    struct rcx_proof *proof = ordinary->proof;
    const struct rcx_recompute run = {
        .config = &prove->config,
        .store = prove->store,
        .days = {ordinary->planned->count, ordinary->planned->days},
        .with_labels = true,
        .parallel = prove->parallel,
        .table_bytes = prove->table_bytes,
        .sink = look_at,
        .summary_sink = look_at_summary,
        .sink_context = ordinary,
    };
    enum rcx_status status = rcx_recompute(&run, &ordinary->fit, err);
    for (size_t i = 0; status == RCX_OK && i < proof->snapshot_count; i++) {
        struct rcx_proof_run *ordinarily = &proof->snapshots[i].runs[RCX_PROOF_ORDINARY];
        ordinarily->threads = prove->parallel.threads;
        ordinarily->fit = ordinary->fit;
        ordinarily->rows = rcx_store_summary(prove->store)->rows;
        ordinarily->last_time = rcx_store_summary(prove->store)->last_time;
    }
    return status;
}

static enum rcx_status count_rows(const struct rcx_prove *prove, struct rcx_proof *proof,
                                  struct rcx_error *err)
{
    struct rcx_row_split *splits = rcx_calloc(proof->snapshot_count, sizeof *splits);
    if (!splits)
        return rcx_fail_nomem(err, "row counts", proof->snapshot_count * sizeof *splits);
    for (size_t i = 0; i < proof->snapshot_count; i++)
        splits[i].at = rcx_cutoff(proof->snapshots[i].day);
    enum rcx_status status = rcx_row_split(prove->store, &prove->parallel, splits,
                                           proof->snapshot_count, err);
    for (size_t i = 0; i < proof->snapshot_count; i++) {
        struct rcx_proof_snapshot *snapshot = &proof->snapshots[i];
        snapshot->rows_before = splits[i].before;
        snapshot->rows_after = splits[i].after;
        snapshot->last_before = splits[i].last_before;
        snapshot->first_after = splits[i].first_after;
    }
    rcx_free(splits);
    return status;
}

/* --- the proof ------------------------------------------------------------------------------- */

/* Snapshots evenly spread over the planned ones, the first and the last among them; a single one is
 * the last. */
static enum rcx_status choose(const struct rcx_prove *prove, const struct rcx_snapshots *planned,
                              struct rcx_proof *proof, struct rcx_error *err)
{
    size_t wanted = (size_t)prove->prove->snapshots;
    size_t count = wanted < planned->count ? wanted : planned->count;
    proof->planned = planned->count;
    proof->snapshots = rcx_calloc(count, sizeof *proof->snapshots);
    if (!proof->snapshots)
        return rcx_fail_nomem(err, "proof", count * sizeof *proof->snapshots);
    proof->snapshot_count = count;
    for (size_t i = 0; i < count; i++) {
        size_t at = count > 1 ? (i * (planned->count - 1) + (count - 1) / 2) / (count - 1)
                              : planned->count - 1;
        proof->snapshots[i].day = planned->days[at];
    }
    return RCX_OK;
}

static enum rcx_status run_others(const struct rcx_prove *prove, struct rcx_proof *proof,
                                  struct rcx_error *err)
{
    for (size_t i = 0; i < proof->snapshot_count; i++) {
        struct rcx_proof_snapshot *snapshot = &proof->snapshots[i];
        const struct rcx_proof_digests *expected = &snapshot->runs[RCX_PROOF_ORDINARY].digests;
        snapshot->ok = true;
        for (enum rcx_proof_way way = RCX_PROOF_HIDDEN; way < RCX_PROOF_WAYS; way++) {
            struct rcx_proof_run *run = &snapshot->runs[way];
            enum rcx_status status = rcx_prove_again(prove, way, snapshot->day,
                                                     rcx_cutoff(snapshot->day), run, err);
            if (status != RCX_OK)
                return status;
            snapshot->ok &= rcx_proof_same(&run->digests, expected);
        }
    }
    return RCX_OK;
}

static enum rcx_status draw_sample(const struct ordinary *ordinary, struct rcx_error *err)
{
    const struct rcx_prove *prove = ordinary->prove;
    struct rcx_proof *proof = ordinary->proof;
    if (proof->looks_ahead || prove->prove->customers == 0)
        return RCX_OK;
    enum rcx_status status = rcx_sample_draw(prove->store, &ordinary->rules,
                                             (size_t)prove->prove->customers, prove->seed,
                                             ordinary->sample, err);
    proof->sampled = ordinary->sample->count;
    return status;
}

enum rcx_status rcx_prove(const struct rcx_prove *prove, struct rcx_proof *out,
                          struct rcx_error *err)
{
    const struct rcx_recompute_config *config = &prove->config;
    struct rcx_proof proof = {.looks_ahead = config->features->definitions ==
                                             RCX_DEFINITIONS_ORIGINAL};
    struct rcx_snapshots planned = {0};
    struct rcx_sample sample = {0};
    struct ordinary ordinary = {prove, &planned, &proof, &sample, plain_rules(prove), {0}};
    bool first_days = !proof.looks_ahead &&
                      config->cleaning->outliers_fit == RCX_OUTLIERS_FIT_FIRST_DAYS;
    rcx_proof_checks_init(&proof);
    enum rcx_status status = rcx_snapshots_plan(config->snapshots,
                                                config->cleaning->outliers_fit_days, first_days,
                                                rcx_store_range(prove->store), &planned, err);
    if (status == RCX_OK)
        status = choose(prove, &planned, &proof, err);
    if (status == RCX_OK)
        status = draw_sample(&ordinary, err);
    if (status == RCX_OK)
        status = run_ordinary(&ordinary, err);
    if (status == RCX_OK)
        status = count_rows(prove, &proof, err);
    if (status == RCX_OK)
        status = run_others(prove, &proof, err);
    if (status == RCX_OK)
        rcx_proof_conclude(&proof, prove, &planned, &ordinary.fit, &sample.limits);
    rcx_snapshots_release(&planned);
    rcx_sample_release(&sample);
    if (status != RCX_OK) {
        rcx_proof_release(&proof);
        return status;
    }
    *out = proof;
    return RCX_OK;
}
