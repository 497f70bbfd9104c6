#include "ml/btyd/likelihood.h"

#include <string.h>

struct rcx_parallel rcx_btyd_threads(const struct rcx_parallel *parallel, size_t lanes,
                                     unsigned cost)
{
    enum { WORTH_A_THREAD = 8192 };
    return lanes * cost < 2 * WORTH_A_THREAD ? (struct rcx_parallel){1} : *parallel;
}

enum rcx_status rcx_btyd_slopes_at(const struct rcx_btyd_groups *groups, enum rcx_btyd_model model,
                                   const double *parameters, const struct rcx_pareto_rules *rules,
                                   const struct rcx_parallel *parallel, struct rcx_btyd_slopes *out,
                                   struct rcx_error *err)
{
    return model == RCX_BTYD_PARETO
               ? rcx_pareto_likelihood(groups, parameters, rules, parallel, out, err)
               : rcx_dropout_likelihood(groups, model, parameters, parallel, out, err);
}

enum rcx_status rcx_btyd_log_likelihood(const struct rcx_btyd_groups *groups,
                                        enum rcx_btyd_model model, const double *parameters,
                                        const struct rcx_parallel *parallel, double *out,
                                        double *gradient, double *hessian, struct rcx_error *err)
{
    struct rcx_btyd_slopes slopes;
    struct rcx_pareto_rules rules;
    if (model == RCX_BTYD_PARETO)
        rules = rcx_pareto_rules_of();
    enum rcx_status status = rcx_btyd_slopes_at(groups, model, parameters, &rules, parallel,
                                                &slopes, err);
    if (status != RCX_OK)
        return status;
    *out = slopes.value;
    if (gradient)
        memcpy(gradient, slopes.gradient, sizeof slopes.gradient);
    if (hessian)
        memcpy(hessian, slopes.hessian, sizeof slopes.hessian);
    return RCX_OK;
}
