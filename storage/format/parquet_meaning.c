#include "storage/format/parquet_meaning.h"

#include <string.h>

enum {
    JULIAN_1970 = 2440588, /* the Julian day that begins at noon of 1970-01-01 */
    UUID_BYTES = 16
};

/* --- types --------------------------------------------------------------------------------- */

static bool is_decimal(const struct rcx_parquet_element *element)
{
    return element->logical == RCX_PARQUET_LOGICAL_DECIMAL ||
           (element->logical == 0 && element->converted == RCX_PARQUET_DECIMAL);
}

/* The unit of a timestamp, 0: none. */
static int timestamp_unit(const struct rcx_parquet_element *element)
{
    if (element->logical == RCX_PARQUET_LOGICAL_TIMESTAMP)
        return element->time_unit;
    if (element->logical != 0)
        return 0;
    if (element->converted == RCX_PARQUET_TIMESTAMP_MILLIS)
        return RCX_PARQUET_MILLISECONDS;
    return element->converted == RCX_PARQUET_TIMESTAMP_MICROS ? RCX_PARQUET_MICROSECONDS : 0;
}

/* Width of an annotated integer, 0: it is none; `bits` for one without annotation. */
static int integer_bits(const struct rcx_parquet_element *element, int bits, bool *out_signed)
{
    *out_signed = true;
    if (element->logical == RCX_PARQUET_LOGICAL_INTEGER) {
        *out_signed = element->integer_signed;
        return element->integer_bits;
    }
    if (element->logical != 0)
        return 0;
    if (element->converted == RCX_PARQUET_CONVERTED_NONE)
        return bits;
    if (element->converted >= RCX_PARQUET_UINT_8 && element->converted <= RCX_PARQUET_UINT_64) {
        *out_signed = false;
        return 8 << (element->converted - RCX_PARQUET_UINT_8);
    }
    if (element->converted >= RCX_PARQUET_INT_8 && element->converted <= RCX_PARQUET_INT_64)
        return 8 << (element->converted - RCX_PARQUET_INT_8);
    return 0;
}

static void describe_integer(const struct rcx_parquet_element *element, int most,
                             struct rcx_parquet_leaf *out)
{
    bool is_signed;
    int bits = integer_bits(element, most, &is_signed);
    if (bits <= 0 || bits > most)
        return;
    if (!is_signed)
        out->meaning = RCX_PARQUET_MEANS_UNSIGNED;
    if (bits == 8 && is_signed)
        out->type = RCX_TYPE_INT8;
    else if (bits < 32 || (bits == 32 && is_signed))
        out->type = RCX_TYPE_INT32;
    else
        out->type = RCX_TYPE_INT64;
}

static void describe_int32(const struct rcx_parquet_element *element, struct rcx_parquet_leaf *out)
{
    if (element->logical == RCX_PARQUET_LOGICAL_DATE ||
        (element->logical == 0 && element->converted == RCX_PARQUET_DATE))
        out->type = RCX_TYPE_DATE;
    else
        describe_integer(element, 32, out);
}

static void describe_int64(const struct rcx_parquet_element *element, struct rcx_parquet_leaf *out)
{
    int unit = timestamp_unit(element);
    if (unit < RCX_PARQUET_MILLISECONDS || unit > RCX_PARQUET_NANOSECONDS) {
        describe_integer(element, 64, out);
        return;
    }
    out->type = RCX_TYPE_TIME;
    out->meaning = unit == RCX_PARQUET_MILLISECONDS   ? RCX_PARQUET_MEANS_MILLISECONDS
                   : unit == RCX_PARQUET_MICROSECONDS ? RCX_PARQUET_MEANS_MICROSECONDS
                                                      : RCX_PARQUET_MEANS_NANOSECONDS;
    out->utc = element->logical == RCX_PARQUET_LOGICAL_TIMESTAMP ? element->is_utc : true;
}

static void describe_bytes(const struct rcx_parquet_element *element, struct rcx_parquet_leaf *out)
{
    bool fixed = element->type == RCX_PARQUET_FIXED_LEN_BYTE_ARRAY;
    bool text = element->logical == RCX_PARQUET_LOGICAL_STRING ||
                element->logical == RCX_PARQUET_LOGICAL_ENUM ||
                element->logical == RCX_PARQUET_LOGICAL_JSON;
    if (element->logical == 0)
        text = element->converted == RCX_PARQUET_UTF8 || element->converted == RCX_PARQUET_ENUM ||
               element->converted == RCX_PARQUET_JSON ||
               element->converted == RCX_PARQUET_CONVERTED_NONE;
    if (fixed && element->type_length <= 0)
        return;
    out->width = fixed ? (size_t)element->type_length : 0;
    if (text)
        out->type = RCX_TYPE_TEXT;
}

void rcx_parquet_leaf_describe(const struct rcx_parquet_element *element,
                               struct rcx_parquet_leaf *out)
{
    out->physical = (enum rcx_parquet_type)element->type;
    out->type = RCX_TYPE_COUNT;
    out->nullable = element->repetition == RCX_PARQUET_OPTIONAL;
    bool bytes = element->type == RCX_PARQUET_BYTE_ARRAY ||
                 element->type == RCX_PARQUET_FIXED_LEN_BYTE_ARRAY;
    if (bytes)
        describe_bytes(element, out);
    if (is_decimal(element)) {
        bool fits = element->scale >= 0 && element->scale <= RCX_PARQUET_DECIMAL_DIGITS;
        bool form = bytes || element->type == RCX_PARQUET_INT32 ||
                    element->type == RCX_PARQUET_INT64;
        out->type = fits && form ? RCX_TYPE_DECIMAL : RCX_TYPE_COUNT;
        out->scale = fits ? (unsigned)element->scale : 0;
        out->meaning = bytes ? RCX_PARQUET_MEANS_DECIMAL : RCX_PARQUET_MEANS_ITSELF;
    } else if (element->logical == RCX_PARQUET_LOGICAL_NULL || element->type == RCX_PARQUET_FLOAT ||
               element->type == RCX_PARQUET_DOUBLE) {
        out->type = RCX_TYPE_REAL;
    } else if (element->type == RCX_PARQUET_BOOLEAN) {
        out->type = RCX_TYPE_BOOL;
    } else if (element->type == RCX_PARQUET_INT32) {
        describe_int32(element, out);
    } else if (element->type == RCX_PARQUET_INT64) {
        describe_int64(element, out);
    } else if (element->type == RCX_PARQUET_INT96) {
        out->type = RCX_TYPE_TIME;
        out->meaning = RCX_PARQUET_MEANS_JULIAN;
        out->utc = true;
    }
}

const char *rcx_parquet_type_text(const struct rcx_parquet_element *element)
{
    switch (element->logical) {
    case RCX_PARQUET_LOGICAL_DECIMAL:
        return "a decimal of more than 18 places";
    case RCX_PARQUET_LOGICAL_TIME:
        return "a time of day";
    case RCX_PARQUET_LOGICAL_UUID:
        return "UUID";
    case RCX_PARQUET_LOGICAL_FLOAT16:
        return "a half-precision number";
    case 13:
        return "BSON";
    default:
        break;
    }
    if (element->converted == RCX_PARQUET_TIME_MILLIS ||
        element->converted == RCX_PARQUET_TIME_MICROS)
        return "a time of day";
    return "not one of the supported ones";
}

/* --- values -------------------------------------------------------------------------------- */

static void floor_divide(uint64_t *values, size_t count, int64_t unit)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = (int64_t)values[i];
        values[i] = (uint64_t)(value / unit - (value % unit < 0));
    }
}

bool rcx_parquet_mean(enum rcx_parquet_meaning meaning, enum rcx_parquet_type type,
                      uint64_t *values, size_t count)
{
    uint64_t all = 0;
    switch (meaning) {
    case RCX_PARQUET_MEANS_UNSIGNED:
        if (type == RCX_PARQUET_INT32)
            for (size_t i = 0; i < count; i++)
                values[i] = (uint32_t)values[i];
        for (size_t i = 0; i < count; i++)
            all |= values[i];
        return all <= INT64_MAX;
    case RCX_PARQUET_MEANS_MILLISECONDS:
        floor_divide(values, count, 1000);
        return true;
    case RCX_PARQUET_MEANS_MICROSECONDS:
        floor_divide(values, count, 1000000);
        return true;
    case RCX_PARQUET_MEANS_NANOSECONDS:
        floor_divide(values, count, 1000000000);
        return true;
    case RCX_PARQUET_MEANS_ITSELF:
    case RCX_PARQUET_MEANS_JULIAN:
    case RCX_PARQUET_MEANS_DECIMAL:
        break;
    }
    return true;
}

int64_t rcx_parquet_mean_julian(const uint8_t bytes[12])
{
    int64_t nanoseconds;
    uint32_t day;
    memcpy(&nanoseconds, bytes, sizeof nanoseconds);
    memcpy(&day, bytes + 8, sizeof day);
    uint64_t seconds = (uint64_t)nanoseconds;
    floor_divide(&seconds, 1, 1000000000);
    return ((int64_t)day - JULIAN_1970) * RCX_DAY_SECONDS + (int64_t)seconds;
}

bool rcx_parquet_mean_decimal(const uint8_t *bytes, size_t length, int64_t *out)
{
    uint8_t sign = length > 0 && bytes[0] & 0x80 ? 0xFF : 0;
    size_t extra = length > 8 ? length - 8 : 0;
    for (size_t i = 0; i < extra; i++)
        if (bytes[i] != sign)
            return false;
    if (extra > 0 && (bytes[extra] ^ sign) & 0x80)
        return false;
    uint64_t value = sign ? ~UINT64_C(0) : 0;
    for (size_t i = extra; i < length; i++)
        value = value << 8 | bytes[i];
    *out = (int64_t)value;
    return true;
}
