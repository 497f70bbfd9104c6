#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "ml/gbdt/histogram_rows.h"

enum { ROWS = 9000, BINS = RCX_GBDT_MOST_BINS };

/* Random bins of `used` features. Groups differ in size where the features do not share out evenly. */
static void make_words(struct rcx_gbdt_dataset *dataset, size_t used, struct check_random *random)
{
    size_t groups = (used + RCX_GBDT_GROUP - 1) / RCX_GBDT_GROUP;
    *dataset = (struct rcx_gbdt_dataset){.rows = ROWS, .used = used, .group_count = groups};
    dataset->words = calloc(ROWS * groups, sizeof *dataset->words);
    dataset->group_begin = calloc(groups + 1, sizeof *dataset->group_begin);
    assert_true(dataset->words && dataset->group_begin);
    for (size_t g = 0; g <= groups; g++)
        dataset->group_begin[g] = (uint32_t)(used * g / groups);
    for (size_t i = 0; i < ROWS * groups; i++)
        dataset->words[i] = check_next(random);
}

/* About one row in `apart`, from a random one on; 1: neighbours. */
static size_t make_records(uint64_t *records, size_t most, size_t apart,
                           struct check_random *random)
{
    size_t count = 0;
    for (uint32_t row = (uint32_t)check_below(random, 40); row < ROWS && count < most; row++) {
        if (check_below(random, apart) != 0)
            continue;
        bool extreme = count < 20;
        int32_t gradient = (int32_t)check_below(random, 65535) - 32767;
        records[count++] = rcx_record(row, extreme ? (row % 2 ? 32767 : -32767) : gradient,
                                      extreme ? 65535 : (uint32_t)check_below(random, 65536));
    }
    return count;
}

static void add_plainly(const struct rcx_gbdt_dataset *dataset, const uint64_t *records,
                        size_t count, size_t first, size_t end, uint64_t *slot)
{
    for (size_t g = first; g < end; g++) {
        for (size_t f = dataset->group_begin[g]; f < dataset->group_begin[g + 1]; f++) {
            for (size_t i = 0; i < count; i++) {
                uint64_t word =
                    dataset->words[rcx_record_row(records[i]) * dataset->group_count + g];
                slot[f * BINS + (word >> (8 * (f - dataset->group_begin[g])) & 0xFF)] +=
                    rcx_record_sum(records[i]);
            }
        }
    }
}

static void histograms_are_sums(void **state)
{
    (void)state;
    static const size_t FEATURES[] = {1, 5, 8, 9, 17, 28, 33, 64, 70, 130};
    static const size_t COUNTS[] = {0, 1, 3, 7, 255, 256, 257, 1500, 2303, 2304, 2305, ROWS};
    struct check_random random = {15};
    static uint64_t records[ROWS];
    struct rcx_histogram_scratch *scratch = calloc(1, sizeof *scratch);
    for (size_t n = 0; n < sizeof FEATURES / sizeof *FEATURES; n++) {
        size_t used = FEATURES[n];
        struct rcx_gbdt_dataset dataset;
        make_words(&dataset, used, &random);
        uint64_t *got = calloc(used * BINS, sizeof *got),
                 *expected = calloc(used * BINS, sizeof *got);
        uint32_t *offset = calloc(used + 1, sizeof *offset);
        assert_true(got && expected && offset && scratch);
        for (uint32_t f = 0; f <= used; f++)
            offset[f] = f * BINS;
        for (size_t round = 0; round < sizeof COUNTS / sizeof *COUNTS; round++) {
            size_t apart = 1 + round % 3 * 2;
            size_t count = make_records(records, COUNTS[round], apart, &random);
            size_t first = check_below(&random, dataset.group_count);
            size_t end = first + 1 + check_below(&random, dataset.group_count - first);
            memset(expected, 0, used * BINS * sizeof *expected);
            add_plainly(&dataset, records, count, first, end, expected);
            for (int level = 0; level < RCX_CPU_LEVELS; level++) {
                rcx_cpu_set((enum rcx_cpu_level)level);
                memset(got, 0, used * BINS * sizeof *got);
                rcx_histogram_rows(&dataset, records, count, first, end, offset, got, scratch);
                assert_memory_equal(got, expected, used * BINS * sizeof *got);
            }
        }
        free(got);
        free(expected);
        free(offset);
        free(dataset.words);
        free(dataset.group_begin);
    }
    free(scratch);
    rcx_cpu_set(rcx_cpu_detect());
}

static void sums_keep_the_sign(void **state)
{
    (void)state;
    assert_int_equal(rcx_sum_gradient(rcx_record_sum(rcx_record(7, -32767, 65535))), -32767);
    assert_int_equal(rcx_sum_hessian(rcx_record_sum(rcx_record(7, -32767, 65535))), 65535);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histograms_are_sums),
        cmocka_unit_test(sums_keep_the_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
