#include "ml/linear/logistic_kernels.h"

enum { LANES = 8 };

double RCX_KERNEL(logistic_dot)(const double *a, const double *b, size_t count)
{
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t l = 0; l < LANES; l++)
            lanes[l] += a[i + l] * b[i + l];
    }
    for (size_t l = 0; i < count; i++, l++)
        lanes[l] += a[i] * b[i];
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

void RCX_KERNEL(logistic_add)(double factor, const double *x, double *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] += factor * x[i];
}

void RCX_KERNEL(logistic_standardise)(const double *x, double center, double scale, double *out,
                                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double z = (x[i] - center) / scale;
        out[i] = z == z ? z : 0;
    }
}
