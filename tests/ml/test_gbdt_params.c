#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ml/gbdt/gbdt_params.h"

static void defaults_are_those_of_lightgbm(void **state)
{
    (void)state;
    struct rcx_gbdt_params params;
    rcx_gbdt_params_init(&params);
    assert_int_equal(params.objective, RCX_GBDT_REGRESSION);
    assert_int_equal(params.num_iterations, 100);
    assert_int_equal(params.num_leaves, 31);
    assert_int_equal(params.max_depth, -1);
    assert_int_equal(params.min_data_in_leaf, 20);
    assert_int_equal(params.max_bin, 255);
    assert_true(params.learning_rate == 0.1 && params.min_sum_hessian_in_leaf == 1e-3);
    assert_true(params.boost_from_average && !params.is_unbalance);
    assert_int_equal(rcx_gbdt_params_check(&params, NULL), RCX_OK);
    rcx_gbdt_params_release(&params);
}

/* Every row: its default as text is accepted and changes nothing, under each of its names. */
static void every_name_takes_its_default(void **state)
{
    (void)state;
    for (size_t i = 0; i < rcx_gbdt_params_count(); i++) {
        struct rcx_gbdt_param_row row = rcx_gbdt_params_at(i);
        char names[512];
        (void)snprintf(names, sizeof names, "%s %s", row.name, row.aliases);
        for (char *save = NULL, *name = strtok_r(names, " ", &save); name;
             name = strtok_r(NULL, " ", &save)) {
            struct rcx_gbdt_params params, fresh;
            struct rcx_error err;
            rcx_gbdt_params_init(&params);
            rcx_gbdt_params_init(&fresh);
            if (rcx_gbdt_params_set(&params, name, row.initial, &err) != RCX_OK)
                fail_msg("%s: %s", name, err.text);
            struct rcx_buf is = {0}, was = {0};
            assert_true(rcx_gbdt_params_print(&params, &is) && rcx_gbdt_params_print(&fresh, &was));
            assert_string_equal(rcx_buf_text(&is), rcx_buf_text(&was));
            rcx_buf_release(&is);
            rcx_buf_release(&was);
            rcx_gbdt_params_release(&params);
        }
    }
}

static void sets_by_alias_and_prints(void **state)
{
    (void)state;
    struct rcx_gbdt_params params, copy;
    struct rcx_buf text = {0};
    rcx_gbdt_params_init(&params);
    assert_int_equal(rcx_gbdt_params_set(&params, "eta", " 0.25 ", NULL), RCX_OK);
    assert_int_equal(rcx_gbdt_params_set(&params, "loss", "MSE", NULL), RCX_OK);
    assert_int_equal(rcx_gbdt_params_set(&params, "objective", "tweedie", NULL), RCX_OK);
    assert_int_equal(rcx_gbdt_params_set(&params, "mc", "[1, 0,-1]", NULL), RCX_OK);
    assert_int_equal(rcx_gbdt_params_set(&params, "metric", "auc,rmse", NULL), RCX_OK);
    assert_int_equal(rcx_gbdt_params_set(&params, "unbalance", "True", NULL), RCX_OK);
    assert_int_equal(rcx_gbdt_params_copy(&params, &copy, NULL), RCX_OK);
    rcx_gbdt_params_release(&params);
    assert_true(rcx_gbdt_params_print(&copy, &text));
    const char *lines = rcx_buf_text(&text);
    assert_non_null(strstr(lines, "[learning_rate: 0.25]\n"));
    assert_non_null(strstr(lines, "[objective: tweedie]\n"));
    assert_non_null(strstr(lines, "[monotone_constraints: 1,0,-1]\n"));
    assert_non_null(strstr(lines, "[metric: auc,rmse]\n"));
    assert_non_null(strstr(lines, "[is_unbalance: 1]\n"));
    rcx_buf_release(&text);
    rcx_gbdt_params_release(&copy);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *said;
    } wrong[] = {
        {"num_leafs", "31", "did you mean 'num_leaves'"},
        {"zzzzzz", "1", "unknown training parameter 'zzzzzz'"},
        {"num_leaves", "1", "whole number from 2"},
        {"num_leaves", "31.5", "whole number"},
        {"num_leaves", "", "whole number"},
        {"learning_rate", "nan", "expected a number"},
        {"feature_fraction", "1.5", "to 1"},
        {"objective", "binery", "expected regression, binary, tweedie or quantile"},
        {"objective", "lambdarank", "expected regression"},
        {"monotone_constraints", "1,2", "-1, 0 or 1"},
        {"monotone_constraints", "1,", "-1, 0 or 1"},
        {"boost_from_average", "maybe", "true or false"},
    };
    struct rcx_gbdt_params params;
    rcx_gbdt_params_init(&params);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rcx_error err = {0};
        assert_int_equal(rcx_gbdt_params_set(&params, wrong[i].name, wrong[i].value, &err),
                         RCX_E_CONFIG);
        if (!strstr(err.text, wrong[i].said))
            fail_msg("%s=%s: %s", wrong[i].name, wrong[i].value, err.text);
    }
    assert_int_equal(params.num_leaves, 31);
    params.bagging_fraction = 0;
    assert_int_equal(rcx_gbdt_params_check(&params, NULL), RCX_E_CONFIG);
    params.bagging_fraction = 1;
    params.objective = RCX_GBDT_LAMBDARANK;
    assert_int_equal(rcx_gbdt_params_check(&params, NULL), RCX_E_CONFIG);
    rcx_gbdt_params_release(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_lightgbm),
        cmocka_unit_test(every_name_takes_its_default),
        cmocka_unit_test(sets_by_alias_and_prints),
        cmocka_unit_test(refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
