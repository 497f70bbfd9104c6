#include "ml/btyd/maximise.h"

#include <math.h>
#include <string.h>

enum { MOST = RCX_MAXIMISE_MOST };
static const double MOST_STEP = 2; /* of a variable in one iteration */

struct point {
    double x[MOST], gradient[MOST], hessian[MOST * MOST], value;
};

static enum rcx_status evaluate(const struct rcx_maximise *problem, struct point *point,
                                struct rcx_error *err)
{
    return problem->function(problem->context, point->x, &point->value, point->gradient,
                             point->hessian, err);
}

static double clamp(const struct rcx_maximise *problem, unsigned i, double x)
{
    return fmin(fmax(x, problem->low[i]), problem->high[i]);
}

/* Which variables stay where they are, and the largest slope of the others. */
static double find_held(const struct rcx_maximise *problem, const struct point *point, bool *held)
{
    double norm = 0;
    for (unsigned i = 0; i < problem->n; i++) {
        double slope = point->gradient[i];
        held[i] = (point->x[i] <= problem->low[i] && slope <= 0) ||
                  (point->x[i] >= problem->high[i] && slope >= 0);
        if (!held[i])
            norm = fmax(norm, fabs(slope));
    }
    return norm;
}

/* Solves (shift I - H) step = gradient over the variables not held; false: not positive. */
static bool newton_step(const struct rcx_maximise *problem, const struct point *point,
                        const bool *held, double shift, double *step)
{
    unsigned n = problem->n;
    double matrix[MOST * MOST];
    double slope[MOST];
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < n; j++)
            matrix[i * n + j] = held[i] || held[j] ? 0 : -point->hessian[i * n + j];
        matrix[i * n + i] = held[i] ? 1 : matrix[i * n + i] + shift;
        slope[i] = held[i] ? 0 : point->gradient[i];
    }
    return rcx_small_solve(matrix, n, slope, step);
}

static void move(const struct rcx_maximise *problem, const struct point *from, const double *step,
                 struct point *to)
{
    double longest = 0;
    for (unsigned i = 0; i < problem->n; i++)
        longest = fmax(longest, fabs(step[i]));
    double scale = longest > MOST_STEP ? MOST_STEP / longest : 1;
    for (unsigned i = 0; i < problem->n; i++)
        to->x[i] = clamp(problem, i, from->x[i] + scale * step[i]);
}

/* One iteration: shifts until the value grows. *out_moved: it did. */
static enum rcx_status iterate(const struct rcx_maximise *problem, const bool *held,
                               struct point *point, double *shift, bool *out_moved,
                               struct rcx_error *err)
{
    enum { TRIES = 40 };
    struct point next;
    double step[MOST];
    const double rounding = 1e-13 * (1 + fabs(point->value));
    *out_moved = false;
    for (int try = 0; try < TRIES; try++) {
        if (newton_step(problem, point, held, *shift, step)) {
            move(problem, point, step, &next);
            enum rcx_status status = evaluate(problem, &next, err);
            if (status != RCX_OK)
                return status;
            if (isfinite(next.value) && next.value >= point->value - rounding) {
                *out_moved = memcmp(next.x, point->x, problem->n * sizeof *next.x) != 0;
                *point = next;
                *shift = *shift < 1e-6 ? 0 : *shift / 8;
                return RCX_OK;
            }
        }
        *shift = *shift > 0 ? *shift * 4 : 1e-5;
    }
    return RCX_OK;
}

static enum rcx_status newton(const struct rcx_maximise *problem, struct point *point,
                              struct rcx_maximum *out, struct rcx_error *err)
{
    double shift = 0;
    bool moved = true;
    enum rcx_status status = evaluate(problem, point, err);
    for (unsigned i = 0; status == RCX_OK && isfinite(point->value); i++) {
        out->gradient_norm = find_held(problem, point, out->held);
        out->converged = out->gradient_norm <= problem->tolerance;
        if (out->converged || !moved || i >= problem->iterations)
            break;
        status = iterate(problem, out->held, point, &shift, &moved, err);
        out->iterations++;
    }
    return status;
}

/* --- Nelder and Mead --------------------------------------------------------------------------- */

struct corner {
    double x[MOST];
    double value;
};

static enum rcx_status corner_value(const struct rcx_maximise *problem, struct corner *corner,
                                    struct rcx_error *err)
{
    for (unsigned i = 0; i < problem->n; i++)
        corner->x[i] = clamp(problem, i, corner->x[i]);
    enum rcx_status status = problem->function(problem->context, corner->x, &corner->value, NULL,
                                               NULL, err);
    if (!isfinite(corner->value))
        corner->value = -HUGE_VAL;
    return status;
}

/* Best first. */
static void sort_corners(struct corner *corners, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        struct corner corner = corners[i];
        unsigned j = i;
        for (; j > 0 && corners[j - 1].value < corner.value; j--)
            corners[j] = corners[j - 1];
        corners[j] = corner;
    }
}

/* The point on the line from the worst corner through the middle of the others. */
static struct corner reflect(const struct rcx_maximise *problem, const struct corner *corners,
                             double factor)
{
    struct corner to = {0};
    unsigned n = problem->n;
    for (unsigned i = 0; i < n; i++) {
        double middle = 0;
        for (unsigned c = 0; c < n; c++)
            middle += corners[c].x[i] / n;
        to.x[i] = middle + factor * (middle - corners[n].x[i]);
    }
    return to;
}

static enum rcx_status shrink(const struct rcx_maximise *problem, struct corner *corners,
                              struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (unsigned c = 1; c <= problem->n && status == RCX_OK; c++) {
        for (unsigned i = 0; i < problem->n; i++)
            corners[c].x[i] = (corners[c].x[i] + corners[0].x[i]) / 2;
        status = corner_value(problem, &corners[c], err);
    }
    return status;
}

static enum rcx_status simplex_step(const struct rcx_maximise *problem, struct corner *corners,
                                    struct rcx_error *err)
{
    unsigned n = problem->n;
    struct corner best = reflect(problem, corners, 1);
    enum rcx_status status = corner_value(problem, &best, err);
    if (status != RCX_OK)
        return status;
    double factor = best.value > corners[0].value ? 2 : (best.value > corners[n].value ? .5 : -.5);
    if (best.value <= corners[0].value && best.value > corners[n - 1].value) {
        corners[n] = best;
        return RCX_OK;
    }
    struct corner other = reflect(problem, corners, factor);
    status = corner_value(problem, &other, err);
    if (status != RCX_OK)
        return status;
    best = other.value > best.value ? other : best;
    if (!(best.value > corners[n].value))
        return shrink(problem, corners, err);
    corners[n] = best;
    return RCX_OK;
}

static enum rcx_status simplex(const struct rcx_maximise *problem, double *x, struct rcx_error *err)
{
    enum { STEPS = 600 };
    struct corner corners[MOST + 1];
    unsigned n = problem->n;
    enum rcx_status status = RCX_OK;
    for (unsigned c = 0; c <= n && status == RCX_OK; c++) {
        memcpy(corners[c].x, x, n * sizeof *x);
        if (c > 0)
            corners[c].x[c - 1] += corners[c].x[c - 1] < problem->high[c - 1] - .5 ? .5 : -.5;
        status = corner_value(problem, &corners[c], err);
    }
    for (int step = 0; step < STEPS && status == RCX_OK; step++) {
        sort_corners(corners, n + 1);
        if (corners[0].value - corners[n].value < 1e-12)
            break;
        status = simplex_step(problem, corners, err);
    }
    sort_corners(corners, n + 1);
    memcpy(x, corners[0].x, n * sizeof *x);
    return status;
}

enum rcx_status rcx_maximise(const struct rcx_maximise *problem, struct rcx_maximum *out,
                             struct rcx_error *err)
{
    struct point point = {0};
    for (unsigned i = 0; i < problem->n; i++)
        point.x[i] = clamp(problem, i, out->x[i]);
    out->iterations = 0;
    out->converged = false;
    out->derivative_free = false;
    enum rcx_status status = newton(problem, &point, out, err);
    if (status == RCX_OK && !out->converged && !problem->newton_only) {
        out->derivative_free = true;
        status = simplex(problem, point.x, err);
        if (status == RCX_OK)
            status = newton(problem, &point, out, err);
    }
    memcpy(out->x, point.x, sizeof out->x);
    memcpy(out->gradient, point.gradient, sizeof out->gradient);
    memcpy(out->hessian, point.hessian, sizeof out->hessian);
    out->value = point.value;
    return status;
}
