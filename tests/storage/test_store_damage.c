/* Damaged stores: whatever is cut off or flipped in any file, opening, reading and verifying end
 * with exit code 4 or give exactly the rows that were stored. Never a crash, never other numbers.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/test_rows.h"

#include "base/file.h"
#include "storage/store/scan.h"
#include "storage/store/verify.h"

struct fixture {
    char directory[RCX_TEST_PATH_BYTES];
    struct rcx_names files;
    struct rcx_digest content;
};

/* Digest of all rows as a scan delivers them. */
static enum rcx_status read_all(const char *directory, struct rcx_digest *out,
                                struct rcx_error *err)
{
    struct rcx_store *store = NULL;
    struct rcx_scan *scan = NULL;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    struct rcx_hasher *hasher = rcx_hasher_open();
    enum rcx_status status = rcx_store_open(directory, NULL, &store, err);

    if (status == RCX_OK)
        status = rcx_scan_open(store, RCX_SCAN_ALL, &scan, err);
    for (size_t m = 0; status == RCX_OK && m < rcx_scan_morsels(scan); m++) {
        struct rcx_batch b;

        status = rcx_scan_read(scan, m, buffer, &b, err);
        if (status != RCX_OK)
            break;
        rcx_hasher_update(hasher, b.customer, b.receipts * sizeof *b.customer);
        rcx_hasher_update(hasher, b.time, b.receipts * sizeof *b.time);
        for (size_t r = 0; r < b.receipts; r++) {
            struct rcx_text text = rcx_strings_get(rcx_store_strings(store, RCX_TEXT_INVOICE),
                                                   b.invoice[r]);

            rcx_hasher_update(hasher, text.data, text.length);
        }
        rcx_hasher_update(hasher, b.quantity, b.rows * sizeof *b.quantity);
        rcx_hasher_update(hasher, b.unit_price, b.rows * sizeof *b.unit_price);
        for (size_t i = 0; i < b.rows; i++) {
            struct rcx_text text = rcx_strings_get(rcx_store_strings(store, RCX_TEXT_STOCK),
                                                   b.stock[i]);

            rcx_hasher_update(hasher, text.data, text.length);
        }
        rcx_hasher_update(hasher, b.country, b.rows * sizeof *b.country);
        rcx_hasher_update(hasher, b.description, b.rows * sizeof *b.description);
    }
    *out = rcx_hasher_digest(hasher);
    rcx_hasher_close(hasher);
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    rcx_store_close(store);
    return status;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct check_random random = {5};
    struct rcx_error err = {0};

    rcx_test_dir_make(f->directory);
    rcx_test_text_customers = false;
    for (unsigned version = 0; version < 2; version++) {
        struct rcx_row rows[120];

        for (unsigned i = 0; i < 120; i++)
            rows[i] = rcx_test_random_row(&random, 9);
        rcx_test_ingest(f->directory, rows, 120, 1);
    }
    assert_int_equal(rcx_directory_list(f->directory, &f->files, &err), RCX_OK);
    assert_int_equal(read_all(f->directory, &f->content, &err), RCX_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    rcx_names_release(&f->files);
    rcx_test_dir_remove(f->directory);
    free(f);
    return 0;
}

/* In place: opening with O_TRUNC makes ext4 flush at every close. */
static void write_file(const char *path, const void *data, size_t length)
{
    int descriptor = open(path, O_RDWR | O_CREAT, 0666);

    assert_true(descriptor >= 0);
    assert_int_equal(pwrite(descriptor, data, length, 0), (ssize_t)length);
    assert_int_equal(ftruncate(descriptor, (off_t)length), 0);
    assert_int_equal(close(descriptor), 0);
}

static void check_damaged(const struct fixture *f, const char *path, size_t place)
{
    struct rcx_error err = {0};
    struct rcx_digest digest;
    struct rcx_verify_report report;
    const struct rcx_parallel one = {1};
    enum rcx_status status = read_all(f->directory, &digest, &err);

    if (status == RCX_OK) {
        if (rcx_digest_compare(digest, f->content) != 0)
            fail_msg("%s: damage at %zu gives other rows", path, place);
    } else if (rcx_status_exit_code(status) != 4 || !strstr(err.text, f->directory)) {
        fail_msg("%s: damage at %zu: status %s: %s", path, place, rcx_status_name(status),
                 err.text);
    }
    status = rcx_store_verify(f->directory, NULL, &one, &report, &err);
    if (status != RCX_OK && rcx_status_exit_code(status) != 4)
        fail_msg("%s: damage at %zu: verify: %s", path, place, err.text);
}

/* Calls `damage` for every file of the store that versions are read from. */
static void for_each_file(struct fixture *f,
                          void (*damage)(struct fixture *, const char *, const struct rcx_buf *))
{
    for (size_t i = 0; i < f->files.count; i++) {
        char path[RCX_TEST_PATH_BYTES];
        struct rcx_buf bytes = {0};
        struct rcx_error err = {0};

        if (strcmp(f->files.names[i], "LOCK") == 0)
            continue;
        rcx_test_path(f->directory, f->files.names[i], path);
        assert_int_equal(rcx_file_read(path, &bytes, &err), RCX_OK);
        damage(f, path, &bytes);
        write_file(path, bytes.data, bytes.length);
        rcx_buf_release(&bytes);
    }
}

static void cut_everywhere(struct fixture *f, const char *path, const struct rcx_buf *bytes)
{
    for (size_t length = 0; length < bytes->length; length++) {
        write_file(path, bytes->data, length);
        check_damaged(f, path, length);
    }
}

static void flip_everywhere(struct fixture *f, const char *path, const struct rcx_buf *bytes)
{
    const char *full = getenv("RCX_FULL");
    size_t step = full && *full == '1' ? 1
                                       : 5; /* 5 and 8 have no common divisor: every bit position */

    for (size_t bit = 0; bit < bytes->length * 8; bit += step) {
        bytes->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        write_file(path, bytes->data, bytes->length);
        bytes->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        check_damaged(f, path, bit / 8);
    }
}

static void remove_it(struct fixture *f, const char *path, const struct rcx_buf *bytes)
{
    struct rcx_error err = {0};
    struct rcx_digest digest;

    (void)bytes;
    assert_int_equal(rcx_file_remove(path, &err), RCX_OK);
    enum rcx_status status = read_all(f->directory, &digest, &err);
    /* without its newest manifest a store is the version before; any other file is missed by name
     */
    if (!strstr(path, "MANIFEST"))
        assert_true(status != RCX_OK && strstr(err.text, path));
}

static void test_truncations(void **state)
{
    for_each_file(*state, cut_everywhere);
}

static void test_bit_flips(void **state)
{
    for_each_file(*state, flip_everywhere);
}

static void test_missing_files(void **state)
{
    for_each_file(*state, remove_it);
}

static void test_damaged_manifest_names_the_last_good_version(void **state)
{
    struct fixture *f = *state;
    char path[RCX_TEST_PATH_BYTES];
    const struct rcx_store_open_options first = {.version = 1};
    struct rcx_store *store = NULL;
    struct rcx_error err = {0};

    write_file(rcx_test_path(f->directory, "MANIFEST-0000000002", path), "broken", 6);
    assert_int_equal(rcx_store_open(f->directory, NULL, &store, &err), RCX_E_CORRUPT);
    assert_non_null(strstr(err.text, "--version 1"));
    assert_int_equal(rcx_store_open(f->directory, &first, &store, &err), RCX_OK);
    assert_int_equal(rcx_store_summary(store)->rows, 120);
    rcx_store_close(store);
}

static void test_leftovers_of_a_killed_writer_are_ignored(void **state)
{
    struct fixture *f = *state;
    char path[RCX_TEST_PATH_BYTES];
    struct rcx_error err = {0};
    struct rcx_digest digest;

    write_file(rcx_test_path(f->directory, "segment-0000000003.rcx", path), "half", 4);
    write_file(rcx_test_path(f->directory, "MANIFEST-0000000003.tmp-77-0", path), "half", 4);
    write_file(rcx_test_path(f->directory, "dictionary-country-0000000003.rcx", path), "", 0);
    assert_int_equal(read_all(f->directory, &digest, &err), RCX_OK);
    assert_int_equal(rcx_digest_compare(digest, f->content), 0);
    struct check_random random = {9};
    struct rcx_row rows[10];
    for (unsigned i = 0; i < 10; i++)
        rows[i] = rcx_test_random_row(&random, 9);
    rcx_test_ingest(f->directory, rows, 10, 1); /* version 3 takes the names over */
    struct rcx_verify_report report;
    const struct rcx_parallel one = {1};
    assert_int_equal(rcx_store_verify(f->directory, NULL, &one, &report, &err), RCX_OK);
    assert_int_equal(report.rows, 250);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_truncations),
        TEST(test_bit_flips),
        TEST(test_missing_files),
        TEST(test_damaged_manifest_names_the_last_good_version),
        TEST(test_leftovers_of_a_killed_writer_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
