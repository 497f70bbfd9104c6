#include "engine/exec/feature_drift.h"

#include <string.h>

#include "base/memory.h"
#include "engine/exec/feature_table.h"
#include "engine/quality/drift.h"

enum {
    SNAPSHOT,
    REFERENCE,
    FEATURE,
    PSI,
    KS,
    NULL_SHARE,
    REFERENCE_NULL_SHARE,
    CUSTOMERS,
    REFERENCE_CUSTOMERS,
    DRIFTED,
    COLUMN_COUNT
};

/* Of one worker: the reference's column, the other one's, and what sorting needs. */
struct scratch {
    struct rcx_parquet_decoder decoder;
    double *reference, *sample; /* [most rows of a snapshot] */
    uint64_t *keys;             /* [2 x most rows] */
};

struct job {
    const struct rcx_feature_file *file;
    const struct rcx_cfg_drift *cfg;
    struct rcx_table *table;
    size_t reference; /* snapshot */
    size_t most_rows;
    struct scratch *workers;
};

void rcx_feature_drift_release(struct rcx_feature_drift *drift)
{
    rcx_table_release(&drift->table);
}

static size_t rows_of(const struct rcx_feature_file *file, size_t snapshot)
{
    return (size_t)file->lineage.snapshots[snapshot].counts.customers;
}

static enum rcx_status reserve(struct scratch *scratch, size_t rows, struct rcx_error *err)
{
    if (scratch->keys)
        return RCX_OK;
    scratch->reference = rcx_malloc_array(rows + 1, sizeof *scratch->reference);
    scratch->sample = rcx_malloc_array(rows + 1, sizeof *scratch->sample);
    scratch->keys = rcx_malloc_array(2 * rows + 1, sizeof *scratch->keys);
    if (!scratch->reference || !scratch->sample || !scratch->keys)
        return rcx_fail_nomem(err, "drift", 4 * rows * sizeof(double));
    return RCX_OK;
}

static enum rcx_status load(const struct job *job, struct scratch *scratch, size_t snapshot,
                            size_t feature, double *values, struct rcx_drift_sample *out,
                            struct rcx_error *err)
{
    enum rcx_status status = rcx_feature_file_values(job->file, snapshot, feature,
                                                     &scratch->decoder, values, err);
    out->rows = rows_of(job->file, snapshot);
    out->values = values;
    out->count = status == RCX_OK ? rcx_drift_sort(values, out->rows, scratch->keys) : 0;
    return status;
}

static double null_share(const struct rcx_drift_sample *sample)
{
    return sample->rows > 0 ? (double)(sample->rows - sample->count) / (double)sample->rows : 0;
}

static void put_row(const struct job *job, size_t row, size_t snapshot, size_t feature,
                    const struct rcx_drift_sample *reference, const struct rcx_drift_sample *sample)
{
    struct rcx_column *columns = job->table->columns;
    double psi = rcx_drift_psi(reference, sample, (size_t)job->cfg->bins, job->cfg->min_share);
    columns[SNAPSHOT].i32[row] = job->file->lineage.snapshots[snapshot].day;
    columns[REFERENCE].i32[row] = job->file->lineage.snapshots[job->reference].day;
    columns[FEATURE].codes[row] = (uint32_t)feature;
    columns[PSI].reals[row] = psi;
    columns[KS].reals[row] = rcx_drift_ks(reference, sample);
    columns[NULL_SHARE].reals[row] = null_share(sample);
    columns[REFERENCE_NULL_SHARE].reals[row] = null_share(reference);
    columns[CUSTOMERS].i64[row] = (int64_t)sample->rows;
    columns[REFERENCE_CUSTOMERS].i64[row] = (int64_t)reference->rows;
    columns[DRIFTED].booleans[row] = psi > job->cfg->max_psi;
}

/* One feature at all snapshots. */
static enum rcx_status compare_feature(void *context, size_t feature, unsigned worker,
                                       struct rcx_error *err)
{
    const struct job *job = context;
    struct scratch *scratch = &job->workers[worker];
    struct rcx_drift_sample reference, sample;
    enum rcx_status status = reserve(scratch, job->most_rows, err);
    if (status == RCX_OK)
        status = load(job, scratch, job->reference, feature, scratch->reference, &reference, err);
    size_t row = feature;
    for (size_t s = 0; s < job->file->lineage.count && status == RCX_OK; s++) {
        if (s == job->reference)
            continue;
        status = load(job, scratch, s, feature, scratch->sample, &sample, err);
        if (status == RCX_OK)
            put_row(job, row, s, feature, &reference, &sample);
        row += RCX_FEATURE_COUNT;
    }
    return status;
}

/* The names of the features, by number. */
static struct rcx_strings *feature_names(const struct rcx_parquet_file *table)
{
    const struct rcx_parquet_leaf *leaves = &table->leaves[RCX_FEATURE_FIRST_COLUMN];
    uint64_t bytes = 0;
    for (size_t f = 0; f < RCX_FEATURE_COUNT; f++)
        bytes += strlen(leaves[f].name);
    struct rcx_strings *names = rcx_strings_new(RCX_FEATURE_COUNT, bytes);
    if (!names)
        return NULL;
    uint64_t at = 0;
    for (size_t f = 0; f < RCX_FEATURE_COUNT; f++) {
        size_t length = strlen(leaves[f].name);
        names->offsets[f] = at;
        memcpy(names->bytes + at, leaves[f].name, length);
        at += length;
    }
    names->offsets[RCX_FEATURE_COUNT] = at;
    return names;
}

static enum rcx_status make_table(const struct job *job, struct rcx_error *err)
{
    static const struct {
        const char *name;
        enum rcx_type type;
    } columns[COLUMN_COUNT] = {
        [SNAPSHOT] = {"snapshot", RCX_TYPE_DATE},
        [REFERENCE] = {"reference", RCX_TYPE_DATE},
        [FEATURE] = {"feature", RCX_TYPE_TEXT},
        [PSI] = {"psi", RCX_TYPE_REAL},
        [KS] = {"ks", RCX_TYPE_REAL},
        [NULL_SHARE] = {"null_share", RCX_TYPE_REAL},
        [REFERENCE_NULL_SHARE] = {"reference_null_share", RCX_TYPE_REAL},
        [CUSTOMERS] = {"customers", RCX_TYPE_INT64},
        [REFERENCE_CUSTOMERS] = {"reference_customers", RCX_TYPE_INT64},
        [DRIFTED] = {"drifted", RCX_TYPE_BOOL},
    };
    size_t rows = (job->file->lineage.count - 1) * RCX_FEATURE_COUNT;
    bool ok = true;
    for (size_t c = 0; c < COLUMN_COUNT && ok; c++)
        ok = rcx_table_add(job->table, columns[c].name, columns[c].type) != NULL;
    if (ok) {
        job->table->columns[FEATURE].dictionary = feature_names(job->file->table);
        ok = job->table->columns[FEATURE].dictionary && rcx_table_resize(job->table, rows);
    }
    return ok ? RCX_OK : rcx_fail_nomem(err, "drift", rows * COLUMN_COUNT * 8);
}

static enum rcx_status find_reference(const struct rcx_feature_file *file,
                                      const struct rcx_cfg_drift *cfg, size_t *out,
                                      struct rcx_error *err)
{
    *out = 0;
    if (cfg->against != RCX_CFG_AUTO_DAY && !rcx_feature_file_find(file, cfg->against, out))
        return rcx_feature_file_no_snapshot(file, cfg->against, err);
    if (file->lineage.count == 0)
        return rcx_fail(err, RCX_E_INPUT, "%s: there are no snapshots", file->table->path);
    return RCX_OK;
}

static void summarise(struct rcx_feature_drift *drift)
{
    const struct rcx_column *columns = drift->table.columns;
    double largest = -1; /* a psi is never negative; NaN is never larger */
    for (size_t row = 0; row < drift->table.rows; row++) {
        drift->drifted += columns[DRIFTED].booleans[row];
        if (columns[PSI].reals[row] > largest) {
            largest = columns[PSI].reals[row];
            drift->largest = row;
        }
    }
}

enum rcx_status rcx_feature_drift(const struct rcx_feature_file *file,
                                  const struct rcx_cfg_drift *cfg,
                                  const struct rcx_parallel *parallel,
                                  struct rcx_feature_drift *out, struct rcx_error *err)
{
    struct rcx_feature_drift drift = {0};
    struct job job = {.file = file, .cfg = cfg, .table = &drift.table};
    enum rcx_status status = find_reference(file, cfg, &job.reference, err);
    if (status != RCX_OK)
        return status;
    for (size_t s = 0; s < file->lineage.count; s++)
        if (rows_of(file, s) > job.most_rows)
            job.most_rows = rows_of(file, s);
    drift.reference = file->lineage.snapshots[job.reference].day;
    job.workers = rcx_calloc(parallel->threads, sizeof *job.workers);
    status = job.workers ? make_table(&job, err)
                         : rcx_fail_nomem(err, "drift", parallel->threads * sizeof *job.workers);
    if (status == RCX_OK && file->lineage.count > 1)
        status = rcx_parallel_for(parallel, RCX_FEATURE_COUNT, compare_feature, &job, err);
    for (unsigned i = 0; job.workers && i < parallel->threads; i++) {
        rcx_parquet_decoder_release(&job.workers[i].decoder);
        rcx_free(job.workers[i].reference);
        rcx_free(job.workers[i].sample);
        rcx_free(job.workers[i].keys);
    }
    rcx_free(job.workers);
    if (status != RCX_OK) {
        rcx_feature_drift_release(&drift);
        return status;
    }
    summarise(&drift);
    *out = drift;
    return RCX_OK;
}
