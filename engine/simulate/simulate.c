#include "engine/simulate/simulate.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "engine/simulate/shop.h"

struct rcx_simulate_options rcx_simulate_defaults(void)
{
    return (struct rcx_simulate_options){
        .rows = 541909,
        .seed = 42,
        .start = rcx_day_from_civil(2010, 12, 1),
        .days = 374,
        .products = 4000,
        .guest_share = 0.25,
        .return_share = 0.17,
        .promotion_share = 0.03,
        .season_strength = 1,
        .basket_lines = 20,
        .rate_shape = 0.85,
        .rate_alpha = 50,
        .dropout_a = 0.5,
        .dropout_b = 5.5,
        .spend_p = 2.1,
        .spend_q = 3.45,
        .spend_gamma = 486,
        .acquisition_skew = 1.5,
    };
}

/* --- options ------------------------------------------------------------------------------------
 */

struct range {
    const char *name;
    double value, low, high;
};

static enum rcx_status check_options(const struct rcx_simulate_options *o, struct rcx_error *err)
{
    const struct range ranges[] = {
        {"rows", (double)o->rows, 1, 1e10},
        {"days", o->days, 1, 20000},
        {"products", o->products, 1, 100000},
        {"dirty share", o->dirty_share, 0, 1},
        {"guest share", o->guest_share, 0, 0.95},
        {"return share", o->return_share, 0, 1},
        {"promotion share", o->promotion_share, 0, 1},
        {"season strength", o->season_strength, 0, 1},
        {"basket lines", o->basket_lines, 1, 1000},
        {"BG/NBD r", o->rate_shape, 0.01, 1000},
        {"BG/NBD alpha", o->rate_alpha, 0.01, 1e6},
        {"BG/NBD a", o->dropout_a, 0.001, 1000},
        {"BG/NBD b", o->dropout_b, 0.001, 1000},
        {"Gamma-Gamma p", o->spend_p, 0.01, 1000},
        {"Gamma-Gamma q", o->spend_q, 1.01, 1000},
        {"Gamma-Gamma gamma", o->spend_gamma, 0.01, 1e6},
        {"acquisition skew", o->acquisition_skew, 1, 100},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *range = &ranges[i];
        if (!(range->value >= range->low && range->value <= range->high))
            return rcx_fail(err, RCX_E_USAGE, "simulation: %s is %.10g, must be %.10g to %.10g",
                            range->name, range->value, range->low, range->high);
    }
    if (!rcx_civil_valid(rcx_civil_from_day(o->start).year, 1, 1) ||
        !rcx_civil_valid(rcx_civil_from_day(o->start + (rcx_day)o->days).year, 1, 1))
        return rcx_fail(err, RCX_E_USAGE,
                        "simulation: the period must lie within the years %d to %d", RCX_YEAR_MIN,
                        RCX_YEAR_MAX);
    return RCX_OK;
}

/* --- life cycle
 * ----------------------------------------------------------------------------------- */

void rcx_simulate_close(struct rcx_simulation *simulation)
{
    if (!simulation)
        return;
    rcx_shop_invoices_release(&simulation->invoices);
    rcx_shop_products_release(&simulation->products);
    rcx_shop_calendar_release(&simulation->calendar);
    rcx_free(simulation);
}

static enum rcx_status build(struct rcx_simulation *simulation, struct rcx_error *err)
{
    const struct rcx_simulate_options *options = &simulation->options;
    enum rcx_status status = rcx_shop_plan_make(options, &simulation->plan, err);
    if (status == RCX_OK)
        status = rcx_shop_calendar_init(&simulation->calendar, options->start, options->days,
                                        options->season_strength, err);
    if (status == RCX_OK &&
        !rcx_shop_products_init(&simulation->products, options->products, options->seed))
        status = rcx_fail_nomem(err, "products",
                                options->products * sizeof(struct rcx_shop_product));
    if (status == RCX_OK)
        status = rcx_shop_invoices_make(simulation, &simulation->invoices, err);
    return status;
}

enum rcx_status rcx_simulate_open(const struct rcx_simulate_options *options,
                                  const struct rcx_parallel *parallel, struct rcx_simulation **out,
                                  struct rcx_error *err)
{
    enum rcx_status status = check_options(options, err);
    if (status != RCX_OK)
        return status;
    struct rcx_simulation *simulation = rcx_calloc(1, sizeof *simulation);
    if (!simulation)
        return rcx_fail_nomem(err, "simulation", sizeof *simulation);
    simulation->options = *options;
    simulation->parallel = *parallel;
    status = build(simulation, err);
    if (status == RCX_OK)
        *out = simulation;
    else
        rcx_simulate_close(simulation);
    return status;
}

static rcx_time time_of(const struct rcx_simulation *simulation, uint32_t invoice)
{
    return (rcx_time)simulation->calendar.start * RCX_DAY_SECONDS +
           (rcx_time)simulation->invoices.items[invoice].minute * 60;
}

struct rcx_simulate_summary rcx_simulate_summarize(const struct rcx_simulation *simulation)
{
    const struct rcx_shop_invoices *invoices = &simulation->invoices;
    return (struct rcx_simulate_summary){
        .rows = simulation->options.rows,
        .customers = simulation->plan.customers,
        .invoices = invoices->count,
        .cancellations = invoices->cancellations,
        .guest_invoices = invoices->guests,
        .guest_rows = simulation->plan.guest_rows,
        .rate_scale = simulation->plan.scale,
        .first = time_of(simulation, 0),
        .last = time_of(simulation, invoices->count - 1),
        .first_invoice = RCX_SHOP_FIRST_INVOICE,
        .last_invoice = (uint64_t)RCX_SHOP_FIRST_INVOICE + invoices->count - 1,
    };
}

/* --- output
 * --------------------------------------------------------------------------------------- */

/* Items (rows, customers) are written chunk by chunk into buffers. While one set of buffers is
 * filled, one worker hands the set before to the sink: chunk 0 of each loop. */
enum { WAVE = 16 };

/* Writes items [begin, end) to `out`; returns the bytes. */
typedef size_t format_function(const void *context, uint64_t begin, uint64_t end, char *out);

struct output {
    format_function *format;
    const void *context;
    uint64_t items;
    uint64_t chunk_items;
    size_t item_bytes;
    rcx_simulate_sink *sink;
    void *sink_context;
    uint64_t rows_per_item; /* 1 or, for what is not rows, 0 */
    uint64_t chunks, wave;  /* wave: first chunk of the set being filled */
    char *buffers[2][WAVE];
    size_t lengths[2][WAVE];
};

static uint64_t first_item(const struct output *output, uint64_t chunk)
{
    return chunk < output->chunks ? chunk * output->chunk_items : output->items;
}

static enum rcx_status drain(struct output *output, uint64_t wave, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (uint64_t i = 0; i < WAVE && wave + i < output->chunks && status == RCX_OK; i++) {
        uint64_t items = first_item(output, wave + i + 1) - first_item(output, wave + i);
        size_t set = wave / WAVE % 2;
        status = output->sink(output->sink_context, output->buffers[set][i],
                              output->lengths[set][i], items * output->rows_per_item, err);
    }
    return status;
}

static enum rcx_status fill_or_drain(void *context, size_t index, unsigned worker,
                                     struct rcx_error *err)
{
    (void)worker;
    struct output *output = context;
    if (index == 0)
        return output->wave == 0 ? RCX_OK : drain(output, output->wave - WAVE, err);
    uint64_t chunk = output->wave + index - 1;
    size_t set = output->wave / WAVE % 2;
    output->lengths[set][index - 1] = output->format(output->context, first_item(output, chunk),
                                                     first_item(output, chunk + 1),
                                                     output->buffers[set][index - 1]);
    return RCX_OK;
}

static enum rcx_status run_output(struct output *output, const struct rcx_parallel *parallel,
                                  struct rcx_error *err)
{
    size_t buffer_bytes = (size_t)output->chunk_items * output->item_bytes;
    enum rcx_status status = RCX_OK;
    output->chunks = (output->items + output->chunk_items - 1) / output->chunk_items;
    for (unsigned i = 0; i < 2 * WAVE && status == RCX_OK; i++) {
        output->buffers[i / WAVE][i % WAVE] = rcx_malloc(buffer_bytes);
        if (!output->buffers[i / WAVE][i % WAVE])
            status = rcx_fail_nomem(err, "simulated rows", buffer_bytes);
    }
    for (; status == RCX_OK && output->wave < output->chunks; output->wave += WAVE) {
        uint64_t left = output->chunks - output->wave;
        status = rcx_parallel_for(parallel, 1 + (size_t)(left < WAVE ? left : WAVE), fill_or_drain,
                                  output, err);
    }
    if (status == RCX_OK && output->wave > 0)
        status = drain(output, output->wave - WAVE, err);
    for (unsigned i = 0; i < 2 * WAVE; i++)
        rcx_free(output->buffers[i / WAVE][i % WAVE]);
    return status;
}

static size_t format_rows(const void *context, uint64_t begin, uint64_t end, char *out)
{
    return rcx_shop_csv_rows(context, begin, end, out);
}

static enum rcx_status write_header(rcx_simulate_sink *sink, void *context, const char *header,
                                    struct rcx_error *err)
{
    return sink(context, header, strlen(header), 0, err);
}

enum rcx_status rcx_simulate_write(const struct rcx_simulation *simulation, rcx_simulate_sink *sink,
                                   void *context, struct rcx_error *err)
{
    enum { CHUNK_ROWS = 4096 };
    enum rcx_status status = write_header(
        sink, context,
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n", err);
    if (status != RCX_OK)
        return status;
    struct rcx_shop_csv *csv = rcx_shop_csv_open(simulation);
    if (!csv)
        return rcx_fail_nomem(err, "simulated rows", sizeof(struct rcx_shop_product));
    struct output output = {.format = format_rows,
                            .context = csv,
                            .items = simulation->options.rows,
                            .chunk_items = CHUNK_ROWS,
                            .item_bytes = RCX_SHOP_ROW_BYTES,
                            .sink = sink,
                            .sink_context = context,
                            .rows_per_item = 1};
    status = run_output(&output, &simulation->parallel, err);
    rcx_shop_csv_close(csv);
    return status;
}

/* --- truth --------------------------------------------------------------------------------------
 */

enum { TRUTH_BYTES = 256 };

static char *put_truth_day(const struct rcx_simulation *simulation, char *out, double rcx_shop_time)
{
    char text[RCX_DATE_TEXT_BYTES];
    uint32_t day = rcx_shop_calendar_minute(&simulation->calendar, rcx_shop_time) / 1440;
    const char *formatted = rcx_format_day(simulation->calendar.start + (rcx_day)day, text);
    size_t length = strlen(formatted);
    memcpy(out, formatted, length);
    return out + length;
}

static size_t format_truth(const void *context, uint64_t begin, uint64_t end, char *out)
{
    const struct rcx_simulation *simulation = context;
    char *at = out;
    for (uint64_t id = begin; id < end; id++) {
        struct rcx_shop_customer customer = rcx_shop_customer_draw(&simulation->options, id);
        struct rcx_shop_visits visits = rcx_shop_visits_begin(&simulation->options, &customer, id,
                                                              simulation->plan.scale);
        double last = customer.first;
        while (rcx_shop_visits_next(&visits))
            last = visits.now;
        at += rcx_format_u64(RCX_SHOP_FIRST_CUSTOMER + id, at);
        *at++ = ',';
        at += rcx_format_real(visits.rate, at);
        *at++ = ',';
        at += rcx_format_real(customer.dropout, at);
        *at++ = ',';
        at += rcx_format_real(simulation->options.spend_p / customer.spend_rate, at);
        *at++ = ',';
        at = put_truth_day(simulation, at, customer.first);
        *at++ = ',';
        if (visits.dropped)
            at = put_truth_day(simulation, at, last);
        *at++ = ',';
        at += rcx_format_u64(visits.count, at);
        *at++ = '\n';
    }
    return (size_t)(at - out);
}

enum rcx_status rcx_simulate_write_truth(const struct rcx_simulation *simulation,
                                         rcx_simulate_sink *sink, void *context,
                                         struct rcx_error *err)
{
    enum { CHUNK_CUSTOMERS = 1024 };
    enum rcx_status status = write_header(sink, context,
                                          "customer_id,purchases_per_day,dropout,mean_spend,"
                                          "first_purchase,alive_until,purchases\n",
                                          err);
    if (status != RCX_OK)
        return status;
    struct output output = {.format = format_truth,
                            .context = simulation,
                            .items = simulation->plan.customers,
                            .chunk_items = CHUNK_CUSTOMERS,
                            .item_bytes = TRUTH_BYTES,
                            .sink = sink,
                            .sink_context = context};
    return run_output(&output, &simulation->parallel, err);
}

static enum rcx_status put_piece(void *context, const void *data, size_t length, uint64_t rows,
                                 struct rcx_error *err)
{
    (void)rows;
    return rcx_file_writer_write(context, data, length, err);
}

enum rcx_status rcx_simulate_file(const struct rcx_simulate_options *options,
                                  const struct rcx_parallel *parallel, const char *path,
                                  struct rcx_error *err)
{
    const struct rcx_file_writer_options quick = {.no_sync = true};
    struct rcx_simulation *simulation = NULL;
    struct rcx_file_writer *writer = NULL;
    enum rcx_status status = rcx_simulate_open(options, parallel, &simulation, err);
    if (status == RCX_OK)
        status = rcx_file_writer_open(path, &quick, &writer, err);
    if (status == RCX_OK)
        status = rcx_simulate_write(simulation, put_piece, writer, err);
    if (status == RCX_OK)
        status = rcx_file_writer_commit(writer, err);
    else
        rcx_file_writer_abort(writer);
    rcx_simulate_close(simulation);
    return status;
}
