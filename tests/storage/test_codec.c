/* Every codec: round trips of all small sizes, wrong sizes, damaged bytes, context reuse, no memory. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

#include "base/memory.h"
#include "storage/encoding/codec.h"

enum { MOST = 4096 };

static void fill(struct check_random *random, uint8_t *data, size_t length, unsigned alphabet)
{
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)check_below(random, alphabet);
}

static void test_registry(void **state)
{
    (void)state;
    const char *const names[] = {"none", "snappy", "zstd", "gzip", "lz4", "lz4_raw"};
    for (size_t i = 0; i < 6; i++) {
        assert_non_null(rcx_codec_find(names[i]));
        assert_string_equal(rcx_codec_at(i)->name, names[i]);
        assert_ptr_equal(rcx_codec_at(i), rcx_codec_find(names[i]));
    }
    assert_null(rcx_codec_at(6));
    assert_null(rcx_codec_find("zst"));
    assert_null(rcx_codec_find(""));
}

static void round_trip(const struct rcx_codec *codec, struct rcx_codec_context *context, int level,
                       const uint8_t *data, size_t length)
{
    size_t bound = codec->bound(length), packed_length = 0;
    uint8_t *packed = malloc(bound + 1), *back = malloc(length + 1);
    assert_int_equal(
        codec->compress(context, level, data, length, packed, bound, &packed_length, NULL), RCX_OK);
    assert_true(packed_length <= bound);
    back[length] = 0xA5;
    assert_int_equal(codec->decompress(context, packed, packed_length, back, length, NULL), RCX_OK);
    assert_memory_equal(back, data, length);
    assert_int_equal(back[length], 0xA5);

    struct rcx_error err;
    if (length > 0) {
        assert_int_equal(codec->decompress(context, packed, packed_length, back, length - 1, &err),
                         RCX_E_CORRUPT);
        assert_int_equal(codec->decompress(context, packed, packed_length - 1, back, length, &err),
                         RCX_E_CORRUPT);
    }
    uint8_t *longer = malloc(length + 1);
    assert_int_equal(codec->decompress(context, packed, packed_length, longer, length + 1, &err),
                     RCX_E_CORRUPT);
    free(longer);
    free(packed);
    free(back);
}

static void test_round_trips(void **state)
{
    (void)state;
    static uint8_t data[MOST];
    struct check_random random = {1};
    struct rcx_codec_context *context = rcx_codec_context_new();
    const struct rcx_codec *codec;
    for (size_t c = 0; (codec = rcx_codec_at(c)) != NULL; c++) {
        for (size_t length = 0; length <= 257; length++) {
            fill(&random, data, length, length % 2 ? 3 : 256);
            round_trip(codec, context, 0, data, length);
        }
        fill(&random, data, MOST, 4);
        for (int level = codec->level_min; level <= codec->level_max; level += 4)
            round_trip(codec, context, level, data, MOST);
    }
    rcx_codec_context_release(context);
}

/* What a context did before must not show in the bytes. */
static void test_reuse_gives_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t data[MOST], other[MOST], first[2 * MOST], second[2 * MOST];
    struct check_random random = {2};
    fill(&random, data, MOST, 5);
    const struct rcx_codec *codec;
    for (size_t c = 0; (codec = rcx_codec_at(c)) != NULL; c++) {
        struct rcx_codec_context *context = rcx_codec_context_new();
        size_t length = 0, again = 0, ignored = 0;
        assert_int_equal(
            codec->compress(context, 0, data, MOST, first, sizeof first, &length, NULL), RCX_OK);
        for (int i = 0; i < 20; i++) {
            size_t part = check_below(&random, MOST);
            fill(&random, other, part, 7);
            assert_int_equal(codec->compress(context, codec->level_max, other, part, second,
                                             sizeof second, &ignored, NULL),
                             RCX_OK);
        }
        assert_int_equal(
            codec->compress(context, 0, data, MOST, second, sizeof second, &again, NULL), RCX_OK);
        assert_int_equal(length, again);
        assert_memory_equal(first, second, length);
        rcx_codec_context_release(context);
    }
}

/* Flipped bits are noticed or give other bytes, never a write past the end (the sanitizers watch). */
static void test_damage(void **state)
{
    (void)state;
    static uint8_t data[MOST], packed[2 * MOST], back[MOST];
    struct check_random random = {3};
    fill(&random, data, MOST, 3);
    struct rcx_codec_context *context = rcx_codec_context_new();
    const struct rcx_codec *codec;
    unsigned noticed = 0;
    for (size_t c = 1; (codec = rcx_codec_at(c)) != NULL; c++) {
        size_t length = 0;
        assert_int_equal(
            codec->compress(context, 0, data, MOST, packed, sizeof packed, &length, NULL), RCX_OK);
        for (size_t bit = 0; bit < length * 8; bit += 3) {
            packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
            enum rcx_status status = codec->decompress(context, packed, length, back, MOST, NULL);
            assert_true(status == RCX_OK || status == RCX_E_CORRUPT);
            noticed += status != RCX_OK;
            packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_equal(codec->decompress(context, packed, length, back, MOST, NULL), RCX_OK);
        assert_int_equal(codec->decompress(context, packed, 0, back, MOST, NULL), RCX_E_CORRUPT);
    }
    assert_true(noticed > 0);
    rcx_codec_context_release(context);
}

static bool attempt(void *name)
{
    uint8_t data[256] = {1, 2, 3}, packed[1024];
    size_t length = 0;
    struct rcx_codec_context *context = rcx_codec_context_new();
    if (!context)
        return false;
    const struct rcx_codec *codec = rcx_codec_find(name);
    enum rcx_status status = codec->compress(context, 0, data, sizeof data, packed, sizeof packed,
                                             &length, NULL);
    if (!status)
        status = codec->decompress(context, packed, length, data, sizeof data, NULL);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    rcx_codec_context_release(context);
    return status == RCX_OK;
}

static void test_no_memory(void **state)
{
    (void)state;
    char zstd[] = "zstd", gzip[] = "gzip";
    assert_true(check_allocation_failures(attempt, zstd) >= 3); /* our own, encoder, decoder */
    assert_true(check_allocation_failures(attempt, gzip) >= 3);
}

static void test_no_allocation_per_block(void **state)
{
    (void)state;
    static uint8_t data[MOST], packed[2 * MOST];
    const char *const names[] = {"zstd", "gzip"};
    struct check_random random = {4};
    struct rcx_codec_context *context = rcx_codec_context_new();
    size_t length = 0;
    fill(&random, data, MOST, 9);
    for (int i = 0; i < 10; i++) {
        if (i == 1)
            rcx_memory_fail_at(0); /* resets the count */
        for (int c = 0; c < 2; c++) {
            const struct rcx_codec *codec = rcx_codec_find(names[c]);
            assert_int_equal(
                codec->compress(context, 3, data, MOST, packed, sizeof packed, &length, NULL),
                RCX_OK);
            assert_int_equal(codec->decompress(context, packed, length, data, MOST, NULL), RCX_OK);
        }
    }
    assert_int_equal(rcx_memory_fail_at(0), 0);
    rcx_codec_context_release(context);
}

/* What other programs write: several members (gzip files put together), zlib's own wrapping. */
static void test_gzip_of_others(void **state)
{
    (void)state;
    static const uint8_t two_members[] = {
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x4b, 0x4c,
        0x4a, 0x06, 0x00, 0xc2, 0x41, 0x24, 0x35, 0x03, 0x00, 0x00, 0x00, 0x1f,
        0x8b, 0x08, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 'n',  0x00, 0x4b,
        0x49, 0x4d, 0x03, 0x00, 0x61, 0xe1, 0xc4, 0x0c, 0x03, 0x00, 0x00, 0x00};
    static const uint8_t zlib[] = {0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06,
                                   0x00, 0x02, 0x4d, 0x01, 0x27};
    struct rcx_codec_context *context = rcx_codec_context_new();
    const struct rcx_codec *codec = rcx_codec_find("gzip");
    char out[8] = "";
    struct rcx_error err = {0};
    enum rcx_status status = codec->decompress(context, two_members, sizeof two_members, out, 6,
                                               &err);
    assert_string_equal(err.text, "");
    assert_int_equal(status, RCX_OK);
    assert_memory_equal(out, "abcdef", 6);
    assert_int_equal(codec->decompress(context, zlib, sizeof zlib, out, 3, &err), RCX_OK);
    assert_memory_equal(out, "abc", 3);
    assert_int_equal(codec->decompress(context, two_members, sizeof two_members, out, 3, &err),
                     RCX_E_CORRUPT);
    rcx_codec_context_release(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_reuse_gives_the_same_bytes),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_allocation_per_block),
        cmocka_unit_test(test_gzip_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
