#include "tests/support/test_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
    const struct rcx_row *a = left;
    const struct rcx_row *b = right;
    const int64_t x[] = {a->customer, a->time,       a->invoice,     a->stock,
                         a->quantity, a->unit_price, a->description, a->country};
    const int64_t y[] = {b->customer, b->time,       b->invoice,     b->stock,
                         b->quantity, b->unit_price, b->description, b->country};
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) {
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    }
    return 0;
}

static void *room(size_t count, size_t size)
{
    void *block = calloc(count + 1, size);
    assert_non_null(block);
    return block;
}

static bool same_receipt(const struct rcx_row *a, const struct rcx_row *b)
{
    return a->customer == b->customer && a->time == b->time && a->invoice == b->invoice;
}

void rcx_test_batch_make(const struct rcx_row *rows, size_t count, struct rcx_test_batch *out)
{
    struct rcx_test_batch made = {
        .rows = room(count, sizeof *rows),
        .customer = room(count, sizeof(int64_t)),
        .time_of = room(count, sizeof(int64_t)),
        .quantity = room(count, sizeof(int64_t)),
        .price = room(count, sizeof(int64_t)),
        .invoice = room(count, sizeof(uint32_t)),
        .first_row = room(count, sizeof(uint32_t)),
        .stock = room(count, sizeof(uint32_t)),
        .description = room(count, sizeof(uint32_t)),
        .country = room(count, sizeof(uint32_t)),
        .repeats = room(count, sizeof(uint32_t)),
    };
    size_t receipts = 0, repeats = 0;
    if (count > 0)
        memcpy(made.rows, rows, count * sizeof *rows);
    qsort(made.rows, count, sizeof *rows, compare);
    for (size_t i = 0; i < count; i++) {
        const struct rcx_row *row = &made.rows[i];
        if (i == 0 || !same_receipt(row, row - 1)) {
            made.customer[receipts] = row->customer;
            made.time_of[receipts] = row->time;
            made.invoice[receipts] = row->invoice;
            made.first_row[receipts++] = (uint32_t)i;
        }
        if (i > 0 && compare(row, row - 1) == 0)
            made.repeats[repeats++] = (uint32_t)i;
        made.quantity[i] = row->quantity;
        made.price[i] = row->unit_price;
        made.stock[i] = row->stock;
        made.description[i] = row->description;
        made.country[i] = row->country;
    }
    made.first_row[receipts] = (uint32_t)count;
    made.batch = (struct rcx_batch){
        .receipts = receipts,
        .rows = count,
        .guests = count > 0 && made.rows[0].customer == RCX_GUEST,
        .customer = made.customer,
        .time = made.time_of,
        .invoice = made.invoice,
        .first_row = made.first_row,
        .stock = made.stock,
        .quantity = made.quantity,
        .unit_price = made.price,
        .description = made.description,
        .country = made.country,
        .repeats = made.repeats,
        .repeat_count = repeats,
    };
    *out = made;
}

void rcx_test_batch_release(struct rcx_test_batch *batch)
{
    free(batch->rows);
    free(batch->customer);
    free(batch->time_of);
    free(batch->quantity);
    free(batch->price);
    free(batch->invoice);
    free(batch->first_row);
    free(batch->stock);
    free(batch->description);
    free(batch->country);
    free(batch->repeats);
    *batch = (struct rcx_test_batch){0};
}

static struct rcx_strings *texts(uint32_t count, uint32_t first_plain, const char *special,
                                 const char *plain, bool numbered)
{
    enum { TEXT_BYTES = 24 };
    struct rcx_strings *strings = rcx_strings_new(count, (uint64_t)count * TEXT_BYTES);
    assert_non_null(strings);
    uint64_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        strings->offsets[i] = at;
        if (i == 0)
            continue;
        char text[TEXT_BYTES];
        bool is_special = i < first_plain;
        int length = is_special && !numbered
                         ? snprintf(text, sizeof text, "%s", special)
                         : snprintf(text, sizeof text, "%s%u", is_special ? special : plain, i);
        memcpy(strings->bytes + at, text, (size_t)length);
        at += (uint64_t)length;
    }
    strings->offsets[count] = at;
    return strings;
}

struct rcx_strings *rcx_test_invoices(uint32_t count, uint32_t cancellations)
{
    return texts(count, cancellations, "C", "", true);
}

struct rcx_strings *rcx_test_stocks(uint32_t count)
{
    return texts(count, 2, "POST", "S", false);
}

struct rcx_settings *rcx_test_settings(void)
{
    const struct rcx_config_sources none = {0};
    struct rcx_settings *settings = NULL;
    assert_int_equal(rcx_settings_load(&none, &settings, NULL), RCX_OK);
    return settings;
}
