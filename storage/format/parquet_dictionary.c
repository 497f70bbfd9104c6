#include "storage/format/parquet_dictionary.h"

#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "storage/format/parquet_kernels.h"

enum {
    SAMPLE_VALUES = 16384,
    SAMPLE_FROM = 4 * SAMPLE_VALUES, /* chunks up to this size are just tried */
    DIRECT_RANGE = 1 << 18,          /* 1 MiB of table */
    FIRST_SLOTS = 1024
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

void rcx_parquet_dictionary_release(struct rcx_parquet_dictionary *dictionary)
{
    rcx_free(dictionary->entries);
    rcx_free(dictionary->indices);
    rcx_free(dictionary->slots);
    rcx_free(dictionary->sample);
    *dictionary = (struct rcx_parquet_dictionary){0};
}

static uint64_t mix(uint64_t value)
{
    return (value ^ value >> 32) * UINT64_C(0x9E3779B97F4A7C15);
}

/* What the values are compared by. */
enum kind { KIND_32, KIND_64, KIND_TEXT };

ALWAYS_INLINE uint64_t value_at(const struct rcx_parquet_values *values, enum kind kind, size_t i)
{
    return kind == KIND_64 ? values->u64[i] : values->u32[i];
}

static struct rcx_text text_of(const struct rcx_parquet_values *values, uint64_t code)
{
    return rcx_strings_get(values->strings, (uint32_t)code);
}

ALWAYS_INLINE uint64_t hash_of(const struct rcx_parquet_values *values, enum kind kind,
                               uint64_t value)
{
    if (kind != KIND_TEXT)
        return mix(value);
    struct rcx_text text = text_of(values, value);
    return mix(rcx_hash64(text.data, text.length));
}

ALWAYS_INLINE bool same(const struct rcx_parquet_values *values, enum kind kind, uint64_t a,
                        uint64_t b)
{
    if (kind != KIND_TEXT || a == b)
        return a == b;
    return rcx_text_equal(text_of(values, a), text_of(values, b));
}

/* --- is it worth trying? ------------------------------------------------------------------- */

/* How many of the sample's keys repeat an earlier one. Keys of zero are left out. */
static size_t count_repeats(uint64_t *slots, const struct rcx_parquet_values *values,
                            enum kind kind)
{
    enum { SLOTS = 2 * SAMPLE_VALUES };
    memset(slots, 0, SLOTS * sizeof *slots);
    size_t repeats = 0;
    uint64_t random = 0;
    for (size_t drawn = 0; drawn < SAMPLE_VALUES; drawn++) {
        random += UINT64_C(0x9E3779B97F4A7C15); /* a Weyl sequence, scrambled by mix */
        uint64_t scrambled = mix(mix(random));
        size_t i = (size_t)(((__uint128_t)scrambled * values->count) >> 64);
        uint64_t key = hash_of(values, kind, value_at(values, kind, i)) | 1;
        size_t slot = (size_t)(key >> 32) & (SLOTS - 1);
        while (slots[slot] && slots[slot] != key)
            slot = (slot + 1) & (SLOTS - 1);
        repeats += slots[slot] == key;
        slots[slot] = key;
    }
    return repeats;
}

static bool seems_useful(struct rcx_parquet_dictionary *dictionary,
                         const struct rcx_parquet_values *values, enum kind kind, bool *out_useful)
{
    *out_useful = true;
    if (values->count <= SAMPLE_FROM)
        return true;
    if (!rcx_array_reserve(&dictionary->sample, &dictionary->sample_capacity, 2 * SAMPLE_VALUES,
                           sizeof *dictionary->sample))
        return false;
    size_t expected = (size_t)SAMPLE_VALUES * SAMPLE_VALUES / (2 * (size_t)dictionary->limit);
    *out_useful = count_repeats(dictionary->sample, values, kind) >= expected / 4 * 3;
    return true;
}

/* --- building ------------------------------------------------------------------------------ */

static bool reserve_slots(struct rcx_parquet_dictionary *dictionary, size_t count)
{
    if (!rcx_array_reserve(&dictionary->slots, &dictionary->slot_capacity, count,
                           sizeof *dictionary->slots))
        return false;
    memset(dictionary->slots, 0, count * sizeof *dictionary->slots);
    return true;
}

/* Values in [least, least + range): the slot of a value is its distance from the least. */
ALWAYS_INLINE bool build_direct(struct rcx_parquet_dictionary *dictionary,
                                const struct rcx_parquet_values *values, enum kind kind,
                                uint64_t least)
{
    uint32_t count = 0;
    for (size_t i = 0; i < values->count; i++) {
        uint64_t value = value_at(values, kind, i);
        uint64_t slot = kind == KIND_64 ? value - least : (uint32_t)(value - least);
        uint32_t found = dictionary->slots[slot];
        if (found == 0) {
            if (count == dictionary->limit)
                return false;
            dictionary->entries[count] = value;
            found = dictionary->slots[slot] = ++count;
        }
        dictionary->indices[i] = found - 1;
    }
    dictionary->count = count;
    return true;
}

static bool build_direct_32(struct rcx_parquet_dictionary *dictionary,
                            const struct rcx_parquet_values *values, uint64_t least)
{
    return build_direct(dictionary, values, KIND_32, least);
}

static bool build_direct_64(struct rcx_parquet_dictionary *dictionary,
                            const struct rcx_parquet_values *values, uint64_t least)
{
    return build_direct(dictionary, values, KIND_64, least);
}

/* Four times the slots; out of memory: false and unusable. */
ALWAYS_INLINE bool grow_slots(struct rcx_parquet_dictionary *dictionary,
                              const struct rcx_parquet_values *values, enum kind kind,
                              uint32_t count, unsigned *bits)
{
    *bits += 2;
    size_t mask = ((size_t)1 << *bits) - 1;
    if (!reserve_slots(dictionary, mask + 1))
        return false;
    for (uint32_t entry = 0; entry < count; entry++) {
        size_t slot = (size_t)(hash_of(values, kind, dictionary->entries[entry]) >> (64 - *bits));
        while (dictionary->slots[slot])
            slot = (slot + 1) & mask;
        dictionary->slots[slot] = entry + 1;
    }
    return true;
}

enum build_result { BUILD_DONE, BUILD_TOO_MANY, BUILD_NO_MEMORY };

ALWAYS_INLINE enum build_result build_hashed(struct rcx_parquet_dictionary *dictionary,
                                             const struct rcx_parquet_values *values,
                                             enum kind kind)
{
    unsigned bits = 10;
    _Static_assert(FIRST_SLOTS == 1 << 10, "bits of the first table");
    if (!reserve_slots(dictionary, FIRST_SLOTS))
        return BUILD_NO_MEMORY;
    uint32_t count = 0, index = 0;
    for (size_t i = 0; i < values->count; i++) {
        uint64_t value = value_at(values, kind, i);
        if (count && dictionary->entries[index] == value) { /* the same as the row before */
            dictionary->indices[i] = index;
            continue;
        }
        size_t mask = ((size_t)1 << bits) - 1;
        size_t slot = (size_t)(hash_of(values, kind, value) >> (64 - bits));
        uint32_t found;
        while ((found = dictionary->slots[slot]) != 0 &&
               !same(values, kind, dictionary->entries[found - 1], value))
            slot = (slot + 1) & mask;
        if (found) {
            index = found - 1;
        } else {
            if (count == dictionary->limit)
                return BUILD_TOO_MANY;
            index = count++;
            dictionary->entries[index] = value;
            dictionary->slots[slot] = count;
            if (count > mask / 2 && !grow_slots(dictionary, values, kind, count, &bits))
                return BUILD_NO_MEMORY;
        }
        dictionary->indices[i] = index;
    }
    dictionary->count = count;
    return BUILD_DONE;
}

static enum build_result build_hashed_32(struct rcx_parquet_dictionary *dictionary,
                                         const struct rcx_parquet_values *values)
{
    return build_hashed(dictionary, values, KIND_32);
}

static enum build_result build_hashed_64(struct rcx_parquet_dictionary *dictionary,
                                         const struct rcx_parquet_values *values)
{
    return build_hashed(dictionary, values, KIND_64);
}

static enum build_result build_hashed_text(struct rcx_parquet_dictionary *dictionary,
                                           const struct rcx_parquet_values *values)
{
    return build_hashed(dictionary, values, KIND_TEXT);
}

/* Whether the values lie in a range small enough for a table, and where it begins. */
static bool small_range(const struct rcx_parquet_values *values, uint64_t *out_least,
                        size_t *out_range)
{
    uint64_t least, span;
    if (values->type == RCX_PARQUET_INT64) {
        int64_t bounds[2];
        RCX_KERNEL_CALL(rcx_parquet_bounds_i64)(values->i64, values->count, bounds);
        least = (uint64_t)bounds[0];
        span = (uint64_t)bounds[1] - least;
    } else if (values->type == RCX_PARQUET_INT32) {
        int32_t bounds[2];
        RCX_KERNEL_CALL(rcx_parquet_bounds_i32)(values->i32, values->count, bounds);
        least = (uint32_t)bounds[0];
        span = (uint32_t)bounds[1] - (uint32_t)bounds[0];
    } else if (values->type == RCX_PARQUET_BYTE_ARRAY) {
        least = 0;
        span = values->strings->count;
    } else {
        return false;
    }
    *out_least = least;
    *out_range = (size_t)span + 1;
    /* Clearing the table must cost less than it saves. */
    return span < DIRECT_RANGE && span / 4 <= values->count;
}

static enum build_result build(struct rcx_parquet_dictionary *dictionary,
                               const struct rcx_parquet_values *values)
{
    bool wide = rcx_parquet_width(values->type) == 8;
    uint64_t least;
    size_t range;
    if (small_range(values, &least, &range)) {
        if (!reserve_slots(dictionary, range))
            return BUILD_NO_MEMORY;
        bool done = wide ? build_direct_64(dictionary, values, least)
                         : build_direct_32(dictionary, values, least);
        return done ? BUILD_DONE : BUILD_TOO_MANY;
    }
    bool useful;
    if (!seems_useful(dictionary, values, wide ? KIND_64 : KIND_32, &useful))
        return BUILD_NO_MEMORY;
    if (!useful)
        return BUILD_TOO_MANY;
    return wide ? build_hashed_64(dictionary, values) : build_hashed_32(dictionary, values);
}

/* A list of texts may hold the same text under several codes; then codes say nothing and the texts
 * themselves are compared. */
static enum build_result build_by_text(struct rcx_parquet_dictionary *dictionary,
                                       const struct rcx_parquet_values *values)
{
    bool useful;
    if (!seems_useful(dictionary, values, KIND_TEXT, &useful))
        return BUILD_NO_MEMORY;
    return useful ? build_hashed_text(dictionary, values) : BUILD_TOO_MANY;
}

enum rcx_status rcx_parquet_dictionary_build(struct rcx_parquet_dictionary *dictionary,
                                             const struct rcx_parquet_values *values,
                                             bool *out_useful, struct rcx_error *err)
{
    size_t most = values->count / 4 * 3;
    if (most > RCX_PARQUET_DICTIONARY_ENTRIES)
        most = RCX_PARQUET_DICTIONARY_ENTRIES;
    *out_useful = false;
    if (most == 0)
        return RCX_OK;
    dictionary->limit = (uint32_t)most;
    dictionary->count = 0;
    if (!rcx_array_reserve(&dictionary->entries, &dictionary->entry_capacity, most,
                           sizeof *dictionary->entries) ||
        !rcx_array_reserve(&dictionary->indices, &dictionary->index_capacity, values->count,
                           sizeof *dictionary->indices))
        return rcx_fail_nomem(err, "Parquet dictionary", values->count * 4 + most * 8);
    enum build_result result = build(dictionary, values);
    if (result == BUILD_TOO_MANY && values->type == RCX_PARQUET_BYTE_ARRAY)
        result = build_by_text(dictionary, values);
    if (result == BUILD_NO_MEMORY)
        return rcx_fail_nomem(err, "Parquet dictionary", values->count);
    *out_useful = result == BUILD_DONE;
    return RCX_OK;
}

unsigned rcx_parquet_dictionary_width(const struct rcx_parquet_dictionary *dictionary, size_t begin,
                                      size_t end)
{
    int32_t bounds[2] = {0};
    if (begin < end) /* indices are far below 2^31 */
        RCX_KERNEL_CALL(rcx_parquet_bounds_i32)
    ((const int32_t *)dictionary->indices + begin, end - begin, bounds);
    return bounds[1] <= 1 ? 1 : 32 - (unsigned)__builtin_clz((unsigned)bounds[1]);
}

void rcx_parquet_dictionary_append(const struct rcx_parquet_dictionary *dictionary,
                                   const struct rcx_parquet_values *values, struct rcx_buf *out)
{
    if (values->type == RCX_PARQUET_BYTE_ARRAY) {
        for (uint32_t i = 0; i < dictionary->count; i++)
            rcx_parquet_append_text(text_of(values, dictionary->entries[i]), out);
        return;
    }
    size_t width = rcx_parquet_width(values->type);
    if (!rcx_buf_reserve(out, dictionary->count * width))
        return;
    uint8_t *at = out->data + out->length;
    for (uint32_t i = 0; i < dictionary->count; i++)
        memcpy(at + i * width, &dictionary->entries[i], width);
    out->length += dictionary->count * width;
}
