/* Sorting by sampling and scattering, and by runs on disk, against qsort. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/temp_dir.h"

#include "base/memory.h"
#include "storage/ingest/row_parser.h"
#include "storage/ingest/spill.h"

static int compare_rows(const void *a, const void *b)
{
    return rcx_row_compare(a, b);
}

/* Shapes that sorts get wrong: few keys, one customer, equal times, equal rows, extreme values. */
static struct rcx_row random_row(struct check_random *random, unsigned shape)
{
    uint64_t customers = shape == 1 ? 1 : shape == 2 ? 3 : 5000;
    uint64_t times = shape == 3 ? 1 : shape == 4 ? 2 : 40000000;
    uint64_t wide = shape == 5 ? UINT64_C(1) << 50 : 4;
    struct rcx_row row = {.customer = (int64_t)check_below(random, customers),
                          .time = (rcx_time)check_below(random, times) - 1000,
                          .quantity = (int64_t)check_below(random, wide) - 2,
                          .unit_price = (int64_t)check_below(random, wide) - 2,
                          .invoice = (uint32_t)check_below(random, shape == 6 ? 1 : 50),
                          .stock = (uint32_t)check_below(random, shape == 6 ? 1 : 20),
                          .description = (uint32_t)check_below(random, 3),
                          .country = (uint32_t)check_below(random, 2)};
    if (shape != 1 && check_below(random, 5) == 0)
        row.customer = RCX_GUEST;
    if (shape == 5 && check_below(random, 3) == 0)
        row.customer = (int64_t)check_below(random, UINT64_C(999999999999999999));
    return row;
}

/* Rows as the parser leaves them, so that conversion gives `row` back: codes are ranks. */
static struct rcx_row provisional(struct rcx_row row)
{
    row.customer = row.customer == RCX_GUEST ? rcx_customer_pack(0, RCX_CUSTOMER_GUEST)
                                             : rcx_customer_pack(row.customer, RCX_CUSTOMER_NUMBER);
    rcx_raw_date raw = 0;
    rcx_reading_set set = 0;
    char text[RCX_TIME_TEXT_BYTES];
    const struct rcx_date_limits limits = {0, 1900, 2200};
    rcx_format_time(row.time, text);
    assert_int_equal(rcx_raw_date_parse(rcx_text_of(text), &limits, &raw, &set), RCX_RAW_DATE_OK);
    row.time = (rcx_time)raw;
    row.quantity = (int64_t)((uint64_t)row.quantity << 7);
    row.unit_price = (int64_t)((uint64_t)row.unit_price << 7);
    return row;
}

/* In receipts of consecutive rows, as a parser makes them. */
static struct rcx_receipts fill(struct rcx_block_pool *pool, const struct rcx_row *rows,
                                size_t count)
{
    struct rcx_receipts receipts = {0};
    for (size_t i = 0; i < count; i++) {
        const struct rcx_row row = provisional(rows[i]);
        assert_true(rcx_receipts_add(&receipts, pool, 0, &row));
    }
    assert_int_equal(receipts.rows, count);
    return receipts;
}

enum { TEXTS = 64 };

struct identity {
    uint32_t codes[TEXTS];
    struct rcx_text_map map;
    struct rcx_row_convert convert;
};

static void make_identity(struct identity *identity)
{
    memset(identity, 0, sizeof *identity);
    for (uint32_t i = 0; i < TEXTS; i++)
        identity->codes[i] = i;
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        identity->map.codes[f] = identity->codes;
    identity->convert = (struct rcx_row_convert){
        .verdict = {.date_order = RCX_DATE_YMD, .decimal_mark = '.'}, .maps = &identity->map};
}

static void parts_equal_qsort(void **state)
{
    (void)state;
    struct identity identity;
    make_identity(&identity);
    struct check_random random = {3};
    struct rcx_part_sorter *sorter = rcx_part_sorter_new();
    struct rcx_block_pool *pool = rcx_block_pool_new();
    for (size_t count = 0; count < 300; count += 1 + count / 40) {
        for (unsigned shape = 0; shape < 7; shape++) {
            struct rcx_row rows[300], sorted[300];
            struct rcx_receipt *receipts[300];
            struct rcx_convert_counts counts = {0};
            for (size_t i = 0; i < count; i++)
                rows[i] = random_row(&random, shape);
            struct rcx_receipts list = fill(pool, rows, count);
            for (size_t i = 0; i < list.count; i++) {
                receipts[i] = rcx_block_receipts(list.receipts) + i;
                rcx_convert_receipt(&identity.convert, receipts[i]);
            }
            assert_true(
                rcx_part_sort(sorter, &identity.convert, receipts, list.count, sorted, &counts));
            qsort(rows, count, sizeof *rows, compare_rows);
            assert_memory_equal(rows, sorted, count * sizeof *rows);
            rcx_receipts_clear(&list, pool);
        }
    }
    assert_int_equal(rcx_block_pool_bytes(pool), 0);
    rcx_block_pool_release(pool);
    rcx_part_sorter_release(sorter);
}

/* Rows of one receipt stand together, whatever their numbers, and across the ends of blocks. */
static void receipts_keep_rows(void **state)
{
    (void)state;
    static const int64_t numbers[] = {
        0,         1,        -1, INT32_MAX, INT32_MIN, INT32_MIN + 1, (int64_t)INT32_MAX + 1,
        INT64_MAX, INT64_MIN};
    enum { NUMBERS = sizeof numbers / sizeof numbers[0], MANY = 3 * RCX_BLOCK_LINES };
    struct rcx_block_pool *pool = rcx_block_pool_new();
    struct rcx_receipts first = {0}, second = {0};
    for (uint32_t i = 0; i < MANY; i++) {
        const struct rcx_row row = {.customer = i / 7,
                                    .quantity = numbers[i % NUMBERS],
                                    .unit_price = numbers[i / NUMBERS % NUMBERS],
                                    .stock = i};
        assert_true(rcx_receipts_add(i % 2 ? &first : &second, pool, i % 2, &row));
    }
    rcx_receipts_join(&first, &second);
    assert_int_equal(first.rows, MANY);
    assert_int_equal(second.rows, 0);
    uint32_t rows = 0, seen[2] = {0};
    for (struct rcx_block *block = first.receipts; block; block = block->next) {
        for (size_t r = 0; r < block->used; r++) {
            const struct rcx_receipt *receipt = rcx_block_receipts(block) + r;
            const union rcx_receipt_line *line = receipt->first;
            seen[receipt->group] += receipt->lines;
            for (uint32_t i = 0; i < receipt->lines; i++, rows++) {
                uint32_t number = line->narrow.stock;
                int64_t quantity, unit_price;
                line = rcx_receipt_line_read(line, &quantity, &unit_price);
                assert_int_equal(receipt->customer, number / 7);
                assert_int_equal(receipt->group, number % 2);
                assert_int_equal(quantity, numbers[number % NUMBERS]);
                assert_int_equal(unit_price, numbers[number / NUMBERS % NUMBERS]);
            }
        }
    }
    assert_int_equal(rows, MANY);
    assert_int_equal(seen[1], MANY / 2);
    rcx_receipts_clear(&first, pool);
    assert_int_equal(rcx_block_pool_bytes(pool), 0);
    rcx_block_pool_release(pool);
}

struct collected {
    struct rcx_row *rows;
    size_t count;
    bool last;
    size_t leave; /* rows that are not taken, as a store writer does */
};

static enum rcx_status collect(void *context, struct rcx_row *rows, size_t count, bool last,
                               size_t *out_consumed, struct rcx_error *err)
{
    (void)err;
    struct collected *collected = context;
    size_t take = last ? count : count < collected->leave ? 0 : count - collected->leave;
    if (take > 0)
        memcpy(collected->rows + collected->count, rows, take * sizeof *rows);
    collected->count += take;
    collected->last = last;
    *out_consumed = take;
    return RCX_OK;
}

enum { ROWS = 60000 };

static void whole_sort_equals_qsort(void **state)
{
    (void)state;
    struct identity identity;
    make_identity(&identity);
    struct check_random random = {5};
    struct rcx_row *want = rcx_malloc_array(ROWS, sizeof *want);
    struct rcx_row *got = rcx_malloc_array(ROWS, sizeof *got);
    for (unsigned shape = 0; shape < 7; shape++) {
        if (shape == 5)
            continue; /* quantities that only the parser's checks keep out */
        size_t count = shape == 0 ? 0 : ROWS - 7 * shape;
        for (size_t i = 0; i < count; i++)
            want[i] = random_row(&random, shape);
        struct rcx_block_pool *pool = rcx_block_pool_new();
        struct collected collected = {.rows = got, .leave = 3000};
        struct rcx_convert_counts counts = {0};
        const struct rcx_row_sort sort = {.pool = pool,
                                          .convert = &identity.convert,
                                          .parallel = {1 + shape % 3},
                                          .batch_rows = 10000,
                                          .sink = collect,
                                          .context = &collected};
        struct rcx_receipts receipts = fill(pool, want, count);
        assert_int_equal(rcx_row_sort_run(&sort, &receipts, &counts, NULL), RCX_OK);
        assert_true(collected.last);
        assert_int_equal(collected.count, count);
        assert_int_equal(rcx_block_pool_bytes(pool), 0);
        qsort(want, count, sizeof *want, compare_rows);
        if (count > 0)
            assert_memory_equal(got, want, count * sizeof *want);
        rcx_block_pool_release(pool);
    }
    rcx_free(want);
    rcx_free(got);
}

/* In two calls, as sorted batches come. */
static void append_run(struct rcx_spill *spill, const struct rcx_row *rows, size_t count,
                       struct rcx_row *scratch)
{
    size_t half = count / 2, consumed = 0;
    if (count > 0)
        memcpy(scratch, rows, count * sizeof *rows);
    qsort(scratch, count, sizeof *scratch, compare_rows);
    assert_int_equal(rcx_spill_begin_run(spill, NULL), RCX_OK);
    assert_int_equal(rcx_spill_append(spill, scratch, half, false, &consumed, NULL), RCX_OK);
    assert_int_equal(consumed, half);
    assert_int_equal(rcx_spill_append(spill, scratch + half, count - half, true, &consumed, NULL),
                     RCX_OK);
}

static void merged_runs_equal_qsort(void **state)
{
    (void)state;
    char dir[RCX_TEST_PATH_BYTES];
    struct check_random random = {6};
    rcx_test_dir_make(dir);
    struct rcx_row *want = rcx_malloc_array(ROWS, sizeof *want);
    struct rcx_row *got = rcx_malloc_array(ROWS, sizeof *got);
    static const size_t runs[] = {1, 2, 7, 33};
    for (size_t r = 0; r < sizeof runs / sizeof runs[0]; r++) {
        struct rcx_spill *spill = NULL;
        assert_int_equal(rcx_spill_open(dir, &spill, NULL), RCX_OK);
        for (size_t i = 0; i < ROWS; i++)
            want[i] = random_row(&random, (unsigned)r);
        for (size_t run = 0; run < runs[r]; run++) {
            size_t begin = ROWS * run / runs[r], end = ROWS * (run + 1) / runs[r];
            append_run(spill, want + begin, end - begin, got);
            if (run == 0)
                append_run(spill, want, 0, got); /* a run may be empty */
        }
        struct collected collected = {.rows = got, .leave = 500};
        assert_int_equal(rcx_spill_merge(spill, 4000, 1, collect, &collected, NULL), RCX_OK);
        assert_int_equal(collected.count, ROWS);
        qsort(want, ROWS, sizeof *want, compare_rows);
        assert_memory_equal(got, want, ROWS * sizeof *want);
        rcx_spill_close(spill);
    }
    rcx_free(want);
    rcx_free(got);
    rcx_test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receipts_keep_rows),
        cmocka_unit_test(parts_equal_qsort),
        cmocka_unit_test(whole_sort_equals_qsort),
        cmocka_unit_test(merged_runs_equal_qsort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
