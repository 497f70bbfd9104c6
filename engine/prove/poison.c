/* The rows of a made-up future (future.h). */
#include "base/random.h"
#include "engine/prove/future.h"

enum {
    MOST_ROWS = 16,     /* of a customer */
    NEW_CUSTOMERS = 16, /* after the last known one */
    NEW_ONE_IN = 16,    /* known customers are followed by a new one */
    FAR_ONE_IN = 32,    /* rows lie decades ahead */
    NEAR_DAYS = 400,    /* the others within so many days */
    FAR_DAYS = 365 * 60,
    VALUE_BITS = 40, /* price times quantity stays below, so that exact sums have room */
};
enum stream { STREAM_CUSTOMER = 0x9015, STREAM_ROW }; /* + the number of the row */

/* What a row is like; the rest of it is ordinary. */
enum kind {
    KIND_COPY,      /* all but the time is that of an old row, the invoice number included */
    KIND_RETURN,    /* gives an old row back */
    KIND_CONTINUE,  /* a new row under an old invoice number */
    KIND_PRODUCT,   /* of a new product, with a new description and country */
    KIND_PRICE,     /* an absurd price */
    KIND_QUANTITY,  /* an absurd quantity, either sign */
    KIND_MISSING,   /* without invoice number, stock code or description */
    KIND_WORTHLESS, /* no price, a negative one, or quantity 0 */
    KIND_COUNT
};

struct draw {
    const struct rcx_poison *poison;
    const struct rcx_view_place *place;
    struct rcx_random random;
};

static uint64_t below(struct draw *draw, uint64_t bound)
{
    return rcx_random_below(&draw->random, bound);
}

/* A code that the base does not have; any when there is none. */
static uint32_t new_code(struct draw *draw, enum rcx_text_field field)
{
    uint32_t known = rcx_store_strings(draw->poison->store, field)->count;
    uint32_t all = rcx_store_strings(draw->place->view, field)->count;
    return all > known ? known + (uint32_t)below(draw, all - known) : (uint32_t)below(draw, known);
}

static uint32_t any_code(struct draw *draw, enum rcx_text_field field)
{
    return (uint32_t)below(draw, rcx_store_strings(draw->place->view, field)->count);
}

static rcx_time any_time(struct draw *draw)
{
    if (below(draw, FAR_ONE_IN) == 0)
        return draw->poison->cutoff + (rcx_time)below(draw, (uint64_t)FAR_DAYS * RCX_DAY_SECONDS);
    if (below(draw, 8) == 0)
        return draw->poison->cutoff + (rcx_time)below(draw, 2);
    return draw->poison->cutoff + (rcx_time)below(draw, (uint64_t)NEAR_DAYS * RCX_DAY_SECONDS);
}

static int64_t any_power(struct draw *draw, unsigned bits)
{
    return (int64_t)(1 + below(draw, (uint64_t)1 << below(draw, bits)));
}

/* Keeps quantity times price within bounds, whatever both are. */
static void tame(struct rcx_row *row)
{
    int64_t size = row->quantity < 0 ? -row->quantity : row->quantity;
    int64_t most = ((int64_t)1 << VALUE_BITS) / (size > 0 ? size : 1);
    if (row->unit_price > most)
        row->unit_price = most;
}

/* The fields of an old row of this customer, kept or taken away, as far as they are read. */
static void take_old(const struct rcx_batch *batch, size_t receipt, uint32_t row,
                     struct rcx_row *out)
{
    out->invoice = batch->invoice[receipt];
    if (!batch->stock)
        return;
    out->stock = batch->stock[row];
    out->quantity = batch->quantity[row];
    out->unit_price = batch->unit_price[row];
    out->description = batch->description[row];
    out->country = batch->country[row];
}

static void alter(struct draw *draw, enum kind kind, const struct rcx_row *old, struct rcx_row *row)
{
    switch (kind) {
    case KIND_COPY:
        row->invoice = old->invoice;
        row->stock = old->stock;
        row->quantity = old->quantity;
        row->unit_price = old->unit_price;
        row->description = old->description;
        row->country = old->country;
        break;
    case KIND_RETURN:
        row->stock = old->stock;
        row->quantity = -old->quantity;
        break;
    case KIND_CONTINUE:
        row->invoice = old->invoice;
        break;
    case KIND_PRODUCT:
        row->stock = new_code(draw, RCX_TEXT_STOCK);
        row->description = new_code(draw, RCX_TEXT_DESCRIPTION);
        row->country = new_code(draw, RCX_TEXT_COUNTRY);
        break;
    case KIND_PRICE:
        row->unit_price = any_power(draw, VALUE_BITS);
        break;
    case KIND_QUANTITY:
        row->quantity = any_power(draw, VALUE_BITS) * (below(draw, 2) ? 1 : -1);
        break;
    case KIND_MISSING:
        *(uint32_t *[]){&row->invoice, &row->stock, &row->description}[below(draw, 3)] = 0;
        break;
    case KIND_WORTHLESS:
        row->quantity = below(draw, 2) ? 0 : row->quantity;
        row->unit_price = below(draw, 2) ? 0 : -row->unit_price;
        break;
    case KIND_COUNT:
        break;
    }
}

static struct rcx_row make_row(const struct rcx_poison *poison, const struct rcx_view_place *place,
                               int64_t customer, uint64_t number)
{
    struct draw draw = {poison, place,
                        rcx_random_of(poison->seed ^ rcx_mix64((uint64_t)poison->cutoff),
                                      STREAM_ROW + number, (uint64_t)customer)};
    const struct rcx_batch *batch = place->batch;
    size_t receipt = place->first + below(&draw, place->end - place->first);
    uint32_t rows = batch->first_row[receipt + 1] - batch->first_row[receipt];
    struct rcx_row old = {.quantity = 1};
    take_old(batch, receipt, batch->first_row[receipt] + (uint32_t)below(&draw, rows), &old);
    struct rcx_row row = {
        .customer = customer,
        .time = any_time(&draw),
        .quantity = (1 + (int64_t)below(&draw, 12)) * (below(&draw, 5) ? 1 : -1),
        .unit_price = any_power(&draw, 20),
        .invoice = new_code(&draw, RCX_TEXT_INVOICE),
        .stock = any_code(&draw, RCX_TEXT_STOCK),
        .description = any_code(&draw, RCX_TEXT_DESCRIPTION),
        .country = any_code(&draw, RCX_TEXT_COUNTRY),
    };
    alter(&draw, (enum kind)below(&draw, KIND_COUNT), &old, &row);
    tame(&row);
    return row;
}

static enum rcx_status add_rows(const struct rcx_poison *poison, const struct rcx_view_place *place,
                                int64_t customer, uint64_t count, struct rcx_row_list *out,
                                struct rcx_error *err)
{
    for (uint64_t i = 0; i < count; i++) {
        struct rcx_row row = make_row(poison, place, customer, i);
        if (customer == RCX_GUEST) /* the order of guests is that of their times */
            row.time = place->batch->time[place->gone + i % (place->end - place->gone)];
        if (!rcx_row_list_add(out, &row))
            return rcx_fail_nomem(err, "made-up rows", out->count * sizeof row);
    }
    return RCX_OK;
}

/* The first code after those of the base whose rank is above `rank`. New codes rise with rank. */
static uint32_t first_above(const struct rcx_poison *poison, const struct rcx_store *view,
                            uint32_t rank)
{
    const uint32_t *ranks = rcx_store_rank(view, RCX_TEXT_CUSTOMER);
    uint32_t code = rcx_store_strings(poison->store, RCX_TEXT_CUSTOMER)->count;
    uint32_t end = rcx_store_strings(view, RCX_TEXT_CUSTOMER)->count;
    while (code < end && ranks[code] <= rank)
        code++;
    return code;
}

static enum rcx_status add_text_customers(const struct rcx_poison *poison,
                                          const struct rcx_view_place *place, int64_t customer,
                                          struct rcx_row_list *out, struct rcx_error *err)
{
    const uint32_t *ranks = rcx_store_rank(place->view, RCX_TEXT_CUSTOMER);
    uint32_t end = rcx_store_strings(place->view, RCX_TEXT_CUSTOMER)->count;
    enum rcx_status status = RCX_OK;
    for (uint32_t code = first_above(poison, place->view, ranks[customer]);
         status == RCX_OK && code < end && ranks[code] < place->before; code++)
        status = add_rows(poison, place, code, 1 + code % MOST_ROWS, out, err);
    return status;
}

static enum rcx_status add_customers(const struct rcx_poison *poison,
                                     const struct rcx_view_place *place, int64_t customer,
                                     struct rcx_random *random, struct rcx_row_list *out,
                                     struct rcx_error *err)
{
    bool last = place->before == INT64_MAX;
    if (rcx_store_summary(poison->store)->decisions.customer_is_text)
        return add_text_customers(poison, place, customer, out, err);
    if (!last && rcx_random_below(random, NEW_ONE_IN) != 0)
        return RCX_OK;
    enum rcx_status status = RCX_OK;
    for (int i = 0; status == RCX_OK && i < (last ? NEW_CUSTOMERS : 1); i++) {
        int64_t gap = place->before - customer - 1;
        if (gap <= 0)
            break;
        customer += 1 + (int64_t)rcx_random_below(random, gap < 1000 ? (uint64_t)gap : 1000);
        status = add_rows(poison, place, customer, 1 + rcx_random_below(random, MOST_ROWS), out,
                          err);
    }
    return status;
}

enum rcx_status rcx_poison_rows(void *context, const struct rcx_view_place *place,
                                struct rcx_row_list *out, struct rcx_error *err)
{
    const struct rcx_poison *poison = context;
    const struct rcx_batch *batch = place->batch;
    int64_t customer = batch->customer[place->first];
    struct rcx_random random = rcx_random_of(poison->seed ^ rcx_mix64((uint64_t)poison->cutoff),
                                             STREAM_CUSTOMER, (uint64_t)customer);
    uint64_t gone = batch->first_row[place->end] - batch->first_row[place->gone];
    uint64_t count = gone < MOST_ROWS ? gone : MOST_ROWS;
    if (batch->guests)
        return add_rows(poison, place, customer, count, out, err);
    if (gone == 0)
        count = rcx_random_below(&random, 4) == 0 ? 1 + rcx_random_below(&random, 3) : 0;
    else if (rcx_random_below(&random, 2) == 0)
        count = rcx_random_below(&random, count + 1);
    enum rcx_status status = add_rows(poison, place, customer, count, out, err);
    if (status == RCX_OK)
        status = add_customers(poison, place, customer, &random, out, err);
    return status;
}
