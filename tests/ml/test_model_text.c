#include "ml/gbdt/model_text.h"

#include "base/memory.h"
#include "base/text.h"
#include "tests/ml/model_cases.h"

static enum rcx_status parse(const char *text, size_t length, struct rcx_gbdt_model *out,
                             struct rcx_error *err)
{
    return rcx_gbdt_model_parse("m.txt", text, length, out, err);
}

static void add_categories(struct rcx_gbdt_model *model, size_t feature)
{
    static const char bytes[] = "a\"b\xc3\xa9"; /* a, "b, e with an accent, and an empty one */
    struct rcx_strings *strings = rcx_strings_new(4, 5);
    const uint64_t offsets[] = {0, 1, 3, 5, 5};
    memcpy(strings->offsets, offsets, sizeof offsets);
    memcpy(strings->bytes, bytes, 5);
    model->features[feature].categories = strings;
}

static void make(struct check_random *random, unsigned i, struct rcx_gbdt_model *model)
{
    const struct model_case c = {1 + check_below(random, 6), 1 + (uint32_t)check_below(random, 12),
                                 i % 2 == 1};
    case_model(random, &c, check_below(random, 4), model);
    model->objective = (enum rcx_gbdt_objective)(i % RCX_GBDT_OBJECTIVE_COUNT);
    if (i % 7 == 0)
        model->parameters = rcx_strdup("[num_leaves: 31]\n[objective: binary]\n");
    if (i % 3 == 0)
        model->features[0].monotone = -1;
    if (i % 4 == 1)
        add_categories(model, c.features - 1);
    model->sigmoid = model->objective == RCX_GBDT_BINARY ? 0.7 : 1;
    model->reg_sqrt = model->objective == RCX_GBDT_REGRESSION && i % 2 == 0;
}

static void assert_same(const struct rcx_gbdt_model *model, const char *text, size_t length)
{
    struct rcx_buf again = {0};
    assert_int_equal(rcx_gbdt_model_format(model, &again, NULL), RCX_OK);
    assert_int_equal(again.length, length);
    assert_memory_equal(again.data, text, length);
    rcx_buf_release(&again);
}

static void format_and_parse_are_inverse(void **state)
{
    (void)state;
    struct check_random random = {21};
    for (unsigned i = 0; i < 90; i++) {
        struct rcx_gbdt_model model, again;
        struct rcx_buf text = {0};
        make(&random, i, &model);
        assert_int_equal(rcx_gbdt_model_format(&model, &text, NULL), RCX_OK);
        assert_int_equal(parse((const char *)text.data, text.length, &again, NULL), RCX_OK);
        assert_int_equal(again.objective, model.objective);
        assert_int_equal(again.reg_sqrt, model.reg_sqrt);
        assert_true(again.sigmoid == model.sigmoid);
        assert_same(&again, (const char *)text.data, text.length);
        rcx_buf_release(&text);
        rcx_gbdt_model_release(&model);
        rcx_gbdt_model_release(&again);
    }
}

/* Our files tell every truncation and every changed bit, but for a cut behind the trees that takes
 * the digest away and leaves all lines whole. */
static void damage_is_seen(void **state)
{
    (void)state;
    struct check_random random = {22};
    for (unsigned i = 1; i < 14; i += 4) {
        struct rcx_gbdt_model model, other;
        struct rcx_buf text = {0};
        struct rcx_error err;
        make(&random, i, &model);
        assert_int_equal(rcx_gbdt_model_format(&model, &text, NULL), RCX_OK);
        for (size_t length = 0; length < text.length; length++) {
            char *cut = malloc(length + 1); /* exactly as long, for the sanitizer */
            memcpy(cut, text.data, length);
            if (parse(cut, length, &other, &err) == RCX_OK) {
                assert_int_equal(other.tree_count, model.tree_count);
                assert_null(model.features[model.feature_count - 1].categories);
                rcx_gbdt_model_release(&other);
            }
            free(cut);
        }
        for (unsigned flip = 0; flip < 3000; flip++) {
            size_t place = check_below(&random, text.length);
            uint8_t bit = (uint8_t)(1u << check_below(&random, 8));
            text.data[place] ^= bit;
            assert_int_not_equal(parse((const char *)text.data, text.length, &other, &err), RCX_OK);
            assert_int_equal(strncmp(err.text, "m.txt:", 6), 0);
            text.data[place] ^= bit;
        }
        rcx_buf_release(&text);
        rcx_gbdt_model_release(&model);
    }
}

/* Without a digest, as LightGBM writes them: what is read is safe to walk. */
static void changed_files_are_refused_or_safe(void **state)
{
    (void)state;
    struct check_random random = {23};
    unsigned read = 0;
    for (unsigned i = 0; i < 12; i++) {
        struct rcx_gbdt_model model, other;
        struct rcx_buf text = {0};
        make(&random, 2 * i + 1, &model);
        assert_int_equal(rcx_gbdt_model_format(&model, &text, NULL), RCX_OK);
        char *digest = strstr(rcx_buf_text(&text), "rcx_digest:");
        memset(digest, '\n', strlen("rcx_digest:") + 32);
        for (unsigned flip = 0; flip < 1500; flip++) {
            size_t place = check_below(&random, text.length);
            uint8_t before = text.data[place];
            text.data[place] = flip % 2 ? (uint8_t)(before ^ 1u << check_below(&random, 8))
                                        : (uint8_t)("0123456789-. =\n"[check_below(&random, 15)]);
            if (parse((const char *)text.data, text.length, &other, NULL) == RCX_OK) {
                struct rcx_matrix rows = case_rows(&random, 3, other.feature_count);
                for (size_t r = 0; r < 3; r++)
                    assert_true(isfinite(case_score(&other, &rows, r, other.tree_count)));
                case_rows_free(&rows);
                rcx_gbdt_model_release(&other);
                read++;
            }
            text.data[place] = before;
        }
        rcx_buf_release(&text);
        rcx_gbdt_model_release(&model);
    }
    assert_true(read > 100); /* digits of reals, for instance */
}

/* ---- what is wrong, in words ---- */

static const char good[] =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
    "max_feature_idx=1\nobjective=binary sigmoid:1\nfeature_names=a b\n"
    "feature_infos=[0:1] none\n\nTree=0\nnum_leaves=3\nnum_cat=0\n"
    "split_feature=0 1\nthreshold=0.5 0.25\ndecision_type=2 2\n"
    "left_child=1 -1\nright_child=-2 -3\nleaf_value=0.1 0.2 0.3\n"
    "is_linear=0\nshrinkage=1\n\n\nend of trees\n\npandas_categorical:null\n";

static void expect_error(const char *from, const char *to, enum rcx_status status,
                         const char *message)
{
    char text[2048];
    struct rcx_gbdt_model model;
    struct rcx_error err = {0};
    const char *place = strstr(good, from);
    assert_non_null(place);
    int length = snprintf(text, sizeof text, "%.*s%s%s", (int)(place - good), good, to,
                          place + strlen(from));
    enum rcx_status found = parse(text, (size_t)length, &model, &err);
    if (found != status)
        print_error("'%s' for '%s'\n", to, from);
    assert_int_equal(found, status);
    if (!strstr(err.text, message))
        print_error("found: %s\n", err.text);
    assert_non_null(strstr(err.text, message));
}

static void errors_name_line_and_reason(void **state)
{
    (void)state;
    struct rcx_gbdt_model model;
    assert_int_equal(parse(good, sizeof good - 1, &model, NULL), RCX_OK);
    assert_int_equal(model.tree_count, 1);
    rcx_gbdt_model_release(&model);
    expect_error("tree\n", "xgboost\n", RCX_E_CORRUPT, "m.txt:1: this is no model");
    expect_error("version=v4", "version=v9", RCX_E_VERSION, "version 'v9'");
    expect_error("num_class=1", "num_class=3", RCX_E_INPUT, "m.txt:3: a model of several classes");
    expect_error("objective=binary", "average_output\nobjective=binary", RCX_E_INPUT,
                 "random forest");
    expect_error("objective=binary sigmoid:1", "objective=multiclass num_class:3", RCX_E_INPUT,
                 "multiclass");
    expect_error("objective=binary", "objective=mystery", RCX_E_INPUT, "objective 'mystery'");
    expect_error("max_feature_idx=1", "max_feature_idx=900000000", RCX_E_CORRUPT,
                 "more than 'feature_names' holds");
    expect_error("feature_names=a b", "feature_names=a b c", RCX_E_CORRUPT, "more than 2");
    expect_error("num_leaves=3", "num_leaves=2000000000", RCX_E_CORRUPT, "more than 'leaf_value'");
    expect_error("num_leaves=3", "num_leaves=2", RCX_E_CORRUPT, "expected 1");
    expect_error("split_feature=0 1", "split_feature=0 2", RCX_E_CORRUPT,
                 "m.txt:14: 'split_feature' holds '2', expected a whole number from 0 to 1");
    expect_error("left_child=1 -1", "left_child=0 -1", RCX_E_CORRUPT, "does not come after it");
    expect_error("right_child=-2 -3", "right_child=1 -3", RCX_E_CORRUPT,
                 "a child of another split already");
    expect_error("left_child=1 -1", "left_child=1 -4", RCX_E_CORRUPT, "from -3 to 1");
    expect_error("threshold=0.5", "threshold=nan", RCX_E_CORRUPT, "is not a number");
    expect_error("threshold=0.5", "threshold=0,5", RCX_E_CORRUPT, "holds '0,5', expected a number");
    expect_error("decision_type=2", "decision_type=14", RCX_E_CORRUPT, "decision type 14");
    expect_error("decision_type=2", "decision_type=1", RCX_E_CORRUPT, "category set 0.5 of 0");
    expect_error("leaf_value=0.1", "leaf_value=inf", RCX_E_CORRUPT, "is not finite");
    expect_error("is_linear=0", "is_linear=1", RCX_E_INPUT, "m.txt:20: a linear tree");
    expect_error("shrinkage=1\n", "shrinkage=1\nshrinkage=1\n", RCX_E_CORRUPT, "stands in line");
    expect_error("is_linear", "is_lunear", RCX_E_CORRUPT, "a tree has no key 'is_lunear'");
    expect_error("Tree=0", "Tree=1", RCX_E_CORRUPT, "expected 'Tree=0'");
    expect_error("end of trees\n", "", RCX_E_CORRUPT, "expected 'Tree=1' or 'end of trees'");
    expect_error("pandas_categorical:null", "pandas_categorical:[[", RCX_E_CORRUPT, "m.txt:26");
    expect_error("pandas_categorical:null", "pandas_categorical:[[\"x\"]]", RCX_E_CORRUPT,
                 "1 lists of categories, and the model does not tell");
    expect_error("feature_infos=[0:1] none\n", "feature_infos=[0:1] none\ntree_sizes=7\n",
                 RCX_E_CORRUPT, "the file was changed");
}

static bool format_and_parse(void *context)
{
    struct rcx_buf text = {0};
    struct rcx_gbdt_model again = {0};
    enum rcx_status status = rcx_gbdt_model_format(context, &text, NULL);
    if (status == RCX_OK)
        status = parse((const char *)text.data, text.length, &again, NULL);
    if (status == RCX_OK)
        rcx_gbdt_model_release(&again);
    rcx_buf_release(&text);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    return status == RCX_OK;
}

static void memory_may_end(void **state)
{
    (void)state;
    struct check_random random = {24};
    struct rcx_gbdt_model model;
    make(&random, 7, &model); /* no texts of categories: the JSON reader has memory of its own */
    assert_true(check_allocation_failures(format_and_parse, &model) >= 10);
    rcx_gbdt_model_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_and_parse_are_inverse),
        cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(changed_files_are_refused_or_safe),
        cmocka_unit_test(errors_name_line_and_reason),
        cmocka_unit_test(memory_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
