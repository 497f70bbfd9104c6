#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/parallel.h"
#include "tests/support/temp_dir.h"

static char dir[RCX_TEST_PATH_BYTES];
static char path[RCX_TEST_PATH_BYTES];

static int make_dir(void **state)
{
    (void)state;
    rcx_test_dir_make(dir);
    rcx_test_path(dir, "log", path);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    rcx_test_dir_remove(dir);
    return 0;
}

/* What the calls write to standard error, as text. */
static const char *console_of(const struct rcx_log_options *options, struct rcx_buf *out)
{
    char console[RCX_TEST_PATH_BYTES];
    rcx_test_path(dir, "console", console);
    int saved = dup(STDERR_FILENO);
    int file = open(console, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(saved >= 0 && file >= 0);
    dup2(file, STDERR_FILENO);
    struct rcx_log *log = NULL;
    enum rcx_status status = rcx_log_open(options, &log, NULL);
    if (status == RCX_OK) {
        rcx_log_write(log, RCX_LOG_DEBUG, "ingest", "d%d", 1);
        rcx_log_write(log, RCX_LOG_INFO, "ingest", "i%d", 2);
        rcx_log_write(log, RCX_LOG_WARNING, "ingest", "w%d", 3);
        rcx_log_write(log, RCX_LOG_ERROR, "store", "e%d \"quoted\"", 4);
        rcx_log_close(log);
    }
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(file);
    assert_int_equal(status, RCX_OK);
    assert_int_equal(rcx_file_read(console, out, NULL), RCX_OK);
    return rcx_buf_text(out);
}

static void console_shows_its_level_and_above(void **state)
{
    (void)state;
    static const char *const expected[RCX_LOG_LEVELS + 1] = {
        "ingest: debug: d1\ningest: i2\ningest: warning: w3\nstore: error: e4 \"quoted\"\n",
        "ingest: i2\ningest: warning: w3\nstore: error: e4 \"quoted\"\n",
        "ingest: warning: w3\nstore: error: e4 \"quoted\"\n", "store: error: e4 \"quoted\"\n", ""};
    for (unsigned level = 0; level <= RCX_LOG_LEVELS; level++) {
        struct rcx_buf text = {0};
        const struct rcx_log_options options = {.console_level = (enum rcx_log_level)level,
                                                .file_level = RCX_LOG_LEVELS};
        assert_string_equal(console_of(&options, &text), expected[level]);
        rcx_buf_release(&text);
    }
}

static void color_is_reset_at_the_end_of_the_line(void **state)
{
    (void)state;
    struct rcx_buf text = {0};
    const struct rcx_log_options options = {
        .console_level = RCX_LOG_ERROR, .file_level = RCX_LOG_LEVELS, .color = true};
    assert_string_equal(console_of(&options, &text),
                        "\033[31mstore: error: e4 \"quoted\"\033[0m\n");
    rcx_buf_release(&text);
}

static void file_is_appended_one_object_a_line(void **state)
{
    (void)state;
    struct rcx_buf text = {0};
    const struct rcx_log_options options = {
        .console_level = RCX_LOG_LEVELS, .file_level = RCX_LOG_WARNING, .file = path};
    assert_string_equal(console_of(&options, &text), "");
    assert_string_equal(console_of(&options, &text), "");
    assert_int_equal(rcx_file_read(path, &text, NULL), RCX_OK);
    unsigned lines = 0;
    for (char *line = strtok((char *)(uintptr_t)rcx_buf_text(&text), "\n"); line;
         line = strtok(NULL, "\n"), lines++) {
        const char *rest = lines % 2
                               ? "\"error\",\"where\":\"store\",\"message\":\"e4 \\\"quoted\\\"\"}"
                               : "\"warning\",\"where\":\"ingest\",\"message\":\"w3\"}";
        /* {"time":"2024-05-06T07:08:09.123Z","level": */
        assert_memory_equal(line, "{\"time\":\"2", 10);
        assert_memory_equal(line + 32, "Z\",\"level\":", 11);
        assert_string_equal(line + 43, rest);
    }
    assert_int_equal(lines, 4);
    rcx_buf_release(&text);
}

static enum rcx_status write_many(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    (void)worker;
    (void)err;
    for (unsigned i = 0; i < 50; i++)
        rcx_log_write(context, RCX_LOG_INFO, "test", "chunk %03zu message %02u", chunk, i);
    return RCX_OK;
}

static void lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    struct rcx_log *log = NULL;
    const struct rcx_log_options options = {
        .console_level = RCX_LOG_LEVELS, .file_level = RCX_LOG_DEBUG, .file = path};
    assert_int_equal(rcx_log_open(&options, &log, NULL), RCX_OK);
    const struct rcx_parallel parallel = {3};
    assert_int_equal(rcx_parallel_for(&parallel, 40, write_many, log, NULL), RCX_OK);
    rcx_log_close(log);
    struct rcx_buf text = {0};
    assert_int_equal(rcx_file_read(path, &text, NULL), RCX_OK);
    size_t lines = 0, first = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '\n')
            continue;
        if (lines == 0)
            first = i;
        lines++;
        assert_int_equal((i + 1) % (first + 1), 0); /* all lines are of one length */
    }
    assert_int_equal(lines, 40 * 50);
    rcx_buf_release(&text);
}

static void enabled_is_what_would_be_written(void **state)
{
    (void)state;
    struct rcx_log *log = NULL;
    const struct rcx_log_options options = {.console_level = RCX_LOG_ERROR,
                                            .file_level = RCX_LOG_DEBUG};
    assert_int_equal(rcx_log_open(&options, &log, NULL), RCX_OK);
    assert_true(rcx_log_enabled(log, RCX_LOG_ERROR));
    assert_false(rcx_log_enabled(log, RCX_LOG_WARNING)); /* there is no file */
    assert_false(rcx_log_enabled(NULL, RCX_LOG_ERROR));
    rcx_log_write(NULL, RCX_LOG_ERROR, "x", "nothing happens");
    rcx_log_close(log);
    rcx_log_close(NULL);
}

static void a_log_file_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    char missing[RCX_TEST_PATH_BYTES];
    rcx_test_path(dir, "no/log", missing);
    struct rcx_log *log = NULL;
    struct rcx_error err = {0};
    const struct rcx_log_options options = {.file = missing};
    assert_int_equal(rcx_log_open(&options, &log, &err), RCX_E_IO);
    assert_non_null(strstr(err.text, missing));
    assert_null(log);
}

static void level_names_parse_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= RCX_LOG_LEVELS; i++) {
        enum rcx_log_level level = RCX_LOG_DEBUG;
        assert_true(rcx_log_level_parse(rcx_log_level_name((enum rcx_log_level)i), &level));
        assert_int_equal(level, i);
    }
    enum rcx_log_level level = RCX_LOG_INFO;
    assert_false(rcx_log_level_parse("loud", &level));
    assert_int_equal(level, RCX_LOG_INFO);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        CASE(console_shows_its_level_and_above),
        CASE(color_is_reset_at_the_end_of_the_line),
        CASE(file_is_appended_one_object_a_line),
        CASE(lines_of_threads_do_not_mix),
        CASE(enabled_is_what_would_be_written),
        CASE(a_log_file_that_cannot_be_opened_is_named),
        CASE(level_names_parse_back),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
