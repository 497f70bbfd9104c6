#include "tests/support/test_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *rcx_test_text(enum rcx_text_field field, uint32_t number, char out[32])
{
    out[0] = '\0'; /* number 0 is the empty text; no padding: byte order is not numeric order */
    if (number)
        snprintf(out, 32, "%c%u", "iSdkc"[field], number);
    return out;
}

static int compare_text(enum rcx_text_field field, uint32_t a, uint32_t b)
{
    char x[32], y[32];

    return strcmp(rcx_test_text(field, a, x), rcx_test_text(field, b, y));
}

bool rcx_test_text_customers;

int rcx_test_compare_rows(const void *pa, const void *pb)
{
    const struct rcx_row *a = pa, *b = pb;
    bool texts = rcx_test_text_customers && a->customer != RCX_GUEST && b->customer != RCX_GUEST;
    int order = texts
                    ? compare_text(RCX_TEXT_CUSTOMER, (uint32_t)a->customer, (uint32_t)b->customer)
                    : (a->customer > b->customer) - (a->customer < b->customer);

    if (!order)
        order = (a->time > b->time) - (a->time < b->time);
    if (!order)
        order = compare_text(RCX_TEXT_INVOICE, a->invoice, b->invoice);
    if (!order)
        order = compare_text(RCX_TEXT_STOCK, a->stock, b->stock);
    if (!order)
        order = (a->quantity > b->quantity) - (a->quantity < b->quantity);
    if (!order)
        order = (a->unit_price > b->unit_price) - (a->unit_price < b->unit_price);
    if (!order)
        order = compare_text(RCX_TEXT_DESCRIPTION, a->description, b->description);
    return order ? order : compare_text(RCX_TEXT_COUNTRY, a->country, b->country);
}

struct rcx_row rcx_test_random_row(struct check_random *random, uint64_t customers)
{
    bool guest = check_below(random, 5) == 0;
    rcx_time minute = (rcx_time)check_below(random, 400);

    return (struct rcx_row){
        .customer = guest ? RCX_GUEST : (int64_t)check_below(random, customers) + 1,
        .time = minute * 60 - 7200,
        .invoice = (uint32_t)(minute / 3 + 1),
        .stock = (uint32_t)check_below(random, 40),
        .quantity = (int64_t)check_below(random, 12) - 3,
        .unit_price = (int64_t)check_below(random, 6) * 100 +
                      (check_below(random, 50) == 0 ? 17 : 0),
        .description = (uint32_t)check_below(random, 9),
        .country = (uint32_t)check_below(random, 3),
    };
}

static uint32_t *field_of(struct rcx_row *row, enum rcx_text_field field)
{
    switch (field) {
    case RCX_TEXT_INVOICE:
        return &row->invoice;
    case RCX_TEXT_STOCK:
        return &row->stock;
    case RCX_TEXT_DESCRIPTION:
        return &row->description;
    case RCX_TEXT_COUNTRY:
        return &row->country;
    case RCX_TEXT_CUSTOMER:
    case RCX_TEXT_FIELD_COUNT:
        break;
    }
    return NULL;
}

/* Turns the text numbers of one field into store codes. */
static void add_field(struct rcx_store_writer *writer, enum rcx_text_field field,
                      struct rcx_row *rows, size_t count)
{
    struct rcx_dictionary dictionary;
    struct rcx_error err = {0};
    uint32_t *provisional = calloc(count + 1, sizeof *provisional);
    char text[32];

    assert_true(rcx_dictionary_init(&dictionary));
    for (size_t i = 0; i < count; i++) {
        uint32_t *slot = field_of(&rows[i], field);
        bool named = rcx_test_text_customers && rows[i].customer != RCX_GUEST;
        uint32_t number = slot ? *slot : (named ? (uint32_t)rows[i].customer : 0);

        provisional[i] = rcx_dictionary_intern(&dictionary,
                                               rcx_text_of(rcx_test_text(field, number, text)));
    }
    uint32_t *codes = malloc(dictionary.count * sizeof *codes);
    uint32_t *ranks = malloc(dictionary.count * sizeof *ranks);
    assert_int_equal(rcx_store_writer_add_texts(writer, field, &dictionary, codes, ranks, &err),
                     RCX_OK);
    for (size_t i = 0; i < count; i++) {
        uint32_t *slot = field_of(&rows[i], field);

        if (slot)
            *slot = codes[provisional[i]];
        else if (rcx_test_text_customers && rows[i].customer != RCX_GUEST)
            rows[i].customer = codes[provisional[i]];
    }
    free(provisional);
    free(codes);
    free(ranks);
    rcx_dictionary_release(&dictionary);
}

void rcx_test_ingest(const char *directory, struct rcx_row *rows, size_t count, unsigned threads)
{
    const struct rcx_store_writer_options options = {
        .zstd_level = 3, .parallel = {threads}, .no_sync = true};
    const struct rcx_decisions decisions = {
        .price_decimals = 2, .customer_is_text = rcx_test_text_customers, .field_mask = 0xff};
    struct rcx_store_write_stats stats;
    struct rcx_store_writer *writer;
    struct rcx_error err = {0};
    size_t consumed = 0, more = 0;

    qsort(rows, count, sizeof *rows, rcx_test_compare_rows);
    assert_int_equal(rcx_store_writer_open(directory, &options, &writer, &err), RCX_OK);
    assert_int_equal(rcx_store_writer_set_decisions(writer, &decisions, &err), RCX_OK);
    for (unsigned field = 0; field < RCX_TEXT_FIELD_COUNT; field++)
        add_field(writer, (enum rcx_text_field)field, rows, count);
    /* in two calls, to cross the seam between them */
    assert_int_equal(rcx_store_writer_append(writer, rows, count / 2, false, &consumed, &err),
                     RCX_OK);
    assert_int_equal(
        rcx_store_writer_append(writer, rows + consumed, count - consumed, true, &more, &err),
        RCX_OK);
    assert_int_equal(consumed + more, count);
    assert_int_equal(rcx_store_writer_commit(writer, &stats, &err), RCX_OK);
    assert_int_equal(stats.rows, count);
}
