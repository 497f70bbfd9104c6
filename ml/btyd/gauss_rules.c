#include "ml/btyd/gauss_rules.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* The Legendre polynomial of degree n at x, and its derivative. */
static double legendre(unsigned n, double x, double *derivative)
{
    double before = 1;
    double value = x;
    for (unsigned k = 2; k <= n; k++) {
        double next = ((2.0 * k - 1) * x * value - (k - 1.0) * before) / k;
        before = value;
        value = next;
    }
    *derivative = n * (x * value - before) / (x * x - 1);
    return value;
}

struct rcx_gauss_rule rcx_gauss_rule_of(unsigned count)
{
    enum { STEPS = 8 };
    struct rcx_gauss_rule rule = {.count = count};
    for (unsigned i = 0; i < (count + 1) / 2; i++) {
        double n = count;
        double x = (1 - (n - 1) / (8 * n * n * n)) * cos(PI * (i + .75) / (n + .5)); /* Tricomi */
        double slope = 1;
        double step = 1;
        for (int k = 0; k < STEPS && fabs(step) > 1e-14; k++) {
            step = legendre(count, x, &slope) / slope;
            x -= step;
        }
        (void)legendre(count, x, &slope);
        rule.nodes[i] = (1 - x) / 2;
        rule.nodes[count - 1 - i] = (1 + x) / 2;
        rule.weights[i] = 1 / ((1 - x * x) * slope * slope);
        rule.weights[count - 1 - i] = rule.weights[i];
    }
    return rule;
}
