#include <stdlib.h>

#include "engine/quality/matching.h"
#include "engine/quality/rules.h"
#include "tests/support/test_batch.h"

enum { MOST = 200 };

/* The definition, row by row: each return takes the last free purchase row of the opposite quantity
 * that is not later. Returns the number of pairs; partner[i] is the row's other half or -1. */
static size_t match_slowly(const struct rcx_test_batch *made, const uint8_t *rule, int *partner)
{
    const struct rcx_row *rows = made->rows;
    size_t pairs = 0;
    for (size_t i = 0; i < made->batch.rows; i++)
        partner[i] = -1;
    for (size_t i = 0; i < made->batch.rows;
         i++) { /* the store's order: time, invoice, then price */
        int best = -1;
        if (rows[i].quantity >= 0 || !rcx_survives_stage_2(rule[i]))
            continue;
        for (size_t k = 0; k < made->batch.rows; k++) {
            if (rows[k].quantity == -rows[i].quantity && rows[k].stock == rows[i].stock &&
                partner[k] < 0 && rows[k].time <= rows[i].time && rcx_survives_stage_2(rule[k]))
                best = (int)k;
        }
        if (best >= 0) {
            partner[best] = (int)i;
            partner[i] = best;
            pairs++;
        }
    }
    return pairs;
}

static void check_once(struct check_random *random, size_t count)
{
    struct rcx_row rows[MOST];
    uint8_t rule[MOST];
    int partner[MOST];
    struct rcx_radix_item items[3][MOST];
    uint32_t stack[MOST];
    struct rcx_match matches[MOST];
    struct rcx_match_scratch scratch = {items[0], items[1], items[2], stack, matches};
    struct rcx_test_batch made;
    int64_t huge = check_below(random, 4) == 0 ? (int64_t)1 << 32
                                               : 0; /* beyond the key's 32 bits */
    for (size_t i = 0; i < count; i++) {
        int64_t quantity = 1 + (int64_t)check_below(random, 3);
        quantity += check_below(random, 2) ? huge : 0;
        rows[i] = (struct rcx_row){.customer = 1,
                                   .time = (rcx_time)check_below(random, 10),
                                   .quantity = check_below(random, 2) ? quantity : -quantity,
                                   .unit_price = 1 + (int64_t)check_below(random, 2),
                                   .invoice = 1 + (uint32_t)check_below(random, 20),
                                   .stock = 1 + (uint32_t)check_below(random, 4)};
        static const uint8_t marks[] = {RCX_RULE_KEPT, RCX_RULE_KEPT, RCX_RULE_KEPT,
                                        RCX_RULE_PRICE_OUTLIER, RCX_RULE_INVALID_PRICE};
        rule[i] = marks[check_below(random, 5)];
    }
    rcx_test_batch_make(rows, count, &made);
    size_t expected = match_slowly(&made, rule, partner);
    size_t found = rcx_match_cancellations(&made.batch, rule, 0, made.batch.receipts, false,
                                           &scratch);
    assert_int_equal(found, expected);
    bool dropped = false;
    for (size_t i = 0; i < found; i++) {
        assert_int_equal(partner[matches[i].return_row], matches[i].purchase_row);
        dropped |= rule[matches[i].purchase_row] == RCX_RULE_PRICE_OUTLIER;
    }
    found = rcx_match_cancellations(&made.batch, rule, 0, made.batch.receipts, true, &scratch);
    assert_true(found == expected || (found == 0 && !dropped));
    rcx_test_batch_release(&made);
}

static void test_pairs_are_those_of_the_definition(void **state)
{
    (void)state;
    struct check_random random = {2};
    for (size_t round = 0; round < 600; round++)
        check_once(&random, round % MOST + (round == 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_are_those_of_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
