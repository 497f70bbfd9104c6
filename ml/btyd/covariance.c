#include "ml/btyd/covariance.h"

#include <math.h>

enum { MOST = RCX_MAXIMISE_MOST };

struct rcx_covariance rcx_covariance_at(const struct rcx_maximum *maximum, unsigned n,
                                        double customers)
{
    struct rcx_covariance out = {.condition = NAN};
    double information[MOST * MOST];
    double inverse[MOST * MOST];
    double values[MOST];
    unsigned free[MOST];
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!maximum->held[i])
            free[count++] = i;
    }
    if (count == 0)
        return out;
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < count; j++)
            information[i * count + j] = -customers * maximum->hessian[free[i] * n + free[j]];
    }
    rcx_small_eigenvalues(information, count, values);
    double low = values[0];
    double high = values[0];
    for (unsigned i = 1; i < count; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    out.condition = low > 0 ? high / low : INFINITY;
    out.known = rcx_small_invert(information, count, inverse);
    for (unsigned i = 0; out.known && i < count; i++) {
        for (unsigned j = 0; j < count; j++)
            out.matrix[free[i] * n + free[j]] = inverse[i * count + j];
    }
    return out;
}
