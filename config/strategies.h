#pragma once
/* The eleven segments and what is done about each: config/strategies.yaml, or a file of the same form
 * (segments.strategies). The built-in one is part of the program.
 *
 * Every problem of a file is found before loading fails, one line each with line and column. */
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* clang-format off */
/* In the order of tables and reports. To change: also config/strategies.yaml and the grid of rule-based
 * segments (ml/tasks/segment_scores.c). */
#define RCX_SEGMENTS(X)                                                                            \
    X(CHAMPIONS,           "Champions")                                                            \
    X(LOYAL,               "Loyal Customers")                                                      \
    X(POTENTIAL_LOYALISTS, "Potential Loyalists")                                                  \
    X(NEW,                 "New Customers")                                                        \
    X(PROMISING,           "Promising")                                                            \
    X(NEED_ATTENTION,      "Need Attention")                                                       \
    X(ABOUT_TO_SLEEP,      "About To Sleep")                                                       \
    X(AT_RISK,             "At Risk")                                                              \
    X(CANNOT_LOSE,         "Cannot Lose Them")                                                     \
    X(HIBERNATING,         "Hibernating")                                                          \
    X(LOST,                "Lost")
/* clang-format on */

enum rcx_segment_id {
#define X(name, text) RCX_SEGMENT_##name,
    RCX_SEGMENTS(X)
#undef X
        RCX_SEGMENT_COUNT
};

const char *rcx_segment_title(enum rcx_segment_id segment);
/* RCX_SEGMENT_COUNT: there is none of that name. */
enum rcx_segment_id rcx_segment_find(const char *name);

enum rcx_rfm { RCX_RFM_RECENCY, RCX_RFM_FREQUENCY, RCX_RFM_MONETARY, RCX_RFM_COUNT };

struct rcx_strategy {
    double prototype[RCX_RFM_COUNT]; /* percentile ranks, 0..1; recency 1 is the most recent */
    int64_t priority;                /* 1.. */
    const char *goal;
    const char *const *actions;
    size_t action_count;
    const char *campaign_type;
    const char *budget_level; /* none, low, medium, high */
};

struct rcx_strategies; /* opaque; immutable */

/* `path` NULL or empty: the built-in ones. The caller releases *out (NULL is fine); texts live as long.
 * Errors: RCX_E_CONFIG (all problems, one a line), RCX_E_IO, RCX_E_NOMEM. */
enum rcx_status rcx_strategies_load(const char *path, struct rcx_strategies **out,
                                    struct rcx_error *err);
/* The same from bytes in memory; `name` is for messages. */
enum rcx_status rcx_strategies_parse(const char *name, const void *data, size_t length,
                                     struct rcx_strategies **out, struct rcx_error *err);
void rcx_strategies_release(struct rcx_strategies *strategies);
const struct rcx_strategy *rcx_strategies_get(const struct rcx_strategies *strategies,
                                              enum rcx_segment_id segment);
