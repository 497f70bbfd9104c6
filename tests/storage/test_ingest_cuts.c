/* Ingest as a whole: what is stored and what is rejected depends on the bytes of the inputs only. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/ingest_input.h"
#include "tests/support/temp_dir.h"

#include "base/file.h"
#include "base/memory.h"
#include "storage/ingest/ingest.h"
#include "storage/store/scan.h"

/* --- data ----------------------------------------------------------------------------------------
 */

struct flavour {
    bool quotes; /* line feeds, separators, doubled and stray quotes in descriptions */
    bool crlf;
    bool bad_rows;  /* about 3 in 1,000: too many fields, no number, no date ... */
    bool late_rows; /* about 2 in 1,000 that only the verdict rejects */
    bool text_ids;  /* one id that is no number, late in the file */
    bool shuffled_invoices;
};

static void append_description(struct rcx_buf *out, struct check_random *random, unsigned product,
                               const struct flavour *flavour)
{
    switch (flavour->quotes ? check_below(random, 12) : 11) {
    case 0:
        rcx_buf_printf(out, "\"PRODUCT, %u\"", product);
        break;
    case 1:
        rcx_buf_printf(out, "\"12\"\" PRODUCT\n\nON %u LINES,\r\n\"", product);
        break;
    case 2:
        rcx_buf_printf(out, "12\" PRODUCT %u", product);
        break;
    case 3:
        rcx_buf_append_text(out, "\"\"");
        break;
    case 4:
        rcx_buf_printf(out, "\"PRODUCT\" %u", product);
        break;
    case 5:
        rcx_buf_printf(out, "CAF\xC3\x89 %u", product);
        break;
    default:
        rcx_buf_printf(out, "PRODUCT %u", product);
    }
}

static void append_row(struct rcx_buf *out, struct check_random *random, unsigned i,
                       const struct flavour *flavour)
{
    unsigned invoice = i / 5;
    unsigned day = invoice % 300, minute = invoice * 7 % 1440;
    const char *quantity = "3", *price = "2.55";
    char date[32], customer[32] = "";
    snprintf(date, sizeof date, "%u/%u/2011 %u:%02u", 1 + day % 28, 1 + day / 28, minute / 60,
             minute % 60);
    if (invoice % 7 != 0)
        snprintf(customer, sizeof customer, "%u", 12000 + invoice * 13 % 500);
    if (flavour->bad_rows && check_below(random, 1000) < 3) {
        static const char *const bad[] = {"", "x", "99999999999999999999", "1.5"};
        quantity = bad[check_below(random, 4)];
    }
    if (flavour->late_rows && check_below(random, 1000) < 2) {
        if (check_below(random, 2))
            price = "2,5";
        else
            snprintf(date, sizeof date, "2011-01-%02u", 1 + day % 28);
    }
    if (flavour->text_ids && i % 5000 == 4999)
        snprintf(customer, sizeof customer, "K%u", i);
    unsigned product = (unsigned)check_below(random, 50);
    rcx_buf_printf(out, "%u,P%u,",
                   536365 + (flavour->shuffled_invoices ? invoice * 7919 % 10007 : invoice),
                   product);
    append_description(out, random, product, flavour);
    rcx_buf_printf(out, ",%s,%s,\"%s\",%s,%s", quantity, date, price, customer,
                   i % 9 ? "United Kingdom" : "France");
    if (flavour->bad_rows && check_below(random, 2000) == 0)
        rcx_buf_append_text(out, ",one more");
    rcx_buf_append_text(out, flavour->crlf ? "\r\n" : "\n");
}

static const char header[] =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

static void write_shop(const char *path, unsigned rows, const struct flavour *flavour)
{
    struct check_random random = {7};
    struct rcx_buf out = {0};
    rcx_buf_append_text(&out, header);
    for (unsigned i = 0; i < rows; i++)
        append_row(&out, &random, i, flavour);
    rcx_test_write_file(path, out.data, out.length);
    rcx_buf_release(&out);
}

/* --- comparing -----------------------------------------------------------------------------------
 */

/* Digest of all files of a directory but the lock and the manifest, which holds the time. */
static struct rcx_digest digest_of(const char *dir)
{
    struct rcx_names names = {0};
    struct rcx_hasher *hasher = rcx_hasher_open();
    assert_int_equal(rcx_directory_list(dir, &names, NULL), RCX_OK);
    for (size_t i = 0; i < names.count; i++) {
        if (strncmp(names.names[i], "MANIFEST", 8) == 0 || strcmp(names.names[i], "LOCK") == 0)
            continue;
        char path[RCX_TEST_PATH_BYTES];
        struct rcx_buf bytes = {0};
        assert_int_equal(rcx_file_read(rcx_test_path(dir, names.names[i], path), &bytes, NULL),
                         RCX_OK);
        rcx_hasher_update(hasher, names.names[i], strlen(names.names[i]));
        rcx_hasher_update(hasher, bytes.data, bytes.length);
        rcx_buf_release(&bytes);
    }
    struct rcx_digest digest = rcx_hasher_digest(hasher);
    rcx_hasher_close(hasher);
    rcx_names_release(&names);
    return digest;
}

struct outcome {
    enum rcx_status status;
    struct rcx_error error;
    uint64_t accepted, rejected;
    size_t runs;
    unsigned passes;
    struct rcx_digest store, rejects;
};

struct cut {
    unsigned threads;
    size_t window_bytes, chunk_bytes, row_bytes;
};

static struct outcome load(const char *dir, const char *const *inputs, size_t count,
                           const struct cut *cut, const struct rcx_cfg_ingest *cfg)
{
    char store[RCX_TEST_PATH_BYTES], rejects[RCX_TEST_PATH_BYTES];
    struct outcome outcome = {0};
    struct rcx_ingest_report report;
    const struct rcx_ingest_options options = {
        .inputs = inputs,
        .input_count = count,
        .store = rcx_test_path(dir, "store", store),
        .rejects = rcx_test_path(dir, "rejects.csv", rejects),
        .replace = true,
        .again = true,
        .parallel = {cut->threads},
        .zstd_level = 1,
        .no_sync = true,
        .window_bytes = cut->window_bytes,
        .chunk_bytes = cut->chunk_bytes,
        .row_bytes = cut->row_bytes};
    outcome.status = rcx_ingest(cfg, &options, &report, &outcome.error);
    outcome.accepted = report.accepted;
    outcome.rejected = report.rejected;
    outcome.runs = report.runs;
    outcome.passes = report.passes;
    if (outcome.status == RCX_OK) {
        outcome.store = digest_of(store);
        struct rcx_names names = {0};
        assert_int_equal(rcx_directory_list(store, &names, NULL), RCX_OK);
        for (size_t i = 0; i < names.count; i++)
            rcx_file_remove(rcx_test_path(store, names.names[i], (char[RCX_TEST_PATH_BYTES]){0}),
                            NULL);
        rcx_names_release(&names);
    }
    if (rcx_file_exists(rejects)) {
        struct rcx_buf bytes = {0};
        assert_int_equal(rcx_file_read(rejects, &bytes, NULL), RCX_OK);
        outcome.rejects = rcx_hash128(bytes.data, bytes.length);
        rcx_buf_release(&bytes);
        rcx_file_remove(rejects, NULL);
    }
    rcx_ingest_report_release(&report);
    return outcome;
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
    if (b->status != RCX_OK)
        print_error("%s\n", b->error.text);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->accepted, b->accepted);
    assert_int_equal(a->rejected, b->rejected);
    assert_int_equal(rcx_digest_compare(a->store, b->store), 0);
    assert_int_equal(rcx_digest_compare(a->rejects, b->rejects), 0);
}

/* Loads a file cut in many ways; all outcomes must be the same. */
static struct outcome check_cuts(unsigned rows, const struct flavour *flavour)
{
    static const struct cut cuts[] = {{2, 1 << 16, 1 << 12, 0}, {3, 1 << 14, 700, 0},
                                      {7, 1 << 20, 1 << 14, 0}, {2, 1 << 16, 1 << 13, 1},
                                      {3, 1 << 15, 1 << 11, 1}, {1, 1 << 16, 1 << 20, 1}};
    const struct cut plain = {1, 0, 0, 0};
    char dir[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
    rcx_test_dir_make(dir);
    write_shop(rcx_test_path(dir, "shop.csv", path), rows, flavour);
    const char *inputs[] = {path};
    struct rcx_cfg_ingest cfg = rcx_test_ingest_config();
    cfg.max_reject_share = 0.02;
    struct outcome first = load(dir, inputs, 1, &plain, &cfg);
    if (first.status != RCX_OK)
        print_error("%s\n", first.error.text);
    assert_int_equal(first.runs, 0);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct outcome other = load(dir, inputs, 1, &cuts[i], &cfg);
        assert_same(&first, &other);
        if (cuts[i].row_bytes)
            assert_true(other.runs >= 2);
    }
    rcx_test_dir_remove(dir);
    return first;
}

enum { ROWS = 20000 };

static void plain_rows(void **state)
{
    (void)state;
    const struct flavour flavour = {0};
    struct outcome outcome = check_cuts(ROWS, &flavour);
    assert_int_equal(outcome.status, RCX_OK);
    assert_int_equal(outcome.accepted, ROWS);
    assert_int_equal(outcome.passes, 1);
}

static void quoted_rows_with_rejects(void **state)
{
    (void)state;
    const struct flavour flavour = {.quotes = true, .crlf = true, .bad_rows = true};
    struct outcome outcome = check_cuts(ROWS, &flavour);
    assert_int_equal(outcome.status, RCX_OK);
    assert_int_equal(outcome.accepted + outcome.rejected, ROWS);
    assert_true(outcome.rejected > 10);
}

static void rows_that_only_the_verdict_rejects(void **state)
{
    (void)state;
    const struct flavour flavour = {.quotes = true, .bad_rows = true, .late_rows = true};
    struct outcome outcome = check_cuts(ROWS, &flavour);
    assert_int_equal(outcome.status, RCX_OK);
    assert_int_equal(outcome.accepted + outcome.rejected, ROWS);
    assert_int_equal(outcome.passes, 2);
}

static void ids_that_turn_out_to_be_text(void **state)
{
    (void)state;
    const struct flavour flavour = {.text_ids = true};
    struct outcome outcome = check_cuts(ROWS, &flavour);
    assert_int_equal(outcome.status, RCX_OK);
    assert_int_equal(outcome.accepted, ROWS);
}

/* --- against a plain reading ---------------------------------------------------------------------
 */

struct line {
    char text[160];
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text);
}

static void stored_lines(const char *store_path, struct line *lines, size_t *count)
{
    struct rcx_store *store = NULL;
    struct rcx_scan *scan = NULL;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    assert_int_equal(rcx_store_open(store_path, NULL, &store, NULL), RCX_OK);
    assert_int_equal(rcx_scan_open(store, RCX_SCAN_ALL, &scan, NULL), RCX_OK);
    *count = 0;
    for (size_t m = 0; m < rcx_scan_morsels(scan); m++) {
        struct rcx_batch batch;
        assert_int_equal(rcx_scan_read(scan, m, buffer, &batch, NULL), RCX_OK);
        for (size_t r = 0; r < batch.receipts; r++) {
            for (uint32_t i = batch.first_row[r]; i < batch.first_row[r + 1]; i++) {
                char time[RCX_TIME_TEXT_BYTES];
                struct rcx_text invoice = rcx_strings_get(
                    rcx_store_strings(store, RCX_TEXT_INVOICE), batch.invoice[r]);
                struct rcx_text stock = rcx_strings_get(rcx_store_strings(store, RCX_TEXT_STOCK),
                                                        batch.stock[i]);
                struct rcx_text description = rcx_strings_get(
                    rcx_store_strings(store, RCX_TEXT_DESCRIPTION), batch.description[i]);
                snprintf(lines[(*count)++].text, sizeof lines->text,
                         "%lld|%s|%.*s|%.*s|%.*s|%lld|%lld",
                         batch.customer[r] == RCX_GUEST ? -1LL : (long long)batch.customer[r],
                         rcx_format_time(batch.time[r], time), (int)invoice.length, invoice.data,
                         (int)stock.length, stock.data, (int)description.length, description.data,
                         (long long)batch.quantity[i], (long long)batch.unit_price[i]);
            }
        }
    }
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    rcx_store_close(store);
}

/* Each row is written and remembered at the same time, two ingests, columns in another order. */
static void rows_come_back(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    char dir[RCX_TEST_PATH_BYTES], one[RCX_TEST_PATH_BYTES], two[RCX_TEST_PATH_BYTES],
        store[RCX_TEST_PATH_BYTES];
    struct line *want = rcx_malloc_array(COUNT, sizeof *want),
                *got = rcx_malloc_array(COUNT, sizeof *got);
    struct check_random random = {11};
    struct rcx_buf files[2] = {{0}, {0}};
    rcx_buf_append_text(&files[0], header);
    rcx_buf_append_text(
        &files[1],
        "extra;Customer ID;price;Quantity;INVOICE_DATE;Stock Code;description;invoice\r\n");
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned customer = (unsigned)check_below(&random, 40),
                 price = (unsigned)check_below(&random, 100000);
        int quantity = (int)check_below(&random, 100) - 20;
        unsigned day = 1 + (unsigned)check_below(&random, 28),
                 hour = (unsigned)check_below(&random, 24);
        unsigned product = (unsigned)check_below(&random, 30);
        char id[16] = "", description[32];
        if (customer > 0)
            snprintf(id, sizeof id, "%u", customer);
        snprintf(description, sizeof description, product % 3 ? "THING %u" : "A \"B\", %u",
                 product);
        snprintf(want[i].text, sizeof want[i].text, "%d|2011-03-%02u %02u:00:00|%u|S%u|%s|%d|%u",
                 customer ? (int)customer : -1, day, hour, 1000 + i, product, description, quantity,
                 price);
        char quoted[64];
        snprintf(quoted, sizeof quoted, product % 3 ? "THING %u" : "\"A \"\"B\"\", %u\"", product);
        if (i < COUNT / 2)
            rcx_buf_printf(&files[0], "%u,S%u,%s,%d,%u/3/2011 %u:00,%u.%04u,%s,UK\n", 1000 + i,
                           product, quoted, quantity, day, hour, price / 10000, price % 10000, id);
        else
            rcx_buf_printf(&files[1], "x;%s;%u.%04u;%d;%u/3/11 %02u:00:00;S%u;%s;%u\r\n", id,
                           price / 10000, price % 10000, quantity, day, hour, product, quoted,
                           1000 + i);
    }
    rcx_test_dir_make(dir);
    rcx_test_write_file(rcx_test_path(dir, "one.csv", one), files[0].data, files[0].length);
    rcx_test_write_file(rcx_test_path(dir, "two.csv", two), files[1].data, files[1].length);
    struct rcx_cfg_ingest cfg = rcx_test_ingest_config();
    for (int i = 0; i < 2; i++) {
        const char *inputs[] = {i == 0 ? one : two};
        struct rcx_ingest_report report;
        struct rcx_error err = {0};
        const struct rcx_ingest_options options = {.inputs = inputs,
                                                   .input_count = 1,
                                                   .store = rcx_test_path(dir, "store", store),
                                                   .parallel = {2},
                                                   .zstd_level = 1,
                                                   .no_sync = true,
                                                   .chunk_bytes = 4096};
        enum rcx_status status = rcx_ingest(&cfg, &options, &report, &err);
        if (status != RCX_OK)
            print_error("%s\n", err.text);
        assert_int_equal(status, RCX_OK);
        assert_int_equal(report.accepted, COUNT / 2);
        rcx_ingest_report_release(&report);
    }
    size_t count = 0;
    stored_lines(store, got, &count);
    assert_int_equal(count, COUNT);
    qsort(want, COUNT, sizeof *want, compare_lines);
    qsort(got, COUNT, sizeof *got, compare_lines);
    for (size_t i = 0; i < COUNT; i++)
        assert_string_equal(got[i].text, want[i].text);
    rcx_buf_release(&files[0]);
    rcx_buf_release(&files[1]);
    rcx_free(want);
    rcx_free(got);
    rcx_test_dir_remove(dir);
}

/* --- pipes and failures --------------------------------------------------------------------------
 */

struct feed {
    const char *path;
    struct rcx_buf bytes;
};

/* Writes into a named pipe until all is read. */
static void *feed_pipe(void *context)
{
    const struct feed *feed = context;
    int fd = open(feed->path, O_WRONLY | O_CLOEXEC);
    for (size_t at = 0; fd >= 0 && at < feed->bytes.length;) {
        ssize_t put = write(fd, feed->bytes.data + at, feed->bytes.length - at);
        if (put <= 0)
            break;
        at += (size_t)put;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* A named pipe, read twice because a row contradicts the verdict. */
static void a_pipe_is_read_again(void **state)
{
    (void)state;
    char dir[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES], fifo[RCX_TEST_PATH_BYTES];
    const struct flavour flavour = {.late_rows = true};
    const struct cut cut = {2, 1 << 16, 1 << 13, 1};
    rcx_test_dir_make(dir);
    write_shop(rcx_test_path(dir, "shop.csv", path), 5000, &flavour);
    struct rcx_cfg_ingest cfg = rcx_test_ingest_config();
    cfg.max_reject_share = 0.5;
    const char *inputs[] = {path};
    struct outcome file = load(dir, inputs, 1, &cut, &cfg);
    struct feed feed = {.path = rcx_test_path(dir, "pipe", fifo)};
    pthread_t thread;
    assert_int_equal(rcx_file_read(path, &feed.bytes, NULL), RCX_OK);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, feed_pipe, &feed), 0);
    const char *pipes[] = {fifo};
    struct outcome pipe = load(dir, pipes, 1, &cut, &cfg);
    pthread_join(thread, NULL);
    rcx_buf_release(&feed.bytes);
    assert_int_equal(pipe.passes, file.passes);
    assert_int_equal(pipe.accepted, file.accepted);
    assert_int_equal(rcx_digest_compare(pipe.store, file.store), 0);
    rcx_test_dir_remove(dir);
}

struct attempt {
    const char *dir, *path;
};

static bool try_load(void *context)
{
    const struct attempt *attempt = context;
    char store[RCX_TEST_PATH_BYTES];
    const char *inputs[] = {attempt->path};
    struct rcx_cfg_ingest cfg = rcx_test_ingest_config();
    cfg.max_reject_share = 0.5;
    struct rcx_ingest_report report;
    const struct rcx_ingest_options options = {.inputs = inputs,
                                               .input_count = 1,
                                               .store = rcx_test_path(attempt->dir, "store", store),
                                               .parallel = {1},
                                               .zstd_level = 1,
                                               .no_sync = true,
                                               .replace = true,
                                               .window_bytes = 1 << 14,
                                               .chunk_bytes = 1 << 12,
                                               .row_bytes = 1};
    enum rcx_status status = rcx_ingest(&cfg, &options, &report, NULL);
    rcx_ingest_report_release(&report);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    return status == RCX_OK;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    char dir[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
    const struct flavour flavour = {.quotes = true, .bad_rows = true, .late_rows = true};
    rcx_test_dir_make(dir);
    write_shop(rcx_test_path(dir, "shop.csv", path), 600, &flavour);
    struct attempt attempt = {dir, path};
    assert_true(check_allocation_failures(try_load, &attempt) > 50);
    rcx_test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_rows),
        cmocka_unit_test(quoted_rows_with_rejects),
        cmocka_unit_test(rows_that_only_the_verdict_rejects),
        cmocka_unit_test(ids_that_turn_out_to_be_text),
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(a_pipe_is_read_again),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, rcx_test_ingest_setup, rcx_test_ingest_teardown);
}
