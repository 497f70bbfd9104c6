#include "storage/format/parquet_statistics.h"

#include <string.h>

#include "storage/format/parquet_kernels.h"

static struct rcx_parquet_bound bound_of(const void *bytes, size_t length)
{
    struct rcx_parquet_bound bound = {.length = (uint8_t)length, .exact = true};
    memcpy(bound.bytes, bytes, length);
    return bound;
}

static void bounds_of_booleans(const struct rcx_parquet_values *values, size_t begin, size_t end,
                               struct rcx_parquet_bounds *out)
{
    uint8_t all = 1, any = 0;
    for (size_t i = begin; i < end; i++) {
        all &= values->booleans[i];
        any |= values->booleans[i];
    }
    out->least = bound_of(&all, 1);
    out->greatest = bound_of(&any, 1);
}

void rcx_parquet_bounds_of(const struct rcx_parquet_values *values, size_t begin, size_t end,
                           struct rcx_parquet_bounds *out)
{
    out->known = begin < end;
    if (!out->known)
        return;
    if (values->type == RCX_PARQUET_BOOLEAN) {
        bounds_of_booleans(values, begin, end, out);
    } else if (values->type == RCX_PARQUET_INT32) {
        int32_t bounds[2];
        RCX_KERNEL_CALL(rcx_parquet_bounds_i32)(values->i32 + begin, end - begin, bounds);
        out->least = bound_of(&bounds[0], 4);
        out->greatest = bound_of(&bounds[1], 4);
    } else if (values->type == RCX_PARQUET_INT64) {
        int64_t bounds[2];
        RCX_KERNEL_CALL(rcx_parquet_bounds_i64)(values->i64 + begin, end - begin, bounds);
        out->least = bound_of(&bounds[0], 8);
        out->greatest = bound_of(&bounds[1], 8);
    } else {
        double bounds[2];
        RCX_KERNEL_CALL(rcx_parquet_bounds_real)(values->reals + begin, end - begin, bounds);
        if (bounds[0] == 0)
            bounds[0] = -0.0;
        if (bounds[1] == 0)
            bounds[1] = 0.0;
        out->least = bound_of(&bounds[0], 8);
        out->greatest = bound_of(&bounds[1], 8);
    }
}

/* The longest prefix of at most `most` bytes that does not end inside a UTF-8 character. */
static size_t prefix_length(struct rcx_text text, size_t most)
{
    if (text.length <= most)
        return text.length;
    size_t length = most;
    while (length > 0 && ((uint8_t)text.data[length] & 0xC0) == 0x80)
        length--;
    return length;
}

/* Counts the last character up that can be, so that the prefix is above all texts it begins. Only
 * ASCII characters below DEL are counted up: the result stays valid UTF-8. */
static bool count_up(struct rcx_parquet_bound *bound)
{
    for (size_t i = bound->length; i > 0; i--) {
        if (bound->bytes[i - 1] < 0x7F) {
            bound->bytes[i - 1]++;
            bound->length = (uint8_t)i;
            return true;
        }
    }
    return false;
}

static bool text_bounds(struct rcx_text least, struct rcx_text greatest,
                        struct rcx_parquet_bounds *out)
{
    size_t length = prefix_length(least, RCX_PARQUET_BOUND_BYTES);
    out->least = bound_of(least.data, length);
    out->least.exact = length == least.length;
    length = prefix_length(greatest, RCX_PARQUET_BOUND_BYTES);
    out->greatest = bound_of(greatest.data, length);
    out->greatest.exact = length == greatest.length;
    return out->greatest.exact || count_up(&out->greatest);
}

void rcx_parquet_bounds_of_texts(const struct rcx_parquet_values *values, const uint64_t *codes,
                                 size_t count, struct rcx_parquet_bounds *out)
{
    out->known = count > 0;
    if (count == 0)
        return;
    uint32_t least_code = codes ? (uint32_t)codes[0] : values->u32[0], greatest_code = least_code;
    struct rcx_text least = rcx_strings_get(values->strings, least_code), greatest = least;
    for (size_t i = 1; i < count; i++) {
        uint32_t code = codes ? (uint32_t)codes[i] : values->u32[i];
        if (code == least_code || code == greatest_code)
            continue;
        struct rcx_text text = rcx_strings_get(values->strings, code);
        if (rcx_text_compare(text, least) < 0) {
            least = text;
            least_code = code;
        } else if (rcx_text_compare(text, greatest) > 0) {
            greatest = text;
            greatest_code = code;
        }
    }
    out->known = text_bounds(least, greatest, out);
}

int rcx_parquet_bound_compare(enum rcx_parquet_type type, const struct rcx_parquet_bound *a,
                              const struct rcx_parquet_bound *b)
{
    if (type == RCX_PARQUET_DOUBLE) {
        double x, y;
        memcpy(&x, a->bytes, 8);
        memcpy(&y, b->bytes, 8);
        return (x > y) - (x < y);
    }
    int64_t x = 0, y = 0;
    if (type == RCX_PARQUET_BOOLEAN) {
        x = a->bytes[0];
        y = b->bytes[0];
    } else if (type == RCX_PARQUET_INT32) {
        int32_t narrow[2];
        memcpy(&narrow[0], a->bytes, 4);
        memcpy(&narrow[1], b->bytes, 4);
        x = narrow[0];
        y = narrow[1];
    } else {
        memcpy(&x, a->bytes, 8);
        memcpy(&y, b->bytes, 8);
    }
    return (x > y) - (x < y);
}

void rcx_parquet_bounds_merge(enum rcx_parquet_type type, struct rcx_parquet_bounds *total,
                              const struct rcx_parquet_bounds *page)
{
    if (!page->known)
        return;
    if (!total->known) {
        *total = *page;
        return;
    }
    if (rcx_parquet_bound_compare(type, &page->least, &total->least) < 0)
        total->least = page->least;
    if (rcx_parquet_bound_compare(type, &page->greatest, &total->greatest) > 0)
        total->greatest = page->greatest;
}
