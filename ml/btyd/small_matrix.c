/* Symmetric matrices of at most four rows (maximise.h). */
#include <math.h>
#include <string.h>

#include "ml/btyd/maximise.h"

enum { MOST = RCX_MAXIMISE_MOST };

bool rcx_small_cholesky(const double *matrix, unsigned n, double *lower)
{
    double l[MOST * MOST] = {0};
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j <= i; j++) {
            double sum = matrix[i * n + j];
            for (unsigned k = 0; k < j; k++)
                sum -= l[i * n + k] * l[j * n + k];
            if (i == j && !(sum > 1e-14 * fabs(matrix[i * n + i])))
                return false;
            l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
        }
    }
    memcpy(lower, l, (size_t)n * n * sizeof *lower);
    return true;
}

bool rcx_small_solve(const double *matrix, unsigned n, const double *b, double *x)
{
    double l[MOST * MOST];
    if (!rcx_small_cholesky(matrix, n, l))
        return false;
    for (unsigned i = 0; i < n; i++) {
        double sum = b[i];
        for (unsigned k = 0; k < i; k++)
            sum -= l[i * n + k] * x[k];
        x[i] = sum / l[i * n + i];
    }
    for (unsigned i = n; i-- > 0;) {
        for (unsigned k = i + 1; k < n; k++)
            x[i] -= l[k * n + i] * x[k];
        x[i] /= l[i * n + i];
    }
    return true;
}

bool rcx_small_invert(const double *matrix, unsigned n, double *inverse)
{
    double column[MOST];
    for (unsigned j = 0; j < n; j++) {
        double unit[MOST] = {0};
        unit[j] = 1;
        if (!rcx_small_solve(matrix, n, unit, column))
            return false;
        for (unsigned i = 0; i < n; i++)
            inverse[i * n + j] = column[i];
    }
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < i; j++)
            inverse[i * n + j] = inverse[j * n + i];
    }
    return true;
}

/* Rotates rows and columns p and q so that element (p, q) becomes zero. */
static void rotate(double *a, unsigned n, unsigned p, unsigned q)
{
    double apq = a[p * n + q];
    if (apq == 0)
        return;
    double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1);
    double s = t * c;
    for (unsigned k = 0; k < n; k++) {
        double akp = a[k * n + p];
        double akq = a[k * n + q];
        a[k * n + p] = c * akp - s * akq;
        a[k * n + q] = s * akp + c * akq;
    }
    for (unsigned k = 0; k < n; k++) {
        double apk = a[p * n + k];
        double aqk = a[q * n + k];
        a[p * n + k] = c * apk - s * aqk;
        a[q * n + k] = s * apk + c * aqk;
    }
}

void rcx_small_eigenvalues(const double *matrix, unsigned n, double *values)
{
    enum { SWEEPS = 30 };
    double a[MOST * MOST];
    memcpy(a, matrix, (size_t)n * n * sizeof *a);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (unsigned p = 0; p < n; p++) {
            for (unsigned q = p + 1; q < n; q++)
                rotate(a, n, p, q);
        }
    }
    for (unsigned i = 0; i < n; i++)
        values[i] = a[i * n + i];
}
