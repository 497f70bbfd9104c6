#include "ml/metrics/bootstrap_kernels.h"

void RCX_KERNEL(bootstrap_count_steps)(const uint16_t *bits, size_t count, const uint16_t *steps,
                                       uint8_t *out)
{
    uint16_t s0 = steps[0], s1 = steps[1], s2 = steps[2], s3 = steps[3];
    uint16_t s4 = steps[4], s5 = steps[5], s6 = steps[6], s7 = steps[7];
    for (size_t i = 0; i < count; i++) {
        uint16_t b = bits[i];
        out[i] = (uint8_t)((b >= s0) + (b >= s1) + (b >= s2) + (b >= s3) + (b >= s4) + (b >= s5) +
                           (b >= s6) + (b >= s7));
    }
}

double RCX_KERNEL(bootstrap_weighted_sum)(const uint8_t *weight, const double *value, size_t count)
{
    enum { LANES = 8 };
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t l = 0; l < LANES; l++)
            lanes[l] += (double)weight[i + l] * value[i + l];
    }
    for (size_t l = 0; i < count; i++, l++)
        lanes[l] += (double)weight[i] * value[i];
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}
