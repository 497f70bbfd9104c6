/* CSV as a source: the same records whatever the window, long records, seeking, what is compressed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/ingest_input.h"
#include "tests/support/temp_dir.h"

#include "base/buf.h"
#include "storage/format/source.h"

/* All records as "line|field|field...\n", oversized ones as "line!first bytes". */
static void dump_window(const struct rcx_source_window *window, struct rcx_buf *out)
{
    if (window->oversized.line)
        rcx_buf_printf(out, "%llu!%.10s\n", (unsigned long long)window->oversized.line,
                       window->oversized.text.data);
    for (size_t c = 0; c < window->chunk_count; c++) {
        const struct rcx_source_chunk *chunk = &window->chunks[c];
        uint64_t line = chunk->first_line;
        size_t field = 0;
        for (size_t r = 0; r < chunk->records; r++) {
            rcx_buf_printf(out, "%llu", (unsigned long long)line);
            for (; field < chunk->record_ends[r]; field++) {
                struct rcx_text text = rcx_chunk_field(chunk, field);
                rcx_buf_append_byte(out, '|');
                rcx_buf_append(out, text.data, text.length);
                for (size_t i = 0; i < text.length; i++)
                    line += text.data[i] == '\n';
            }
            rcx_buf_append_byte(out, '\n');
            line++;
        }
    }
}

struct reading {
    const struct rcx_source_options *options;
    unsigned threads;
    int stop_after; /* windows, then seek back to the mark taken there; -1: never */
};

static enum rcx_status dump(const char *path, const struct reading *reading, struct rcx_buf *out,
                            struct rcx_error *err)
{
    struct rcx_source *source = NULL;
    struct rcx_parallel parallel = {reading->threads};
    struct rcx_source_window window = {0};
    enum rcx_status status = rcx_source_open(path, reading->options, &source, err);
    if (status != RCX_OK)
        return status;
    struct rcx_source_mark mark = {0};
    size_t length_at_mark = 0;
    bool back = reading->stop_after >= 0;
    for (int i = 0;; i++) {
        status = rcx_source_next(source, &parallel, &window, err);
        bool end = window.chunk_count == 0 && window.oversized.line == 0;
        if (status == RCX_OK && !end)
            dump_window(&window, out);
        if (i == reading->stop_after) {
            mark = rcx_source_mark(source);
            length_at_mark = out->length;
        }
        if (status != RCX_OK || (end && !back))
            break;
        if (end) { /* once more from the mark: must give the same rest */
            back = false;
            out->length = length_at_mark;
            assert_int_equal(rcx_source_seek(source, mark, err), RCX_OK);
        } else if (i % 2) {
            assert_int_equal(rcx_source_prefetch(source, err), RCX_OK);
        }
    }
    rcx_source_close(source);
    return status;
}

static void make_file(struct rcx_buf *out)
{
    struct check_random random = {9};
    rcx_buf_append_text(out, "a,b,c\n");
    for (int i = 0; i < 3000; i++) {
        switch (check_below(&random, 12)) {
        case 0:
            rcx_buf_printf(out, "%d,\"x\ny, %d\",z\r\n", i, i);
            break;
        case 1:
            rcx_buf_append_text(out, "\n");
            break;
        case 2:
            rcx_buf_printf(out, "%d,st\"ray,z\n", i);
            break;
        default:
            rcx_buf_printf(out, "%d,plain,%d\n", i, i * i);
        }
        if (i == 1000) { /* longer than any small window */
            rcx_buf_append_text(out, "LONG,\"");
            for (int k = 0; k < 3000; k++)
                rcx_buf_append_text(out, "0123\n");
            rcx_buf_append_text(out, "\",z\n");
        }
    }
    rcx_buf_append_text(out, "last,row,without end");
}

static void any_window_gives_the_same_records(void **state)
{
    (void)state;
    char dir[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
    struct rcx_buf file = {0}, whole = {0};
    rcx_test_dir_make(dir);
    make_file(&file);
    rcx_test_write_file(rcx_test_path(dir, "a.csv", path), file.data, file.length);
    const struct rcx_source_options one = {0};
    const struct reading plain = {&one, 1, -1};
    assert_int_equal(dump(path, &plain, &whole, NULL), RCX_OK);
    assert_non_null(strstr(rcx_buf_text(&whole), "|last|row|without end"));
    for (size_t window = 1024; window < 70000; window = window * 3 / 2) {
        for (unsigned threads = 1; threads <= 3; threads++) {
            const struct rcx_source_options options = {
                .window_bytes = window, .chunk_bytes = 100 * threads, .max_record_bytes = 20000};
            struct reading reading = {&options, threads,
                                      (int)check_below(&(struct check_random){window}, 8)};
            struct rcx_buf cut = {0};
            assert_int_equal(dump(path, &reading, &cut, NULL), RCX_OK);
            assert_int_equal(cut.length, whole.length);
            assert_memory_equal(cut.data, whole.data, whole.length);
            rcx_buf_release(&cut);
        }
    }
    rcx_buf_release(&file);
    rcx_buf_release(&whole);
    rcx_test_dir_remove(dir);
}

/* A record that does not fit is passed over; its line, its beginning, and all others are right. */
static void oversized_records_are_passed_over(void **state)
{
    (void)state;
    char dir[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
    struct rcx_buf file = {0}, whole = {0};
    rcx_test_dir_make(dir);
    make_file(&file);
    rcx_test_write_file(rcx_test_path(dir, "a.csv", path), file.data, file.length);
    const struct rcx_source_options one = {0};
    const struct reading plain = {&one, 1, -1};
    assert_int_equal(dump(path, &plain, &whole, NULL), RCX_OK);
    char *begin = strstr((char *)(uintptr_t)rcx_buf_text(&whole), "|LONG|");
    char *end = strstr(begin, "|z\n") + 3;
    while (begin[-1] != '\n')
        begin--;
    for (int stop = -1; stop < 40; stop += 3) {
        const struct rcx_source_options options = {
            .window_bytes = 1500, .chunk_bytes = 200, .max_record_bytes = 300};
        struct reading reading = {&options, 2, stop};
        struct rcx_buf cut = {0};
        assert_int_equal(dump(path, &reading, &cut, NULL), RCX_OK);
        const char *got = strstr(rcx_buf_text(&cut), "!LONG,\"0123\n");
        assert_non_null(got);
        size_t before = (size_t)(begin - (char *)whole.data);
        assert_memory_equal(cut.data, whole.data, before);
        assert_int_equal(strtoull((char *)cut.data + before, NULL, 10), strtoull(begin, NULL, 10));
        assert_string_equal(got + strlen("!LONG,\"0123\n"), end);
        rcx_buf_release(&cut);
    }
    rcx_buf_release(&file);
    rcx_buf_release(&whole);
    rcx_test_dir_remove(dir);
}

static void headers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *names;
        char delimiter;
    } cases[] = {
        {"a,b,c\n", "a/b/c/", ','},
        {"a;b,c;d\r\n", "a/b,c/d/", ';'},
        {"\xEF\xBB\xBF\"a\"\t b \t\"c\"\"d\"\n", "a/b/c\"d/", '\t'},
        {"a|b", "a/b/", '|'},
        {"one\n", "one/", ','},
        {"\"a\nb\",\"c,d\"\n", "a\nb/c,d/", ','},
        {"a,\xE9,\n", "a/\xC3\xA9//", ','},
    };
    char dir[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
    rcx_test_dir_make(dir);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rcx_source *source = NULL;
        struct rcx_buf names = {0};
        const struct rcx_source_options options = {0};
        rcx_test_write_file(rcx_test_path(dir, "h.csv", path), cases[i].text,
                            strlen(cases[i].text));
        assert_int_equal(rcx_source_open(path, &options, &source, NULL), RCX_OK);
        const struct rcx_source_info *info = rcx_source_info(source);
        for (size_t c = 0; c < info->column_count; c++)
            rcx_buf_printf(&names, "%s/", info->columns[c].name);
        assert_string_equal(rcx_buf_text(&names), cases[i].names);
        assert_int_equal(info->delimiter, cases[i].delimiter);
        assert_string_equal(info->format, "csv");
        rcx_source_close(source);
        rcx_buf_release(&names);
    }
    rcx_test_dir_remove(dir);
}

static void unclosed_quotes_name_their_line(void **state)
{
    (void)state;
    char dir[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
    rcx_test_dir_make(dir);
    for (size_t window = 1024; window < 20000; window *= 2) {
        struct rcx_buf file = {0}, out = {0};
        struct rcx_error err = {0};
        rcx_buf_append_text(&file, "a,b,c\n1,\"two\nlines\",3\n");
        rcx_buf_append_text(&file, "1,\"closed\n\",\"open\n"); /* opens on line 5 */
        for (int i = 0; i < 1000; i++)
            rcx_buf_append_text(&file, "1,2,3\n");
        rcx_test_write_file(rcx_test_path(dir, "a.csv", path), file.data, file.length);
        const struct rcx_source_options options = {.window_bytes = window, .max_record_bytes = 500};
        const struct reading reading = {&options, 2, -1};
        assert_int_equal(dump(path, &reading, &out, &err), RCX_E_INPUT);
        assert_non_null(strstr(err.text, "a.csv:5: "));
        rcx_buf_release(&file);
        rcx_buf_release(&out);
    }
    rcx_test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_window_gives_the_same_records),
        cmocka_unit_test(oversized_records_are_passed_over),
        cmocka_unit_test(headers),
        cmocka_unit_test(unclosed_quotes_name_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
