#include "engine/simulate/shop.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/radix.h"

enum { CHUNK_CUSTOMERS = 1024 };

/* Invoices of one chunk of customers; `original` counts from the start of the chunk until they are
 * put together. */
struct chunk {
    struct rcx_shop_invoice *items;
    size_t count, capacity;
    uint32_t cancellations;
};

struct gathering {
    const struct rcx_simulation *simulation;
    struct chunk *chunks;
    size_t chunk_count;
    uint8_t *country; /* of each customer */
};

/* --- customers -----------------------------------------------------------------------------------
 */

static bool append(struct chunk *chunk, struct rcx_shop_invoice invoice)
{
    if (!rcx_array_reserve(&chunk->items, &chunk->capacity, chunk->count + 1, sizeof *chunk->items))
        return false;
    chunk->items[chunk->count++] = invoice;
    return true;
}

/* Some of the lines come back a week or two later, at least a minute after the purchase. */
static bool maybe_cancel(const struct rcx_simulation *simulation, struct chunk *chunk,
                         const struct rcx_shop_invoice *purchase, double rcx_shop_time,
                         struct rcx_random *random)
{
    if (rcx_random_unit(random) >= simulation->options.return_share)
        return true;
    double later = rcx_shop_time + 10 * rcx_random_exponential(random);
    double lines = 1 + floor(1.9 * rcx_random_exponential(random));
    if (!(later < simulation->options.days))
        return true;
    uint32_t minute = rcx_shop_calendar_minute(&simulation->calendar, later);
    struct rcx_shop_invoice cancellation = *purchase;
    cancellation.minute = minute > purchase->minute ? minute : purchase->minute + 1;
    cancellation.weight = lines < purchase->weight ? (uint32_t)lines : purchase->weight;
    cancellation.original = (uint32_t)(chunk->count - 1);
    chunk->cancellations++;
    return append(chunk, cancellation);
}

static bool simulate_customer(const struct gathering *gathering, uint32_t id, struct chunk *chunk)
{
    const struct rcx_simulation *simulation = gathering->simulation;
    const struct rcx_simulate_options *options = &simulation->options;
    struct rcx_shop_customer customer = rcx_shop_customer_draw(options, id);
    gathering->country[id] = customer.country;
    struct rcx_shop_visits visits = rcx_shop_visits_begin(options, &customer, id,
                                                          simulation->plan.scale);
    while (rcx_shop_visits_next(&visits)) {
        struct rcx_random random = rcx_random_of(options->seed, RCX_SHOP_STREAM_PURCHASES,
                                                 (uint64_t)visits.count << 32 | id);
        struct rcx_shop_basket basket = rcx_shop_basket_draw(options, &customer,
                                                             simulation->plan.line_factor, &random);
        struct rcx_shop_invoice invoice = {
            .minute = rcx_shop_calendar_minute(&simulation->calendar, visits.now),
            .customer = id,
            .ordinal = visits.count,
            .weight = basket.weight,
            .cents = basket.cents,
            .original = RCX_SHOP_NO_INVOICE,
        };
        if (!append(chunk, invoice) ||
            !maybe_cancel(simulation, chunk, &invoice, visits.now, &random))
            return false;
    }
    return true;
}

static enum rcx_status simulate_chunk(void *context, size_t index, unsigned worker,
                                      struct rcx_error *err)
{
    (void)worker;
    struct gathering *gathering = context;
    struct chunk *chunk = &gathering->chunks[index];
    uint64_t begin = (uint64_t)index * CHUNK_CUSTOMERS;
    uint64_t end = begin + CHUNK_CUSTOMERS;
    if (end > gathering->simulation->plan.customers)
        end = gathering->simulation->plan.customers;
    for (uint64_t id = begin; id < end; id++)
        if (!simulate_customer(gathering, (uint32_t)id, chunk))
            return rcx_fail_nomem(err, "simulated invoices",
                                  (chunk->count + 1) * sizeof *chunk->items);
    return RCX_OK;
}

/* --- guests --------------------------------------------------------------------------------------
 */

/* Two fifths are single lines, half of these corrections of the stock; three in ten are small
 * baskets, the rest large ones, day's totals of another channel. 36 lines on average. */
static struct rcx_shop_invoice guest_invoice(const struct rcx_simulation *simulation,
                                             uint32_t ordinal)
{
    const struct rcx_simulate_options *options = &simulation->options;
    struct rcx_random random = rcx_random_of(options->seed, RCX_SHOP_STREAM_GUEST, ordinal);
    double rcx_shop_time = options->days * rcx_random_unit(&random);
    uint64_t kind = rcx_random_below(&random, 10);
    struct rcx_shop_invoice invoice = {
        .minute = rcx_shop_calendar_minute(&simulation->calendar, rcx_shop_time),
        .customer = RCX_SHOP_GUEST,
        .ordinal = ordinal,
        .weight = 1,
        .original = RCX_SHOP_NO_INVOICE,
    };
    if (kind >= 7)
        invoice.weight = 1 + (uint32_t)(110 * rcx_random_exponential(&random));
    else if (kind >= 4)
        invoice.weight = 2 + (uint32_t)rcx_random_below(&random, 11);
    if (kind >= 2) {
        double cents = invoice.weight * 420.0 * (0.5 + rcx_random_unit(&random));
        invoice.cents = cents < 4e9 ? (uint32_t)cents : 4000000000u;
    }
    return invoice;
}

static enum rcx_status simulate_guests(const struct rcx_simulation *simulation, struct chunk *chunk,
                                       struct rcx_error *err)
{
    uint64_t rows = 0;
    for (uint32_t ordinal = 0; rows < simulation->plan.guest_rows; ordinal++) {
        struct rcx_shop_invoice invoice = guest_invoice(simulation, ordinal);
        uint64_t left = simulation->plan.guest_rows - rows;
        if (invoice.weight > left)
            invoice.weight = (uint32_t)left;
        rows += invoice.weight;
        if (ordinal == RCX_SHOP_GUEST || !append(chunk, invoice))
            return rcx_fail_nomem(err, "simulated guests",
                                  (chunk->count + 1) * sizeof *chunk->items);
    }
    return RCX_OK;
}

/* --- together ------------------------------------------------------------------------------------
 */

static enum rcx_status concatenate(const struct gathering *gathering, struct rcx_shop_invoices *out,
                                   struct rcx_error *err)
{
    uint64_t total = 0;
    for (size_t i = 0; i < gathering->chunk_count; i++)
        total += gathering->chunks[i].count;
    if (total >= RCX_SHOP_NO_INVOICE)
        return rcx_fail(err, RCX_E_USAGE, "%" PRIu64 " invoices; at most %u can be simulated",
                        total, RCX_SHOP_NO_INVOICE - 1);
    out->items = rcx_malloc_array(total, sizeof *out->items);
    if (!out->items)
        return rcx_fail_nomem(err, "simulated invoices", total * sizeof *out->items);
    for (size_t i = 0; i < gathering->chunk_count; i++) {
        struct chunk *chunk = &gathering->chunks[i];
        for (size_t k = 0; k < chunk->count; k++) {
            struct rcx_shop_invoice invoice = chunk->items[k];
            if (invoice.original != RCX_SHOP_NO_INVOICE)
                invoice.original += out->count;
            out->items[out->count + k] = invoice;
        }
        out->count += (uint32_t)chunk->count;
        out->cancellations += chunk->cancellations;
        rcx_free(chunk->items);
        *chunk = (struct chunk){0};
    }
    return RCX_OK;
}

/* In the order of time, stably; `original` follows. */
static enum rcx_status sort_by_time(struct rcx_shop_invoices *invoices, struct rcx_error *err)
{
    uint32_t count = invoices->count;
    struct rcx_radix_item *order = rcx_malloc_array((size_t)count * 2, sizeof *order);
    struct rcx_shop_invoice *sorted = rcx_malloc_array(count, sizeof *sorted);
    if (!order || !sorted) {
        rcx_free(order);
        rcx_free(sorted);
        return rcx_fail_nomem(err, "order of invoices", (size_t)count * 2 * sizeof *order);
    }
    for (uint32_t i = 0; i < count; i++)
        order[i] = (struct rcx_radix_item){invoices->items[i].minute, i, 0};
    rcx_radix_sort(order, order + count, count);
    uint32_t *position = (uint32_t *)(order + count); /* the scratch half is free again */
    for (uint32_t i = 0; i < count; i++)
        position[order[i].payload] = i;
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = invoices->items[order[i].payload];
        if (sorted[i].original != RCX_SHOP_NO_INVOICE)
            sorted[i].original = position[sorted[i].original];
    }
    rcx_free(order);
    rcx_free(invoices->items);
    invoices->items = sorted;
    return RCX_OK;
}

/* Shares `rows` rows out over the invoices of customers: one to each, the others by weight - 1,
 * rounded on the running sum, so that they add up. Guests get what they want. */
static enum rcx_status share_out_rows(struct rcx_shop_invoices *invoices, uint64_t rows,
                                      struct rcx_error *err)
{
    uint64_t customers = 0, weight = 0;
    for (uint32_t i = 0; i < invoices->count; i++) {
        if (invoices->items[i].customer == RCX_SHOP_GUEST)
            continue;
        customers++;
        weight += invoices->items[i].weight - 1;
    }
    if (customers > rows)
        return rcx_fail(
            err, RCX_E_USAGE,
            "%" PRIu64 " rows are too few for the %" PRIu64
            " invoices and cancellations of these customers; fewer customers or more rows",
            rows, customers);
    invoices->row = rcx_malloc_array((size_t)invoices->count + 1, sizeof *invoices->row);
    if (!invoices->row)
        return rcx_fail_nomem(err, "rows of invoices",
                              ((size_t)invoices->count + 1) * sizeof *invoices->row);
    /* Without any weight all count alike. */
    bool even = weight == 0;
    uint64_t total = even ? customers : weight;
    uint64_t extra = rows - customers, row = 0, sum = 0, given = 0;
    for (uint32_t i = 0; i < invoices->count; i++) {
        const struct rcx_shop_invoice *invoice = &invoices->items[i];
        invoices->row[i] = row;
        if (invoice->customer == RCX_SHOP_GUEST) {
            row += invoice->weight;
            continue;
        }
        sum += even ? 1 : invoice->weight - 1;
        uint64_t upto = (uint64_t)((unsigned __int128)extra * sum / total);
        row += 1 + upto - given;
        given = upto;
        if (row - invoices->row[i] > INT32_MAX)
            return rcx_fail(err, RCX_E_USAGE, "%" PRIu64 " rows are too many for so few customers",
                            rows);
    }
    invoices->row[invoices->count] = row;
    return RCX_OK;
}

enum rcx_status rcx_shop_invoices_make(const struct rcx_simulation *simulation,
                                       struct rcx_shop_invoices *out, struct rcx_error *err)
{
    struct rcx_shop_invoices invoices = {0};
    size_t customer_chunks = (size_t)((simulation->plan.customers + CHUNK_CUSTOMERS - 1) /
                                      CHUNK_CUSTOMERS);
    struct gathering gathering = {.simulation = simulation, .chunk_count = customer_chunks + 1};
    gathering.chunks = rcx_calloc(gathering.chunk_count, sizeof *gathering.chunks);
    gathering.country = rcx_malloc(simulation->plan.customers);
    invoices.country = gathering.country;
    enum rcx_status status = RCX_OK;
    if (!gathering.chunks || !gathering.country) {
        status = rcx_fail_nomem(err, "simulated customers", simulation->plan.customers);
        goto done;
    }
    status = rcx_parallel_for(&simulation->parallel, customer_chunks, simulate_chunk, &gathering,
                              err);
    if (status == RCX_OK)
        status = simulate_guests(simulation, &gathering.chunks[customer_chunks], err);
    if (status == RCX_OK) {
        invoices.guests = (uint32_t)gathering.chunks[customer_chunks].count;
        status = concatenate(&gathering, &invoices, err);
    }
    if (status == RCX_OK)
        status = sort_by_time(&invoices, err);
    if (status == RCX_OK)
        status = share_out_rows(&invoices, simulation->options.rows - simulation->plan.guest_rows,
                                err);
done:
    for (size_t i = 0; gathering.chunks && i < gathering.chunk_count; i++)
        rcx_free(gathering.chunks[i].items);
    rcx_free(gathering.chunks);
    if (status == RCX_OK)
        *out = invoices;
    else
        rcx_shop_invoices_release(&invoices);
    return status;
}

void rcx_shop_invoices_release(struct rcx_shop_invoices *invoices)
{
    rcx_free(invoices->items);
    rcx_free(invoices->row);
    rcx_free(invoices->country);
    *invoices = (struct rcx_shop_invoices){0};
}
