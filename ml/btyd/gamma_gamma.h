#pragma once
/* What a purchase is worth: the Gamma-Gamma model.
 *
 * The value of a purchase is gamma distributed (shape p) around a mean of the customer's own, whose
 * rate is gamma distributed over customers (shape q, rate v); it does not depend on how often he
 * buys. From x purchases of mean value m, the expected mean is a weighted mean of m and of the
 * population's, p v / (q - 1), which needs q > 1.
 *
 * Source: Fader, Hardie, The Gamma-Gamma model of monetary value (2013). Same bits for any number of
 * threads and instruction sets. */
#include <stdbool.h>
#include <stddef.h>

#include "base/parallel.h"

enum { RCX_GAMMA_GAMMA_PARAMETERS = 3 };

struct rcx_gamma_gamma_fit {
    double p, q, v;
    double standard_errors[RCX_GAMMA_GAMMA_PARAMETERS]; /* p, q, v; NaN: not known */
    double log_covariance[RCX_GAMMA_GAMMA_PARAMETERS * RCX_GAMMA_GAMMA_PARAMETERS];
    bool has_covariance;
    double log_likelihood;
    size_t customers; /* that it was fitted on */
    size_t left_out;  /* with purchases, but a mean value of 0 or less */
    double mean;      /* expected value of a purchase of a customer not known: p v / (q - 1) */
    /* q <= 1, so that the population has no mean, or too few customers for a fit: `mean` is the mean
     * over the customers of the fit, and what is expected of everyone. */
    bool plain_mean;
    bool converged;
    double gradient_norm, condition;
    unsigned starts, starts_agreed, iterations;
    bool derivative_free;
};

/* Fits the customers with frequency > 0 and value > 0.
 *  frequency, value  [count]: repeat purchases and their mean value (NaN where there is none)
 * With fewer than 10 such customers there is no fit, see plain_mean (0 when there is nobody).
 * Errors: RCX_E_INPUT (a frequency that is no whole number), RCX_E_NOMEM. */
enum rcx_status rcx_gamma_gamma_fit(const double *frequency, const double *value, size_t count,
                                    const struct rcx_parallel *parallel,
                                    struct rcx_gamma_gamma_fit *out, struct rcx_error *err);

/* Expected value of a purchase of each customer; without purchases of value > 0, the mean.
 *  out         [count]
 *  low, high   [count], 95 % interval from the covariance of the parameters; or NULL */
void rcx_gamma_gamma_expect(const struct rcx_gamma_gamma_fit *fit, const double *frequency,
                            const double *value, size_t count, double *out, double *low,
                            double *high);

/* Log-likelihood at given parameters (p, q, v), with gradient [3] and Hessian [9] by them; NULL: not
 * wanted. Errors: as the fit. */
enum rcx_status rcx_gamma_gamma_log_likelihood(const double *frequency, const double *value,
                                               size_t count, const double *parameters,
                                               const struct rcx_parallel *parallel, double *out,
                                               double *gradient, double *hessian,
                                               struct rcx_error *err);
