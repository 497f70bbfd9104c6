#include "ml/gbdt/gradient_kernels.h"

#include <string.h>

#include "ml/gbdt/histogram.h"

enum { BLOCK = 256, LANES = 8 };

/* e^x for |x| <= 708 (farther ones are taken for that): 2^k times the series of the rest. */
static inline double exponential(double x)
{
    const double shift = 0x1.8p52, log2e = 0x1.71547652b82fep+0;
    const double ln2_high = 0x1.62e42fefa0000p-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
    x = x > 708 ? 708 : x;
    x = x < -708 ? -708 : x;
    double shifted = x * log2e + shift;
    double k = shifted - shift;
    double r = x - k * ln2_high - k * ln2_low;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    uint64_t exponent, bits;
    memcpy(&exponent, &shifted, sizeof exponent);
    memcpy(&bits, &p, sizeof bits);
    bits += exponent << 52;
    memcpy(&p, &bits, sizeof p);
    return p;
}

static void write_pairs(const double *restrict gradient, const double *restrict hessian,
                        const double *weight, size_t count, float *restrict out)
{
    if (weight) {
        for (size_t i = 0; i < count; i++) {
            out[2 * i] = (float)(gradient[i] * weight[i]);
            out[2 * i + 1] = (float)(hessian[i] * weight[i]);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = (float)gradient[i];
        out[2 * i + 1] = (float)hessian[i];
    }
}

void RCX_KERNEL(rcx_gradient_binary)(const struct rcx_gradient_rows *rows, double sigmoid,
                                     double weight_of_0, double weight_of_1, float *out)
{
    double gradient[BLOCK], hessian[BLOCK];
    for (size_t begin = 0; begin < rows->count; begin += BLOCK) {
        size_t count = rows->count - begin < BLOCK ? rows->count - begin : BLOCK;
        const double *restrict score = rows->score + begin, *restrict label = rows->label + begin;
        for (size_t i = 0; i < count; i++) {
            double sign = 2 * label[i] - 1;
            double weight = label[i] > 0.5 ? weight_of_1 : weight_of_0;
            double response = sigmoid / (1 + exponential(sign * sigmoid * score[i]));
            gradient[i] = -sign * response * weight;
            hessian[i] = response * (sigmoid - response) * weight;
        }
        write_pairs(gradient, hessian, rows->weight ? rows->weight + begin : NULL, count,
                    out + 2 * begin);
    }
}

void RCX_KERNEL(rcx_gradient_l2)(const struct rcx_gradient_rows *rows, float *out)
{
    double gradient[BLOCK], hessian[BLOCK];
    for (size_t begin = 0; begin < rows->count; begin += BLOCK) {
        size_t count = rows->count - begin < BLOCK ? rows->count - begin : BLOCK;
        const double *restrict score = rows->score + begin, *restrict label = rows->label + begin;
        for (size_t i = 0; i < count; i++) {
            gradient[i] = score[i] - label[i];
            hessian[i] = 1;
        }
        write_pairs(gradient, hessian, rows->weight ? rows->weight + begin : NULL, count,
                    out + 2 * begin);
    }
}

void RCX_KERNEL(rcx_gradient_tweedie)(const struct rcx_gradient_rows *rows, double power,
                                      float *out)
{
    double gradient[BLOCK], hessian[BLOCK];
    const double low = 1 - power, high = 2 - power;
    for (size_t begin = 0; begin < rows->count; begin += BLOCK) {
        size_t count = rows->count - begin < BLOCK ? rows->count - begin : BLOCK;
        const double *restrict score = rows->score + begin, *restrict label = rows->label + begin;
        for (size_t i = 0; i < count; i++) {
            double loss = label[i] * exponential(low * score[i]);
            double mean = exponential(high * score[i]);
            gradient[i] = mean - loss;
            hessian[i] = high * mean - low * loss;
        }
        write_pairs(gradient, hessian, rows->weight ? rows->weight + begin : NULL, count,
                    out + 2 * begin);
    }
}

void RCX_KERNEL(rcx_gradient_quantile)(const struct rcx_gradient_rows *rows, double alpha,
                                       float *out)
{
    double gradient[BLOCK], hessian[BLOCK];
    for (size_t begin = 0; begin < rows->count; begin += BLOCK) {
        size_t count = rows->count - begin < BLOCK ? rows->count - begin : BLOCK;
        const double *restrict score = rows->score + begin, *restrict label = rows->label + begin;
        for (size_t i = 0; i < count; i++) {
            gradient[i] = score[i] >= label[i] ? 1 - alpha : -alpha;
            hessian[i] = 1;
        }
        write_pairs(gradient, hessian, rows->weight ? rows->weight + begin : NULL, count,
                    out + 2 * begin);
    }
}

void RCX_KERNEL(rcx_gradient_range)(const float *pairs, size_t count,
                                    struct rcx_gradient_range *out)
{
    double sum_g[LANES] = {0}, sum_h[LANES] = {0};
    float most_g = 0, most_h = 0, least_h = count > 0 ? pairs[1] : 0;
    for (size_t i = 0; i < count; i++) {
        float g = pairs[2 * i] < 0 ? -pairs[2 * i] : pairs[2 * i], h = pairs[2 * i + 1];
        sum_g[i % LANES] += (double)g;
        sum_h[i % LANES] += (double)h;
        most_g = g > most_g ? g : most_g;
        most_h = h > most_h ? h : most_h;
        least_h = h < least_h ? h : least_h;
    }
    *out = (struct rcx_gradient_range){.most_gradient = (double)most_g,
                                       .least_hessian = (double)least_h,
                                       .most_hessian = (double)most_h};
    for (size_t lane = 0; lane < LANES; lane++) {
        out->sum_gradient += sum_g[lane];
        out->sum_hessian += sum_h[lane];
    }
}

/* Two draws of 16 bits. */
static inline uint32_t scatter(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

uint64_t RCX_KERNEL(rcx_gradient_round)(const float *pairs, size_t count, uint32_t first_row,
                                        const struct rcx_gradient_rounding *rounding,
                                        uint64_t *out_records)
{
    const uint32_t half = 0x8000, all = 0xFFFF, seed = rounding->seed;
    const double gradient_scale = rounding->gradient_scale, hessian_scale = rounding->hessian_scale;
    const uint32_t at_random = (rounding->gradient_nearest ? 0 : all << 16) |
                               (rounding->hessian_nearest ? 0 : all);
    const uint32_t fixed = (half << 16 | half) & ~at_random;
    const double bias = 32768;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t row = first_row + (uint32_t)i;
        uint32_t draw = (scatter(row * 0x9E3779B9u + seed) & at_random) | fixed;
        double g = (double)pairs[2 * i] * gradient_scale + (double)(int32_t)(draw >> 16) * 0x1p-16;
        double h = (double)pairs[2 * i + 1] * hessian_scale +
                   (double)(int32_t)(draw & 0xFFFF) * 0x1p-16;
        uint64_t record = rcx_record(row, (int32_t)(g + bias) - (int32_t)bias,
                                     (uint32_t)(int32_t)h);
        out_records[i] = record;
        sum += rcx_record_sum(record);
    }
    return sum;
}

void RCX_KERNEL(rcx_gradient_sum)(const uint64_t *records, size_t count, const float *pairs,
                                  double out[4])
{
    enum { AHEAD = 16 };
    double sum[4] = {0};
    size_t i = 0;
    for (; i + AHEAD + 2 <= count; i += 2) {
        __builtin_prefetch(&pairs[2 * (size_t)rcx_record_row(records[i + AHEAD])]);
        size_t a = 2 * (size_t)rcx_record_row(records[i]);
        size_t b = 2 * (size_t)rcx_record_row(records[i + 1]);
        sum[0] += (double)pairs[a];
        sum[1] += (double)pairs[a + 1];
        sum[2] += (double)pairs[b];
        sum[3] += (double)pairs[b + 1];
    }
    for (; i < count; i++) {
        size_t a = 2 * (size_t)rcx_record_row(records[i]);
        sum[2 * (i % 2)] += (double)pairs[a];
        sum[2 * (i % 2) + 1] += (double)pairs[a + 1];
    }
    memcpy(out, sum, sizeof sum);
}
