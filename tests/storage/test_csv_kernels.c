/* The vectorised scan against a state machine that reads one byte at a time, and the cutting of
 * windows against one scan from the front. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/format/csv_record.h"
#include "storage/format/csv_window.h"

enum { MOST = 4096 };

struct expected {
    size_t fields, records;
    uint32_t field_ends[MOST];
    uint32_t record_ends[MOST];
    uint64_t line_feeds;
    bool has_nul;
};

/* The reference: RFC 4180 with literal stray quotes. */
static void reference(const uint8_t *bytes, size_t begin, size_t end, struct expected *out)
{
    enum { START, PLAIN, QUOTED, CLOSED } state = START;
    memset(out, 0, sizeof *out);
    for (size_t i = begin; i < end; i++) {
        uint8_t c = bytes[i];
        out->line_feeds += c == '\n';
        out->has_nul |= c == 0;
        if (state == QUOTED) {
            state = c == '"' ? CLOSED : QUOTED;
        } else if (c == ',' || c == '\n') {
            out->field_ends[out->fields++] = (uint32_t)i;
            if (c == '\n')
                out->record_ends[out->records++] = (uint32_t)out->fields;
            state = START;
        } else if (c == '"' && state != PLAIN) {
            state = QUOTED;
        } else {
            state = PLAIN;
        }
    }
}

static uint64_t random_state = 42;
static uint32_t next_random(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

static void random_bytes(uint8_t *bytes, size_t length, unsigned flavour)
{
    static const char *const alphabets[] = {
        "abc,\n", "ab,\n\"", "a\",\n", "abcdefghijklmnop,\r\n\"", "\"", "\"\n", "a,\n\"\0"};
    const char *alphabet = alphabets[flavour % 7];
    size_t letters = flavour % 7 == 6 ? 5 : strlen(alphabet);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)alphabet[next_random((uint32_t)letters)];
}

static void compare(const struct rcx_csv_scan *scan, const struct expected *expected)
{
    assert_int_equal(scan->fields, expected->fields);
    assert_int_equal(scan->records, expected->records);
    assert_int_equal(scan->line_feeds, expected->line_feeds);
    assert_int_equal(scan->has_nul, expected->has_nul);
    assert_memory_equal(scan->field_ends, expected->field_ends,
                        expected->fields * sizeof *scan->field_ends);
    assert_memory_equal(scan->record_ends, expected->record_ends,
                        expected->records * sizeof *scan->record_ends);
}

static void check_scan(const uint8_t *bytes, size_t begin, size_t end, size_t cut)
{
    static uint32_t field_ends[MOST + RCX_CSV_SCAN_SLACK], record_ends[MOST];
    static struct expected expected;
    reference(bytes, begin, end, &expected);
    struct rcx_csv_scan scan = {.bytes = bytes,
                                .delimiter = ',',
                                .after_separator = 1,
                                .field_ends = field_ends,
                                .record_ends = record_ends};
    if (cut > begin && cut < end) {
        RCX_KERNEL_CALL(rcx_csv_scan_bytes)(&scan, begin, cut);
        RCX_KERNEL_CALL(rcx_csv_scan_bytes)(&scan, cut, end);
    } else if (begin < end) {
        RCX_KERNEL_CALL(rcx_csv_scan_bytes)(&scan, begin, end);
    }
    compare(&scan, &expected);
}

static void scan_equals_reference(void **state)
{
    (void)state;
    static uint8_t bytes[MOST];
    for (int level = RCX_CPU_V1; level <= (int)rcx_cpu_detect(); level++) {
        rcx_cpu_set((enum rcx_cpu_level)level);
        for (size_t length = 0; length <= 257; length++) {
            for (unsigned flavour = 0; flavour < 7; flavour++) {
                random_bytes(bytes, sizeof bytes, flavour);
                size_t begin = next_random(70);
                check_scan(bytes, begin, begin + length, begin + next_random(258));
            }
        }
        for (int round = 0; round < 300; round++) {
            random_bytes(bytes, sizeof bytes, (unsigned)round);
            check_scan(bytes, 0, sizeof bytes, next_random(sizeof bytes));
        }
    }
    rcx_cpu_set(rcx_cpu_detect());
}

/* One special byte pair at every offset of a block, so that carries between blocks are met. */
static void scan_at_every_offset(void **state)
{
    (void)state;
    static const char *const patterns[] = {"\"x\"",    "\"\"\"\"", "\"a\"\"b\"", "a\"b", "\"\n\"",
                                           "\"a,b\"c", "\"\"\"",   "\r\n",       ",\"",  "\","};
    uint8_t bytes[200];
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        size_t length = strlen(patterns[p]);
        for (size_t at = 0; at + length < 150; at++) {
            for (int separator = 0; separator < 3; separator++) {
                memset(bytes, 'x', sizeof bytes);
                if (at > 0 && separator > 0)
                    bytes[at - 1] = separator == 1 ? ',' : '\n';
                memcpy(bytes + at, patterns[p], length);
                bytes[at + length] = ',';
                bytes[199] = '\n';
                check_scan(bytes, 0, sizeof bytes, 64 + at % 3);
            }
        }
    }
}

/* Chunks put together must be the records of one pass. */
static void check_window(const uint8_t *bytes, size_t length, size_t chunk_bytes, unsigned threads)
{
    static struct expected expected;
    reference(bytes, 0, length, &expected);
    struct rcx_csv_window window = {.delimiter = ',', .column_count = 3};
    struct rcx_parallel parallel = {threads};
    size_t rest = 0;
    uint64_t line = 0;
    assert_int_equal(rcx_csv_window_scan(&window, bytes, 1, length, chunk_bytes, 7, &parallel,
                                         &rest, &line, NULL),
                     RCX_OK);
    reference(bytes, 1, length, &expected);
    size_t fields = 0, records = 0;
    uint64_t lines = 7;
    size_t begin = 1;
    for (size_t c = 0; c < window.chunk_count; c++) {
        const struct rcx_source_chunk *chunk = &window.chunks[c];
        assert_int_equal(chunk->begin, begin);
        assert_int_equal(chunk->first_line, lines);
        size_t in_chunk = chunk->record_ends[chunk->records - 1];
        assert_memory_equal(chunk->field_ends, expected.field_ends + fields,
                            in_chunk * sizeof *chunk->field_ends);
        for (size_t r = 0; r < chunk->records; r++)
            assert_int_equal(chunk->record_ends[r] + fields, expected.record_ends[records + r]);
        fields += in_chunk;
        records += chunk->records;
        size_t end = (size_t)chunk->field_ends[in_chunk - 1] + 1;
        for (size_t i = begin; i < end; i++)
            lines += bytes[i] == '\n';
        begin = end;
    }
    assert_int_equal(records, expected.records);
    assert_int_equal(rest, begin);
    assert_int_equal(line, lines);
    rcx_csv_window_release(&window);
}

static void window_equals_one_scan(void **state)
{
    (void)state;
    static uint8_t bytes[MOST];
    for (int round = 0; round < 400; round++) {
        random_bytes(bytes, sizeof bytes, (unsigned)round);
        check_window(bytes, 1 + next_random(sizeof bytes), 16 + next_random(400),
                     1 + (unsigned)round % 3);
    }
    /* Mostly regular records, some quoted with line feeds and separators inside. */
    for (int round = 0; round < 200; round++) {
        size_t length = 0;
        while (length + 60 < sizeof bytes) {
            static const char *const records[] = {"one,two,three\n", "\"a,\nb\nc,d,e\n\",2,3\n",
                                                  "1,\"\"\"q\"\"\n1,2,3\n4,5,6\n\",3\r\n",
                                                  "stray\",\"x\"y,z\n", "short\n"};
            const char *record = records[next_random(5)];
            memcpy(bytes + length, record, strlen(record));
            length += strlen(record);
        }
        check_window(bytes, length, 16 + next_random(300), 1 + (unsigned)round % 3);
    }
}

static void unquotes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"abc", "abc"},
                                           {"", ""},
                                           {"\"\"", ""},
                                           {"\"a\"", "a"},
                                           {"\"a\"\"b\"", "a\"b"},
                                           {"a\"b", "a\"b"},
                                           {"\"a\"bc", "abc"},
                                           {"\"a\"b\"c\"", "ab\"c\""},
                                           {"\"\"\"\"", "\""},
                                           {"\"\"\"a\"\"\"", "\"a\""},
                                           {"\"a,b\nc\"", "a,b\nc"}};
    char scratch[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rcx_text text = rcx_csv_unquote(rcx_text_of(cases[i][0]), scratch);
        assert_int_equal(text.length, strlen(cases[i][1]));
        assert_memory_equal(text.data, cases[i][1], text.length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan_equals_reference),
        cmocka_unit_test(scan_at_every_offset),
        cmocka_unit_test(window_equals_one_scan),
        cmocka_unit_test(unquotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
