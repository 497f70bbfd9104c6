#include "ml/gbdt/params_file.h"

#include <string.h>

#include "tests/support/check.h"

static enum rcx_status parse(struct rcx_gbdt_params *params, const char *text,
                             struct rcx_error *err)
{
    rcx_gbdt_params_init(params);
    return rcx_gbdt_params_parse(params, "p.yaml", rcx_text_of(text), err);
}

static void both_ways_of_writing_are_read(void **state)
{
    (void)state;
    struct rcx_gbdt_params params;
    assert_int_equal(
        parse(&params,
              "---\n# small trees\nnum_leaves: 7   # few\r\n\nlearning_rate = 0.25\n"
              "metric: \"auc,l2\"\nmonotone_constraints: [1, 0, -1]\nobjective: binary",
              NULL),
        RCX_OK);
    assert_int_equal(params.num_leaves, 7);
    assert_true(params.learning_rate == 0.25);
    assert_string_equal(params.metric, "auc,l2");
    assert_int_equal(params.objective, RCX_GBDT_BINARY);
    assert_int_equal(params.monotone_constraints.count, 3);
    assert_int_equal(params.monotone_constraints.items[2], -1);
    rcx_gbdt_params_release(&params);
}

static void mistakes_are_named_with_their_line(void **state)
{
    (void)state;
    struct rcx_gbdt_params params;
    struct rcx_error err;
    assert_int_equal(parse(&params, "num_leaves: 7\nnum_leafs: 3\n", &err), RCX_E_CONFIG);
    assert_int_equal(strncmp(err.text, "p.yaml:2: ", 10), 0);
    assert_non_null(strstr(err.text, "num_leaf")); /* a suggestion */
    rcx_gbdt_params_release(&params);
    assert_int_equal(parse(&params, "\nnum_leaves\n", &err), RCX_E_CONFIG);
    assert_string_equal(err.text, "p.yaml:2: 'num_leaves' is no parameter, expected name=value");
    rcx_gbdt_params_release(&params);
    assert_int_equal(parse(&params, "num_leaves: many", &err), RCX_E_CONFIG);
    rcx_gbdt_params_release(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_of_writing_are_read),
        cmocka_unit_test(mistakes_are_named_with_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
