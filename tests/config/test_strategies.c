#include "config/strategies.h"

#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "tests/support/check.h"

static const uint8_t file[] = {
#include "strategies.inc"
};

/* config/strategies.yaml with `change` applied once. */
static struct rcx_buf changed(const char *from, const char *to)
{
    struct rcx_buf whole = {0}, out = {0};
    rcx_buf_append(&whole, file, sizeof file);
    const char *text = rcx_buf_text(&whole), *at = from ? strstr(text, from) : NULL;
    if (from)
        assert_non_null(at);
    if (at) {
        rcx_buf_append(&out, text, (size_t)(at - text));
        rcx_buf_append_text(&out, to);
        rcx_buf_append_text(&out, at + strlen(from));
    } else {
        rcx_buf_append_text(&out, text);
    }
    rcx_buf_release(&whole);
    return out;
}

static void the_built_in_ones_are_those_of_the_file(void **state)
{
    (void)state;
    struct rcx_buf text = changed(NULL, NULL);
    struct rcx_strategies *built_in, *read;
    assert_int_equal(rcx_strategies_load(NULL, &built_in, NULL), RCX_OK);
    assert_int_equal(rcx_strategies_parse("file", text.data, text.length, &read, NULL), RCX_OK);
    for (int s = 0; s < RCX_SEGMENT_COUNT; s++) {
        const struct rcx_strategy *a = rcx_strategies_get(built_in, (enum rcx_segment_id)s);
        const struct rcx_strategy *b = rcx_strategies_get(read, (enum rcx_segment_id)s);
        assert_memory_equal(a->prototype, b->prototype, sizeof a->prototype);
        assert_true(a->priority >= 1 && a->priority == b->priority && a->action_count >= 1);
        assert_string_equal(a->goal, b->goal);
        assert_string_equal(a->actions[0], b->actions[0]);
        assert_string_equal(a->campaign_type, b->campaign_type);
        assert_string_equal(a->budget_level, b->budget_level);
        assert_int_equal(rcx_segment_find(rcx_segment_title((enum rcx_segment_id)s)), s);
    }
    assert_int_equal(rcx_segment_find("champions"), RCX_SEGMENT_COUNT);
    rcx_strategies_release(built_in);
    rcx_strategies_release(read);
    rcx_buf_release(&text);
}

static void refused(struct rcx_buf text, const char *expected)
{
    struct rcx_strategies *strategies = NULL;
    struct rcx_error err = {0};
    enum rcx_status status = rcx_strategies_parse("s.yaml", text.data, text.length, &strategies,
                                                  &err);
    assert_null(strategies);
    if (status != RCX_E_CONFIG || !strstr(err.text, expected))
        fail_msg("'%s' is not in '%s'", expected, err.text);
    rcx_buf_release(&text);
}

static void every_mistake_has_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *expected;
    } cases[] = {
        {"Champions:", "Champion:",
         "s.yaml:10:1: segments: there is no 'Champion'; did you mean 'Champions'?"},
        {"Champions:", "Champion:", "segments: 'Champions' is missing"},
        {"Lost:", "Champions:", "'Champions' is there twice; first in line 10"},
        {"priority: 2", "priority: two",
         "s.yaml:12:13: priority: found 'two', expected a whole number from 1 to 99"},
        {"priority: 2", "priority: 0", "priority: found '0'"},
        {"priority: 2", "priority: 1.5", "priority: found '1.5'"},
        {"recency: 0.90", "recency: 1.5",
         "s.yaml:11:24: recency: found '1.5', expected a rank from 0 to 1"},
        {"recency: 0.90", "recency: nan", "found 'nan'"},
        {"recency: 0.90, ", "", "prototype: 'recency' is missing"},
        {"recency: 0.90", "recent: 0.90", "there is no 'recent'"},
        {"budget_level: medium", "budget_level: huge",
         "budget_level: found 'huge', expected none, low, medium or high"},
        {"goal: Keep", "goals: Keep", "did you mean 'goal'?"},
        {"goal: Keep them, and let them bring others", "goal:", "goal: found nothing"},
        {"goal: Keep them, and let them bring others", "goal: [a, b]",
         "goal: found a list or a mapping"},
        {"goal: Keep them, and let them bring others", "goal: \"a\\nb\"",
         "line ends or control characters"},
        {"campaign_type: recognition", "campaign_type: {a: b}", "campaign_type: found a list"},
        {"actions:\n    - Early access to new products and a person to call\n    - Ask for reviews "
         "and referrals\n    - Thank them without a discount\n",
         "actions: []\n", "actions: expected a list of 1 to 20 texts"},
        {"actions:\n    - Early", "actions:\n    - {a: b}\n    - Early",
         "actions: found a list or a mapping"},
        {"Champions:\n", "Champions: 5\nOther:\n", "Champions: found a single value"},
        {"Champions:\n", "? [a, b]\n: 1\nChampions:\n", "segments: found a list or a mapping"},
        {"Champions:", "Champions: &a\n  <<: *a\nX:", "there is no '<<'"},
        {"Champions:", "Champions: [", "not valid YAML"},
        {"Champions:", "Champions: *b\nX:", "not valid YAML"},
        {"Champions:", "\tChampions:", "not valid YAML"},
        {"campaign_type: none\n  budget_level: none\n",
         "campaign_type: none\n  budget_level: none\n---\na: b\n", "a second YAML document begins"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(changed(cases[i].from, cases[i].to), cases[i].expected);
    refused((struct rcx_buf){0}, "the file is empty");
    struct rcx_buf list = {0};
    rcx_buf_append_text(&list, "- a\n- b\n");
    refused(list, "segments: found a list, expected 'name: value' lines such as 'Champions:'");
    struct rcx_buf large = {0};
    rcx_buf_append_zeros(&large, (1 << 20) + 1);
    refused(large, "expected at most");
}

static void damage_is_refused_or_harmless(void **state)
{
    (void)state;
    struct rcx_buf text = changed(NULL, NULL);
    struct check_random random = {7};
    for (size_t i = 0; i < 1500; i++) {
        struct rcx_strategies *strategies = NULL;
        size_t length = i < 300 ? text.length * i / 300 : text.length;
        size_t at = check_below(&random, text.length);
        uint8_t kept = text.data[at];
        if (i >= 300)
            text.data[at] = (uint8_t)check_next(&random);
        enum rcx_status status = rcx_strategies_parse("s.yaml", text.data, length, &strategies,
                                                      NULL);
        assert_true(status == RCX_OK || status == RCX_E_CONFIG);
        assert_int_equal(status == RCX_OK, strategies != NULL);
        rcx_strategies_release(strategies);
        text.data[at] = kept;
    }
    rcx_buf_release(&text);
}

static bool load(void *context)
{
    struct rcx_strategies *strategies = NULL;
    (void)context;
    enum rcx_status status = rcx_strategies_load("", &strategies, NULL);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    rcx_strategies_release(strategies);
    return status == RCX_OK;
}

static void out_of_memory_is_an_error(void **state)
{
    (void)state;
    assert_true(check_allocation_failures(load, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_ones_are_those_of_the_file),
        cmocka_unit_test(every_mistake_has_its_place),
        cmocka_unit_test(damage_is_refused_or_harmless),
        cmocka_unit_test(out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
