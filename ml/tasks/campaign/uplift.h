#pragma once
/* What a campaign did: contacted customers against the control group.
 *
 * Both groups were drawn at random from the same customers, so the difference of what they did is the
 * effect of being contacted. Churn: difference of two shares with Newcombe's interval of two Wilson
 * scores ("Interval estimation for the difference between independent proportions", 1998, method 10),
 * which holds for small groups too. Save rate: the share of would-be churners that was kept, 1 minus
 * the ratio of the shares, interval by the logarithm of the ratio (Katz et al., 1978; half a customer
 * more in each cell when one is empty). Revenue: difference of means, interval with the variances of
 * both groups. */
#include <stddef.h>
#include <stdint.h>

/* Borrowed; one entry for each customer of the plan. */
struct rcx_uplift_data {
    size_t customers;
    const uint8_t *tiers;     /* below `tier_count` */
    const uint8_t *contacted; /* 0: control group */
    const uint8_t *churned;   /* no purchase in the window */
    const double *revenue;    /* in the window, money */
    const double *predicted;  /* churn probability; NaN: not told */
    const double *costs;      /* of the contact, money */
};

struct rcx_interval {
    double estimate, low, high; /* NaN when a group is empty */
};

struct rcx_uplift {
    uint64_t contacts, controls, churned_contacts, churned_controls;
    double predicted_contacts,
        predicted_controls;    /* mean probabilities: alike when the groups are */
    struct rcx_interval churn; /* how much less churned among the contacts */
    struct rcx_interval save_rate;
    double revenue_contacts, revenue_controls; /* means */
    struct rcx_interval revenue;               /* how much more a contact brought */
    double cost;
    struct rcx_interval
        value; /* margin x revenue of all contacts - cost; discounts are in the revenue */
};

/* tier SIZE_MAX: all of them. */
struct rcx_uplift rcx_uplift_of(const struct rcx_uplift_data *data, size_t tier, double margin,
                                double confidence);
