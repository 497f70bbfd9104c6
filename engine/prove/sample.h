#pragma once
/* Random customers of a store with all their rows, judged by the plain code (plain.h): one pass
 * over the store, single-threaded, that also learns the plain outlier limits. */
#include "engine/prove/plain.h"

/* A customer with more rows is not drawn: the plain code takes quadratic time in places. */
enum { RCX_SAMPLE_MOST_ROWS = 100000 };

struct rcx_sampled_customer {
    uint64_t key; /* the smallest keys are drawn */
    struct rcx_plain_customer rows;
    size_t table_row; /* of the table being compared; SIZE_MAX: none */
};

struct rcx_sample {
    size_t count;
    struct rcx_sampled_customer *customers; /* by id or code */
    struct rcx_plain_limits limits;
    struct rcx_plain_scratch scratch; /* room for the largest */
};

/* Draws `wanted` customers (all when there are fewer).
 * Errors: of the scan; RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_sample_draw(const struct rcx_store *store, const struct rcx_plain_rules *rules,
                                size_t wanted, uint64_t seed, struct rcx_sample *out,
                                struct rcx_error *err);
void rcx_sample_release(struct rcx_sample *sample);
