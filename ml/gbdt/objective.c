#include "ml/gbdt/objective.h"

#include <math.h>
#include <string.h>

#include "base/random.h"

static double weight_of(const struct rcx_label_view *view, size_t row)
{
    return view->weight ? view->weight[row] : 1;
}

static double mean_label(const struct rcx_label_view *view)
{
    double sum = 0, weights = 0;
    for (size_t i = 0; i < view->rows; i++) {
        sum += weight_of(view, i) * view->label[i];
        weights += weight_of(view, i);
    }
    return sum / weights;
}

static enum rcx_status check_varies(const struct rcx_label_view *view, struct rcx_error *err)
{
    for (size_t i = 1; i < view->rows; i++) {
        if (view->label[i] != view->label[0])
            return RCX_OK;
    }
    return rcx_fail(err, RCX_E_INPUT,
                    "training: the label is %g in all %zu rows; there is nothing to learn",
                    view->label[0], view->rows);
}

/* ---- binary ---- */

static enum rcx_status check_binary(const struct rcx_label_view *view, struct rcx_error *err)
{
    for (size_t i = 0; i < view->rows; i++) {
        if (view->label[i] != 0 && view->label[i] != 1)
            return rcx_fail(err, RCX_E_INPUT,
                            "training: the label of row %zu is %g; binary takes 0 and 1", i + 1,
                            view->label[i]);
    }
    return check_varies(view, err);
}

static double constant_binary(const struct rcx_loss *loss, const struct rcx_label_view *view,
                              double *scratch)
{
    (void)scratch;
    double share = mean_label(view);
    return rcx_portable_log(share / (1 - share)) / loss->sigmoid;
}

static void gradients_binary(const struct rcx_loss *loss, const struct rcx_gradient_rows *rows,
                             float *out)
{
    RCX_KERNEL_CALL(rcx_gradient_binary)
    (rows, loss->sigmoid, loss->weight_of_0, loss->weight_of_1, out);
}

/* ---- regression ---- */

static double constant_l2(const struct rcx_loss *loss, const struct rcx_label_view *view,
                          double *scratch)
{
    (void)loss;
    (void)scratch;
    return mean_label(view);
}

static void gradients_l2(const struct rcx_loss *loss, const struct rcx_gradient_rows *rows,
                         float *out)
{
    (void)loss;
    RCX_KERNEL_CALL(rcx_gradient_l2)(rows, out);
}

/* ---- tweedie ---- */

static enum rcx_status check_tweedie(const struct rcx_label_view *view, struct rcx_error *err)
{
    for (size_t i = 0; i < view->rows; i++) {
        if (view->label[i] < 0)
            return rcx_fail(err, RCX_E_INPUT,
                            "training: the label of row %zu is %g; tweedie takes none below 0",
                            i + 1, view->label[i]);
    }
    return check_varies(view, err); /* so that one is above 0 */
}

static double constant_tweedie(const struct rcx_loss *loss, const struct rcx_label_view *view,
                               double *scratch)
{
    (void)loss;
    (void)scratch;
    return rcx_portable_log(mean_label(view));
}

static void gradients_tweedie(const struct rcx_loss *loss, const struct rcx_gradient_rows *rows,
                              float *out)
{
    RCX_KERNEL_CALL(rcx_gradient_tweedie)(rows, loss->power, out);
}

/* ---- quantile ---- */

static void swap(double *a, double *b)
{
    double c = *a;
    *a = *b;
    *b = c;
}

/* Moves the value of rank k (from 0) to values[k], smaller ones before it, larger ones behind. */
static void select_rank(double *values, size_t count, size_t k)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values[middle] < values[low])
            swap(&values[middle], &values[low]);
        if (values[high] < values[low])
            swap(&values[high], &values[low]);
        if (values[high] < values[middle])
            swap(&values[high], &values[middle]);
        double pivot = values[middle];
        size_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i <= j) {
                swap(&values[i], &values[j]);
                i++;
                if (j == 0)
                    break;
                j--;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

double rcx_quantile_of(double *values, size_t count, double alpha)
{
    double place = alpha * (double)(count - 1);
    size_t k = (size_t)place;
    select_rank(values, count, k);
    if (k + 1 == count || place == (double)k)
        return values[k];
    double next = values[k + 1];
    for (size_t i = k + 2; i < count; i++)
        next = values[i] < next ? values[i] : next;
    return values[k] + (next - values[k]) * (place - (double)k);
}

/* Puts the pair at `at` into its place in a heap with the largest value on top. */
static void sift_down(double *values, double *weights, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && values[child + 1] > values[child])
            child++;
        if (values[child] <= values[at])
            return;
        swap(&values[at], &values[child]);
        swap(&weights[at], &weights[child]);
    }
}

double rcx_weighted_quantile_of(double *values, double *weights, size_t count, double alpha)
{
    double total = 0, below = 0;
    for (size_t i = 0; i < count; i++)
        total += weights[i];
    for (size_t i = count / 2; i-- > 0;)
        sift_down(values, weights, i, count);
    for (size_t end = count; end-- > 1;) {
        swap(&values[0], &values[end]);
        swap(&weights[0], &weights[end]);
        sift_down(values, weights, 0, end);
    }
    for (size_t i = 0; i + 1 < count; i++) {
        below += weights[i];
        if (below >= alpha * total)
            return values[i];
    }
    return values[count - 1];
}

static double constant_quantile(const struct rcx_loss *loss, const struct rcx_label_view *view,
                                double *scratch)
{
    memcpy(scratch, view->label, view->rows * sizeof *scratch);
    if (!view->weight)
        return rcx_quantile_of(scratch, view->rows, loss->alpha);
    memcpy(scratch + view->rows, view->weight, view->rows * sizeof *scratch);
    return rcx_weighted_quantile_of(scratch, scratch + view->rows, view->rows, loss->alpha);
}

static void gradients_quantile(const struct rcx_loss *loss, const struct rcx_gradient_rows *rows,
                               float *out)
{
    RCX_KERNEL_CALL(rcx_gradient_quantile)(rows, loss->alpha, out);
}

/* ---- the registry ---- */

static const struct rcx_loss_row losses[] = {
    {RCX_GBDT_BINARY, "binary_logloss", false, check_binary, constant_binary, gradients_binary},
    {RCX_GBDT_REGRESSION, "l2", false, check_varies, constant_l2, gradients_l2},
    {RCX_GBDT_TWEEDIE, "tweedie", false, check_tweedie, constant_tweedie, gradients_tweedie},
    {RCX_GBDT_QUANTILE, "quantile", true, check_varies, constant_quantile, gradients_quantile},
};

const struct rcx_loss_row *rcx_loss_find(enum rcx_gbdt_objective objective)
{
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        if (losses[i].objective == objective)
            return &losses[i];
    }
    return NULL;
}

/* The weights that make both classes count alike. */
static void balance(struct rcx_loss *loss, const struct rcx_label_view *view)
{
    double ones = 0, zeros = 0;
    for (size_t i = 0; i < view->rows; i++) {
        ones += view->label[i];
        zeros += 1 - view->label[i];
    }
    if (ones > zeros)
        loss->weight_of_0 = ones / zeros;
    else
        loss->weight_of_1 = zeros / ones;
}

enum rcx_status rcx_loss_init(struct rcx_loss *loss, const struct rcx_gbdt_params *params,
                              const struct rcx_label_view *view, struct rcx_error *err)
{
    *loss = (struct rcx_loss){.row = rcx_loss_find(params->objective),
                              .sigmoid = params->sigmoid,
                              .weight_of_0 = 1,
                              .weight_of_1 = params->scale_pos_weight,
                              .power = params->tweedie_variance_power,
                              .alpha = params->alpha};
    if (!loss->row)
        return rcx_fail(err, RCX_E_CONFIG, "training: the objective %s is read but not trained",
                        rcx_gbdt_objective_name(params->objective));
    if (params->is_unbalance && params->scale_pos_weight != 1)
        return rcx_fail(err, RCX_E_CONFIG,
                        "training: is_unbalance and scale_pos_weight exclude each other");
    enum rcx_status status = loss->row->check(view, err);
    if (status == RCX_OK && params->objective == RCX_GBDT_BINARY && params->is_unbalance)
        balance(loss, view);
    return status;
}
