#pragma once
/* Cleaning, features, labels and the inputs of behaviour models of one customer a second time: straight from the definitions, one
 * snapshot at a time, with sorting where the other code slides and searches where it keeps tables.
 *
 * Slow on purpose, and sharing nothing with engine/quality and engine/features but the names of the
 * features and the rounding of a quotient (base/decimal.h), so that agreement means something. Only
 * the standard definitions. Money is in units of 10^-(price + quantity places). */
#include <stdbool.h>

#include "config/config.h"
#include "engine/features/catalogue.h"
#include "storage/store/store.h"

struct rcx_plain_row {
    rcx_time time;
    int64_t quantity, price;
    uint32_t invoice, stock, description, country;
    bool valid; /* survives stages 1 and 2: counts for labels */
    bool kept;  /* survives stage 3, too: counts for features */
};

/* All rows of a customer, in the store's order. */
struct rcx_plain_customer {
    int64_t id;
    size_t count;
    struct rcx_plain_row *rows;
};

/* Learned outlier limits; percentiles as a fraction between two order statistics. */
struct rcx_plain_limits {
    bool applied;
    rcx_i128 price_numerator; /* price x price_denominator above it is an outlier */
    int64_t price_denominator;
    bool has_quantity;
    double log_low, log_high; /* quantity_scale: log */
    rcx_i128 low, high;       /* linear: quantity x quantity_denominator outside */
    rcx_i128 quantity_denominator;
    uint64_t learned_rows;
};

/* What the definitions refer to. */
struct rcx_plain_rules {
    const struct rcx_cfg_cleaning *cleaning;
    const struct rcx_cfg_features *features;
    const struct rcx_cfg_churn *churn;
    const struct rcx_cfg_clv *clv;
    const struct rcx_decisions *decisions;
    const struct rcx_strings *stocks;
    rcx_day first_day, last_day; /* of the data */
};

/* Room for the rows of a customer; zero is a valid empty one. */
struct rcx_plain_scratch {
    struct rcx_plain_row *rows;
    struct rcx_plain_invoice *invoices;
    int64_t *numbers;
    size_t capacity;
};
bool rcx_plain_reserve(struct rcx_plain_scratch *scratch, size_t rows); /* false: no memory */
void rcx_plain_release(struct rcx_plain_scratch *scratch);

/* F, the moment before which rows teach the limits. */
rcx_time rcx_plain_learn_before(const struct rcx_plain_rules *rules);

/* Sets `valid` of all rows of a customer (`kept` is not touched). */
void rcx_plain_mark_valid(const struct rcx_plain_rules *rules, struct rcx_plain_customer *customer);
/* Sets `kept` of all rows of a customer whose valid rows are marked. There is room for them. */
void rcx_plain_mark_kept(const struct rcx_plain_rules *rules, const struct rcx_plain_limits *limits,
                         struct rcx_plain_scratch *scratch, struct rcx_plain_customer *customer);

/* The limits from the prices and positive quantities of the valid rows to learn from; sorts both. */
struct rcx_plain_limits rcx_plain_learn(const struct rcx_plain_rules *rules, int64_t *prices,
                                        size_t price_count, int64_t *quantities,
                                        size_t quantity_count);

/* A row of the feature table; null is NaN. engagement_score_normalized needs the highest score of
 * the population and is left NaN. */
struct rcx_plain_features {
    bool member; /* of the snapshot's population; nothing else is set when false */
    double values[RCX_FEATURE_COUNT];
    bool churn_eligible;
    double churn, clv;
};

/* Computes features from the rows before the cutoff alone, labels from the rows after it (and the
 * tenure from those before). */
void rcx_plain_compute(const struct rcx_plain_rules *rules,
                       const struct rcx_plain_customer *customer, rcx_day snapshot,
                       struct rcx_plain_scratch *scratch, struct rcx_plain_features *out);

/* What behaviour models know of a customer (pipeline.md section 7), in weeks; null is NaN. */
struct rcx_plain_summary {
    bool member; /* has a purchase before the cutoff; nothing else is set when false */
    double frequency, recency, age, monetary_value;
};

/* From the rows before the cutoff alone, however old. */
void rcx_plain_summarise(const struct rcx_plain_rules *rules,
                         const struct rcx_plain_customer *customer, rcx_day snapshot,
                         struct rcx_plain_scratch *scratch, struct rcx_plain_summary *out);
