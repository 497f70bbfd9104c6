#include "ml/linear/calibration.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/linear/logistic.h"
#include "ml/metrics/ranking.h"

enum { MOST_ITERATIONS = 100, MOST_HALVINGS = 34 };

static const double least_probability = 0x1p-52;

static double inside(double p)
{
    return fmin(fmax(p, least_probability), 1 - least_probability);
}

const char *rcx_calibration_name(enum rcx_calibration_kind kind)
{
    static const char *const names[] = {"none", "platt", "isotonic"};
    return names[kind];
}

void rcx_calibration_release(struct rcx_calibration *calibration)
{
    rcx_free(calibration->from);
    *calibration = (struct rcx_calibration){0};
}

/* --- Platt -------------------------------------------------------------------------------------- */

struct platt {
    const double *x; /* logits */
    const double *label;
    size_t count;
    double high, low; /* softened targets */
};

static double target_of(const struct platt *platt, size_t i)
{
    return platt->label[i] != 0 ? platt->high : platt->low;
}

static double platt_loss(const struct platt *platt, double a, double b)
{
    double sum = 0;
    for (size_t i = 0; i < platt->count; i++) {
        double z = a * platt->x[i] + b;
        sum += log1p(exp(-fabs(z))) + (z > 0 ? z : 0) - target_of(platt, i) * z;
    }
    return sum;
}

/* Newton's step from (a, b): the gradient divided by the Hessian. */
static void platt_step(const struct platt *platt, double a, double b, double step[2],
                       double *out_gradient)
{
    double ga = 0, gb = 0, haa = 1e-12, hbb = 1e-12, hab = 0;
    for (size_t i = 0; i < platt->count; i++) {
        double x = platt->x[i], p = rcx_sigmoid(a * x + b), w = p * (1 - p);
        ga += (p - target_of(platt, i)) * x;
        gb += p - target_of(platt, i);
        haa += w * x * x;
        hab += w * x;
        hbb += w;
    }
    double determinant = haa * hbb - hab * hab;
    step[0] = (hbb * ga - hab * gb) / determinant;
    step[1] = (haa * gb - hab * ga) / determinant;
    *out_gradient = fmax(fabs(ga), fabs(gb));
}

static void fit_platt(const struct platt *platt, struct rcx_calibration *out)
{
    double a = 1, b = 0, loss = platt_loss(platt, a, b), step[2], gradient;
    for (int i = 0; i < MOST_ITERATIONS; i++) {
        double factor = 1, next = INFINITY;
        platt_step(platt, a, b, step, &gradient);
        if (gradient <= 1e-10 * (double)platt->count)
            break;
        for (int h = 0; h < MOST_HALVINGS; h++) {
            next = platt_loss(platt, a - factor * step[0], b - factor * step[1]);
            if (next <= loss)
                break;
            factor /= 2;
        }
        if (!(next <= loss))
            break;
        a -= factor * step[0];
        b -= factor * step[1];
        loss = next;
    }
    out->a = a;
    out->b = b;
}

/* --- isotonic ----------------------------------------------------------------------------------- */

struct pool {
    double weight, label, from; /* sums of weight, of labels and of probabilities */
};

/* Pools rows by ascending probability until means rise; returns the number of pools. */
static size_t pool_rows(const struct rcx_ranking *ranking, const double *label,
                        const double *probability, struct pool *pools)
{
    size_t count = 0;
    for (size_t i = ranking->count; i-- > 0;) {
        uint32_t row = ranking->order[i];
        struct pool next = {1, label[row], probability[row]};
        bool same = i + 1 < ranking->count && !ranking->ends[i];
        if (same) { /* the same probability as the row before: one pool in any case */
            struct pool *last = &pools[count - 1];
            next = (struct pool){last->weight + 1, last->label + next.label,
                                 last->from + next.from};
            count--;
        }
        pools[count++] = next;
        bool whole = i == 0 || ranking->ends[i - 1];
        while (whole && count > 1 &&
               pools[count - 2].label * pools[count - 1].weight >=
                   pools[count - 1].label * pools[count - 2].weight) {
            pools[count - 2].weight += pools[count - 1].weight;
            pools[count - 2].label += pools[count - 1].label;
            pools[count - 2].from += pools[count - 1].from;
            count--;
        }
    }
    return count;
}

static enum rcx_status fit_isotonic(const double *label, const double *probability, size_t count,
                                    struct rcx_calibration *out, struct rcx_error *err)
{
    struct rcx_ranking ranking = {0};
    struct pool *pools = rcx_malloc_array(count, sizeof *pools);
    enum rcx_status status = pools ? rcx_ranking_build(probability, count, NULL, &ranking, err)
                                   : rcx_fail_nomem(err, "calibration", count * sizeof *pools);
    if (status == RCX_OK) {
        out->points = pool_rows(&ranking, label, probability, pools);
        out->from = rcx_malloc_array(2 * out->points, sizeof *out->from);
        if (!out->from)
            status = rcx_fail_nomem(err, "calibration", 2 * out->points * sizeof *out->from);
    }
    if (status == RCX_OK) {
        double least = 1 / ((double)count + 2);
        out->to = out->from + out->points;
        for (size_t i = 0; i < out->points; i++) {
            out->from[i] = pools[i].from / pools[i].weight;
            out->to[i] = fmin(fmax(pools[i].label / pools[i].weight, least), 1 - least);
        }
    }
    rcx_ranking_release(&ranking);
    rcx_free(pools);
    return status;
}

static double isotonic_at(const struct rcx_calibration *calibration, double p)
{
    const double *from = calibration->from, *to = calibration->to;
    size_t low = 0, high = calibration->points - 1;
    if (p <= from[low])
        return to[low];
    if (p >= from[high])
        return to[high];
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (from[middle] <= p)
            low = middle;
        else
            high = middle;
    }
    return to[low] + (to[high] - to[low]) * (p - from[low]) / (from[high] - from[low]);
}

/* --- from outside ------------------------------------------------------------------------------- */

static enum rcx_status fit_by_kind(enum rcx_calibration_kind kind, const double *label,
                                   const double *probability, size_t count, double positive,
                                   struct rcx_calibration *out, struct rcx_error *err)
{
    if (kind == RCX_CALIBRATION_ISOTONIC)
        return fit_isotonic(label, probability, count, out, err);
    double *x = rcx_malloc_array(count, sizeof *x);
    if (!x)
        return rcx_fail_nomem(err, "calibration", count * sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = rcx_logit(inside(probability[i]));
    const struct platt platt = {.x = x,
                                .label = label,
                                .count = count,
                                .high = (positive + 1) / (positive + 2),
                                .low = 1 / ((double)count - positive + 2)};
    fit_platt(&platt, out);
    rcx_free(x);
    return RCX_OK;
}

enum rcx_status rcx_calibration_fit(enum rcx_calibration_kind kind, const double *label,
                                    const double *probability, size_t count,
                                    struct rcx_calibration *out, struct rcx_error *err)
{
    struct rcx_calibration result = {.kind = kind};
    double positive = 0;
    for (size_t i = 0; i < count; i++)
        positive += label[i] != 0;
    if (kind != RCX_CALIBRATION_NONE && !(positive > 0 && positive < (double)count))
        return rcx_fail(err, RCX_E_INPUT,
                        "calibration: %zu rows, %.0f of them with label 1; both classes are needed",
                        count, positive);
    enum rcx_status status = RCX_OK;
    if (kind != RCX_CALIBRATION_NONE)
        status = fit_by_kind(kind, label, probability, count, positive, &result, err);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_calibration_release(&result);
    return status;
}

double rcx_calibrate(const struct rcx_calibration *calibration, double probability)
{
    switch (calibration->kind) {
    case RCX_CALIBRATION_PLATT:
        return rcx_sigmoid(calibration->a * rcx_logit(inside(probability)) + calibration->b);
    case RCX_CALIBRATION_ISOTONIC:
        return isotonic_at(calibration, probability);
    case RCX_CALIBRATION_NONE:
        break;
    }
    return probability;
}

double rcx_prior_correct(double probability, double positive_weight)
{
    return probability / (probability + positive_weight * (1 - probability));
}
