/* The lineage of a feature table as text: round trips, damage, what differs between definitions. */
#include "engine/exec/feature_lineage.h"

#include <string.h>

#include "tests/support/check.h"

static void fill(struct rcx_feature_lineage *lineage, bool with_labels)
{
    lineage->with_labels = with_labels;
    lineage->money_places = 4;
    rcx_buf_append_text(&lineage->definitions,
                        "features.windows: a: 7, b: 14\ntext: \"ü\"\nempty: \n");
    for (int i = 0; i < 3; i++) {
        struct rcx_feature_lineage_snapshot snapshot = {
            .day = 15000 + i,
            .data_end = 15100,
            .store_version = 3,
            .store_digest = "0123456789abcdef0123456789abcdef",
            .program = "0.1.0",
            .counts = {.customers = 10, .window_rows = 20, .history_rows = 30}};
        if (with_labels) {
            snapshot.counts.clv_known = 5;
            snapshot.counts.clv_total = i == 1 ? -((rcx_i128)1 << 80) : 12345678;
        }
        assert_true(rcx_feature_lineage_add(lineage, &snapshot));
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    for (int labels = 0; labels < 2; labels++) {
        struct rcx_feature_lineage lineage = {0}, back;
        struct rcx_buf text = {0}, again = {0};
        fill(&lineage, labels == 1);
        assert_true(rcx_feature_lineage_write(&lineage, true, &text));
        assert_null(memchr(text.data, '\n', text.length));
        struct rcx_text view = {(const char *)text.data, text.length};
        assert_int_equal(rcx_feature_lineage_parse("f", view, &back, NULL), RCX_OK);
        assert_int_equal(back.count, 3);
        assert_true(back.with_labels == (labels == 1));
        assert_int_equal(back.definitions.length, lineage.definitions.length);
        assert_memory_equal(back.definitions.data, lineage.definitions.data,
                            back.definitions.length);
        assert_true(back.snapshots[1].counts.clv_total == lineage.snapshots[1].counts.clv_total);
        assert_true(rcx_feature_lineage_write(&back, true, &again));
        assert_int_equal(again.length, text.length);
        assert_memory_equal(again.data, text.data, text.length);
        rcx_feature_lineage_release(&lineage);
        rcx_feature_lineage_release(&back);
        rcx_buf_release(&text);
        rcx_buf_release(&again);
    }
}

static void assert_refused(const char *text)
{
    struct rcx_feature_lineage lineage;
    struct rcx_error err = {0};
    enum rcx_status status = rcx_feature_lineage_parse("table.parquet", rcx_text_of(text), &lineage,
                                                       &err);
    assert_int_equal(status, RCX_E_CORRUPT);
    assert_non_null(strstr(err.text, "table.parquet"));
}

static void test_damage(void **state)
{
    struct rcx_feature_lineage lineage = {0};
    struct rcx_buf text = {0};
    struct check_random random = {3};
    (void)state;
    assert_refused("");
    assert_refused("{}");
    assert_refused("[]");
    assert_refused("{\"schema\": \"rcx.feature_table/2\", \"labels\": false, \"money_places\": 4}");
    fill(&lineage, true);
    assert_true(rcx_feature_lineage_write(&lineage, true, &text));
    for (int i = 0; i < 2000; i++) {
        struct rcx_feature_lineage back;
        size_t at = check_below(&random, text.length);
        uint8_t bit = (uint8_t)(1u << check_below(&random, 8));
        text.data[at] ^= bit;
        struct rcx_text view = {(const char *)text.data, text.length};
        enum rcx_status status = rcx_feature_lineage_parse("f", view, &back, NULL);
        assert_true(status == RCX_OK || status == RCX_E_CORRUPT);
        if (status == RCX_OK)
            rcx_feature_lineage_release(&back);
        text.data[at] ^= bit;
    }
    rcx_feature_lineage_release(&lineage);
    rcx_buf_release(&text);
}

/* The error's text, or "" when the two may stand together. */
static const char *difference(const char *in_file, const char *now, struct rcx_error *err)
{
    struct rcx_buf a = {0}, b = {0};
    rcx_buf_append_text(&a, in_file);
    rcx_buf_append_text(&b, now);
    *err = (struct rcx_error){0};
    enum rcx_status status = rcx_feature_definitions_check("t", &a, &b, err);
    assert_int_equal(status, err->text[0] ? RCX_E_CONFIG : RCX_OK);
    rcx_buf_release(&a);
    rcx_buf_release(&b);
    return err->text;
}

static void test_definitions(void **state)
{
    struct rcx_error err;
    (void)state;
    assert_string_equal(difference("a: 1\nb: 2\n", "a: 1\nb: 2\n", &err), "");
    assert_string_equal(difference("", "", &err), "");
    assert_non_null(strstr(difference("a: 1\nb: 2\n", "a: 1\nb: 3\n", &err),
                           ":\n  b is 2 in the file and 3 now"));
    assert_null(strstr(err.text, "  a "));
    assert_non_null(strstr(difference("a: 1\nb: 2\n", "a: 1\n", &err),
                           "b is 2 in the file and does not exist now"));
    assert_non_null(strstr(difference("a: 1\n", "a: 1\nc: 3\n", &err), "\n  c is new"));
    difference("a: 1\nb: 1\nc: 1\nd: 1\ne: 1\n", "a: 2\nb: 2\nc: 2\nd: 2\ne: 2\n", &err);
    assert_non_null(strstr(err.text, "c is 1"));
    assert_null(strstr(err.text, "d is 1"));
    assert_non_null(strstr(err.text, "and 2 more"));
}

static bool attempt(void *context)
{
    const struct rcx_buf *text = context;
    struct rcx_feature_lineage back;
    struct rcx_text view = {(const char *)text->data, text->length};
    enum rcx_status status = rcx_feature_lineage_parse("f", view, &back, NULL);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM || status == RCX_E_CORRUPT);
    if (status == RCX_OK)
        rcx_feature_lineage_release(&back);
    return status == RCX_OK;
}

static void test_no_memory(void **state)
{
    struct rcx_feature_lineage lineage = {0};
    struct rcx_buf text = {0};
    (void)state;
    fill(&lineage, true);
    assert_true(rcx_feature_lineage_write(&lineage, true, &text));
    assert_true(check_allocation_failures(attempt, &text) > 1);
    rcx_feature_lineage_release(&lineage);
    rcx_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
