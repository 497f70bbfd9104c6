#pragma once
/* Inside the simulation: calendar -> customers -> invoices -> lines -> text. Each line says which
 * file does it. Nothing here is for other folders. */
#include "base/random.h"
#include "base/text.h"
#include "engine/simulate/simulate.h"

/* Uses of random numbers; a number never gets another meaning. */
enum shop_stream {
    SHOP_STREAM_CUSTOMER = 1,
    SHOP_STREAM_PURCHASES = 2,
    SHOP_STREAM_GUEST = 3,
    SHOP_STREAM_LINES = 4,
    SHOP_STREAM_PRODUCT = 5,
    SHOP_STREAM_PROMOTION = 6,
    SHOP_STREAM_DIRTY = 7,
    SHOP_STREAM_SAMPLE = 8
};

/* --- shop_calendar.c: shop time to calendar time --------------------------------------------- */

struct shop_calendar {
    rcx_day start;
    uint32_t days;
    double *opening; /* days + 1: shop time at the start of each day; the last equals `days` */
};

/* RCX_E_USAGE when no day of the period is open. */
enum rcx_status shop_calendar_init(struct shop_calendar *calendar, rcx_day start, uint32_t days,
                                   double season_strength, struct rcx_error *err);
void shop_calendar_release(struct shop_calendar *calendar);
/* Shop time in [0, days) to minutes since the start of the first day. Monotone. */
uint32_t shop_calendar_minute(const struct shop_calendar *calendar, double shop_time);

/* --- shop_products.c: what is sold ---------------------------------------------------------------
 */

enum { SHOP_PRODUCT_TEXT = 64, SHOP_PRICE_TEXT = 12, SHOP_PROMOTION_DAYS = 30 };

struct shop_product {
    char text[SHOP_PRODUCT_TEXT];   /* ",CODE,DESCRIPTION," */
    char price[2][SHOP_PRICE_TEXT]; /* regular, promotion */
    uint8_t text_length;
    uint8_t price_length[2];
};

/* Walker's alias method: one draw chooses a column, and in it the product or its alias. */
struct shop_alias {
    uint32_t threshold; /* below it: the column's own product */
    uint32_t other;
};

struct shop_products {
    uint32_t count;
    struct shop_product *products;
    uint32_t *cents; /* regular price */
    struct shop_alias *aliases;
};

bool shop_products_init(struct shop_products *products, uint32_t count, uint64_t seed);
void shop_products_release(struct shop_products *products);
static inline uint32_t shop_products_draw(const struct shop_products *products, uint64_t random)
{
    uint32_t column = (uint32_t)((random >> 32) * products->count >> 32);
    struct shop_alias alias = products->aliases[column];
    return (uint32_t)random < alias.threshold ? column : alias.other;
}
static inline uint32_t shop_promotion_cents(uint32_t cents)
{
    return cents - cents / 5;
}

struct shop_service {
    const char *code, *description;
    uint32_t min_cents, max_cents;
};
enum { SHOP_SERVICE_POST, SHOP_SERVICE_DISCOUNT, SHOP_SERVICE_OTHERS, SHOP_SERVICES = 11 };
extern const struct shop_service shop_services[SHOP_SERVICES];

/* --- shop_customers.c: who buys, when, for how much
 * ------------------------------------------------ */

struct shop_customer {
    double rate;       /* purchases per day of shop time, without the scale */
    double dropout;    /* p */
    double spend_rate; /* nu */
    double first;      /* shop time of the first purchase */
    double basket;     /* factor on the lines of a purchase, mean 1 */
    uint8_t country;
};

enum { SHOP_COUNTRIES = 12, SHOP_COUNTRY_HOME = 0 };
extern const char *const shop_countries[SHOP_COUNTRIES];

struct shop_customer shop_customer_draw(const struct rcx_simulate_options *options,
                                        uint64_t customer);

/* The purchases of one customer, one after the other. */
struct shop_visits {
    struct rcx_random random;
    double rate, dropout, now, end;
    uint32_t count;
    bool dropped; /* the customer left after the purchase last returned */
};
struct shop_visits shop_visits_begin(const struct rcx_simulate_options *options,
                                     const struct shop_customer *customer, uint64_t id,
                                     double scale);
/* Moves `now` to the next purchase; false when there is none in the period. */
bool shop_visits_next(struct shop_visits *visits);

struct shop_basket {
    uint32_t cents;  /* what the purchase is worth */
    uint32_t weight; /* lines it wants, at least 1 */
};
/* `line_factor` from the plan. */
struct shop_basket shop_basket_draw(const struct rcx_simulate_options *options,
                                    const struct shop_customer *customer, double line_factor,
                                    struct rcx_random *random);

/* How many customers there are and how fast they live. */
struct shop_plan {
    uint64_t customers;
    double scale;       /* on all rates */
    double line_factor; /* makes the mean lines of a purchase `basket_lines` */
    uint64_t guest_rows;
};
enum rcx_status shop_plan_make(const struct rcx_simulate_options *options, struct shop_plan *out,
                               struct rcx_error *err);

/* --- shop_invoices.c: all invoices in the order of time
 * -------------------------------------------- */

enum { SHOP_GUEST = 0xFFFFFFFF, SHOP_NO_INVOICE = 0xFFFFFFFF };

struct shop_invoice {
    uint32_t minute;   /* since the start of the first day */
    uint32_t customer; /* SHOP_GUEST: none */
    uint32_t
        ordinal;     /* of the purchase of this customer, of the guest, of the cancelled purchase */
    uint32_t weight; /* lines wanted */
    uint32_t cents;  /* worth of a purchase; 0 of a guest: a stock correction */
    uint32_t original; /* of a cancellation: position of the purchase; else SHOP_NO_INVOICE */
};

struct shop_invoices {
    struct shop_invoice *items;
    uint64_t *row;    /* count + 1: first row of each invoice */
    uint8_t *country; /* of each customer */
    uint32_t count;
    uint32_t cancellations, guests;
};

enum rcx_status shop_invoices_make(const struct rcx_simulation *simulation,
                                   struct shop_invoices *out, struct rcx_error *err);
void shop_invoices_release(struct shop_invoices *invoices);

/* --- the whole ----------------------------------------------------------------------------------
 */

struct rcx_simulation {
    struct rcx_simulate_options options;
    struct rcx_parallel parallel;
    struct shop_calendar calendar;
    struct shop_products products;
    struct shop_plan plan;
    struct shop_invoices invoices;
};

/* --- shop_lines.c: what stands in a line --------------------------------------------------------
 */

enum shop_line_kind {
    SHOP_LINE_PRODUCT,
    SHOP_LINE_SERVICE,
    SHOP_LINE_CORRECTION /* of the stock: price 0, `note` instead of a description */
};

struct shop_line {
    enum shop_line_kind kind;
    uint32_t item; /* product or service */
    uint32_t note;
    uint32_t cents;
    bool promotion;
    int32_t quantity;
};

enum { SHOP_NOTES = 8 };
extern const char *const shop_notes[SHOP_NOTES];

/* An invoice made ready for its lines. */
struct shop_basket_view {
    const struct shop_invoice *invoice;
    uint64_t key;
    uint32_t lines;
    uint32_t month; /* promotion period */
    double line_cents;
    bool abroad;
    bool cancels;
    uint32_t first_cancelled; /* line of the original that line 0 cancels */
};
struct shop_basket_view shop_basket_open(const struct rcx_simulation *simulation, uint32_t invoice);
struct shop_line shop_line_make(const struct rcx_simulation *simulation,
                                const struct shop_basket_view *basket, uint32_t index);

/* --- shop_csv.c, shop_dirty.c: text
 * --------------------------------------------------------------- */

enum { SHOP_FIRST_INVOICE = 536365, SHOP_FIRST_CUSTOMER = 12346 };
enum { SHOP_ROW_BYTES = 256 }; /* no row is longer, and all writing stays within it */

struct shop_csv;
/* Texts prepared once; NULL when out of memory. */
struct shop_csv *shop_csv_open(const struct rcx_simulation *simulation);
void shop_csv_close(struct shop_csv *csv);
/* Rows [begin, end) of the file to `out` (SHOP_ROW_BYTES each are there); returns the bytes. */
size_t shop_csv_rows(const struct shop_csv *csv, uint64_t begin, uint64_t end, char *out);
/* Breaks the row of `length` bytes at `row` in place (SHOP_ROW_BYTES are there); returns the new
 * length. */
size_t shop_dirty_row(char *row, size_t length, struct rcx_random *random);
