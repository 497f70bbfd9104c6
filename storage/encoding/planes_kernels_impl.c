#include "storage/encoding/planes_kernels.h"

void RCX_KERNEL(planes_join)(const uint8_t *restrict planes, size_t n, unsigned width,
                             uint64_t *restrict out)
{
    const uint8_t *a = planes, *b = planes + n, *c = planes + 2 * n, *d = planes + 3 * n;

    switch (width) {
    case 0:
        for (size_t i = 0; i < n; i++)
            out[i] = 0;
        return;
    case 1:
        for (size_t i = 0; i < n; i++)
            out[i] = a[i];
        return;
    case 2:
        for (size_t i = 0; i < n; i++)
            out[i] = (uint32_t)a[i] | (uint32_t)b[i] << 8;
        return;
    case 3:
        for (size_t i = 0; i < n; i++)
            out[i] = (uint32_t)a[i] | (uint32_t)b[i] << 8 | (uint32_t)c[i] << 16;
        return;
    default:
        for (size_t i = 0; i < n; i++)
            out[i] = (uint32_t)a[i] | (uint32_t)b[i] << 8 | (uint32_t)c[i] << 16 |
                     (uint32_t)d[i] << 24;
    }
    for (unsigned k = 4; k < width; k++) {
        const uint8_t *plane = planes + k * n;

        for (size_t i = 0; i < n; i++)
            out[i] |= (uint64_t)plane[i] << (8 * k);
    }
}

void RCX_KERNEL(planes_split)(const uint64_t *restrict values, size_t n, unsigned width,
                              uint8_t *restrict planes)
{
    for (unsigned k = 0; k < width; k++) {
        uint8_t *plane = planes + k * n;

        for (size_t i = 0; i < n; i++)
            plane[i] = (uint8_t)(values[i] >> (8 * k));
    }
}

void RCX_KERNEL(unzigzag)(uint64_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] >> 1 ^ (0 - (values[i] & 1));
}

void RCX_KERNEL(scale_and_shift)(uint64_t *values, size_t n, uint64_t unit, uint64_t base)
{
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] * unit + base;
}

uint32_t RCX_KERNEL(narrow_codes)(const uint64_t *restrict values, size_t n, uint64_t limit,
                                  uint32_t *restrict out)
{
    uint32_t bad = 0;

    for (size_t i = 0; i < n; i++) {
        out[i] = (uint32_t)values[i];
        bad |= values[i] >= limit;
    }
    return bad;
}

void RCX_KERNEL(fill_same_code)(const uint64_t *restrict bits, const int64_t *restrict values,
                                const uint32_t *restrict keys, size_t n, int64_t *restrict last,
                                int64_t *restrict out)
{
    for (size_t begin = 0; begin < n; begin += 64) {
        size_t end = n - begin < 64 ? n : begin + 64;
        uint64_t word = bits[begin / 64];

        if (word == 0) { /* nothing is new: as a rule, for descriptions */
            for (size_t i = begin; i < end; i++)
                out[i] = last[keys[i]];
            continue;
        }
        for (size_t i = begin; i < end; i++, word >>= 1) {
            /* both sides are readable, so this is a select, not a branch */
            int64_t value = word & 1 ? *values : last[keys[i]];

            values += word & 1;
            last[keys[i]] = value;
            out[i] = value;
        }
    }
}

size_t RCX_KERNEL(count_bits)(const uint64_t *words, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += (size_t)__builtin_popcountll(words[i]);
    return count;
}

void RCX_KERNEL(find_range)(const int64_t *values, size_t n, int64_t *out_min, int64_t *out_max)
{
    int64_t min = values[0], max = values[0];

    for (size_t i = 1; i < n; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    *out_min = min;
    *out_max = max;
}

size_t RCX_KERNEL(count_equal)(const int64_t *values, size_t n, int64_t value)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += values[i] == value;
    return count;
}
