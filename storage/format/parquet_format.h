#pragma once
/* Numbers of the Parquet format, version 2.11.0 (github.com/apache/parquet-format, parquet.thrift),
 * under the names used there: what we write, and what readers of other files must tell apart. */

enum rcx_parquet_type {
    RCX_PARQUET_BOOLEAN = 0,
    RCX_PARQUET_INT32 = 1,
    RCX_PARQUET_INT64 = 2,
    RCX_PARQUET_INT96 = 3, /* deprecated: a time as nanoseconds of a Julian day */
    RCX_PARQUET_FLOAT = 4,
    RCX_PARQUET_DOUBLE = 5,
    RCX_PARQUET_BYTE_ARRAY = 6,
    RCX_PARQUET_FIXED_LEN_BYTE_ARRAY = 7
};

/* Annotations from before the logical types; still written, for old readers. */
enum rcx_parquet_converted {
    RCX_PARQUET_CONVERTED_NONE = -1,
    RCX_PARQUET_UTF8 = 0,
    RCX_PARQUET_ENUM = 4,
    RCX_PARQUET_DECIMAL = 5,
    RCX_PARQUET_DATE = 6,
    RCX_PARQUET_TIME_MILLIS = 7,
    RCX_PARQUET_TIME_MICROS = 8,
    RCX_PARQUET_TIMESTAMP_MILLIS = 9,
    RCX_PARQUET_TIMESTAMP_MICROS = 10,
    RCX_PARQUET_UINT_8 = 11,
    RCX_PARQUET_UINT_16 = 12,
    RCX_PARQUET_UINT_32 = 13,
    RCX_PARQUET_UINT_64 = 14,
    RCX_PARQUET_INT_8 = 15,
    RCX_PARQUET_INT_16 = 16,
    RCX_PARQUET_INT_32 = 17,
    RCX_PARQUET_INT_64 = 18,
    RCX_PARQUET_JSON = 19
};

/* Fields of the union LogicalType. */
enum rcx_parquet_logical {
    RCX_PARQUET_LOGICAL_NONE = 0,
    RCX_PARQUET_LOGICAL_STRING = 1,
    RCX_PARQUET_LOGICAL_ENUM = 4,
    RCX_PARQUET_LOGICAL_DECIMAL = 5,
    RCX_PARQUET_LOGICAL_DATE = 6,
    RCX_PARQUET_LOGICAL_TIME = 7,
    RCX_PARQUET_LOGICAL_TIMESTAMP = 8,
    RCX_PARQUET_LOGICAL_INTEGER = 10,
    RCX_PARQUET_LOGICAL_NULL = 11,
    RCX_PARQUET_LOGICAL_JSON = 12,
    RCX_PARQUET_LOGICAL_UUID = 14,
    RCX_PARQUET_LOGICAL_FLOAT16 = 15
};

/* Fields of the union TimeUnit. */
enum rcx_parquet_unit {
    RCX_PARQUET_MILLISECONDS = 1,
    RCX_PARQUET_MICROSECONDS = 2,
    RCX_PARQUET_NANOSECONDS = 3
};

enum rcx_parquet_repetition { RCX_PARQUET_REQUIRED = 0, RCX_PARQUET_OPTIONAL = 1 };

enum rcx_parquet_encoding {
    RCX_PARQUET_PLAIN = 0,
    RCX_PARQUET_PLAIN_DICTIONARY = 2, /* the name of RLE_DICTIONARY in format 1 */
    RCX_PARQUET_RLE = 3,
    RCX_PARQUET_BIT_PACKED = 4, /* deprecated, of levels only */
    RCX_PARQUET_DELTA_BINARY_PACKED = 5,
    RCX_PARQUET_DELTA_LENGTH_BYTE_ARRAY = 6,
    RCX_PARQUET_DELTA_BYTE_ARRAY = 7,
    RCX_PARQUET_RLE_DICTIONARY = 8,
    RCX_PARQUET_BYTE_STREAM_SPLIT = 9
};

enum rcx_parquet_codec {
    RCX_PARQUET_UNCOMPRESSED = 0,
    RCX_PARQUET_SNAPPY = 1,
    RCX_PARQUET_GZIP = 2,
    RCX_PARQUET_LZO = 3,
    RCX_PARQUET_BROTLI = 4,
    RCX_PARQUET_LZ4 = 5, /* deprecated: Hadoop's framing */
    RCX_PARQUET_ZSTD = 6,
    RCX_PARQUET_LZ4_RAW = 7
};

enum rcx_parquet_page_type {
    RCX_PARQUET_DATA_PAGE = 0,
    RCX_PARQUET_INDEX_PAGE = 1,
    RCX_PARQUET_DICTIONARY_PAGE = 2,
    RCX_PARQUET_DATA_PAGE_V2 = 3
};

enum rcx_parquet_order {
    RCX_PARQUET_UNORDERED = 0,
    RCX_PARQUET_ASCENDING = 1,
    RCX_PARQUET_DESCENDING = 2
};

/* Most digits of a DECIMAL in an INT64. */
enum { RCX_PARQUET_DECIMAL_DIGITS = 18 };
