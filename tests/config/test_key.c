#include "config/key.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "config/value.h"
#include "tests/support/check.h"

static void every_row_is_well_formed(void **state)
{
    (void)state;
    assert_true(rcx_key_count() > 50);
    for (size_t i = 0; i < rcx_key_count(); i++) {
        const struct rcx_key *key = rcx_key_at(i);
        char field[128];
        /* the field is the name without its section, dots as underscores */
        (void)snprintf(field, sizeof field, "%s", key->name + strlen(key->section) + 1);
        for (char *c = field; *c != '\0'; c++)
            *c = *c == '.' ? '_' : *c;
        assert_string_equal(field, key->field);
        assert_int_equal(strncmp(key->name, key->section, strlen(key->section)), 0);
        assert_int_equal(key->name[strlen(key->section)], '.');
        assert_ptr_equal(rcx_key_find(key->name), key); /* unique */
        assert_int_equal(rcx_key_index(key), i);
        assert_false(rcx_key_is_group(key->name)); /* a key is never also a group */
        assert_true(strlen(key->meaning) > 10);
        assert_true(key->meaning[strlen(key->meaning) - 1] != '.');
        assert_null(strchr(key->meaning, '|')); /* a table of Markdown */
        assert_true(key->min <= key->max);
        assert_int_equal(key->type == RCX_KEY_ENUM, key->value_count > 0);
    }
}

static void sections_come_in_order_and_have_keys(void **state)
{
    (void)state;
    size_t section = 0;
    for (size_t i = 0; i < rcx_key_count(); i++) {
        if (strcmp(rcx_key_at(i)->section, rcx_section_at(section)->name) != 0)
            section++;
        assert_true(section < rcx_section_count());
        assert_string_equal(rcx_key_at(i)->section, rcx_section_at(section)->name);
    }
    assert_int_equal(section + 1, rcx_section_count());
}

static void offsets_address_the_fields(void **state)
{
    (void)state;
    struct rcx_config config = {.cleaning = {.outliers_fit_days = 77}, .store = {.zstd_level = 5}};
    struct rcx_buf out = {0};
    assert_true(rcx_value_print(rcx_key_find("cleaning.outliers.fit_days"), &config, &out));
    assert_string_equal(rcx_buf_text(&out), "77");
    rcx_buf_clear(&out);
    assert_true(rcx_value_print(rcx_key_find("store.zstd_level"), &config, &out));
    assert_string_equal(rcx_buf_text(&out), "5");
    rcx_buf_release(&out);
}

static const char *suggested(const char *name)
{
    const struct rcx_key *key = rcx_key_suggest(name);
    return key != NULL ? key->name : "none";
}

static void misspelt_names_find_their_key(void **state)
{
    (void)state;
    assert_string_equal(suggested("features.observation_dayz"), "features.observation_days");
    assert_string_equal(suggested("observation_days"), "features.observation_days");
    assert_string_equal(suggested("cleaning.fit_days"), "cleaning.outliers.fit_days");
    assert_string_equal(suggested("churn.horizondays"), "churn.horizon_days");
    assert_string_equal(suggested("something.quite.else"), "none");
    assert_string_equal(suggested(""), "none");
    assert_null(rcx_key_find("features.observation_dayz"));
    assert_null(rcx_key_find("features"));
}

static void groups_are_proper_prefixes(void **state)
{
    (void)state;
    assert_true(rcx_key_is_group("cleaning"));
    assert_true(rcx_key_is_group("cleaning.outliers"));
    assert_false(rcx_key_is_group("cleaning.out"));
    assert_false(rcx_key_is_group("clean"));
    assert_false(rcx_key_is_group(""));
}

static void descriptions_state_type_range_and_unit(void **state)
{
    (void)state;
    static const char *const expected[][2] = {
        {"features.observation_days", "whole number, 30 to 3600 days"},
        {"cleaning.outliers.quantity_scale", "one of log, linear"},
        {"ingest.max_line_bytes", "size such as 64KB or 1.5GiB, 64 to 1GiB"},
        {"cleaning.outliers.quantity_iqr", "number, 0.1 to 1000 interquartile ranges"},
        {"log.file", "text, may be empty"},
        {"store.sync", "true or false"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct rcx_buf out = {0};
        assert_true(rcx_key_describe(rcx_key_find(expected[i][0]), &out));
        assert_string_equal(rcx_buf_text(&out), expected[i][1]);
        rcx_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_well_formed),
        cmocka_unit_test(sections_come_in_order_and_have_keys),
        cmocka_unit_test(offsets_address_the_fields),
        cmocka_unit_test(misspelt_names_find_their_key),
        cmocka_unit_test(groups_are_proper_prefixes),
        cmocka_unit_test(descriptions_state_type_range_and_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
