#pragma once
/* One quantity for some lanes of a run, at given parameters. Private to ml/btyd. */
#include "ml/btyd/btyd_groups.h"
#include "ml/btyd/pareto_kernels.h"

struct rcx_expectation {
    enum rcx_btyd_model model;
    const struct rcx_btyd_request *request;
    const struct rcx_pareto_rules *rules;
    const struct rcx_gauss_rule *time_rule; /* of discounting */
};

enum { RCX_EXPECTATION_MOST_LANES = 512 };

/* lanes <= RCX_EXPECTATION_MOST_LANES, a multiple of RCX_LANES, in order of age. */
void rcx_expectation_of(const struct rcx_expectation *expectation, const double *parameters,
                        double x, const double *t_x, const double *age, size_t lanes, double *out);
