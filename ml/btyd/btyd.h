#pragma once
/* How often customers buy, and whether they still do: BG/NBD, MBG/NBD, Pareto/NBD and the NBD.
 *
 * A customer is (x, t_x, T): repeat purchases, time from the first to the last purchase, time from
 * the first purchase to now; no dates, no rows. While alive he buys at a rate of his own, gamma
 * distributed over customers (shape r, rate alpha). He drops out
 *   BG/NBD      after a repeat purchase, with a probability of his own, beta(a, b);
 *   MBG/NBD     the same, but already after the first purchase;
 *   Pareto/NBD  at any moment, at a rate of his own, gamma (shape s, rate beta);
 *   NBD         never (the limit of the first two for a -> 0).
 *
 * Usage: rcx_btyd_groups_build once per set of customers (equal ones become one), rcx_btyd_fit,
 * then rcx_btyd_predict with a list of what is asked for; predictions may also be for other
 * customers than those of the fit. Times are in any unit, the same everywhere; rates and horizons
 * are in it, too. What a purchase is worth: ml/btyd/gamma_gamma.h.
 *
 * Fitting: Newton on logarithms of the parameters with the exact Hessian, from several starts on a
 * sample, then once on all; Nelder-Mead when that fails. A pass over a million different customers
 * takes some ten milliseconds, predictions some hundred.
 * Same bits for any number of threads and instruction sets.
 *
 * Sources: Fader, Hardie, Lee, "Counting your customers" the easy way, Marketing Science 24 (2005);
 * Batislam, Denizel, Filiztekin, Int. J. of Research in Marketing 24 (2007); Schmittlein, Morrison,
 * Colombo, Management Science 33 (1987); Fader, Hardie, A note on deriving the Pareto/NBD model
 * (2005), where the likelihood stands as the integral that is computed here. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"

/* clang-format off */
/*       id      name      title         parameters */
#define RCX_BTYD_MODELS(X)                                                                         \
    X(AUTO,   "auto",   "auto",       0, "", "", "", "") /* the likelier of the next two */        \
    X(BGNBD,  "bgnbd",  "BG/NBD",     4, "r", "alpha", "a", "b")                                   \
    X(MBGNBD, "mbgnbd", "MBG/NBD",    4, "r", "alpha", "a", "b")                                   \
    X(PARETO, "pareto", "Pareto/NBD", 4, "r", "alpha", "s", "beta")                                \
    X(NBD,    "nbd",    "NBD",        2, "r", "alpha", "", "")
/* clang-format on */

enum rcx_btyd_model {
#define X(id, name, title, count, p0, p1, p2, p3) RCX_BTYD_##id,
    RCX_BTYD_MODELS(X)
#undef X
        RCX_BTYD_MODEL_COUNT
};
enum { RCX_BTYD_MAX_PARAMETERS = 4 };

const char *rcx_btyd_model_name(enum rcx_btyd_model model);  /* "bgnbd" */
const char *rcx_btyd_model_title(enum rcx_btyd_model model); /* "BG/NBD" */
/* False: there is no model of that name. */
bool rcx_btyd_model_of(const char *name, enum rcx_btyd_model *out);
unsigned rcx_btyd_parameter_count(enum rcx_btyd_model model);
const char *rcx_btyd_parameter_name(enum rcx_btyd_model model, unsigned index); /* "alpha" */

/* [count] each. 0 <= recency <= age; frequency a whole number of at most 10^9, and recency 0 when
 * it is 0. Borrowed. */
struct rcx_btyd_customers {
    size_t count;
    const double *frequency; /* x: repeat purchases */
    const double *recency;   /* t_x: from the first to the last purchase */
    const double *age;       /* T: from the first purchase to now */
};

/* Customers with equal (x, t_x, T) counted once, ordered by x in runs that fill whole vectors. */
struct rcx_btyd_groups;

/* Errors: RCX_E_INPUT naming the first customer (from 0) that breaks the rules above; RCX_E_NOMEM.
 * The groups own all they need; the caller releases *out. */
enum rcx_status rcx_btyd_groups_build(const struct rcx_btyd_customers *customers,
                                      const struct rcx_parallel *parallel,
                                      struct rcx_btyd_groups **out, struct rcx_error *err);
void rcx_btyd_groups_release(struct rcx_btyd_groups *groups);
size_t rcx_btyd_groups_customers(const struct rcx_btyd_groups *groups);
size_t rcx_btyd_groups_distinct(const struct rcx_btyd_groups *groups);

enum rcx_btyd_boundary {
    RCX_BTYD_INSIDE,
    RCX_BTYD_NO_DROPOUT,    /* a (or s / beta) -> 0: nobody drops out; the fit is the NBD's */
    RCX_BTYD_SAME_DROPOUT,  /* a, b (or s, beta) -> infinity: all drop out alike */
    RCX_BTYD_SAME_RATE,     /* r, alpha -> infinity: all buy at one rate */
    RCX_BTYD_NO_PURCHASES,  /* r -> 0 (nobody ever buys again) */
    RCX_BTYD_OTHER_BOUNDARY /* another parameter is at the end of its range */
};

struct rcx_btyd_fit {
    enum rcx_btyd_model requested;                   /* may be AUTO */
    enum rcx_btyd_model model;                       /* that the parameters are of; never AUTO */
    enum rcx_btyd_model replaced;                    /* by its limit, the NBD; AUTO: none was */
    double parameters[RCX_BTYD_MAX_PARAMETERS];      /* in the order of their names */
    double standard_errors[RCX_BTYD_MAX_PARAMETERS]; /* NaN: the information is not positive */
    /* Of the logarithms of the parameters, row-major [count x count]; zero when it is not known. */
    double log_covariance[RCX_BTYD_MAX_PARAMETERS * RCX_BTYD_MAX_PARAMETERS];
    bool has_covariance;
    double log_likelihood; /* of all customers */
    double
        other_log_likelihood; /* AUTO: of the model not chosen; replaced: of that model; or NaN */
    size_t customers, distinct;
    /* How it went. The gradient is per customer, by the logarithms of the parameters. */
    bool converged;
    double gradient_norm; /* largest component */
    double condition;     /* largest / smallest eigenvalue of the information, log-parameters */
    unsigned starts, starts_agreed;
    unsigned iterations;  /* on all customers */
    bool derivative_free; /* Nelder-Mead had to help */
    enum rcx_btyd_boundary boundary;
};

struct rcx_btyd_fit_options {
    enum rcx_btyd_model model;
    bool keep_boundary; /* do not replace a fit with a < 10^-3 by the NBD */
    struct rcx_parallel parallel;
};

/* Errors: RCX_E_INPUT when there is nothing to learn from (no customer, nobody with a repeat
 * purchase, all ages zero); RCX_E_NOMEM. A fit that did not converge is a result: see out->converged.
 * Threads: groups may be shared. */
enum rcx_status rcx_btyd_fit(const struct rcx_btyd_groups *groups,
                             const struct rcx_btyd_fit_options *options, struct rcx_btyd_fit *out,
                             struct rcx_error *err);

/* "BG/NBD at its limit, the NBD: nobody drops out (a = 2.1e-05)". Boundary and convergence in
 * words. Returns `out`. */
enum { RCX_BTYD_WORDS_BYTES = 256 };
const char *rcx_btyd_words(const struct rcx_btyd_fit *fit, char out[RCX_BTYD_WORDS_BYTES]);

enum rcx_btyd_quantity {
    RCX_BTYD_P_ALIVE,       /* now */
    RCX_BTYD_P_NO_PURCHASE, /* none within `horizon`, which begins `gap` from now */
    RCX_BTYD_PURCHASES,     /* expected number within `horizon` */
    RCX_BTYD_DISCOUNTED,    /* the same, each worth exp(-discount * time from now) */
    RCX_BTYD_P_COUNT        /* exactly `purchases` within `horizon` */
};

/* One wanted column. */
struct rcx_btyd_request {
    enum rcx_btyd_quantity quantity;
    double horizon;     /* >= 0; INFINITY only for DISCOUNTED with discount > 0 */
    double gap;         /* P_NO_PURCHASE: >= 0; what happens in it does not count */
    double discount;    /* DISCOUNTED: rate per unit of time, >= 0 */
    unsigned purchases; /* P_COUNT */
    double *out;        /* [customers] */
    /* 95 % interval from the covariance of the parameters: both or neither. */
    double *low, *high; /* [customers], or NULL */
};

/* Fills the columns of the requests, in the order of the customers that the groups were built from.
 * All values are finite and in range.
 * Errors: RCX_E_INPUT (a horizon or rate out of range), RCX_E_NOMEM. */
enum rcx_status rcx_btyd_predict(const struct rcx_btyd_fit *fit,
                                 const struct rcx_btyd_groups *groups,
                                 const struct rcx_btyd_request *requests, size_t count,
                                 const struct rcx_parallel *parallel, struct rcx_error *err);

/* Log-likelihood of all customers at given parameters. gradient [4] and hessian [16] are by the
 * parameters themselves; NULL: not wanted. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_btyd_log_likelihood(const struct rcx_btyd_groups *groups,
                                        enum rcx_btyd_model model, const double *parameters,
                                        const struct rcx_parallel *parallel, double *out,
                                        double *gradient, double *hessian, struct rcx_error *err);
