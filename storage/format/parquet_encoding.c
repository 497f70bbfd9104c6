#include "storage/format/parquet_encoding.h"

#include <string.h>

enum {
    MOST_BLOCK = 1 << 20, /* values; writers use 128 to 4,096 */
    MOST_MINIBLOCKS = 512,
    MINIBLOCK_STEP = 32
};

/* --- bits ---------------------------------------------------------------------------------- */

/* Value i of `width` <= 32 bits: a word at a time as long as whole words are there. */
static void unpack32(const uint8_t *bytes, size_t length, unsigned width, size_t count,
                     uint32_t *out)
{
    uint64_t mask = (UINT64_C(1) << width) - 1;
    size_t i = 0, bit = 0;
    for (; i < count && bit / 8 + 8 <= length; i++, bit += width) {
        uint64_t word;
        memcpy(&word, bytes + bit / 8, sizeof word);
        out[i] = (uint32_t)(word >> bit % 8 & mask);
    }
    for (; i < count; i++, bit += width) {
        uint64_t word = 0;
        for (size_t k = 0; k < 8 && bit / 8 + k < length; k++)
            word |= (uint64_t)bytes[bit / 8 + k] << 8 * k;
        out[i] = (uint32_t)(word >> bit % 8 & mask);
    }
}

/* The same for up to 64 bits. */
static uint64_t unpack64(const uint8_t *bytes, size_t length, unsigned width, size_t i)
{
    if (width == 0)
        return 0;
    size_t bit = i * width, at = bit / 8;
    unsigned __int128 word = 0;
    if (at + sizeof word <= length)
        memcpy(&word, bytes + at, sizeof word);
    else
        for (size_t k = 0; k < 9 && at + k < length; k++)
            word |= (unsigned __int128)bytes[at + k] << 8 * k;
    return (uint64_t)(word >> bit % 8) & ~UINT64_C(0) >> (64 - width);
}

/* --- run lengths and bit packing ----------------------------------------------------------- */

static bool decode_packed(struct rcx_cursor *in, uint64_t groups, unsigned width, size_t left,
                          uint32_t *out, size_t *out_done)
{
    /* Of 8 values in `width` bytes. The last groups may be padding: DuckDB writes 32 of them. */
    size_t length;
    if (groups == 0 || __builtin_mul_overflow(groups, width, &length))
        return false;
    const uint8_t *bytes = rcx_cursor_bytes(in, length);
    if (!bytes)
        return false;
    *out_done = groups < (left + 7) / 8 ? (size_t)groups * 8 : left;
    unpack32(bytes, length, width, *out_done, out);
    return true;
}

static bool decode_run(struct rcx_cursor *in, uint64_t run, unsigned width, size_t left,
                       uint32_t *out, size_t *out_done)
{
    uint64_t value = 0;
    for (unsigned byte = 0; byte < (width + 7) / 8; byte++)
        value |= (uint64_t)rcx_cursor_u8(in) << 8 * byte;
    if (in->failed || run == 0 || run > left || value >> width != 0)
        return false;
    for (size_t i = 0; i < run; i++)
        out[i] = (uint32_t)value;
    *out_done = (size_t)run;
    return true;
}

bool rcx_parquet_decode_hybrid(struct rcx_cursor *in, unsigned width, size_t count, uint32_t *out)
{
    for (size_t done = 0; done < count;) {
        uint64_t head = rcx_cursor_varint(in);
        size_t some = 0;
        bool ok = head & 1 ? decode_packed(in, head >> 1, width, count - done, out + done, &some)
                           : decode_run(in, head >> 1, width, count - done, out + done, &some);
        if (!ok)
            return false;
        done += some;
    }
    return !in->failed;
}

/* --- differences --------------------------------------------------------------------------- */

static int64_t take_zigzag(struct rcx_cursor *in)
{
    uint64_t value = rcx_cursor_varint(in);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

struct deltas {
    size_t miniblocks; /* of a block */
    size_t values;     /* of a miniblock */
    bool narrow;
};

/* Up to `left` values of one block; `last` is the value before. */
static bool decode_block(struct rcx_cursor *in, const struct deltas *deltas, size_t left,
                         uint64_t last, int64_t *out)
{
    uint64_t least = (uint64_t)take_zigzag(in);
    const uint8_t *widths = rcx_cursor_bytes(in, deltas->miniblocks);
    size_t done = 0;
    for (size_t m = 0; widths && m < deltas->miniblocks && done < left; m++) {
        unsigned width = widths[m];
        size_t length = deltas->values / 8 * width;
        const uint8_t *bytes = width <= 64 ? rcx_cursor_bytes(in, length) : NULL;
        if (!bytes)
            return false;
        for (size_t i = 0; i < deltas->values && done < left; i++) {
            last += least + unpack64(bytes, length, width, i);
            if (deltas->narrow)
                last = (uint64_t)(int64_t)(int32_t)last;
            out[done++] = (int64_t)last;
        }
    }
    return widths != NULL;
}

bool rcx_parquet_decode_delta(struct rcx_cursor *in, bool narrow, size_t count, int64_t *out)
{
    uint64_t block = rcx_cursor_varint(in), miniblocks = rcx_cursor_varint(in);
    uint64_t total = rcx_cursor_varint(in);
    int64_t value = take_zigzag(in);
    bool sane = !in->failed && miniblocks > 0 && miniblocks <= MOST_MINIBLOCKS && block > 0 &&
                block <= MOST_BLOCK && block % miniblocks == 0 &&
                block / miniblocks % MINIBLOCK_STEP == 0;
    if (!sane || total != count)
        return false;
    if (count == 0)
        return true;
    struct deltas deltas = {(size_t)miniblocks, (size_t)(block / miniblocks), narrow};
    out[0] = narrow ? (int32_t)value : value;
    for (size_t done = 1; done < count;) {
        size_t left = count - done < block ? count - done : (size_t)block;
        if (!decode_block(in, &deltas, left, (uint64_t)out[done - 1], out + done))
            return false;
        done += left;
    }
    return !in->failed;
}

/* --- split bytes --------------------------------------------------------------------------- */

bool rcx_parquet_decode_split(struct rcx_cursor *in, size_t width, size_t count, uint8_t *out)
{
    const uint8_t *bytes = rcx_cursor_bytes(in, count * width);
    if (!bytes)
        return false;
    for (size_t k = 0; k < width; k++)
        for (size_t i = 0; i < count; i++)
            out[i * width + k] = bytes[k * count + i];
    return true;
}
