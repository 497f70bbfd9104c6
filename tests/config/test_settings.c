#include "config/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "config/docs.h"
#include "tests/support/check.h"
#include "tests/support/temp_dir.h"

struct fixture {
    char dir[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
};

static int begin(void **state)
{
    static struct fixture fixture;
    rcx_test_dir_make(fixture.dir);
    rcx_test_path(fixture.dir, "rcx.yaml", fixture.path);
    *state = &fixture;
    return 0;
}

static int end(void **state)
{
    rcx_test_dir_remove(((struct fixture *)*state)->dir);
    return 0;
}

static void write_file(const struct fixture *fixture, const char *text)
{
    struct rcx_file_writer_options options = {.no_sync = true};
    assert_int_equal(rcx_file_replace(fixture->path, text, strlen(text), &options, NULL), RCX_OK);
}

static struct rcx_settings *load(const struct rcx_config_sources *sources)
{
    struct rcx_settings *settings = NULL;
    struct rcx_error err = {0};
    if (rcx_settings_load(sources, &settings, &err) != RCX_OK)
        fail_msg("%s", err.text);
    return settings;
}

/* The text of the refusal, with the directory of the file left out. */
static const char *refusal(const struct rcx_config_sources *sources, char out[RCX_ERROR_TEXT_BYTES])
{
    struct rcx_settings *settings = NULL;
    struct rcx_error err = {0};
    assert_int_equal(rcx_settings_load(sources, &settings, &err), RCX_E_CONFIG);
    assert_null(settings);
    const char *name = strrchr(err.text, '/'); /* no message holds another slash */
    (void)snprintf(out, RCX_ERROR_TEXT_BYTES, "%s", name != NULL ? name + 1 : err.text);
    return out;
}

static void sources_win_in_their_order(void **state)
{
    const struct fixture *fixture = *state;
    write_file(fixture, "store:\n  zstd_level: 4\n");
    const char *variables[] = {"RCX_STORE__ZSTD_LEVEL=5"},
               *sets[] = {"store.zstd_level=6", "store.zstd_level=7"};
    struct rcx_option_value option = {"--level", "store.zstd_level", "8"};
    struct rcx_config_sources sources = {0};
    static const char *const origins[] = {"default", "", "environment RCX_STORE__ZSTD_LEVEL",
                                          "--set", "--level"};
    static const int64_t levels[] = {1, 4, 5, 7, 8};
    for (unsigned i = 0; i < 5; i++) {
        if (i == 1)
            sources.file = fixture->path;
        else if (i == 2)
            sources.variables = variables, sources.variable_count = 1;
        else if (i == 3)
            sources.sets = sets, sources.set_count = 2;
        else if (i == 4)
            sources.options = &option, sources.option_count = 1;
        struct rcx_settings *settings = load(&sources);
        const char *origin = rcx_settings_origin(settings, rcx_key_find("store.zstd_level"));
        assert_int_equal(rcx_settings_config(settings)->store.zstd_level, levels[i]);
        if (i == 1)
            assert_string_equal(strrchr(origin, '/'), "/rcx.yaml:2:15");
        else
            assert_string_equal(origin, origins[i]);
        rcx_settings_release(settings);
    }
}

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    struct rcx_config_sources none = {0};
    struct rcx_settings *settings = load(&none);
    const struct rcx_config *config = rcx_settings_config(settings);
    assert_int_equal(config->features.observation_days, 180);
    assert_int_equal(config->features.windows.count, RCX_CFG_WINDOW_COUNT);
    assert_string_equal(config->features.windows.items[3].name, "very_long");
    assert_int_equal(config->features.definitions, RCX_DEFINITIONS_STANDARD);
    assert_int_equal(config->cleaning.service_codes.count, 11);
    assert_string_equal(config->cleaning.service_codes.items[5], "BANK CHARGES");
    assert_int_equal(config->snapshots.first, RCX_CFG_AUTO_DAY);
    assert_int_equal(config->snapshots.every, RCX_CFG_EVERY_MONTH);
    assert_int_equal(config->ingest.max_line_bytes, 1 << 20);
    assert_int_equal(config->runtime.threads, 0);
    assert_true(config->ingest.max_reject_share == 0.01);
    rcx_settings_release(settings);
}

static void files_may_nest_or_use_dots(void **state)
{
    const struct fixture *fixture = *state;
    struct rcx_config_sources sources = {.file = fixture->path};
    write_file(
        fixture,
        "# comment\ncleaning:\n  outliers: {fit_days: 31}\n  outliers.fit: all\n"
        "features.windows: {a: 1, b: 2, c: 3, d: 4}\nstore:\nsnapshots:\n  dates: [2011-02-28]\n");
    struct rcx_settings *settings = load(&sources);
    const struct rcx_config *config = rcx_settings_config(settings);
    assert_int_equal(config->cleaning.outliers_fit_days, 31);
    assert_int_equal(config->cleaning.outliers_fit, RCX_OUTLIERS_FIT_ALL);
    assert_string_equal(config->features.windows.items[2].name, "c");
    assert_int_equal(config->snapshots.dates.count, 1);
    rcx_settings_release(settings);
    write_file(fixture, ""); /* nothing in it sets nothing */
    rcx_settings_release(load(&sources));
}

static void mistakes_in_a_file_have_their_place(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const cases[][2] = {
        {"store:\n  zstd_lvl: 3\n",
         "rcx.yaml:2:3: there is no key 'store.zstd_lvl'; did you mean 'store.zstd_level'?"},
        {"stroe:\n  zstd_level: 3\n",
         "rcx.yaml:1:1: there is no key 'stroe'; did you mean the group 'store'?"},
        {"store:\n  zstd_level: fast\n", "rcx.yaml:2:15: store.zstd_level: 'fast' does not fit; "
                                         "expected whole number, 1 to 19 (default 1)"},
        {"store:\n  zstd_level: 40\n", "rcx.yaml:2:15: store.zstd_level: 40 is out of range; "
                                       "expected whole number, 1 to 19 (default 1)"},
        {"store:\n  zstd_level: [3]\n", "rcx.yaml:2:15: store.zstd_level: found a list; expected "
                                        "whole number, 1 to 19 (default 1)"},
        {"store:\n  zstd_level: {a: 3}\n", "rcx.yaml:2:15: store.zstd_level: found a mapping; "
                                           "expected whole number, 1 to 19 (default 1)"},
        {"cleaning:\n  service_codes: [[A]]\n",
         "rcx.yaml:2:18: cleaning.service_codes: item 1 is not a single text or number; expected "
         "list of texts (default "
         "POST, DOT, D, M, C2, BANK CHARGES, AMAZONFEE, CRUK, S, B, PADS)"},
        {"log:\n  file: \"a\\0b\"\n", "rcx.yaml:2:9: log.file: item 1 is not a single text or "
                                      "number; expected text, may be empty (default empty)"},
        {"store:\n  zstd_level: 3\n  zstd_level: 4\n",
         "rcx.yaml:3:3: store.zstd_level is there twice; first in line 2"},
        {"store:\n  zstd_level: 3\nstore:\n  sync: true\n",
         "rcx.yaml:3:1: store is there twice; first in line 1"},
        {"store.zstd_level: 3\nstore:\n  zstd_level: 4\n",
         "rcx.yaml:3:3: store.zstd_level is there twice; first in line 1"},
        {"store: 3\n", "rcx.yaml:1:8: 'store' is a group of keys: found a single value, expected "
                       "'key: value' lines below it"},
        {"- store\n", "rcx.yaml:1:1: found a list, expected sections such as 'features:'"},
        {"store\n", "rcx.yaml:1:1: found a single value, expected sections such as 'features:'"},
        {"? [a]\n: b\n", "rcx.yaml:1:3: a key must be a word, not a list or a mapping"},
        {"store: {zstd_level: 3\n",
         "rcx.yaml:2:1: not valid YAML: did not find expected ',' or '}', while parsing a "
         "flow mapping"},
        {"store:\n\tsync: true\n",
         "rcx.yaml:2:1: not valid YAML: found character that cannot start any token, while "
         "scanning for the next token"},
        {"store: {sync: true}\n---\nstore: {}\n",
         "rcx.yaml:3:1: a second YAML document begins; there must be one"},
        {"store: &a\n  sync: *a\n",
         "rcx.yaml:1:8: store.sync: found a mapping; expected true or false (default true)"},
        {"store: {sync: \xff}\n",
         "rcx.yaml: not valid YAML: invalid leading UTF-8 octet at byte 14"},
    };
    struct rcx_config_sources sources = {.file = fixture->path};
    char out[RCX_ERROR_TEXT_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(fixture, cases[i][0]);
        assert_string_equal(refusal(&sources, out), cases[i][1]);
    }
}

static void mistakes_elsewhere_name_their_source(void **state)
{
    (void)state;
    const char *variables[] = {"RCX_STORE__ZSTD_LVL=5",
                               "RCX_STORE__SYNC=maybe",
                               "RCX_CPU=v3",
                               "RCX_RUNTIME_THREADS=2",
                               "RCX_RUNTIME_THREAD=2",
                               "RCX_=",
                               "RCX_STORE",
                               "HOME=/root"};
    const char *sets[] = {"store.zstd_level", "=3", "store=3", "runtime.threads=many"};
    struct rcx_option_value option = {"--seed", "runtime.seed", "-1"};
    struct rcx_config_sources sources = {.variables = variables,
                                         .variable_count = sizeof variables / sizeof variables[0],
                                         .sets = sets,
                                         .set_count = 4,
                                         .options = &option,
                                         .option_count = 1};
    char out[RCX_ERROR_TEXT_BYTES];
    assert_string_equal(
        refusal(&sources, out),
        "environment RCX_STORE__ZSTD_LVL: there is no key 'store.zstd_lvl'; did you mean "
        "'store.zstd_level'?\n"
        "environment RCX_STORE__SYNC: store.sync: 'maybe' does not fit; expected true or false "
        "(default true)\n"
        "environment RCX_RUNTIME_THREADS: a dot of a key is written as two underscores: "
        "'runtime.threads'\n"
        "--set: 'store.zstd_level' is not of the form section.key=value\n"
        "--set: '=3' is not of the form section.key=value\n"
        "--set: 'store' is a group of keys, not a key; give one of its keys a value\n"
        "--set: runtime.threads: 'many' does not fit; expected auto or a whole number, 1 to 1024 "
        "(default auto)\n"
        "--seed: runtime.seed: -1 is out of range; expected whole number, 0 to 9007199254740992 "
        "(default 1)");
}

static void keys_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"features.observation_days=100", NULL,
         "--set: features.observation_days: 100 is not a multiple of 30; the nearest are 90 and "
         "120\n"
         "--set: features.windows: 'very_long' is 180 days, longer than the observation window "
         "(features.observation_days: 100); shorten it or lengthen the observation window"},
        {"features.windows=a:1,b:2,c:3,d:181", NULL,
         "--set: features.windows: 'd' is 181 days, longer than the observation window "
         "(features.observation_days: 180); shorten it or lengthen the observation window"},
        {"snapshots.first=2011-03-31", "snapshots.last=2011-02-28",
         "--set: snapshots.first (2011-03-31) is later than snapshots.last (2011-02-28)"},
        {"ingest.min_year=2012", "ingest.max_year=2011",
         "--set: ingest.min_year (2012) is after ingest.max_year (2011)"},
        {"ingest.columns.country=Land, stock-code", NULL,
         "--set: the column name 'StockCode' is in both ingest.columns.stock_code and "
         "ingest.columns.country; take "
         "it out of one"},
    };
    char out[RCX_ERROR_TEXT_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *sets[] = {cases[i][0], cases[i][1]};
        struct rcx_config_sources sources = {.sets = sets,
                                             .set_count = cases[i][1] != NULL ? 2 : 1};
        assert_string_equal(refusal(&sources, out), cases[i][2]);
    }
}

static void many_mistakes_are_counted(void **state)
{
    const struct fixture *fixture = *state;
    struct rcx_buf text = {0};
    for (unsigned i = 0; i < 11; i++)
        (void)rcx_buf_printf(&text, "unknown_%u: 1\n", i);
    write_file(fixture, rcx_buf_text(&text));
    rcx_buf_release(&text);
    struct rcx_config_sources sources = {.file = fixture->path};
    char out[RCX_ERROR_TEXT_BYTES];
    const char *refused = refusal(&sources, out);
    assert_string_equal(strrchr(refused, '\n'), "\n3 more problems");
}

static void a_missing_file_is_an_error_when_it_was_asked_for(void **state)
{
    const struct fixture *fixture = *state;
    struct rcx_settings *settings = NULL;
    struct rcx_error err = {0};
    struct rcx_config_sources sources = {.file = fixture->path};
    assert_int_equal(rcx_settings_load(&sources, &settings, &err), RCX_E_IO);
    assert_non_null(strstr(err.text, fixture->path));
    sources.file_may_miss = true;
    rcx_settings_release(load(&sources));
    sources = (struct rcx_config_sources){.file = fixture->dir}; /* a directory is never a file */
    assert_int_equal(rcx_settings_load(&sources, &settings, &err), RCX_E_IO);
}

static struct rcx_digest digest_of(const struct rcx_config_sources *sources, const char *section)
{
    struct rcx_settings *settings = load(sources);
    struct rcx_digest digest;
    assert_int_equal(rcx_settings_digest(settings, section != NULL ? &section : NULL,
                                         section != NULL, &digest, NULL),
                     RCX_OK);
    rcx_settings_release(settings);
    return digest;
}

static void digests_depend_on_values_alone(void **state)
{
    (void)state;
    const char *same[] = {"store.zstd_level=1"}, *other[] = {"store.zstd_level=4"},
               *threads[] = {"runtime.threads=3"};
    struct rcx_config_sources none = {0}, explicit = {.sets = same, .set_count = 1};
    struct rcx_config_sources changed = {.sets = other, .set_count = 1},
                              machine = {.sets = threads, .set_count = 1};
    struct rcx_digest all = digest_of(&none, NULL);
    assert_int_equal(rcx_digest_compare(all, digest_of(&explicit, NULL)), 0);
    assert_int_not_equal(rcx_digest_compare(all, digest_of(&changed, NULL)), 0);
    assert_int_equal(rcx_digest_compare(all, digest_of(&machine, NULL)), 0);
    struct rcx_digest features = digest_of(&none, "features");
    assert_int_equal(rcx_digest_compare(features, digest_of(&changed, "features")), 0);
    assert_int_not_equal(rcx_digest_compare(features, digest_of(&none, "store")), 0);
}

/* The default file reads back as the defaults, and as what it was written from. */
static void the_written_file_reads_back(void **state)
{
    const struct fixture *fixture = *state;
    const char *sets[] = {"cleaning.service_codes=no, x: y, \"q\"",
                          "ingest.utc_offset=+02:00",
                          "snapshots.every=14",
                          "snapshots.dates=2011-02-28",
                          "runtime.memory_limit=300MB",
                          "log.file=/tmp/a b"};
    for (unsigned changed = 0; changed < 2; changed++) {
        struct rcx_config_sources given = {.sets = sets, .set_count = changed ? 6 : 0},
                                  file = {.file = fixture->path};
        struct rcx_settings *settings = load(&given);
        struct rcx_buf text = {0};
        assert_int_equal(rcx_config_write_yaml(settings, &text, NULL), RCX_OK);
        write_file(fixture, rcx_buf_text(&text));
        rcx_buf_release(&text);
        rcx_settings_release(settings);
        assert_int_equal(rcx_digest_compare(digest_of(&given, NULL), digest_of(&file, NULL)), 0);
        assert_int_equal(
            rcx_digest_compare(digest_of(&given, "runtime"), digest_of(&file, "runtime")), 0);
        assert_int_equal(rcx_digest_compare(digest_of(&given, "log"), digest_of(&file, "log")), 0);
    }
}

/* Damaged files are refused or read, never more: cut anywhere, one bit flipped anywhere. */
static void damaged_files_do_no_harm(void **state)
{
    const struct fixture *fixture = *state;
    static const char text[] =
        "features:\n  observation_days: 180\n  windows: {a: 7, b: 14, c: 28, d: 56}\n"
        "cleaning:\n  service_codes: [POST, \"M\"]\n  outliers: &o {fit: all}\n";
    struct check_random random = {11};
    struct rcx_config_sources sources = {.file = fixture->path};
    unsigned read = 0, refused = 0;
    for (size_t i = 0; i < 2 * sizeof text; i++) {
        char copy[sizeof text];
        memcpy(copy, text, sizeof text);
        if (i < sizeof text)
            copy[i] = '\0';
        else
            copy[check_below(&random, sizeof text - 1)] ^= (char)(1u << check_below(&random, 8));
        write_file(fixture, copy);
        struct rcx_settings *settings = NULL;
        enum rcx_status status = rcx_settings_load(&sources, &settings, NULL);
        assert_true(status == RCX_OK || status == RCX_E_CONFIG);
        assert_int_equal(status == RCX_OK, settings != NULL);
        read += status == RCX_OK;
        refused += status != RCX_OK;
        rcx_settings_release(settings);
    }
    assert_true(read > 10 && refused > 10);
}

static bool load_all(void *context)
{
    const char *sets[] = {"cleaning.service_codes=A, B"}, *variables[] = {"RCX_STORE__SYNC=false"};
    struct rcx_config_sources sources = {
        .file = context, .sets = sets, .set_count = 1, .variables = variables, .variable_count = 1};
    struct rcx_settings *settings = NULL;
    enum rcx_status status = rcx_settings_load(&sources, &settings, NULL);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    rcx_settings_release(settings);
    return status == RCX_OK;
}

static void running_out_of_memory_is_told(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture,
               "features:\n  windows: {a: 7, b: 14, c: 28, d: 56}\nexport: {codec: zstd}\n");
    assert_true(check_allocation_failures(load_all, fixture->path) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sources_win_in_their_order, begin, end),
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test_setup_teardown(files_may_nest_or_use_dots, begin, end),
        cmocka_unit_test_setup_teardown(mistakes_in_a_file_have_their_place, begin, end),
        cmocka_unit_test(mistakes_elsewhere_name_their_source),
        cmocka_unit_test(keys_that_contradict_each_other_are_refused),
        cmocka_unit_test_setup_teardown(many_mistakes_are_counted, begin, end),
        cmocka_unit_test_setup_teardown(a_missing_file_is_an_error_when_it_was_asked_for, begin,
                                        end),
        cmocka_unit_test(digests_depend_on_values_alone),
        cmocka_unit_test_setup_teardown(the_written_file_reads_back, begin, end),
        cmocka_unit_test_setup_teardown(damaged_files_do_no_harm, begin, end),
        cmocka_unit_test_setup_teardown(running_out_of_memory_is_told, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
