#pragma once
/* Inner loops of the logistic regression, eight fixed lanes. */
#include <stddef.h>

#include "base/kernel.h"

RCX_KERNEL_DECLARE(double, logistic_dot, (const double *a, const double *b, size_t count))
/* y += factor x */
RCX_KERNEL_DECLARE(void, logistic_add, (double factor, const double *x, double *y, size_t count))
/* out = (x - center) / scale, NaN as 0. */
RCX_KERNEL_DECLARE(void, logistic_standardise,
                   (const double *x, double center, double scale, double *out, size_t count))
