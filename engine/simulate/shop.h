#pragma once
/* Inside the simulation: calendar -> customers -> invoices -> lines -> text. Each line says which
 * file does it. Nothing here is for other folders. */
#include "base/random.h"
#include "base/text.h"
#include "engine/simulate/simulate.h"

/* Uses of random numbers; a number never gets another meaning. */
enum rcx_shop_stream {
    RCX_SHOP_STREAM_CUSTOMER = 1,
    RCX_SHOP_STREAM_PURCHASES = 2,
    RCX_SHOP_STREAM_GUEST = 3,
    RCX_SHOP_STREAM_LINES = 4,
    RCX_SHOP_STREAM_PRODUCT = 5,
    RCX_SHOP_STREAM_PROMOTION = 6,
    RCX_SHOP_STREAM_DIRTY = 7,
    RCX_SHOP_STREAM_SAMPLE = 8
};

/* --- shop_calendar.c: shop time to calendar time --------------------------------------------- */

struct rcx_shop_calendar {
    rcx_day start;
    uint32_t days;
    double *opening; /* days + 1: shop time at the start of each day; the last equals `days` */
};

/* RCX_E_USAGE when no day of the period is open. */
enum rcx_status rcx_shop_calendar_init(struct rcx_shop_calendar *calendar, rcx_day start,
                                       uint32_t days, double season_strength,
                                       struct rcx_error *err);
void rcx_shop_calendar_release(struct rcx_shop_calendar *calendar);
/* Shop time in [0, days) to minutes since the start of the first day. Monotone. */
uint32_t rcx_shop_calendar_minute(const struct rcx_shop_calendar *calendar, double rcx_shop_time);

/* --- shop_products.c: what is sold ---------------------------------------------------------------
 */

enum { RCX_SHOP_PRODUCT_TEXT = 64, RCX_SHOP_PRICE_TEXT = 12, RCX_SHOP_PROMOTION_DAYS = 30 };

struct rcx_shop_product {
    char text[RCX_SHOP_PRODUCT_TEXT];   /* ",CODE,DESCRIPTION," */
    char price[2][RCX_SHOP_PRICE_TEXT]; /* regular, promotion */
    uint8_t text_length;
    uint8_t price_length[2];
};

/* Walker's alias method: one draw chooses a column, and in it the product or its alias. */
struct rcx_shop_alias {
    uint32_t threshold; /* below it: the column's own product */
    uint32_t other;
};

struct rcx_shop_products {
    uint32_t count;
    struct rcx_shop_product *products;
    uint32_t *cents; /* regular price */
    struct rcx_shop_alias *aliases;
};

bool rcx_shop_products_init(struct rcx_shop_products *products, uint32_t count, uint64_t seed);
void rcx_shop_products_release(struct rcx_shop_products *products);
static inline uint32_t rcx_shop_products_draw(const struct rcx_shop_products *products,
                                              uint64_t random)
{
    uint32_t column = (uint32_t)((random >> 32) * products->count >> 32);
    struct rcx_shop_alias alias = products->aliases[column];
    return (uint32_t)random < alias.threshold ? column : alias.other;
}
static inline uint32_t rcx_shop_promotion_cents(uint32_t cents)
{
    return cents - cents / 5;
}

struct rcx_shop_service {
    const char *code, *description;
    uint32_t min_cents, max_cents;
};
enum {
    RCX_SHOP_SERVICE_POST,
    RCX_SHOP_SERVICE_DISCOUNT,
    RCX_SHOP_SERVICE_OTHERS,
    RCX_SHOP_SERVICES = 11
};
extern const struct rcx_shop_service rcx_shop_services[RCX_SHOP_SERVICES];

/* --- shop_customers.c: who buys, when, for how much
 * ------------------------------------------------ */

struct rcx_shop_customer {
    double rate;       /* purchases per day of shop time, without the scale */
    double dropout;    /* p */
    double spend_rate; /* nu */
    double first;      /* shop time of the first purchase */
    double basket;     /* factor on the lines of a purchase, mean 1 */
    uint8_t country;
};

enum { RCX_SHOP_COUNTRIES = 12, RCX_SHOP_COUNTRY_HOME = 0 };
extern const char *const rcx_shop_countries[RCX_SHOP_COUNTRIES];

struct rcx_shop_customer rcx_shop_customer_draw(const struct rcx_simulate_options *options,
                                                uint64_t customer);

/* The purchases of one customer, one after the other. */
struct rcx_shop_visits {
    struct rcx_random random;
    double rate, dropout, now, end;
    uint32_t count;
    bool dropped; /* the customer left after the purchase last returned */
};
struct rcx_shop_visits rcx_shop_visits_begin(const struct rcx_simulate_options *options,
                                             const struct rcx_shop_customer *customer, uint64_t id,
                                             double scale);
/* Moves `now` to the next purchase; false when there is none in the period. */
bool rcx_shop_visits_next(struct rcx_shop_visits *visits);

struct rcx_shop_basket {
    uint32_t cents;  /* what the purchase is worth */
    uint32_t weight; /* lines it wants, at least 1 */
};
/* `line_factor` from the plan. */
struct rcx_shop_basket rcx_shop_basket_draw(const struct rcx_simulate_options *options,
                                            const struct rcx_shop_customer *customer,
                                            double line_factor, struct rcx_random *random);

/* How many customers there are and how fast they live. */
struct rcx_shop_plan {
    uint64_t customers;
    double scale;       /* on all rates */
    double line_factor; /* makes the mean lines of a purchase `basket_lines` */
    uint64_t guest_rows;
};
enum rcx_status rcx_shop_plan_make(const struct rcx_simulate_options *options,
                                   struct rcx_shop_plan *out, struct rcx_error *err);

/* --- shop_invoices.c: all invoices in the order of time
 * -------------------------------------------- */

enum { RCX_SHOP_GUEST = 0xFFFFFFFF, RCX_SHOP_NO_INVOICE = 0xFFFFFFFF };

struct rcx_shop_invoice {
    uint32_t minute;   /* since the start of the first day */
    uint32_t customer; /* RCX_SHOP_GUEST: none */
    uint32_t
        ordinal;     /* of the purchase of this customer, of the guest, of the cancelled purchase */
    uint32_t weight; /* lines wanted */
    uint32_t cents;  /* worth of a purchase; 0 of a guest: a stock correction */
    uint32_t original; /* of a cancellation: position of the purchase; else RCX_SHOP_NO_INVOICE */
};

struct rcx_shop_invoices {
    struct rcx_shop_invoice *items;
    uint64_t *row;    /* count + 1: first row of each invoice */
    uint8_t *country; /* of each customer */
    uint32_t count;
    uint32_t cancellations, guests;
};

enum rcx_status rcx_shop_invoices_make(const struct rcx_simulation *simulation,
                                       struct rcx_shop_invoices *out, struct rcx_error *err);
void rcx_shop_invoices_release(struct rcx_shop_invoices *invoices);

/* --- the whole ----------------------------------------------------------------------------------
 */

struct rcx_simulation {
    struct rcx_simulate_options options;
    struct rcx_parallel parallel;
    struct rcx_shop_calendar calendar;
    struct rcx_shop_products products;
    struct rcx_shop_plan plan;
    struct rcx_shop_invoices invoices;
};

/* --- shop_lines.c: what stands in a line --------------------------------------------------------
 */

enum rcx_shop_line_kind {
    RCX_SHOP_LINE_PRODUCT,
    RCX_SHOP_LINE_SERVICE,
    RCX_SHOP_LINE_CORRECTION /* of the stock: price 0, `note` instead of a description */
};

struct rcx_shop_line {
    enum rcx_shop_line_kind kind;
    uint32_t item; /* product or service */
    uint32_t note;
    uint32_t cents;
    bool promotion;
    int32_t quantity;
};

enum { RCX_SHOP_NOTES = 8 };
extern const char *const rcx_shop_notes[RCX_SHOP_NOTES];

/* An invoice made ready for its lines. */
struct rcx_shop_basket_view {
    const struct rcx_shop_invoice *invoice;
    uint64_t key;
    uint32_t lines;
    uint32_t month; /* promotion period */
    double line_cents;
    bool abroad;
    bool cancels;
    uint32_t first_cancelled; /* line of the original that line 0 cancels */
};
struct rcx_shop_basket_view rcx_shop_basket_open(const struct rcx_simulation *simulation,
                                                 uint32_t invoice);
struct rcx_shop_line rcx_shop_line_make(const struct rcx_simulation *simulation,
                                        const struct rcx_shop_basket_view *basket, uint32_t index);

/* --- shop_csv.c, shop_dirty.c: text
 * --------------------------------------------------------------- */

enum { RCX_SHOP_FIRST_INVOICE = 536365, RCX_SHOP_FIRST_CUSTOMER = 12346 };
enum { RCX_SHOP_ROW_BYTES = 256 }; /* no row is longer, and all writing stays within it */

struct rcx_shop_csv;
/* Texts prepared once; NULL when out of memory. */
struct rcx_shop_csv *rcx_shop_csv_open(const struct rcx_simulation *simulation);
void rcx_shop_csv_close(struct rcx_shop_csv *csv);
/* Rows [begin, end) of the file to `out` (RCX_SHOP_ROW_BYTES each are there); returns the bytes. */
size_t rcx_shop_csv_rows(const struct rcx_shop_csv *csv, uint64_t begin, uint64_t end, char *out);
/* Breaks the row of `length` bytes at `row` in place (RCX_SHOP_ROW_BYTES are there), not by an absurd
 * price when prices are to stay sane; returns the new length. */
size_t rcx_shop_dirty_row(char *row, size_t length, bool sane_prices, struct rcx_random *random);
