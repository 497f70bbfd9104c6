#pragma once
/* What the values of a column mean: from physical and logical types to the types of our tables.
 *
 *     bool                             BOOL
 *     int8, int32, int64               INT8, INT32, INT64;  int16, uint8, uint16: INT32
 *     uint32, uint64                   INT64 (what does not fit is refused when it is met)
 *     float, double                    REAL (NaN is null, as everywhere)
 *     decimal, in whatever form        DECIMAL, when the values have at most 18 digits
 *     date                             DATE
 *     timestamps, also INT96           TIME: whole seconds, parts of one are cut off
 *     string, enum, JSON, bare bytes   TEXT, when they are UTF-8
 *     null                             REAL
 *
 * Times of day, UUIDs, half floats, intervals and whatever else there is are no types of ours. */
#include "base/table.h"
#include "storage/format/parquet_metadata.h"
#include "storage/format/parquet_page.h"

/* How a value becomes one of ours, beyond its physical type. */
enum rcx_parquet_meaning {
    RCX_PARQUET_MEANS_ITSELF,
    RCX_PARQUET_MEANS_UNSIGNED,
    RCX_PARQUET_MEANS_MILLISECONDS, /* times, since 1970 */
    RCX_PARQUET_MEANS_MICROSECONDS,
    RCX_PARQUET_MEANS_NANOSECONDS,
    RCX_PARQUET_MEANS_JULIAN, /* INT96 */
    RCX_PARQUET_MEANS_DECIMAL /* of bytes: big-endian, two's complement */
};

struct rcx_parquet_leaf {
    char *name; /* owned */
    enum rcx_parquet_type physical;
    size_t width;       /* FIXED_LEN_BYTE_ARRAY */
    enum rcx_type type; /* RCX_TYPE_COUNT: none of ours, cannot be read */
    unsigned scale;     /* DECIMAL */
    enum rcx_parquet_meaning meaning;
    bool nullable;
    bool utc; /* times are of UTC, not of the wall clock */
};

/* Fills all but the name from a column of the schema. */
void rcx_parquet_leaf_describe(const struct rcx_parquet_element *element,
                               struct rcx_parquet_leaf *out);
/* "TIME of day", for columns that cannot be read. Static. */
const char *rcx_parquet_type_text(const struct rcx_parquet_element *element);

/* One value of INT64 or INT32 (as int64) or the bits of a DOUBLE, by its meaning.
 * False: it does not fit. */
bool rcx_parquet_mean(enum rcx_parquet_meaning meaning, enum rcx_parquet_type type,
                      uint64_t *values, size_t count);
/* The same for INT96 and decimals in bytes. */
int64_t rcx_parquet_mean_julian(const uint8_t bytes[12]);
bool rcx_parquet_mean_decimal(const uint8_t *bytes, size_t length, int64_t *out);
