#include "storage/format/parquet_levels.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

size_t rcx_bits_count(const uint8_t *bits, size_t begin, size_t count)
{
    size_t set = 0;
    for (; count && begin % 8; begin++, count--)
        set += bits[begin / 8] >> begin % 8 & 1;
    const uint8_t *at = bits + begin / 8;
    for (; count >= 64; count -= 64, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        set += (size_t)__builtin_popcountll(word);
    }
    for (; count >= 8; count -= 8)
        set += (size_t)__builtin_popcount(*at++);
    if (count)
        set += (size_t)__builtin_popcount(*at & ((1u << count) - 1));
    return set;
}

void rcx_bits_copy(const uint8_t *bits, size_t begin, size_t count, uint8_t *out)
{
    size_t bytes = (count + 7) / 8;
    if (bytes == 0)
        return;
    const uint8_t *at = bits + begin / 8;
    unsigned shift = begin % 8;
    size_t source_bytes = (begin + count + 7) / 8 - begin / 8;
    if (shift == 0) {
        memcpy(out, at, bytes);
    } else {
        for (size_t i = 0; i < bytes; i++) {
            unsigned next = i + 1 < source_bytes ? at[i + 1] : 0;
            out[i] = (uint8_t)(at[i] >> shift | next << (8 - shift));
        }
    }
    if (count % 8)
        out[bytes - 1] &= (uint8_t)((1u << count % 8) - 1);
}

static void append_run(struct rcx_buf *out, bool level, size_t count)
{
    rcx_buf_append_varint(out, (uint64_t)count << 1);
    rcx_buf_append_byte(out, level);
}

static void append_packed(struct rcx_buf *out, const uint8_t *bits, size_t bytes)
{
    if (bytes == 0)
        return;
    rcx_buf_append_varint(out, (uint64_t)bytes << 1 | 1);
    rcx_buf_append(out, bits, bytes);
}

/* Fewer equal bytes than this are cheaper packed than as a run between two packed stretches. */
enum { LEAST_RUN_BYTES = 8 };

static void append_hybrid(struct rcx_buf *out, const uint8_t *bits, size_t count)
{
    size_t whole = count / 8; /* only whole bytes can be part of a run */
    size_t packed_from = 0, i = 0;
    while (i < whole) {
        size_t run = 1;
        if (bits[i] == 0x00 || bits[i] == 0xFF)
            while (i + run < whole && bits[i + run] == bits[i])
                run++;
        if (run >= LEAST_RUN_BYTES) {
            append_packed(out, bits + packed_from, i - packed_from);
            append_run(out, bits[i] == 0xFF, run * 8);
            packed_from = i + run;
        }
        i += run;
    }
    append_packed(out, bits + packed_from, (count + 7) / 8 - packed_from);
}

void rcx_parquet_append_levels(struct rcx_buf *out, const uint8_t *bits, size_t count)
{
    size_t length_at = out->length;
    rcx_buf_append_u32(out, 0);
    size_t set = bits ? rcx_bits_count(bits, 0, count) : count;
    if (set == count || set == 0)
        append_run(out, set == count, count);
    else
        append_hybrid(out, bits, count);
    if (out->failed)
        return;
    size_t length = out->length - length_at - 4;
    for (size_t i = 0; i < 4; i++)
        out->data[length_at + i] = (uint8_t)(length >> 8 * i);
}
