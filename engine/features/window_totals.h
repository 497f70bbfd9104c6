#pragma once
/* What is known of one customer at one snapshot, in exact integers: the step between rows and
 * features. slide.c fills it by moving windows, rescan.c from the rows themselves; finish.c
 * divides. Revenue is in units of 10^-(price + quantity decimals), items in 10^-quantity decimals.
 */
#include <stdint.h>

#include "base/decimal.h"
#include "config/config.h"

struct rcx_window_totals {
    int64_t purchases;                      /* n; original definitions: rows */
    int64_t revenue;                        /* of the purchases */
    rcx_i128 revenue_squares;               /* sum over purchases */
    int64_t net_revenue;                    /* of all rows of the window */
    int32_t recency, since_first, lifetime; /* days */
    int64_t window_purchases[RCX_CFG_WINDOW_COUNT];
    int64_t window_revenue[RCX_CFG_WINDOW_COUNT];

    int64_t gaps; /* between consecutive purchases */
    int64_t gap_sum, gap_squares;
    int64_t gap_middle; /* twice the median */

    int64_t baskets; /* purchases; original: invoices */
    int64_t items;   /* of the baskets */
    rcx_i128 item_squares;

    int64_t returns, events; /* return_rate = returns / events */
    int64_t products;        /* distinct stock codes */
    int64_t product_rows;
    int64_t product_squares; /* sum over stock codes of rows^2 */

    int64_t buckets;           /* of the trend, x = 0 the oldest */
    int64_t bucket_revenue;    /* sum of y */
    rcx_i128 bucket_revenue_x; /* sum of x y */
    int64_t bucket_purchases, bucket_purchases_x;
};
