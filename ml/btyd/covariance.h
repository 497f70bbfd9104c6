#pragma once
/* Standard errors from the observed information at a maximum. Private to ml/btyd. */
#include "ml/btyd/maximise.h"

struct rcx_covariance {
    bool known;                                           /* the information is positive */
    double matrix[RCX_MAXIMISE_MOST * RCX_MAXIMISE_MOST]; /* row-major [n x n] */
    double condition;                                     /* largest / smallest eigenvalue */
};

/* The maximum is of a mean over `customers`. Variables that are held count as known exactly: their
 * rows are zero. */
struct rcx_covariance rcx_covariance_at(const struct rcx_maximum *maximum, unsigned n,
                                        double customers);
