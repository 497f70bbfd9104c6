/* Every encoding gives back what was put in, for sizes around every boundary and for extremes;
 * every truncation and random bit flips of the stored bytes are errors or other values, never a
 * crash. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

#include "base/cpu.h"
#include "storage/encoding/column.h"
#include "storage/encoding/planes_kernels.h"

enum { MOST = 700, KEYS = 16 };

struct sample {
    int64_t values[MOST];
    uint32_t groups[MOST + 1], keys[MOST];
    struct rcx_column_context context;
    size_t count;
};

/* shape: 0 zeros, 1 small, 2 multiples of 60, 3 any 64 bits, 4 long runs, 5 extremes, 6 shifted */
static void make_sample(struct sample *s, size_t count, unsigned shape, struct check_random *random)
{
    size_t groups = 0;

    s->count = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t any = check_next(random);
        int64_t extremes[] = {INT64_MIN, INT64_MAX, 0, -1, 1};

        s->values[i] = shape == 0   ? 0
                       : shape == 1 ? (int64_t)(any % 200) - 20
                       : shape == 2 ? (int64_t)(any % 5000) * 60
                       : shape == 3 ? (int64_t)any
                       : shape == 4 ? (int64_t)(i / 97)
                       : shape == 5 ? extremes[any % 5]
                                    : (int64_t)(any % 250) + 1000000007LL;
        s->keys[i] = (uint32_t)(check_next(random) % KEYS);
        if (i == 0 || check_below(random, 4) == 0)
            s->groups[groups++] = (uint32_t)i;
    }
    s->groups[groups] = (uint32_t)count;
    s->context = (struct rcx_column_context){s->groups, groups, s->keys, KEYS};
}

static enum rcx_status encode(const struct sample *s, enum rcx_encoding encoding, int zstd_level,
                              struct rcx_codec_context *codec, struct rcx_buf *out)
{
    struct rcx_encoder encoder = {.codec = codec, .zstd_level = zstd_level, .out = out};
    struct rcx_column_scratch scratch = {0};
    struct rcx_error err = {0};
    enum rcx_status status = rcx_column_put(&encoder, encoding, s->values, s->count, &s->context,
                                            &scratch, &err);

    rcx_encoder_release(&encoder);
    rcx_column_scratch_release(&scratch);
    return status;
}

static enum rcx_status decode(const struct sample *s, enum rcx_encoding encoding,
                              struct rcx_codec_context *codec, const void *bytes, size_t length,
                              int64_t *out, size_t *out_left)
{
    struct rcx_decoder decoder = {.codec = codec, .in = rcx_cursor_of(bytes, length)};
    struct rcx_column_scratch scratch = {0};
    struct rcx_error err = {0};
    enum rcx_status status = rcx_column_get(&decoder, (uint8_t)encoding, out, s->count, &s->context,
                                            &scratch, &err);

    *out_left = rcx_cursor_left(&decoder.in);
    rcx_decoder_release(&decoder);
    rcx_column_scratch_release(&scratch);
    return status;
}

static void check_round_trip(enum rcx_encoding encoding, size_t count, unsigned shape,
                             struct check_random *random, struct rcx_codec_context *codec)
{
    static struct sample s;
    int64_t out[MOST];
    size_t left;

    make_sample(&s, count, shape, random);
    for (int zstd_level = 0; zstd_level <= 3; zstd_level += 3) {
        struct rcx_buf bytes = {0};
        assert_int_equal(encode(&s, encoding, zstd_level, codec, &bytes), RCX_OK);
        assert_int_equal(decode(&s, encoding, codec, bytes.data, bytes.length, out, &left), RCX_OK);
        assert_int_equal(left, 0);
        assert_memory_equal(out, s.values, count * sizeof *out);
        rcx_buf_release(&bytes);
    }
}

static void test_round_trips(void **state)
{
    struct rcx_codec_context *codec = rcx_codec_context_new();
    struct check_random random = {7};

    (void)state;
    for (unsigned e = 0; e < RCX_ENCODING_END; e++) {
        if (!rcx_encoding_name((enum rcx_encoding)e))
            continue;
        for (unsigned shape = 0; shape < 7; shape++) {
            for (size_t count = 0; count <= 257; count++)
                check_round_trip((enum rcx_encoding)e, count, shape, &random, codec);
            check_round_trip((enum rcx_encoding)e, MOST, shape, &random, codec);
        }
    }
    rcx_codec_context_release(codec);
}

static void test_damage_is_never_a_crash(void **state)
{
    struct rcx_codec_context *codec = rcx_codec_context_new();
    struct check_random random = {11};
    static struct sample s;
    int64_t out[MOST];
    size_t left;

    (void)state;
    for (unsigned e = 0; e < RCX_ENCODING_END; e++) {
        struct rcx_buf bytes = {0};

        if (!rcx_encoding_name((enum rcx_encoding)e))
            continue;
        make_sample(&s, 300, 1 + e % 4, &random);
        assert_int_equal(encode(&s, (enum rcx_encoding)e, 3, codec, &bytes), RCX_OK);
        for (size_t cut = 0; cut < bytes.length; cut++) {
            uint8_t *exact = malloc(cut + 1); /* so that the sanitizer sees a read past the end */

            memcpy(exact, bytes.data, cut);
            assert_int_equal(decode(&s, (enum rcx_encoding)e, codec, exact, cut, out, &left),
                             RCX_E_CORRUPT);
            free(exact);
        }
        for (unsigned i = 0; i < 3000; i++) {
            size_t bit = check_below(&random, bytes.length * 8);

            bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            decode(&s, (enum rcx_encoding)e, codec, bytes.data, bytes.length, out, &left);
            bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        rcx_buf_release(&bytes);
    }
    rcx_codec_context_release(codec);
}

static void test_kernels_agree_on_every_level(void **state)
{
    enum { N = 257 };
    struct check_random random = {3};
    uint8_t planes[8 * N];
    uint64_t expected[N], found[N];
    uint32_t codes[N];

    (void)state;
    for (size_t i = 0; i < sizeof planes; i++)
        planes[i] = (uint8_t)check_next(&random);
    enum rcx_cpu_level best = rcx_cpu_detect();
    for (int level = RCX_CPU_V1; level <= (int)best; level++) {
        rcx_cpu_set((enum rcx_cpu_level)level);
        for (unsigned width = 0; width <= 8; width++)
            for (size_t n = 0; n <= N; n += 1 + n / 9) {
                for (size_t i = 0; i < n; i++) {
                    expected[i] = 0;
                    for (unsigned k = 0; k < width; k++)
                        expected[i] |= (uint64_t)planes[k * n + i] << (8 * k);
                }
                RCX_KERNEL_CALL(planes_join)(planes, n, width, found);
                assert_memory_equal(found, expected, n * sizeof *found);
                bool bad = false;
                for (size_t i = 0; i < n; i++)
                    bad |= found[i] >= 70000;
                assert_int_equal(RCX_KERNEL_CALL(narrow_codes)(found, n, 70000, codes) != 0, bad);
            }
    }
    rcx_cpu_set(best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_damage_is_never_a_crash),
        cmocka_unit_test(test_kernels_agree_on_every_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
