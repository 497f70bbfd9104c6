/* Every streamed format: any cut of input and output, several frames, truncations, bit flips, padding,
 * what follows, no memory. What is read comes from the block codec of the same name. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

#include "base/memory.h"
#include "storage/encoding/codec.h"
#include "storage/encoding/codec_stream.h"

enum { PLAIN = 3000, MOST = 8192 };

static uint8_t plain[2 * PLAIN];

static size_t pack(const char *name, const uint8_t *data, size_t length, uint8_t *out)
{
    struct rcx_codec_context *context = rcx_codec_context_new();
    size_t packed = 0;
    assert_int_equal(
        rcx_codec_find(name)->compress(context, 0, data, length, out, MOST, &packed, NULL), RCX_OK);
    rcx_codec_context_release(context);
    return packed;
}

static void fill(void)
{
    struct check_random random = {7};
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)('a' + check_below(&random, 5));
}

/* Decodes with input and output in pieces; the number of plain bytes, or -1 for an error. */
static long decode(const struct rcx_stream_codec *codec, void *state, const uint8_t *in,
                   size_t length, size_t in_step, size_t out_step, uint8_t *out, size_t capacity,
                   struct rcx_error *err)
{
    size_t at = 0, written = 0;
    for (;;) {
        size_t used = 0, got = 0;
        size_t give = length - at < in_step ? length - at : in_step;
        size_t room = capacity - written < out_step ? capacity - written : out_step;
        enum rcx_status status = codec->decode(state, "file", in + at, give, &used, out + written,
                                               room, &got, err);
        if (status != RCX_OK) {
            assert_true(status == RCX_E_INPUT || status == RCX_E_NOMEM);
            return -1;
        }
        assert_true(used <= give && got <= room);
        at += used;
        written += got;
        if (used == 0 && got == 0 && (at == length || room == 0))
            return (long)written;
    }
}

static void test_registry(void **state)
{
    (void)state;
    assert_string_equal(rcx_stream_codec_at(0)->name, "zstd");
    assert_string_equal(rcx_stream_codec_at(1)->name, "gzip");
    assert_null(rcx_stream_codec_at(2));
    static const uint8_t zeros[4], text[4] = "a,b";
    assert_null(rcx_stream_codec_detect(zeros, 4));
    assert_null(rcx_stream_codec_detect(text, 4));
    assert_null(rcx_stream_codec_detect(text, 0));
}

static void test_any_cut(void **state)
{
    (void)state;
    static uint8_t packed[2 * MOST], out[2 * PLAIN + 1];
    static const size_t steps[] = {1, 2, 7, 64, 1000, MOST};
    const struct rcx_stream_codec *codec;
    for (size_t c = 0; (codec = rcx_stream_codec_at(c)) != NULL; c++) {
        size_t length = pack(codec->name, plain, PLAIN, packed);
        length += pack(codec->name, plain + PLAIN, PLAIN, packed + length);
        assert_ptr_equal(rcx_stream_codec_detect(packed, length), codec);
        void *decoder = codec->open();
        for (size_t i = 0; i < 6; i++) {
            for (size_t o = 0; o < 6; o++) {
                codec->reset(decoder);
                assert_int_equal(decode(codec, decoder, packed, length, steps[i], steps[o], out,
                                        sizeof out, NULL),
                                 2 * PLAIN);
                assert_memory_equal(out, plain, 2 * PLAIN);
                assert_true(codec->complete(decoder));
            }
        }
        codec->close(decoder);
    }
}

static void test_truncations(void **state)
{
    (void)state;
    static uint8_t packed[MOST], out[PLAIN];
    const struct rcx_stream_codec *codec;
    for (size_t c = 0; (codec = rcx_stream_codec_at(c)) != NULL; c++) {
        size_t length = pack(codec->name, plain, PLAIN, packed);
        void *decoder = codec->open();
        for (size_t cut = 1; cut < length; cut++) {
            codec->reset(decoder);
            long got = decode(codec, decoder, packed, cut, 512, 512, out, sizeof out, NULL);
            assert_true(got >= 0);
            assert_memory_equal(out, plain, (size_t)got);
            assert_false(codec->complete(decoder));
        }
        codec->close(decoder);
    }
}

static void test_bit_flips(void **state)
{
    (void)state;
    static uint8_t packed[MOST], out[2 * PLAIN];
    const struct rcx_stream_codec *codec;
    for (size_t c = 0; (codec = rcx_stream_codec_at(c)) != NULL; c++) {
        size_t length = pack(codec->name, plain, PLAIN, packed), refused = 0;
        void *decoder = codec->open();
        for (size_t bit = 0; bit < length * 8; bit += 3) {
            packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
            codec->reset(decoder);
            long got = decode(codec, decoder, packed, length, 512, 512, out, sizeof out, NULL);
            refused += got < 0 || !codec->complete(decoder);
            packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_true(refused > 0);
        codec->reset(decoder);
        assert_int_equal(decode(codec, decoder, packed, length, 512, 512, out, sizeof out, NULL),
                         PLAIN);
        codec->close(decoder);
    }
}

/* Zeros behind the last member are padding; anything else is not ignored. */
static void test_behind_gzip(void **state)
{
    (void)state;
    static uint8_t packed[MOST], out[2 * PLAIN];
    const struct rcx_stream_codec *codec = rcx_stream_codec_at(1);
    size_t length = pack("gzip", plain, PLAIN, packed);
    void *decoder = codec->open();
    memset(packed + length, 0, 512);
    for (size_t step = 1; step < 1000; step += 333) {
        codec->reset(decoder);
        assert_int_equal(
            decode(codec, decoder, packed, length + 512, step, 512, out, sizeof out, NULL), PLAIN);
        assert_true(codec->complete(decoder));
    }
    struct rcx_error err = {0};
    static const uint8_t bad[] = {'x', 0x8B, 0xFF};
    for (size_t i = 0; i < sizeof bad; i++) {
        packed[length] = bad[i];
        codec->reset(decoder);
        assert_int_equal(
            decode(codec, decoder, packed, length + 1, 512, 512, out, sizeof out, &err), -1);
        assert_non_null(strstr(err.text, "something else follows"));
    }
    codec->close(decoder);
}

static void test_no_memory(void **state)
{
    (void)state;
    const struct rcx_stream_codec *codec;
    for (size_t c = 0; (codec = rcx_stream_codec_at(c)) != NULL; c++) {
        for (uint64_t k = 1; k < 20; k++) {
            static uint8_t packed[MOST], out[PLAIN];
            size_t length = pack(codec->name, plain, PLAIN, packed);
            rcx_memory_fail_at(k);
            void *decoder = codec->open();
            long got = decoder
                           ? decode(codec, decoder, packed, length, 512, 512, out, sizeof out, NULL)
                           : -1;
            uint64_t used = rcx_memory_fail_at(0);
            codec->close(decoder);
            assert_true(got == -1 || used < k);
            if (got == PLAIN)
                break;
            assert_true(k < 19);
        }
    }
}

int main(void)
{
    fill();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),    cmocka_unit_test(test_any_cut),
        cmocka_unit_test(test_truncations), cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_behind_gzip), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
