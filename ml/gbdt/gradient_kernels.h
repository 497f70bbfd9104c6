#pragma once
/* Gradients and hessians of the objectives, and their rounding to small integers. Called through
 * objective.h and quantise.h. Exponentials are a polynomial of our own, so that every instruction set
 * gives the same bits; relative error below 1e-15. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

/* Rows of one piece; pointers at its first row. */
struct rcx_gradient_rows {
    const double *score, *label;
    const double *weight; /* NULL: 1 */
    size_t count;
};

/* out[2 i] = gradient, out[2 i + 1] = hessian of row i. */
RCX_KERNEL_DECLARE(void, rcx_gradient_binary,
                   (const struct rcx_gradient_rows *rows, double sigmoid, double weight_of_0,
                    double weight_of_1, float *out))
RCX_KERNEL_DECLARE(void, rcx_gradient_l2, (const struct rcx_gradient_rows *rows, float *out))
RCX_KERNEL_DECLARE(void, rcx_gradient_tweedie,
                   (const struct rcx_gradient_rows *rows, double power, float *out))
RCX_KERNEL_DECLARE(void, rcx_gradient_quantile,
                   (const struct rcx_gradient_rows *rows, double alpha, float *out))

struct rcx_gradient_range {
    double most_gradient, sum_gradient; /* of absolute values */
    double least_hessian, most_hessian, sum_hessian;
};
RCX_KERNEL_DECLARE(void, rcx_gradient_range,
                   (const float *pairs, size_t count, struct rcx_gradient_range *out))

/* How gradients become integers. At random: up or down in proportion to the fraction, by a hash of row
 * and seed, so sums have no bias; else to the nearest, so equal gradients stay equal. */
struct rcx_gradient_rounding {
    double gradient_scale, hessian_scale;
    uint32_t seed;
    bool gradient_nearest, hessian_nearest;
};

/* Records of rows first_row.. of the products with the scales. Returns their packed sum. */
RCX_KERNEL_DECLARE(uint64_t, rcx_gradient_round,
                   (const float *pairs, size_t count, uint32_t first_row,
                    const struct rcx_gradient_rounding *rounding, uint64_t *out_records))

/* 4 sums of gradients and hessians of the records' rows, each in a fixed order: out[0] + out[2] is the
 * gradient, out[1] + out[3] the hessian. */
RCX_KERNEL_DECLARE(void, rcx_gradient_sum,
                   (const uint64_t *records, size_t count, const float *pairs, double out[4]))
