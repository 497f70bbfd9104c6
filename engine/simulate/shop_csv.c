#include "engine/simulate/shop.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* Texts are copied in blocks of fixed size, which the compiler turns into a few vector moves; the
 * true length says where the next one begins. A short text and its length fill one block. */
struct short_text {
    char text[15];
    uint8_t length;
};

enum { SMALL_NUMBERS = 1000, MINUTES = 1440 };

struct rcx_shop_csv {
    const struct rcx_simulation *simulation;
    struct short_text *days;            /* ",12/1/2010 " */
    struct short_text minutes[MINUTES]; /* "8:26," */
    struct short_text numbers[SMALL_NUMBERS];
};

/* The parts of a row that its invoice has in common. */
struct invoice_text {
    char number[16];
    char time[32];
    char tail[64]; /* ",17850,United Kingdom\n" */
    size_t number_length, time_length, tail_length;
};

static char *put_short(char *out, const struct short_text *text)
{
    memcpy(out, text->text, sizeof text->text);
    return out + text->length;
}

static char *put_u64(char *out, uint64_t value)
{
    return out + rcx_format_u64(value, out);
}

struct rcx_shop_csv *rcx_shop_csv_open(const struct rcx_simulation *simulation)
{
    struct rcx_shop_csv *csv = rcx_malloc(sizeof *csv);
    if (!csv)
        return NULL;
    csv->simulation = simulation;
    csv->days = rcx_calloc(simulation->calendar.days + 2, sizeof *csv->days);
    if (!csv->days) {
        rcx_free(csv);
        return NULL;
    }
    /* A cancellation a minute after the last purchase may fall behind the last day. */
    for (uint32_t day = 0; day < simulation->calendar.days + 2; day++) {
        struct rcx_civil civil = rcx_civil_from_day(simulation->calendar.start + (rcx_day)day);
        struct short_text *text = &csv->days[day];
        text->length = (uint8_t)snprintf(text->text, sizeof text->text, ",%u/%u/%d ", civil.month,
                                         civil.day, civil.year);
    }
    for (unsigned i = 0; i < MINUTES; i++)
        csv->minutes[i].length = (uint8_t)snprintf(
            csv->minutes[i].text, sizeof csv->minutes[i].text, "%u:%02u,", i / 60, i % 60);
    for (unsigned i = 0; i < SMALL_NUMBERS; i++)
        csv->numbers[i].length = (uint8_t)snprintf(csv->numbers[i].text,
                                                   sizeof csv->numbers[i].text, "%u", i);
    return csv;
}

void rcx_shop_csv_close(struct rcx_shop_csv *csv)
{
    if (!csv)
        return;
    rcx_free(csv->days);
    rcx_free(csv);
}

static void write_invoice(const struct rcx_shop_csv *csv, uint32_t position,
                          struct invoice_text *out)
{
    const struct rcx_shop_invoices *invoices = &csv->simulation->invoices;
    const struct rcx_shop_invoice *invoice = &invoices->items[position];
    char *end = out->number;
    if (invoice->original != RCX_SHOP_NO_INVOICE)
        *end++ = 'C';
    out->number_length = (size_t)(put_u64(end, (uint64_t)RCX_SHOP_FIRST_INVOICE + position) -
                                  out->number);

    end = put_short(out->time, &csv->days[invoice->minute / MINUTES]);
    out->time_length = (size_t)(put_short(end, &csv->minutes[invoice->minute % MINUTES]) -
                                out->time);

    end = out->tail;
    *end++ = ',';
    uint8_t country = RCX_SHOP_COUNTRY_HOME;
    if (invoice->customer != RCX_SHOP_GUEST) {
        end = put_u64(end, (uint64_t)RCX_SHOP_FIRST_CUSTOMER + invoice->customer);
        country = invoices->country[invoice->customer];
    }
    *end++ = ',';
    size_t length = strlen(rcx_shop_countries[country]);
    memcpy(end, rcx_shop_countries[country], length);
    end += length;
    *end++ = '\n';
    out->tail_length = (size_t)(end - out->tail);
}

static char *put_quantity(const struct rcx_shop_csv *csv, char *out, int32_t quantity)
{
    uint32_t pieces = quantity < 0 ? (uint32_t)-quantity : (uint32_t)quantity;
    *out = '-';
    out += quantity < 0;
    return pieces < SMALL_NUMBERS ? put_short(out, &csv->numbers[pieces]) : put_u64(out, pieces);
}

static char *put_text(char *out, const char *text)
{
    size_t length = strlen(text);
    memcpy(out, text, length);
    return out + length;
}

/* ",CODE,DESCRIPTION," of a service or, for a correction, ",CODE,note,". */
static char *put_rare_item(const struct rcx_shop_csv *csv, char *out,
                           const struct rcx_shop_line *line)
{
    if (line->kind == RCX_SHOP_LINE_SERVICE) {
        *out++ = ',';
        out = put_text(out, rcx_shop_services[line->item].code);
        *out++ = ',';
        out = put_text(out, rcx_shop_services[line->item].description);
    } else {
        const char *text = csv->simulation->products.products[line->item].text;
        size_t code = (size_t)(strchr(text + 1, ',') - text) + 1;
        memcpy(out, text, code);
        out = put_text(out + code, rcx_shop_notes[line->note]);
    }
    *out++ = ',';
    return out;
}

static char *put_cents(char *out, uint32_t cents)
{
    out = put_u64(out, cents / 100);
    if (cents % 100 == 0)
        return out;
    *out++ = '.';
    *out++ = (char)('0' + cents / 10 % 10);
    if (cents % 10 != 0)
        *out++ = (char)('0' + cents % 10);
    return out;
}

static char *put_row(const struct rcx_shop_csv *csv, const struct rcx_shop_basket_view *basket,
                     const struct invoice_text *text, uint32_t index, char *out)
{
    struct rcx_shop_line line = rcx_shop_line_make(csv->simulation, basket, index);
    const struct rcx_shop_product *product = &csv->simulation->products.products[line.item];
    bool common = line.kind == RCX_SHOP_LINE_PRODUCT;
    memcpy(out, text->number, sizeof text->number);
    out += text->number_length;
    if (common) {
        memcpy(out, product->text, sizeof product->text);
        out += product->text_length;
    } else {
        out = put_rare_item(csv, out, &line);
    }
    out = put_quantity(csv, out, line.quantity);
    memcpy(out, text->time, sizeof text->time);
    out += text->time_length;
    if (common) {
        memcpy(out, product->price[line.promotion], RCX_SHOP_PRICE_TEXT);
        out += product->price_length[line.promotion];
    } else {
        out = put_cents(out, line.cents);
    }
    memcpy(out, text->tail, sizeof text->tail);
    return out + text->tail_length;
}

/* With some luck breaks the row at `row`, or makes it the same as the line before. */
static char *maybe_break(const struct rcx_shop_csv *csv, const struct rcx_shop_basket_view *basket,
                         const struct invoice_text *text, uint32_t index, char *row, char *end)
{
    enum { KINDS = 5, DUPLICATE = 0 };
    const struct rcx_simulation *simulation = csv->simulation;
    uint64_t number = simulation->invoices.row[basket->invoice - simulation->invoices.items] +
                      index;
    struct rcx_random random = rcx_random_of(simulation->options.seed, RCX_SHOP_STREAM_DIRTY,
                                             number);
    if (rcx_random_unit(&random) >= simulation->options.dirty_share)
        return end;
    if (rcx_random_below(&random, KINDS) == DUPLICATE && index > 0)
        return put_row(csv, basket, text, index - 1, row);
    return row +
           rcx_shop_dirty_row(row, (size_t)(end - row), simulation->options.sane_prices, &random);
}

/* The invoice that holds a row. */
static uint32_t find_invoice(const struct rcx_shop_invoices *invoices, uint64_t row)
{
    uint32_t low = 0, high = invoices->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (invoices->row[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

size_t rcx_shop_csv_rows(const struct rcx_shop_csv *csv, uint64_t begin, uint64_t end, char *out)
{
    const struct rcx_simulation *simulation = csv->simulation;
    const struct rcx_shop_invoices *invoices = &simulation->invoices;
    bool dirty = simulation->options.dirty_share > 0;
    char *at = out;
    struct invoice_text text;
    memset(&text, 0, sizeof text); /* copied whole, whatever is used of it */
    for (uint32_t i = find_invoice(invoices, begin); begin < end; i++) {
        struct rcx_shop_basket_view basket = rcx_shop_basket_open(simulation, i);
        write_invoice(csv, i, &text);
        uint64_t stop = invoices->row[i + 1] < end ? invoices->row[i + 1] : end;
        for (; begin < stop; begin++) {
            uint32_t index = (uint32_t)(begin - invoices->row[i]);
            char *row = at;
            at = put_row(csv, &basket, &text, index, row);
            if (dirty)
                at = maybe_break(csv, &basket, &text, index, row, at);
            assert(at - row < RCX_SHOP_ROW_BYTES / 2);
        }
    }
    return (size_t)(at - out);
}
