/* Views against the plainest reference: the rows of the base before the moment and the rows that the
 * function is seen to add, sorted by their texts. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/test_rows.h"

#include "storage/store/view.h"

enum { MOST_ROWS = 40000 };

struct fixture {
    char directory[RCX_TEST_PATH_BYTES];
    struct rcx_row *rows; /* as given, texts by number */
    size_t count;
    struct rcx_row *expected;
    size_t expected_count;
    bool text_customers;
    bool note; /* the function writes what it adds into `expected` */
    rcx_time from;
    struct check_random random;
};

static uint32_t number_of(const struct rcx_store *store, enum rcx_text_field field, uint32_t code)
{
    struct rcx_text text = rcx_strings_get(rcx_store_strings(store, field), code);
    char copy[32] = {0};

    if (text.length)
        memcpy(copy, text.data, text.length);
    return text.length ? (uint32_t)strtoul(copy + 1, NULL, 10) : 0;
}

/* A row of codes as a row of numbers. */
static struct rcx_row in_numbers(const struct fixture *f, const struct rcx_store *store,
                                 struct rcx_row row)
{
    row.invoice = number_of(store, RCX_TEXT_INVOICE, row.invoice);
    row.stock = number_of(store, RCX_TEXT_STOCK, row.stock);
    row.description = number_of(store, RCX_TEXT_DESCRIPTION, row.description);
    row.country = number_of(store, RCX_TEXT_COUNTRY, row.country);
    if (f->text_customers && row.customer != RCX_GUEST)
        row.customer = number_of(store, RCX_TEXT_CUSTOMER, (uint32_t)row.customer);
    return row;
}

/* A customer that the base does not have and that belongs between this one and the next. */
static int64_t new_customer(const struct fixture *f, const struct rcx_view_place *place)
{
    int64_t customer = place->batch->customer[place->first];
    const uint32_t *rank = rcx_store_rank(place->view, RCX_TEXT_CUSTOMER);

    if (!f->text_customers)
        return customer + 1 < place->before ? customer + 1 : RCX_GUEST;
    for (uint32_t code = 1; code < rcx_store_strings(place->view, RCX_TEXT_CUSTOMER)->count; code++)
        if (number_of(place->view, RCX_TEXT_CUSTOMER, code) > 1000 && rank[code] > rank[customer] &&
            rank[code] < place->before)
            return code;
    return RCX_GUEST;
}

static enum rcx_status add_rows(void *context, const struct rcx_view_place *place,
                                struct rcx_row_list *out, struct rcx_error *err)
{
    struct fixture *f = context;
    int64_t customer = place->batch->customer[place->first];
    struct check_random random = {(uint64_t)customer + (uint64_t)place->end};
    int64_t other = place->batch->guests ? RCX_GUEST : new_customer(f, place);
    uint64_t wanted = check_below(&random, 5);

    (void)err;
    if (place->batch->guests && place->gone == place->end)
        return RCX_OK;
    for (uint64_t i = 0; i < wanted; i++) {
        struct rcx_row row = {
            .customer = i > 1 && other != RCX_GUEST ? other : customer,
            .time = f->from + (rcx_time)check_below(&random, 3),
            .invoice = (uint32_t)check_below(
                &random, rcx_store_strings(place->view, RCX_TEXT_INVOICE)->count),
            .stock = (uint32_t)check_below(&random,
                                           rcx_store_strings(place->view, RCX_TEXT_STOCK)->count),
            .quantity = (int64_t)check_below(&random, 3) - 1,
            .unit_price = (int64_t)check_below(&random, 2),
            .description = (uint32_t)check_below(&random, 3),
            .country = 1,
        };

        if (place->batch->guests)
            row.time = place->batch->time[place->gone];
        if (out->count > 0 && check_below(&random, 3) == 0)
            row = out->rows[out->count - 1].customer == row.customer ? out->rows[out->count - 1]
                                                                     : row;
        assert_true(rcx_row_list_add(out, &row));
        if (f->note)
            f->expected[f->expected_count++] = in_numbers(f, place->view, row);
    }
    return RCX_OK;
}

/* Repeats are the rows equal to the one before in the same receipt. */
static void check_repeats(const struct rcx_batch *b)
{
    size_t found = 0;

    for (size_t r = 0; r < b->receipts; r++)
        for (uint32_t i = b->first_row[r] + 1; i < b->first_row[r + 1]; i++)
            if (b->stock[i] == b->stock[i - 1] && b->quantity[i] == b->quantity[i - 1] &&
                b->unit_price[i] == b->unit_price[i - 1] &&
                b->description[i] == b->description[i - 1] && b->country[i] == b->country[i - 1]) {
                assert_true(found < b->repeat_count);
                assert_int_equal(b->repeats[found++], i);
            }
    assert_int_equal(found, b->repeat_count);
    for (uint32_t i = 0; i < b->rows && b->has_all_descriptions; i++)
        assert_int_not_equal(b->description[i], 0);
}

static void check_batch(const struct fixture *f, const struct rcx_store *view,
                        const struct rcx_batch *b, struct rcx_row *seen, size_t *seen_count)
{
    for (size_t r = 0; r < b->receipts; r++) {
        if (r > 0)
            assert_false(b->customer[r] == b->customer[r - 1] && b->time[r] == b->time[r - 1] &&
                         b->invoice[r] == b->invoice[r - 1]);
        for (uint32_t i = b->first_row[r]; i < b->first_row[r + 1]; i++) {
            struct rcx_row row = {
                .customer = b->customer[r],
                .time = b->time[r],
                .quantity = b->quantity[i],
                .unit_price = b->unit_price[i],
                .invoice = b->invoice[r],
                .stock = b->stock[i],
                .description = b->description[i],
                .country = b->country[i],
            };

            seen[(*seen_count)++] = in_numbers(f, view, row);
        }
    }
}

/* Reads the view, by parts when `late`, noting what is added. */
static size_t read_view(struct fixture *f, const struct rcx_store *view, bool late,
                        struct rcx_row *seen)
{
    struct rcx_scan *scan;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    struct rcx_error err = {0};
    size_t count = 0;

    f->note = true;
    assert_int_equal(rcx_scan_open(view, late ? 0 : RCX_SCAN_QUANTITY, &scan, &err), RCX_OK);
    for (size_t m = 0; m < rcx_scan_morsels(scan); m++) {
        struct rcx_batch b;

        size_t before = f->expected_count;

        assert_int_equal(rcx_scan_read(scan, m, buffer, &b, &err), RCX_OK);
        assert_int_equal(b.guests, m >= rcx_scan_customer_morsels(scan));
        size_t noted = f->expected_count;
        assert_int_equal(rcx_scan_read_more(scan, RCX_SCAN_ALL, buffer, &b, &err), RCX_OK);
        if (f->expected_count > noted) { /* read again, and the same added again */
            assert_int_equal(f->expected_count - noted, noted - before);
            f->expected_count = noted;
        }
        check_batch(f, view, &b, seen, &count);
        check_repeats(&b);
    }
    f->note = false;
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    return count;
}

static void check_summary(const struct fixture *f, const struct rcx_store *view)
{
    const struct rcx_store_summary *summary = rcx_store_summary(view);
    uint64_t guests = 0, customers = 0;
    rcx_time first = INT64_MAX, last = INT64_MIN;

    for (size_t i = 0; i < f->expected_count; i++) {
        const struct rcx_row *row = &f->expected[i];

        first = row->time < first ? row->time : first;
        last = row->time > last ? row->time : last;
        guests += row->customer == RCX_GUEST;
        customers += row->customer != RCX_GUEST && (i == 0 || row->customer != row[-1].customer);
    }
    assert_int_equal(summary->rows, f->expected_count);
    assert_int_equal(summary->guest_rows, guests);
    assert_int_equal(summary->customers, customers);
    assert_int_equal(summary->first_time, f->expected_count ? first : 0);
    assert_int_equal(summary->last_time, f->expected_count ? last : 0);
}

static void check_view(struct fixture *f, const struct rcx_store *base, rcx_time from, bool add,
                       bool late, const struct rcx_dictionary *const *texts)
{
    struct rcx_row *seen = calloc(MOST_ROWS, sizeof *seen);
    struct rcx_store_view_options options = {
        .from = from, .add = add ? add_rows : NULL, .add_context = f, .parallel = {3}};
    struct rcx_store *view;
    struct rcx_error err = {0};

    for (unsigned field = 0; texts && field < RCX_TEXT_FIELD_COUNT; field++)
        options.texts[field] = texts[field];
    f->from = from;
    f->expected_count = 0;
    assert_int_equal(rcx_store_view_open(base, &options, &view, &err), RCX_OK);
    for (size_t i = 0; i < f->count; i++)
        if (f->rows[i].time < from)
            f->expected[f->expected_count++] = f->rows[i];
    size_t count = read_view(f, view, late, seen);
    assert_int_equal(count, f->expected_count);
    rcx_test_text_customers = f->text_customers;
    qsort(f->expected, f->expected_count, sizeof *f->expected, rcx_test_compare_rows);
    for (size_t i = 0; i < count; i++)
        assert_memory_equal(&seen[i], &f->expected[i], sizeof *seen);
    check_summary(f, view);
    rcx_store_close(view);
    free(seen);
}

static void ingest_random(struct fixture *f, size_t count, uint64_t customers)
{
    struct rcx_row *rows = malloc(count * sizeof *rows);

    for (size_t i = 0; i < count; i++) { /* some rows twice */
        bool again = i > 0 && check_below(&f->random, 4) == 0;

        rows[i] = again ? f->rows[f->count - 1] : rcx_test_random_row(&f->random, customers);
        f->rows[f->count++] = rows[i];
    }
    rcx_test_text_customers = f->text_customers;
    rcx_test_ingest(f->directory, rows, count, 2);
    free(rows);
}

/* Stores of one to three segments, all moments that matter, with and without other rows. */
static void check_store(bool text_customers, size_t segments, size_t rows, uint64_t customers)
{
    static const enum rcx_text_field with_new[] = {RCX_TEXT_INVOICE, RCX_TEXT_STOCK,
                                                   RCX_TEXT_CUSTOMER};
    struct fixture f = {.text_customers = text_customers, .random = {rows + segments}};
    struct rcx_dictionary more[RCX_TEXT_FIELD_COUNT];
    const struct rcx_dictionary *texts[RCX_TEXT_FIELD_COUNT] = {NULL};
    const rcx_time froms[] = {-10000, -7200, 0, 60, 100, 3600 * 3, 400 * 60 - 7200, INT64_MAX / 2};
    struct rcx_store *base;
    struct rcx_error err = {0};
    char text[32];

    rcx_test_dir_make(f.directory);
    f.rows = calloc(MOST_ROWS, sizeof *f.rows);
    f.expected = calloc(MOST_ROWS, sizeof *f.expected);
    for (size_t s = 0; s < segments; s++)
        ingest_random(&f, rows, customers);
    for (size_t i = 0; i < 3; i++) { /* known ones, new ones before, among and after them */
        assert_true(rcx_dictionary_init(&more[i]));
        for (uint32_t number = 3; number < 4000; number = number * 3 + 1)
            rcx_dictionary_intern(&more[i], rcx_text_of(rcx_test_text(with_new[i], number, text)));
        texts[with_new[i]] = &more[i];
    }
    assert_int_equal(rcx_store_open(f.directory, NULL, &base, &err), RCX_OK);
    for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) {
        check_view(&f, base, froms[i], false, i % 2, NULL);
        check_view(&f, base, froms[i], true, false, texts);
        check_view(&f, base, froms[i], true, true, texts);
    }
    rcx_store_close(base);
    for (size_t i = 0; i < 3; i++)
        rcx_dictionary_release(&more[i]);
    free(f.rows);
    free(f.expected);
    rcx_test_dir_remove(f.directory);
}

static void shows_number_customers(void **state)
{
    (void)state;
    check_store(false, 1, 3000, 100);
    check_store(false, 3, 1000, 40);
    check_store(false, 1, 1, 1);
}

static void shows_text_customers(void **state)
{
    (void)state;
    check_store(true, 1, 2000, 60);
    check_store(true, 2, 700, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_number_customers),
        cmocka_unit_test(shows_text_customers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
