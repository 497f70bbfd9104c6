#include "storage/format/parquet_kernels.h"

#include <string.h>

/* --- nulls --------------------------------------------------------------------------------- */

size_t RCX_KERNEL(rcx_parquet_valid_reals)(const double *values, size_t count, uint8_t *out_bits)
{
    size_t set = 0;
    for (size_t i = 0; i < count; i += 64) {
        size_t block = count - i < 64 ? count - i : 64;
        uint64_t bits = 0;
        int nulls = 0;
        for (size_t j = 0; j < block; j++)
            nulls += values[i + j] != values[i + j];
        if (nulls == 0)
            bits = block == 64 ? UINT64_MAX : ((uint64_t)1 << block) - 1;
        else
            for (size_t j = 0; j < block; j++)
                bits |= (uint64_t)(values[i + j] == values[i + j]) << j;
        set += block - (size_t)nulls;
        memcpy(out_bits + i / 8, &bits, (block + 7) / 8);
    }
    return set;
}

#define COMPACT(name, type)                                                                        \
    size_t RCX_KERNEL(name)(const type *values, const uint8_t *bits, size_t count, type *out)      \
    {                                                                                              \
        size_t kept = 0;                                                                           \
        for (size_t i = 0; i < count; i += 64) {                                                   \
            size_t block = count - i < 64 ? count - i : 64;                                        \
            uint64_t word = 0;                                                                     \
            memcpy(&word, bits + i / 8, (block + 7) / 8);                                          \
            if (word == UINT64_MAX && block == 64) {                                               \
                memcpy(out + kept, values + i, 64 * sizeof(type));                                 \
                kept += 64;                                                                        \
                continue;                                                                          \
            }                                                                                      \
            for (size_t j = 0; word && j < block; j++) {                                           \
                out[kept] = values[i + j];                                                         \
                kept += word >> j & 1;                                                             \
            }                                                                                      \
        }                                                                                          \
        return kept;                                                                               \
    }

COMPACT(rcx_parquet_compact8, uint8_t)
COMPACT(rcx_parquet_compact32, uint32_t)
COMPACT(rcx_parquet_compact64, uint64_t)

/* --- bounds -------------------------------------------------------------------------------- */

#define BOUNDS(name, type)                                                                         \
    void RCX_KERNEL(name)(const type *values, size_t count, type out[2])                           \
    {                                                                                              \
        type least = values[0], greatest = values[0];                                              \
        for (size_t i = 1; i < count; i++) {                                                       \
            least = values[i] < least ? values[i] : least;                                         \
            greatest = values[i] > greatest ? values[i] : greatest;                                \
        }                                                                                          \
        out[0] = least;                                                                            \
        out[1] = greatest;                                                                         \
    }

BOUNDS(rcx_parquet_bounds_i32, int32_t)
BOUNDS(rcx_parquet_bounds_i64, int64_t)

/* The order of doubles is that of their bits as integers once those of negative numbers are turned
 * round: integers vectorise, and minus zero sorts below zero by itself. */
static inline int64_t order_of_bits(int64_t bits)
{
    return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}

void RCX_KERNEL(rcx_parquet_bounds_real)(const double *values, size_t count, double out[2])
{
    int64_t bits;
    memcpy(&bits, values, sizeof bits);
    int64_t least = order_of_bits(bits), greatest = least;
    for (size_t i = 1; i < count; i++) {
        memcpy(&bits, values + i, sizeof bits);
        int64_t order = order_of_bits(bits);
        least = order < least ? order : least;
        greatest = order > greatest ? order : greatest;
    }
    bits = order_of_bits(least);
    memcpy(&out[0], &bits, sizeof bits);
    bits = order_of_bits(greatest);
    memcpy(&out[1], &bits, sizeof bits);
}

/* --- bits ---------------------------------------------------------------------------------- */

void RCX_KERNEL(rcx_parquet_pack_booleans)(const uint8_t *values, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i += 8) {
        unsigned byte = 0;
        for (size_t j = 0; j < 8 && i + j < count; j++)
            byte |= (unsigned)(values[i + j] & 1) << j;
        out[i / 8] = (uint8_t)byte;
    }
}

/* Packs groups of 8 values into `width` bytes each; `width` is a constant where this is called, so
 * that every shift is one. May write up to 16 bytes beyond. */
static inline __attribute__((always_inline)) uint8_t *
pack_groups(const uint32_t *values, size_t groups, unsigned width, uint8_t *out)
{
    for (size_t g = 0; g < groups; g++, values += 8) {
        uint64_t bits = 0;
        if (width <= 8) {
#pragma GCC unroll 8
            for (unsigned j = 0; j < 8; j++)
                bits |= (uint64_t)values[j] << j * width;
            memcpy(out, &bits, 8);
            out += width;
            continue;
        }
        unsigned fill = 0;
#pragma GCC unroll 8
        for (unsigned j = 0; j < 8; j++) {
            bits |= (uint64_t)values[j] << fill;
            fill += width;
            if (fill >= 32) {
                uint32_t word = (uint32_t)bits;
                memcpy(out, &word, 4);
                out += 4;
                bits >>= 32;
                fill -= 32;
            }
        }
        uint32_t word = (uint32_t)bits;
        memcpy(out, &word, 4);
        out += fill / 8;
    }
    return out;
}

static uint8_t *pack(const uint32_t *values, size_t groups, unsigned width, uint8_t *out)
{
#define WIDTH(w)                                                                                   \
    case w:                                                                                        \
        return pack_groups(values, groups, w, out)
#define FOUR_WIDTHS(w)                                                                             \
    WIDTH((w) + 1);                                                                                \
    WIDTH((w) + 2);                                                                                \
    WIDTH((w) + 3);                                                                                \
    WIDTH((w) + 4)
    switch (width) {
        FOUR_WIDTHS(0);
        FOUR_WIDTHS(4);
        FOUR_WIDTHS(8);
        FOUR_WIDTHS(12);
        FOUR_WIDTHS(16);
        FOUR_WIDTHS(20);
    default:
        return out;
    }
#undef FOUR_WIDTHS
#undef WIDTH
}

static uint8_t *put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

/* Bit-packed values; the last group is filled up with zeros, which readers drop. */
static uint8_t *put_packed(uint8_t *out, const uint32_t *values, size_t count, unsigned width)
{
    if (count == 0)
        return out;
    out = put_varint(out, (count + 7) / 8 << 1 | 1);
    out = pack(values, count / 8, width, out);
    if (count % 8) {
        uint32_t last[8] = {0};
        memcpy(last, values + count / 8 * 8, count % 8 * sizeof *last);
        out = pack(last, 1, width, out);
    }
    return out;
}

static uint8_t *put_run(uint8_t *out, uint32_t value, size_t length, unsigned width)
{
    out = put_varint(out, (uint64_t)length << 1);
    memcpy(out, &value, 4);
    return out + (width + 7) / 8;
}

static inline int uniform8(const uint32_t *values)
{
    uint32_t differing = 0;
    for (unsigned j = 1; j < 8; j++)
        differing |= values[j] ^ values[0];
    return differing == 0;
}

size_t RCX_KERNEL(rcx_parquet_hybrid)(const uint32_t *values, size_t count, unsigned width,
                                      uint8_t *out)
{
    uint8_t *begin = out;
    /* A run costs its header, its value and the header of the packed values behind it. */
    size_t run_bytes = 3 + (width + 7) / 8 + 3;
    size_t least_run = (run_bytes * 8 + width - 1) / width;
    if (least_run < 8)
        least_run = 8;
    size_t packed_from = 0, i = 0; /* i - packed_from is a multiple of 8 */
    while (i < count) {
        if (count - i < 8 || !uniform8(values + i)) {
            i += 8;
            continue;
        }
        size_t run = 8;
        while (i + run < count && values[i + run] == values[i])
            run++;
        if (run < least_run && run < count) {
            i += run / 8 * 8;
            continue;
        }
        out = put_packed(out, values + packed_from, i - packed_from, width);
        out = put_run(out, values[i], run, width);
        i += run;
        packed_from = i;
    }
    if (packed_from < count)
        out = put_packed(out, values + packed_from, count - packed_from, width);
    return (size_t)(out - begin);
}
