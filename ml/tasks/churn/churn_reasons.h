#pragma once
/* Reasons in words: "no purchase for 97 days, usual gap 21".
 *
 * What the inputs add to a customer's log-odds (exact TreeSHAP for trees, coefficient x distance from
 * the mean for a regression, the start's distance from its mean) is summed over the inputs that tell the
 * same story, and each story is told with the customer's own numbers. Models without such parts (the
 * behaviour model, the recency rule, the constant) know only how long and how often: silence, purchases
 * and tenure, in this order.
 *
 * To add a story: a row in churn_reasons.def and its words in churn_reasons.c. */
#include <stddef.h>

#include "ml/tasks/churn/churn_model.h"

enum rcx_churn_story {
#define STORY(id, name, prefixes) RCX_CHURN_STORY_##id,
#include "ml/tasks/churn/churn_reasons.def"
#undef STORY
    RCX_CHURN_STORIES
};
const char *rcx_churn_story_name(enum rcx_churn_story story); /* "silence" */
/* Of the input with this name; every input has one. */
enum rcx_churn_story rcx_churn_story_of(const char *input);

enum { RCX_CHURN_REASONS = 3, RCX_CHURN_REASON_BYTES = 96 };

struct rcx_churn_reason {
    enum rcx_churn_story story;
    double effect; /* on the log-odds; NaN: the model has no parts */
};

/* The strongest reasons of each row.
 *  out  [rows][RCX_CHURN_REASONS]
 * Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. */
enum rcx_status rcx_churn_reasons(const struct rcx_churn_model *model,
                                  const struct rcx_churn_view *view,
                                  const struct rcx_parallel *parallel, struct rcx_churn_reason *out,
                                  struct rcx_error *err);
/* Mean absolute effect of each input over the rows; out [inputs]. Zero for models without parts. */
enum rcx_status rcx_churn_mean_effects(const struct rcx_churn_model *model,
                                       const struct rcx_churn_view *view,
                                       const struct rcx_parallel *parallel, double *out,
                                       struct rcx_error *err);

/* Effects of a few rows, one after the other.
 *  out  [rows][inputs + 1]: the last is that of the start, all that the behaviour model has; all zero for
 *       the other models without parts */
enum rcx_status rcx_churn_effects(const struct rcx_churn_model *model,
                                  const struct rcx_churn_view *view, double *out,
                                  struct rcx_error *err);

/* What stories are told with: numbers of inputs, SIZE_MAX when they are none. */
struct rcx_churn_words {
    const struct rcx_churn_inputs *inputs;
    size_t recency, frequency, total, gap, gap_variation, age, products, basket, returns;
    size_t short_count, revenue_trend, count_trend;
    char short_window[16]; /* "30" */
    int32_t observation_days;
};
void rcx_churn_words_init(const struct rcx_churn_model *model, int32_t observation_days,
                          struct rcx_churn_words *out);
/* Tells a story of a row; returns the length of the NUL-terminated text in `out`. */
size_t rcx_churn_tell(const struct rcx_churn_words *words, enum rcx_churn_story story,
                      const struct rcx_matrix *matrix, size_t row,
                      char out[RCX_CHURN_REASON_BYTES]);
