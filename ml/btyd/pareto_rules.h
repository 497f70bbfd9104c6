#pragma once
/* The quadrature rules of a Pareto/NBD pass. Private to ml/btyd. */
#include "ml/btyd/pareto_kernels.h"

struct rcx_pareto_rules {
    struct rcx_gauss_rule rules[RCX_PARETO_RULES];
};
struct rcx_pareto_rules rcx_pareto_rules_of(void);
