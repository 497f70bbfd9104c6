#pragma once
/* Simulates the transaction log of a shop: realistic data of any size, with the truth behind it.
 *
 * Customers buy as in BG/NBD (Fader, Hardie, Lee 2005): customer i buys for the first time at a
 * random moment of the period, then at rate lambda_i ~ Gamma(r, alpha); after every repeat purchase
 * the customer is gone for good with probability p_i ~ Beta(a, b). What a purchase is worth follows
 * Gamma-Gamma (Fader, Hardie 2013): z ~ Gamma(p, nu_i), nu_i ~ Gamma(q, gamma). Rates count per day
 * of shop time: calendar time stretched so that a busy day is long and a closed one has no length,
 * which gives seasons, weekdays and opening hours without touching the model.
 *
 * How rows, customers and days relate. The period is given, and exactly `rows` rows arise:
 *   customers == 0  rates are taken as they are, and there are as many customers as rows need;
 *   customers > 0   all lambda_i are multiplied by one factor (`rate_scale` of the summary), found
 *                   by bisection, so that the expected rows are `rows`. Lifetimes in purchases,
 * spend and baskets stay. On average nobody buys more than twice a day: beyond that, and when all
 * customers drop out too early, baskets grow instead. What is left of the difference, usually below
 * 3 %, stretches the number of lines per basket.
 *
 * What else is in it: Zipf products with stable prices and occasional promotions, baskets of about
 * `basket_lines` lines, quantities in pack sizes, cancellations ('C' numbers) of lines bought
 * before, guest rows without a customer (some of them stock corrections at price 0 without a
 * description), service codes (POST, M, D, ...), countries, descriptions with commas and quotes,
 * and on request broken rows. Rows are in the order of time; invoice numbers grow with it.
 *
 * Columns: InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country, dates
 * as 12/1/2010 8:26 (month first), prices in pounds, lines end with \n.
 *
 * Every line is a function of the options, its invoice and its place in it, so the same options
 * give the same bytes for any number of threads, on any machine.
 *
 * Memory: about 100 bytes per invoice (20 rows or so) while they are sorted, 32 after; 1 per
 * customer; 12 MB of buffers. 44 MB in all for 10 million rows. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/date.h"
#include "base/parallel.h"
#include "base/status.h"

struct rcx_simulate_options {
    uint64_t rows;      /* exactly so many, header not counted; 1..10^10 */
    uint64_t customers; /* with an id; 0: as many as the rows need */
    uint64_t seed;
    rcx_day start;     /* first day */
    uint32_t days;     /* length of the period, 1..20,000 */
    uint32_t products; /* 1..100,000 */

    double dirty_share; /* of the rows, 0..1: broken dates and numbers, missing fields, exact
                               duplicates, absurd prices, in equal parts */
    bool sane_prices;   /* no absurd prices among them: those count in labels, and drown the rest */
    double guest_share; /* of the rows, 0..0.95: no customer id */
    double return_share;    /* of the purchases, 0..1: some lines of it are cancelled later */
    double promotion_share; /* of the months of a product, 0..1: sold 20 % cheaper */
    double season_strength; /* 0: every month alike; 1: as strong as in a gift shop */
    double basket_lines;    /* mean lines of a purchase, 1..1,000 */

    double rate_shape, rate_alpha;        /* BG/NBD r, alpha (days): purchases per day */
    double dropout_a, dropout_b;          /* BG/NBD a, b */
    double spend_p, spend_q, spend_gamma; /* Gamma-Gamma, in pounds; q > 1 */
    double acquisition_skew;              /* >= 1; 1: first purchases evenly spread over the period,
                                             above: more of them early */
};

/* 541,909 rows over 374 days from 2010-12-01, seed 42: a shop much like UCI Online Retail. */
struct rcx_simulate_options rcx_simulate_defaults(void);

/* What came of it. */
struct rcx_simulate_summary {
    uint64_t rows, customers, invoices, cancellations, guest_invoices, guest_rows;
    double rate_scale;
    rcx_time first, last; /* of the invoices */
    uint64_t first_invoice, last_invoice;
};

struct rcx_simulation;

/* Draws customers, purchases and invoices.
 * Errors:  RCX_E_USAGE when an option is out of range or the rows do not suffice for the customers
 *          (each buys at least once), RCX_E_NOMEM, RCX_E_INTERRUPTED.
 * Threads: uses those of `parallel`, which is copied. */
enum rcx_status rcx_simulate_open(const struct rcx_simulate_options *options,
                                  const struct rcx_parallel *parallel, struct rcx_simulation **out,
                                  struct rcx_error *err);
void rcx_simulate_close(struct rcx_simulation *simulation);
struct rcx_simulate_summary rcx_simulate_summarize(const struct rcx_simulation *simulation);

/* Takes the next piece of the output; called by one thread at a time, in order. `rows` is how many
 * rows the piece completes (for progress). An error ends the writing and is returned. */
typedef enum rcx_status rcx_simulate_sink(void *context, const void *data, size_t length,
                                          uint64_t rows, struct rcx_error *err);

enum rcx_status rcx_simulate_write(const struct rcx_simulation *simulation, rcx_simulate_sink *sink,
                                   void *context, struct rcx_error *err);

/* All of it into one file, which appears when it is complete. It can be made again, so it is not synced.
 * Errors: of rcx_simulate_open; RCX_E_IO. */
enum rcx_status rcx_simulate_file(const struct rcx_simulate_options *options,
                                  const struct rcx_parallel *parallel, const char *path,
                                  struct rcx_error *err);

/* One CSV line per customer: customer_id, purchases_per_day (lambda, with the scale), dropout (p),
 * mean_spend (pounds per purchase), first_purchase, alive_until (the day of the last purchase when
 * the customer dropped out within the period, else empty), purchases. */
enum rcx_status rcx_simulate_write_truth(const struct rcx_simulation *simulation,
                                         rcx_simulate_sink *sink, void *context,
                                         struct rcx_error *err);
