#include "ml/tasks/churn/churn_blend.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/metrics/metric.h"

enum { SAMPLE_ROWS = 100000, HALVES = 2, SNAPSHOTS = 2, STEPS = 50 };
static const double shrinkage = .005;
static const double least_gain = .01; /* nats per customer; a coin has .69 */

/* --- the weights -------------------------------------------------------------------------------- */

struct pair {
    double x[2];
};

/* Gradient and Hessian of the penalised mean loss at w; returns the loss. */
static double derive(const double *behaviour, const double *trees, const double *regression,
                     const double *label, size_t rows, struct pair w, struct pair *gradient,
                     double hessian[3])
{
    double loss = 0, g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
    for (size_t i = 0; i < rows; i++) {
        double a = trees[i], b = regression[i] - behaviour[i];
        double z = behaviour[i] + w.x[0] * a + w.x[1] * b;
        double p = rcx_sigmoid(z), residual = p - label[i], weight = p * (1 - p);
        loss += fmax(z, 0) - z * label[i] + log1p(exp(-fabs(z)));
        g0 += residual * a;
        g1 += residual * b;
        h00 += weight * a * a;
        h01 += weight * a * b;
        h11 += weight * b * b;
    }
    double n = (double)rows;
    gradient->x[0] = g0 / n + 2 * shrinkage * w.x[0];
    gradient->x[1] = g1 / n + 2 * shrinkage * w.x[1];
    hessian[0] = h00 / n + 2 * shrinkage;
    hessian[1] = h01 / n;
    hessian[2] = h11 / n + 2 * shrinkage;
    return loss / n + shrinkage * (w.x[0] * w.x[0] + w.x[1] * w.x[1]);
}

static double clamp(double value)
{
    return fmin(fmax(value, 0), 1);
}

/* The least of the quadratic model within the unit square: inside, or on one of its edges. */
static struct pair newton_point(struct pair w, struct pair gradient, const double h[3])
{
    double determinant = h[0] * h[2] - h[1] * h[1], best = INFINITY;
    struct pair inside = {{w.x[0] - (h[2] * gradient.x[0] - h[1] * gradient.x[1]) / determinant,
                           w.x[1] - (h[0] * gradient.x[1] - h[1] * gradient.x[0]) / determinant}};
    struct pair out = w;
    if (inside.x[0] >= 0 && inside.x[0] <= 1 && inside.x[1] >= 0 && inside.x[1] <= 1)
        return inside;
    for (int edge = 0; edge < 4; edge++) {
        int fixed = edge / 2, free = 1 - fixed;
        double at = edge % 2, step = at - w.x[fixed];
        struct pair candidate;
        candidate.x[fixed] = at;
        candidate.x[free] = clamp(w.x[free] -
                                  (gradient.x[free] + h[1] * step) / (free == 0 ? h[0] : h[2]));
        double d0 = candidate.x[0] - w.x[0], d1 = candidate.x[1] - w.x[1];
        double value = gradient.x[0] * d0 + gradient.x[1] * d1 +
                       .5 * (h[0] * d0 * d0 + 2 * h[1] * d0 * d1 + h[2] * d1 * d1);
        if (value < best) {
            best = value;
            out = candidate;
        }
    }
    return out;
}

void rcx_churn_blend_solve(const double *behaviour, const double *trees, const double *regression,
                           const double *label, size_t rows, struct rcx_churn_blend *out)
{
    struct pair w = {{0, 0}}, gradient, ignored;
    double h[3], unused[3];
    double loss = derive(behaviour, trees, regression, label, rows, w, &gradient, h);
    for (int step = 0; step < STEPS; step++) {
        struct pair to = newton_point(w, gradient, h);
        double moved = fabs(to.x[0] - w.x[0]) + fabs(to.x[1] - w.x[1]);
        double there = derive(behaviour, trees, regression, label, rows, to, &ignored, unused);
        for (int halving = 0; there > loss && halving < 30; halving++) {
            to.x[0] = .5 * (to.x[0] + w.x[0]);
            to.x[1] = .5 * (to.x[1] + w.x[1]);
            there = derive(behaviour, trees, regression, label, rows, to, &ignored, unused);
        }
        if (there >= loss || moved < 1e-9)
            break;
        w = to;
        loss = derive(behaviour, trees, regression, label, rows, w, &gradient, h);
    }
    out->trees = w.x[0];
    out->regression = w.x[1];
}

/* --- the rows ----------------------------------------------------------------------------------- */

/* Picked rows of the data as data of their own: what training and prediction look at. */
static void part_release(struct rcx_churn_data *part)
{
    if (part->columns)
        rcx_free(part->columns[0]);
    rcx_free(part->columns);
}

static enum rcx_status part_build(const struct rcx_churn_data *data, const size_t *picks,
                                  size_t count, struct rcx_churn_data *out, struct rcx_error *err)
{
    size_t inputs = data->inputs.count;
    double *block = rcx_malloc_array((inputs + 2) * count + 1, sizeof *block);
    *out = (struct rcx_churn_data){.cfg = data->cfg,
                                   .models = data->models,
                                   .inputs = data->inputs,
                                   .rows = count,
                                   .columns = rcx_calloc(inputs + 1, sizeof(double *))};
    if (!block || !out->columns) {
        rcx_free(block);
        rcx_free(out->columns);
        out->columns = NULL;
        return rcx_fail_nomem(err, "churn blend", (inputs + 2) * count * sizeof *block);
    }
    for (size_t c = 0; c < inputs; c++)
        out->columns[c] = block + c * count;
    out->offset = block + inputs * count;
    out->label = out->offset + count;
    for (size_t c = 0; c < inputs; c++) {
        for (size_t i = 0; i < count; i++)
            out->columns[c][i] = data->columns[c][picks[i]];
    }
    for (size_t i = 0; i < count; i++) {
        out->offset[i] = data->offset[picks[i]];
        out->label[i] = data->label[picks[i]];
    }
    return RCX_OK;
}

/* Rows that were left out, of both halves, with what the other half says of them. */
struct left_out {
    size_t rows, capacity;
    double *behaviour, *trees, *regression, *label;
    rcx_day *day;
    double *block;
};

static enum rcx_status left_out_init(size_t capacity, struct left_out *out, struct rcx_error *err)
{
    *out = (struct left_out){.capacity = capacity,
                             .block = rcx_malloc_array(4 * capacity + 1, sizeof(double)),
                             .day = rcx_malloc_array(capacity + 1, sizeof(rcx_day))};
    out->behaviour = out->block;
    out->trees = out->block + capacity;
    out->regression = out->block + 2 * capacity;
    out->label = out->block + 3 * capacity;
    return out->block && out->day
               ? RCX_OK
               : rcx_fail_nomem(err, "churn blend", 4 * capacity * sizeof(double));
}

static void left_out_release(struct left_out *left)
{
    rcx_free(left->block);
    rcx_free(left->day);
}

struct halves {
    const struct rcx_churn_data *data;
    size_t train_rows, last_first; /* rows [last_first, train_rows) are of the last snapshots */
    uint32_t tree_count;
    const struct rcx_parallel *parallel;
    uint32_t most_draw; /* customers of a higher draw are not sampled */
    size_t *picks;      /* scratch [train_rows] */
};

/* Sampled rows of a half, from row `first` on. */
static size_t pick(const struct halves *halves, size_t first, unsigned half)
{
    size_t count = 0;
    for (size_t i = first; i < halves->train_rows; i++) {
        uint32_t draw = halves->data->draw[i];
        if (draw % HALVES == half && draw / HALVES <= halves->most_draw)
            halves->picks[count++] = i;
    }
    return count;
}

static bool has_both_classes(const struct rcx_churn_data *part)
{
    size_t positives = 0;
    for (size_t i = 0; i < part->rows; i++)
        positives += part->label[i] != 0;
    return positives > 0 && positives < part->rows;
}

static enum rcx_status predict(const struct rcx_churn_fit *fit, const struct rcx_churn_data *part,
                               const struct rcx_parallel *parallel, struct left_out *left,
                               struct rcx_error *err)
{
    size_t at = left->rows;
    const double **columns = rcx_malloc_array(part->inputs.count, sizeof *columns);
    if (!columns)
        return rcx_fail_nomem(err, "churn blend", part->inputs.count * sizeof *columns);
    struct rcx_churn_view view = rcx_churn_view_of(part, 0, part->rows, columns);
    enum rcx_status status = rcx_churn_fit_tree_sum(fit, RCX_CHURN_TREES, &view, parallel,
                                                    left->trees + at, err);
    if (status == RCX_OK)
        status = rcx_churn_fit_log_odds(fit, rcx_churn_blend_regression(fit), &view, parallel,
                                        left->regression + at, err);
    memcpy(left->behaviour + at, part->offset, part->rows * sizeof(double));
    memcpy(left->label + at, part->label, part->rows * sizeof(double));
    left->rows += part->rows;
    rcx_free(columns);
    return status;
}

/* Trains on the other half; *out_usable false: it has one class only. */
static enum rcx_status run_half(const struct halves *halves, unsigned half, struct left_out *left,
                                bool *out_usable, struct rcx_error *err)
{
    struct rcx_churn_data train = {0}, seen = {0};
    struct rcx_churn_trainer trainer = {0};
    struct rcx_churn_fit fit = {0};
    enum rcx_churn_candidate regression = halves->data->cfg->use_btyd ? RCX_CHURN_LOGISTIC_BTYD
                                                                      : RCX_CHURN_LOGISTIC;
    size_t count = pick(halves, 0, 1 - half);
    enum rcx_status status = part_build(halves->data, halves->picks, count, &train, err);
    *out_usable = status == RCX_OK && has_both_classes(&train);
    if (*out_usable)
        status = rcx_churn_trainer_init(&train, halves->parallel, &trainer, err);
    const struct rcx_churn_fit_job job = {.train_rows = train.rows,
                                          .wanted = 1u << RCX_CHURN_TREES | 1u << regression,
                                          .tree_count = halves->tree_count,
                                          .parallel = *halves->parallel};
    if (status == RCX_OK && *out_usable)
        status = rcx_churn_fit_train(&trainer, &job, &fit, err);
    if (status == RCX_OK && *out_usable) {
        count = pick(halves, halves->last_first, half);
        for (size_t i = 0; i < count; i++)
            left->day[left->rows + i] = halves->data->day[halves->picks[i]];
        status = part_build(halves->data, halves->picks, count, &seen, err);
    }
    if (status == RCX_OK && *out_usable)
        status = predict(&fit, &seen, halves->parallel, left, err);
    rcx_churn_fit_release(&fit);
    rcx_churn_trainer_release(&trainer);
    part_release(&train);
    part_release(&seen);
    return status;
}

/* --- the whole ---------------------------------------------------------------------------------- */

/* The least fall of the log loss over the snapshots of the rows. */
static double worst_gain(const struct left_out *left, const struct rcx_churn_blend *blend,
                         rcx_day last)
{
    double sum[SNAPSHOTS] = {0}, worst = INFINITY;
    size_t count[SNAPSHOTS] = {0};
    for (size_t i = 0; i < left->rows; i++) {
        size_t s = left->day[i] == last;
        double z = left->behaviour[i] + blend->trees * left->trees[i] +
                   blend->regression * (left->regression[i] - left->behaviour[i]);
        sum[s] += rcx_log_loss_of(left->label[i], rcx_sigmoid(left->behaviour[i])) -
                  rcx_log_loss_of(left->label[i], rcx_sigmoid(z));
        count[s]++;
    }
    for (size_t s = 0; s < SNAPSHOTS; s++) {
        if (count[s] > 0)
            worst = fmin(worst, sum[s] / (double)count[s]);
    }
    return worst;
}

static size_t first_of_last_snapshots(const rcx_day *day, size_t rows)
{
    size_t first = rows;
    for (int s = 0; s < SNAPSHOTS && first > 0; s++) {
        rcx_day snapshot = day[first - 1];
        while (first > 0 && day[first - 1] == snapshot)
            first--;
    }
    return first;
}

static enum rcx_status learn(struct halves *halves, struct rcx_churn_blend *out,
                             struct rcx_error *err)
{
    size_t rows = halves->train_rows;
    struct left_out left = {0};
    bool usable = true;
    halves->picks = rcx_malloc_array(rows, sizeof *halves->picks);
    enum rcx_status status = halves->picks
                                 ? left_out_init(rows - halves->last_first, &left, err)
                                 : rcx_fail_nomem(err, "churn blend", rows * sizeof(size_t));
    for (unsigned half = 0; status == RCX_OK && usable && half < HALVES; half++)
        status = run_half(halves, half, &left, &usable, err);
    if (status == RCX_OK && usable && left.rows > 0) {
        out->learned = true;
        out->rows = left.rows;
        rcx_churn_blend_solve(left.behaviour, left.trees, left.regression, left.label, left.rows,
                              out);
        out->gain = worst_gain(&left, out, halves->data->day[rows - 1]);
        if (out->gain < least_gain)
            out->trees = out->regression = 0;
    }
    left_out_release(&left);
    rcx_free(halves->picks);
    return status;
}

enum rcx_status rcx_churn_blend_learn(const struct rcx_churn_data *data, size_t train_rows,
                                      uint32_t tree_count, const struct rcx_parallel *parallel,
                                      struct rcx_churn_blend *out, struct rcx_error *err)
{
    const struct rcx_cfg_churn *cfg = data->cfg;
    bool from_start = cfg->offset == RCX_CHURN_OFFSET_BTYD;
    struct rcx_churn_blend blend = {.trees = from_start ? cfg->blend : 1};
    double share = fmin(1, SAMPLE_ROWS / (double)train_rows);
    struct halves halves = {.data = data,
                            .train_rows = train_rows,
                            .tree_count = tree_count,
                            .parallel = parallel,
                            .most_draw = (uint32_t)(share * (UINT32_MAX / HALVES))};
    enum rcx_status status = RCX_OK;
    halves.last_first = first_of_last_snapshots(data->day, train_rows);
    if (from_start && cfg->weights == RCX_CHURN_WEIGHTS_LEFT_OUT &&
        train_rows >= (size_t)cfg->origin_rows)
        status = learn(&halves, &blend, err);
    if (status == RCX_OK)
        *out = blend;
    return status;
}
