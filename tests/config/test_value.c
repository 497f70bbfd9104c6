#include "config/value.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

/* What --set would do: parse `text`, print it again, or the problem. */
static const char *through(const char *name, const char *text, bool loose, bool quoted,
                           char out[1024])
{
    struct rcx_config config = {0};
    struct rcx_cfg_arena arena = {0};
    struct rcx_buf problem = {0}, printed = {0};
    const struct rcx_key *key = rcx_key_find(name);
    struct rcx_raw_scalar scalar = {.text = text, .loose = loose, .quoted = quoted};
    struct rcx_raw raw = {.kind = RCX_RAW_SCALAR, .count = 1, .items = &scalar};
    assert_non_null(key);
    enum rcx_status status = rcx_value_parse(key, &raw, &arena, &config, &problem);
    if (status == RCX_OK)
        assert_true(rcx_value_print(key, &config, &printed));
    assert_int_equal(status == RCX_OK, problem.length == 0);
    (void)snprintf(out, 1024, "%s",
                   status == RCX_OK ? rcx_buf_text(&printed) : rcx_buf_text(&problem));
    rcx_buf_release(&problem);
    rcx_buf_release(&printed);
    rcx_cfg_arena_release(&arena);
    return out;
}

static void texts_of_every_type_round_trip(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"store.sync", "true", "true"},
        {"store.sync", "false", "false"},
        {"store.zstd_level", "19", "19"},
        {"runtime.threads", "auto", "auto"},
        {"runtime.threads", "1024", "1024"},
        {"runtime.memory_limit", "256MB", "256MiB"},
        {"runtime.memory_limit", "auto", "auto"},
        {"ingest.max_line_bytes", "1000", "1000"},
        {"ingest.max_reject_share", "0.05", "0.05"},
        {"ingest.max_reject_share", "1", "1"},
        {"cleaning.min_unit_price", "1e-3", "0.001"},
        {"cleaning.cancellation_prefix", "CR", "CR"},
        {"log.file", "", ""},
        {"cleaning.outliers.quantity_scale", "linear", "linear"},
        {"cleaning.service_codes", " POST ,BANK CHARGES", "POST, BANK CHARGES"},
        {"cleaning.service_codes", "", ""},
        {"snapshots.first", "auto", "auto"},
        {"snapshots.first", "2011-02-28", "2011-02-28"},
        {"snapshots.dates", "2011-06-30,2011-02-28", "2011-02-28, 2011-06-30"},
        {"snapshots.every", "month", "month"},
        {"snapshots.every", "week", "week"},
        {"snapshots.every", "14", "14"},
        {"ingest.utc_offset", "-05:30", "-05:30"},
        {"ingest.utc_offset", "+14:00", "+14:00"},
        {"features.windows", "a:7, b: 14,c:28,d:56", "a: 7, b: 14, c: 28, d: 56"},
    };
    char out[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(through(cases[i][0], cases[i][1], true, false, out), cases[i][2]);
}

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"store.sync", "yes", "'yes' does not fit; expected true or false"},
        {"store.zstd_level", "3.5", "'3.5' does not fit; expected whole number, 1 to 19"},
        {"store.zstd_level", "", "'' does not fit; expected whole number, 1 to 19"},
        {"store.zstd_level", "0", "0 is out of range; expected whole number, 1 to 19"},
        {"store.zstd_level", "99999999999999999999",
         "'99999999999999999999' does not fit; expected whole number, 1 to 19"},
        {"runtime.threads", "0", "0 is out of range; expected auto or a whole number, 1 to 1024"},
        {"ingest.max_reject_share", "nan", "'nan' does not fit; expected number, 0 to 1"},
        {"ingest.max_reject_share", "1.01", "1.01 is out of range; expected number, 0 to 1"},
        {"ingest.max_line_bytes", "12 parsecs",
         "'12 parsecs' does not fit; expected size such as 64KB or 1.5GiB, 64 to 1GiB"},
        {"cleaning.cancellation_prefix", "", "a text of 0 bytes; expected text, not empty"},
        {"cleaning.outliers.fit", "first_day",
         "'first_day' is not a value of this key (did you mean 'first_days'?); expected one of "
         "first_days, all"},
        {"cleaning.service_codes", "POST,,M", "item 2 is empty; expected list of texts"},
        {"snapshots.first", "2011-02-30",
         "'2011-02-30' does not fit; expected auto or a date YYYY-MM-DD"},
        {"snapshots.dates", "2011-02-28,2011-02-28",
         "2011-02-28 is there twice; expected list of dates YYYY-MM-DD"},
        {"snapshots.every", "year",
         "'year' does not fit; expected month, week, or a number of days, 1 to 3650"},
        {"ingest.utc_offset", "2", "'2' does not fit; expected offset such as +02:00"},
        {"ingest.utc_offset", "+01:60", "'+01:60' does not fit; expected offset such as +02:00"},
        {"ingest.utc_offset", "+15:00", "+15:00 is out of range; expected offset such as +02:00"},
        {"features.windows", "a:1,b:2,c:3",
         "3 windows, not 4; expected name: days, four of them, 1 to 3600"},
        {"features.windows", "a:1,b:2,b:3,c:4",
         "the name 'b' is there twice; expected name: days, four of them, 1 to 3600"},
        {"features.windows", "a:1,b:2,c:2,d:4",
         "'c' (2 days) is not longer than the window before it; expected name: days, four of them, "
         "1 "
         "to 3600"},
        {"features.windows", "a:1,b:2,C:3,d:4",
         "'C' is not a name of lower-case letters, digits and _; expected name: days, four of "
         "them, 1 "
         "to 3600"},
    };
    char out[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(through(cases[i][0], cases[i][1], true, false, out), cases[i][2]);
}

/* In YAML a quoted number is a text, and a missing value is not an empty one. */
static void yaml_types_are_kept_apart(void **state)
{
    (void)state;
    char out[1024];
    assert_string_equal(
        through("store.zstd_level", "3", false, true, out),
        "'3' does not fit (a quoted text; remove the quotes); expected whole number, 1 to 19");
    assert_string_equal(
        through("store.sync", "true", false, true, out),
        "'true' does not fit (a quoted text; remove the quotes); expected true or false");
    assert_string_equal(through("cleaning.cancellation_prefix", "7", false, true, out), "7");
    assert_string_equal(through("log.file", "", false, true, out), "");
    assert_string_equal(through("log.file", "", false, false, out),
                        "has no value; expected text, may be empty");
    assert_string_equal(through("log.file", "null", false, false, out),
                        "has no value; expected text, may be empty");
    assert_string_equal(through("log.file", "null", false, true, out), "null");
    assert_string_equal(through("cleaning.service_codes", "POST", false, false, out),
                        "found a single value; expected list of texts");
}

/* A refused value leaves the field as it was. */
static void refused_values_change_nothing(void **state)
{
    (void)state;
    struct rcx_config config = {.store = {.zstd_level = 7}};
    struct rcx_cfg_arena arena = {0};
    struct rcx_buf problem = {0};
    struct rcx_raw_scalar scalar = {.text = "70", .loose = true};
    struct rcx_raw raw = {.kind = RCX_RAW_SCALAR, .count = 1, .items = &scalar};
    assert_int_equal(
        rcx_value_parse(rcx_key_find("store.zstd_level"), &raw, &arena, &config, &problem),
        RCX_E_CONFIG);
    assert_int_equal(config.store.zstd_level, 7);
    rcx_buf_release(&problem);
    rcx_cfg_arena_release(&arena);
}

static void yaml_texts_are_quoted_when_they_must_be(void **state)
{
    (void)state;
    static const char *const items[] = {"POST",   "BANK CHARGES", "no", "Null",  "1",
                                        "a\"b\\", "x: y",         "",   " lead", "trail "};
    struct rcx_config config = {
        .cleaning = {.service_codes = {sizeof items / sizeof items[0], items}}};
    struct rcx_buf out = {0};
    assert_true(rcx_value_print_yaml(rcx_key_find("cleaning.service_codes"), &config, &out));
    assert_string_equal(rcx_buf_text(&out),
                        "[POST, BANK CHARGES, \"no\", \"Null\", \"1\", \"a\\\"b\\\\\", "
                        "\"x: y\", \"\", \" lead\", \"trail \"]");
    rcx_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_every_type_round_trip),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(yaml_types_are_kept_apart),
        cmocka_unit_test(refused_values_change_nothing),
        cmocka_unit_test(yaml_texts_are_quoted_when_they_must_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
