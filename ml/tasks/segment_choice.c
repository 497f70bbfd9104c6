#include "ml/tasks/segment_choice.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/kmeans/cluster_quality.h"

enum { STREAM_FIT = 0x5E6, STREAM_RESAMPLE = 0x5E7, LARGE_ROWS = 1 << 16 };

void rcx_segment_choice_release(struct rcx_segment_choice *choice)
{
    for (size_t t = 0; t < choice->count; t++)
        rcx_kmeans_release(&choice->trials[t].fit);
    *choice = (struct rcx_segment_choice){0};
}

/* --- which k are tried --------------------------------------------------------------------------- */

static bool same_row(const struct rcx_matrix *matrix, size_t a, size_t b)
{
    for (size_t j = 0; j < matrix->column_count; j++)
        if (matrix->columns[j][a] != matrix->columns[j][b])
            return false;
    return true;
}

/* Different rows, counted up to `most` (small). */
static size_t different_rows(const struct rcx_matrix *matrix, size_t most)
{
    size_t found[RCX_SEGMENT_TRIALS_MOST], count = 0;
    for (size_t i = 0; i < matrix->rows && count < most; i++) {
        size_t f = 0;
        while (f < count && !same_row(matrix, found[f], i))
            f++;
        if (f == count)
            found[count++] = i;
    }
    return count;
}

static enum rcx_status list_trials(const struct rcx_matrix *matrix,
                                   const struct rcx_cfg_segments *cfg,
                                   struct rcx_segment_choice *choice, struct rcx_error *err)
{
    size_t low = (size_t)(cfg->k ? cfg->k : cfg->k_min);
    size_t high = (size_t)(cfg->k ? cfg->k : cfg->k_max);
    size_t different = different_rows(matrix, high);
    if (matrix->rows == 0)
        return rcx_fail(err, RCX_E_INPUT,
                        "segments: the snapshot has no customers; choose another one");
    if (cfg->k && different < high)
        return rcx_fail(err, RCX_E_INPUT,
                        "segments: segments.k is %zu, but there are only %zu different customers; "
                        "lower it, or set it to auto",
                        high, different);
    high = different < high ? different : high;
    low = low < high ? low : high;
    for (size_t k = low; k <= high; k++)
        choice->trials[choice->count++].k = k;
    return RCX_OK;
}

/* --- stability ----------------------------------------------------------------------------------- */

struct resampling {
    const struct rcx_matrix *matrix;
    const struct rcx_cfg_segments *cfg;
    struct rcx_segment_choice *choice;
    struct rcx_parallel parallel; /* of each resample */
    uint64_t seed;
    double *scores; /* [trials][bootstraps] */
};

/* A resample as the rows that are in it, with how often each is. */
struct resample {
    double *values;   /* [columns][rows] */
    double *times;    /* [rows] */
    uint32_t *labels; /* [all rows] */
    const double **columns;
    size_t rows;
};

static void resample_release(struct resample *resample)
{
    rcx_free(resample->values);
    rcx_free(resample->times);
    rcx_free(resample->labels);
    rcx_free(resample->columns);
}

/* Resample `index` is the same for every k. */
static bool draw_resample(const struct resampling *job, size_t index, struct resample *out)
{
    const struct rcx_matrix *matrix = job->matrix;
    size_t rows = matrix->rows, most = (size_t)job->cfg->sample_rows;
    size_t draws = rows < most ? rows : most, d = matrix->column_count, count = 0;
    struct rcx_random random = rcx_random_of(job->seed, STREAM_RESAMPLE, index);
    out->times = rcx_calloc(rows, sizeof *out->times);
    out->labels = rcx_malloc_array(rows, sizeof *out->labels);
    out->columns = rcx_calloc(d, sizeof *out->columns);
    if (!out->times || !out->labels || !out->columns)
        return false;
    for (size_t i = 0; i < draws; i++)
        count += out->times[rcx_random_below(&random, rows)]++ == 0;
    out->values = rcx_malloc_array(count, d * sizeof(double));
    if (!out->values)
        return false;
    out->rows = count;
    size_t at = 0;
    for (size_t i = 0; i < rows; i++) {
        if (out->times[i] == 0)
            continue;
        for (size_t j = 0; j < d; j++)
            out->values[j * count + at] = matrix->columns[j][i];
        out->times[at++] = out->times[i];
    }
    for (size_t j = 0; j < d; j++)
        out->columns[j] = out->values + j * count;
    return true;
}

static enum rcx_status judge_resample(void *context, size_t task, unsigned worker,
                                      struct rcx_error *err)
{
    struct resampling *job = context;
    size_t bootstraps = (size_t)job->cfg->bootstraps;
    struct rcx_segment_trial *trial = &job->choice->trials[task / bootstraps];
    struct resample resample = {0};
    struct rcx_kmeans fit = {0};
    enum rcx_status status;
    (void)worker;
    if (!draw_resample(job, task % bootstraps, &resample)) {
        status = rcx_fail_nomem(err, "resample", job->matrix->rows * sizeof(double));
        goto done;
    }
    const struct rcx_matrix matrix = {resample.rows, job->matrix->column_count, resample.columns,
                                      NULL};
    const struct rcx_kmeans_options options = {
        .k = trial->k < resample.rows ? trial->k : resample.rows,
        .restarts = (size_t)job->cfg->bootstrap_restarts,
        .max_iterations = (size_t)job->cfg->max_iterations,
        .weights = resample.times,
        .seed = job->seed,
        .stream = STREAM_RESAMPLE + task,
        .parallel = job->parallel,
    };
    status = rcx_kmeans_fit(&matrix, &options, &fit, err);
    if (status == RCX_OK)
        status = rcx_kmeans_assign(job->matrix, fit.centres, fit.k, &job->parallel, resample.labels,
                                   NULL, NULL, err);
    if (status == RCX_OK) {
        const struct rcx_labelling all = {trial->fit.labels, trial->k};
        const struct rcx_labelling other = {resample.labels, fit.k};
        status = rcx_adjusted_rand(&all, &other, job->matrix->rows, &job->scores[task], err);
    }
done:
    rcx_kmeans_release(&fit);
    resample_release(&resample);
    return status;
}

static enum rcx_status judge_stability(struct resampling *job, const struct rcx_parallel *parallel,
                                       struct rcx_error *err)
{
    size_t bootstraps = (size_t)job->cfg->bootstraps, tasks = job->choice->count * bootstraps;
    bool large = job->matrix->rows >= LARGE_ROWS;
    const struct rcx_parallel one = {1};
    job->scores = rcx_calloc(tasks + 1, sizeof *job->scores);
    if (!job->scores)
        return rcx_fail_nomem(err, "resamples", tasks * sizeof *job->scores);
    job->parallel = large ? *parallel : one; /* side by side, or one after the other */
    enum rcx_status status = rcx_parallel_for(large ? &one : parallel, tasks, judge_resample, job,
                                              err);
    for (size_t t = 0; status == RCX_OK && t < job->choice->count; t++) {
        struct rcx_segment_trial *trial = &job->choice->trials[t];
        double sum = 0, least = INFINITY;
        for (size_t b = 0; b < bootstraps; b++) {
            sum += job->scores[t * bootstraps + b];
            least = fmin(least, job->scores[t * bootstraps + b]);
        }
        trial->stability = bootstraps > 0 ? sum / (double)bootstraps : NAN;
        trial->stability_least = bootstraps > 0 ? least : NAN;
    }
    rcx_free(job->scores);
    return status;
}

/* --- measures ------------------------------------------------------------------------------------ */

static enum rcx_status fit_trial(const struct resampling *job, struct rcx_segment_trial *trial,
                                 const struct rcx_parallel *parallel, struct rcx_error *err)
{
    const struct rcx_kmeans_options options = {
        .k = trial->k,
        .restarts = (size_t)job->cfg->restarts,
        .swap = true,
        .max_iterations = (size_t)job->cfg->max_iterations,
        .seed = job->seed,
        .stream = STREAM_FIT,
        .parallel = *parallel,
    };
    enum rcx_status status = rcx_kmeans_fit(job->matrix, &options, &trial->fit, err);
    trial->inertia = trial->fit.inertia;
    trial->iterations = trial->fit.iterations;
    trial->restart = trial->fit.restart;
    trial->converged = trial->fit.converged;
    return status;
}

static enum rcx_status measure_trial(const struct resampling *job, struct rcx_segment_trial *trial,
                                     const struct rcx_parallel *parallel, struct rcx_error *err)
{
    const struct rcx_labelling labelling = {trial->fit.labels, trial->k};
    struct rcx_separation separation;
    size_t rows = job->matrix->rows;
    double *second = rcx_malloc_array(rows, sizeof *second);
    if (!second)
        return rcx_fail_nomem(err, "cluster quality", rows * sizeof *second);
    enum rcx_status status = rcx_cluster_separation(job->matrix, &labelling, parallel, &separation,
                                                    err);
    if (status == RCX_OK)
        status = rcx_kmeans_assign(job->matrix, trial->fit.centres, trial->k, parallel,
                                   trial->fit.labels, trial->fit.distances, second, err);
    if (status == RCX_OK) {
        trial->davies_bouldin = separation.davies_bouldin;
        trial->calinski_harabasz = separation.calinski_harabasz;
        trial->smallest_share = separation.smallest_share;
        trial->simplified_silhouette = rcx_simplified_silhouette(trial->fit.distances, second,
                                                                 rows);
    }
    rcx_free(second);
    return status;
}

static enum rcx_status measure_silhouettes(const struct resampling *job,
                                           const struct rcx_parallel *parallel,
                                           struct rcx_error *err)
{
    struct rcx_segment_choice *choice = job->choice;
    struct rcx_labelling labellings[RCX_SEGMENT_TRIALS_MOST];
    struct rcx_silhouette silhouettes[RCX_SEGMENT_TRIALS_MOST];
    for (size_t t = 0; t < choice->count; t++)
        labellings[t] = (struct rcx_labelling){choice->trials[t].fit.labels, choice->trials[t].k};
    enum rcx_status status = rcx_silhouettes(job->matrix, labellings, choice->count,
                                             (size_t)job->cfg->sample_rows, job->seed, parallel,
                                             silhouettes, err);
    for (size_t t = 0; status == RCX_OK && t < choice->count; t++) {
        choice->trials[t].silhouette = silhouettes[t].mean;
        choice->trials[t].silhouette_rows = silhouettes[t].rows;
    }
    return status;
}

static void mark_elbow(struct rcx_segment_choice *choice)
{
    const struct rcx_segment_trial *first = &choice->trials[0];
    const struct rcx_segment_trial *last = &choice->trials[choice->count - 1];
    double most = 0;
    size_t found = choice->count;
    for (size_t t = 1; t + 1 < choice->count; t++) {
        const struct rcx_segment_trial *trial = &choice->trials[t];
        double along = (double)(trial->k - first->k) / (double)(last->k - first->k);
        double line = first->inertia + along * (last->inertia - first->inertia);
        if (line - trial->inertia > most) {
            most = line - trial->inertia;
            found = t;
        }
    }
    if (found < choice->count)
        choice->trials[found].elbow = true;
}

/* --- the choice ---------------------------------------------------------------------------------- */

static bool large_enough(const struct rcx_segment_trial *trial, const struct rcx_cfg_segments *cfg)
{
    return trial->k >= (size_t)cfg->k_least && trial->smallest_share >= cfg->min_share;
}

/* The smallest k that is large enough and within the slack of the best; of all, or of those only. */
static bool within_slack(const struct rcx_segment_choice *choice,
                         const struct rcx_cfg_segments *cfg, bool of_all, size_t *out)
{
    double best = -INFINITY;
    for (size_t t = 0; t < choice->count; t++)
        if (of_all || large_enough(&choice->trials[t], cfg))
            best = fmax(best, choice->trials[t].silhouette);
    for (size_t t = 0; t < choice->count; t++) {
        if (large_enough(&choice->trials[t], cfg) &&
            choice->trials[t].silhouette >= best - cfg->silhouette_slack) {
            *out = t;
            return true;
        }
    }
    return false;
}

static void choose(struct rcx_segment_choice *choice, const struct rcx_cfg_segments *cfg)
{
    choice->reason = "smallest k within the slack of the best silhouette";
    if (choice->count == 1) {
        choice->reason = cfg->k ? "given by segments.k"
                                : "as many as there are different customers";
    } else if (within_slack(choice, cfg, true, &choice->chosen)) {
        ;
    } else if (within_slack(choice, cfg, false, &choice->chosen)) {
        choice->reason =
            "smallest k within the slack of the best silhouette from k_least on; fewer "
            "segments have a better one";
    } else {
        choice->reason = "no k keeps min_share; the one whose smallest segment is largest";
        choice->chosen = choice->count - 1; /* when all are below k_least */
        for (size_t t = choice->count; t-- > 0;)
            if (choice->trials[t].k >= (size_t)cfg->k_least &&
                choice->trials[t].smallest_share >= choice->trials[choice->chosen].smallest_share)
                choice->chosen = t;
    }
    choice->trials[choice->chosen].chosen = true;
}

enum rcx_status rcx_segment_choose(const struct rcx_matrix *matrix,
                                   const struct rcx_cfg_segments *cfg, uint64_t seed,
                                   const struct rcx_parallel *parallel,
                                   struct rcx_segment_choice *out, struct rcx_error *err)
{
    struct rcx_segment_choice choice = {0};
    struct resampling job = {.matrix = matrix, .cfg = cfg, .choice = &choice, .seed = seed};
    enum rcx_status status = list_trials(matrix, cfg, &choice, err);
    for (size_t t = 0; status == RCX_OK && t < choice.count; t++) {
        status = fit_trial(&job, &choice.trials[t], parallel, err);
        if (status == RCX_OK)
            status = measure_trial(&job, &choice.trials[t], parallel, err);
    }
    if (status == RCX_OK)
        status = measure_silhouettes(&job, parallel, err);
    if (status == RCX_OK)
        status = judge_stability(&job, parallel, err);
    if (status != RCX_OK) {
        rcx_segment_choice_release(&choice);
        return status;
    }
    mark_elbow(&choice);
    choose(&choice, cfg);
    *out = choice;
    return RCX_OK;
}
