#pragma once
/* The likelihoods behind rcx_btyd_log_likelihood. Private to ml/btyd. */
#include "ml/btyd/btyd_groups.h"
#include "ml/btyd/pareto_kernels.h"

/* Value, gradient [4], Hessian [4 x 4] by the parameters, of all customers. For the NBD only the
 * first two parameters are looked at, the rest of gradient and Hessian is zero. */
struct rcx_btyd_slopes {
    double value;
    double gradient[RCX_BTYD_MAX_PARAMETERS];
    double hessian[RCX_BTYD_MAX_PARAMETERS][RCX_BTYD_MAX_PARAMETERS];
};

/* BG/NBD, MBG/NBD, NBD. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_dropout_likelihood(const struct rcx_btyd_groups *groups,
                                       enum rcx_btyd_model model, const double *parameters,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_btyd_slopes *out, struct rcx_error *err);
enum rcx_status rcx_pareto_likelihood(const struct rcx_btyd_groups *groups,
                                      const double *parameters,
                                      const struct rcx_pareto_rules *rules,
                                      const struct rcx_parallel *parallel,
                                      struct rcx_btyd_slopes *out, struct rcx_error *err);

/* Of any model but AUTO; rules: for Pareto/NBD, else NULL. */
enum rcx_status rcx_btyd_slopes_at(const struct rcx_btyd_groups *groups, enum rcx_btyd_model model,
                                   const double *parameters, const struct rcx_pareto_rules *rules,
                                   const struct rcx_parallel *parallel, struct rcx_btyd_slopes *out,
                                   struct rcx_error *err);

/* Threads for a pass over so many lanes, each costing `cost` times a few additions: starting them for
 * little work costs more than it brings. */
struct rcx_parallel rcx_btyd_threads(const struct rcx_parallel *parallel, size_t lanes,
                                     unsigned cost);

/* Chances to drop out that x repeat purchases were: x, or x + 1 for the MBG/NBD. */
static inline double rcx_btyd_chances(enum rcx_btyd_model model, double x)
{
    return model == RCX_BTYD_NBD ? 0 : (model == RCX_BTYD_MBGNBD ? x + 1 : x);
}
