#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "storage/format/csv_kernels.h"

struct masks {
    uint64_t quote, delimiter, line_feed, nul;
};

/* One bit per byte. GCC and clang turn a vector comparison into bytes but not into a bit mask,
 * hence the intrinsics; the last branch says what they do. */
#if defined(__AVX512BW__)
static inline struct masks masks_of(const uint8_t *bytes, uint8_t delimiter)
{
    __m512i v = _mm512_loadu_si512(bytes);
    return (struct masks){_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')),
                          _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)delimiter)),
                          _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n')),
                          _mm512_testn_epi8_mask(v, v)};
}
#elif defined(__AVX2__)
static inline uint64_t mask_of(__m256i low, __m256i high, char byte)
{
    __m256i wanted = _mm256_set1_epi8(byte);
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));
    return (uint64_t)b << 32 | a;
}

static inline struct masks masks_of(const uint8_t *bytes, uint8_t delimiter)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
    return (struct masks){mask_of(low, high, '"'), mask_of(low, high, (char)delimiter),
                          mask_of(low, high, '\n'), mask_of(low, high, 0)};
}
#elif defined(__SSE2__)
static inline uint64_t mask_of(const __m128i v[4], char byte)
{
    __m128i wanted = _mm_set1_epi8(byte);
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++)
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v[i], wanted)) << (16 * i);
    return mask;
}

static inline struct masks masks_of(const uint8_t *bytes, uint8_t delimiter)
{
    __m128i v[4];
    for (int i = 0; i < 4; i++)
        v[i] = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
    return (struct masks){mask_of(v, '"'), mask_of(v, (char)delimiter), mask_of(v, '\n'),
                          mask_of(v, 0)};
}
#else
static inline struct masks masks_of(const uint8_t *bytes, uint8_t delimiter)
{
    struct masks masks = {0, 0, 0, 0};
    for (unsigned i = 0; i < 64; i++) {
        masks.quote |= (uint64_t)(bytes[i] == '"') << i;
        masks.delimiter |= (uint64_t)(bytes[i] == delimiter) << i;
        masks.line_feed |= (uint64_t)(bytes[i] == '\n') << i;
        masks.nul |= (uint64_t)(bytes[i] == 0) << i;
    }
    return masks;
}
#endif

/* Bit i of the result is the parity of bits 0..i. */
static inline uint64_t prefix_parity(uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    return bits;
}

/* Bits of the bytes inside quotes (an opening quote counts as inside, a closing one as outside). */
static inline uint64_t inside_of(uint64_t *quote, uint64_t separators, uint64_t carry,
                                 uint64_t after_separator)
{
    for (;;) {
        uint64_t inside = prefix_parity(*quote) ^ carry;
        uint64_t may_open = (((separators | *quote) & ~inside) << 1) | after_separator;
        uint64_t stray = *quote & inside & ~may_open;
        if (__builtin_expect(stray == 0, 1))
            return inside;
        *quote &= ~(stray & (0 - stray)); /* the first one; those behind it depend on it */
    }
}

/* Writes base + i for each set bit i, eight at a time: the stores beyond the count are overwritten
 * by the next ones, and branches follow the number of bits by eights, which rarely changes. */
static inline size_t write_positions(uint32_t *out, uint32_t base, uint64_t bits)
{
    size_t count = (size_t)__builtin_popcountll(bits);
    for (size_t done = 0; done < count; done += 8) {
        for (size_t k = 0; k < 8; k++) {
            out[done + k] = base + (uint32_t)(bits ? __builtin_ctzll(bits) : 0);
            bits &= bits - 1;
        }
    }
    return count;
}

static inline void scan_block(struct rcx_csv_scan *scan, const uint8_t *bytes, uint32_t base,
                              unsigned length)
{
    struct masks masks = masks_of(bytes, scan->delimiter);
    uint64_t valid = length == 64 ? ~UINT64_C(0) : (UINT64_C(1) << length) - 1;
    uint64_t line_feed = masks.line_feed & valid;
    uint64_t quote = masks.quote & valid;
    uint64_t separators = (masks.delimiter & valid) | line_feed;
    uint64_t inside = scan->inside;
    if (quote)
        inside = inside_of(&quote, separators, scan->inside, scan->after_separator);
    uint64_t ends = separators & ~inside;
    uint64_t record_ends = line_feed & ~inside;

    if (masks.nul & valid)
        scan->has_nul = true;
    scan->line_feeds += (uint64_t)__builtin_popcountll(line_feed);
    size_t fields = scan->fields;
    while (record_ends) {
        uint64_t below = record_ends ^ (record_ends - 1); /* up to and including the line feed */
        scan->record_ends[scan->records++] = (uint32_t)(fields +
                                                        (size_t)__builtin_popcountll(ends & below));
        record_ends &= record_ends - 1;
    }
    scan->fields = fields + write_positions(scan->field_ends + fields, base, ends);
    unsigned last = length - 1;
    scan->inside = inside >> last & 1 ? ~UINT64_C(0) : 0;
    scan->after_separator = (ends | (quote & ~inside)) >> last & 1;
}

void RCX_KERNEL(rcx_csv_scan_bytes)(struct rcx_csv_scan *scan, size_t begin, size_t end)
{
    struct rcx_csv_scan local = *scan;
    size_t at = begin;
    for (; at + 64 <= end; at += 64)
        scan_block(&local, local.bytes + at, (uint32_t)at, 64);
    if (at < end) {
        uint8_t rest[64] = {0};
        memcpy(rest, local.bytes + at, end - at);
        scan_block(&local, rest, (uint32_t)at, (unsigned)(end - at));
    }
    *scan = local;
}
