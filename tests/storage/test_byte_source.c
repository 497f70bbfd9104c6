/* Inputs as files, pipes, compressed or not: front to back, back again, addressed, and their digest. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/ingest_input.h"
#include "tests/support/temp_dir.h"

#include "base/memory.h"
#include "storage/encoding/codec.h"
#include "storage/format/byte_source.h"

enum { PLAIN = 700000, PIPE_BYTES = 20000 };

static uint8_t plain[PLAIN], packed[2 * PLAIN], back[PLAIN + 1];
static char dir[RCX_TEST_PATH_BYTES];

/* The input in one of its forms ("none", "gzip", "zstd"); returns its length. */
static size_t pack(const char *codec, size_t length)
{
    struct rcx_codec_context *context = rcx_codec_context_new();
    size_t bytes = 0;
    assert_int_equal(rcx_codec_find(codec)->compress(context, 0, plain, length, packed,
                                                     sizeof packed, &bytes, NULL),
                     RCX_OK);
    rcx_codec_context_release(context);
    return bytes;
}

static void check_addressed(struct rcx_byte_source *source, size_t length)
{
    struct rcx_byte_file file = {-1, 0, 0};
    for (int again = 0; again < 2; again++) {
        assert_int_equal(rcx_byte_source_file(source, &file, NULL), RCX_OK);
        assert_int_equal(file.length, length);
        assert_int_equal(pread(file.fd, back, length, (off_t)file.start), length);
        assert_memory_equal(back, plain, length);
        assert_int_equal(pread(file.fd, back, 10, (off_t)(file.start + length / 2)), 10);
        assert_memory_equal(back, plain + length / 2, 10);
    }
    assert_int_equal(rcx_byte_source_drain(source, NULL), RCX_OK);
}

static void test_forms(void **state)
{
    (void)state;
    static const char *const codecs[] = {"none", "gzip", "zstd"};
    char path[RCX_TEST_PATH_BYTES];
    for (size_t c = 0; c < 3; c++) {
        size_t bytes = pack(codecs[c], PLAIN);
        struct rcx_digest digest = rcx_hash128(packed, bytes);
        rcx_test_write_file(rcx_test_path(dir, codecs[c], path), packed, bytes);
        for (int addressed = 0; addressed < 2; addressed++) {
            struct rcx_byte_source *source = NULL;
            size_t got = 0;
            assert_int_equal(rcx_byte_source_open(path, dir, &source, NULL), RCX_OK);
            assert_int_equal(rcx_byte_source_compressed(source), c > 0);
            assert_int_equal(rcx_byte_source_read(source, back, 512, &got, NULL), RCX_OK);
            assert_int_equal(got, 512);
            if (addressed) {
                check_addressed(source, PLAIN);
            } else {
                assert_int_equal(rcx_byte_source_read(source, back, PLAIN + 1, &got, NULL), RCX_OK);
                assert_int_equal(got, PLAIN - 512);
                assert_memory_equal(back, plain + 512, got);
                assert_int_equal(rcx_byte_source_seek(source, 1000, NULL), RCX_OK);
                assert_int_equal(rcx_byte_source_read(source, back, 50, &got, NULL), RCX_OK);
                assert_memory_equal(back, plain + 1000, 50);
            }
            assert_int_equal(rcx_digest_compare(rcx_byte_source_digest(source), digest), 0);
            rcx_byte_source_close(source);
        }
    }
}

static void test_pipes(void **state)
{
    (void)state;
    static const char *const codecs[] = {"none", "gzip", "zstd"};
    static const char *const names[] = {"pipe0", "pipe1", "pipe2"};
    char path[RCX_TEST_PATH_BYTES];
    for (size_t c = 0; c < 3; c++) {
        size_t bytes = pack(codecs[c], PIPE_BYTES);
        rcx_test_path(dir, names[c], path);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_true(bytes < 65536); /* fits into the pipe */
        int keep = open(path, O_RDWR | O_CLOEXEC);
        assert_int_equal(write(keep, packed, bytes), bytes);
        struct rcx_byte_source *source = NULL;
        assert_int_equal(rcx_byte_source_open(path, dir, &source, NULL), RCX_OK);
        close(keep); /* the last writer: the end of the input */
        check_addressed(source, PIPE_BYTES);
        struct rcx_digest digest = rcx_hash128(packed, bytes);
        assert_int_equal(rcx_digest_compare(rcx_byte_source_digest(source), digest), 0);
        rcx_byte_source_close(source);
    }
}

static void test_cut_and_unkept(void **state)
{
    (void)state;
    char path[RCX_TEST_PATH_BYTES];
    struct rcx_byte_source *source = NULL;
    struct rcx_byte_file file;
    struct rcx_error err = {0};
    size_t bytes = pack("gzip", PLAIN);
    rcx_test_write_file(rcx_test_path(dir, "cut.gz", path), packed, bytes - 5);
    assert_int_equal(rcx_byte_source_open(path, dir, &source, NULL), RCX_OK);
    assert_int_equal(rcx_byte_source_file(source, &file, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "the gzip file is cut off"));
    rcx_byte_source_close(source);
    assert_int_equal(rcx_byte_source_open(path, NULL, &source, NULL), RCX_OK);
    assert_int_equal(rcx_byte_source_file(source, &file, &err), RCX_E_IO);
    rcx_byte_source_close(source);
}

static int setup(void **state)
{
    (void)state;
    struct check_random random = {11};
    for (size_t i = 0; i < PLAIN; i++)
        plain[i] = (uint8_t)('a' + check_below(&random, 4));
    rcx_test_dir_make(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rcx_test_dir_remove(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_cut_and_unkept),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
