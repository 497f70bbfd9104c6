#pragma once
/* Numbers of the Parquet format, version 2.11.0 (github.com/apache/parquet-format, parquet.thrift),
 * under the names used there: what we write, and what readers of other files must tell apart. */

enum rcx_parquet_type {
    RCX_PARQUET_BOOLEAN = 0,
    RCX_PARQUET_INT32 = 1,
    RCX_PARQUET_INT64 = 2,
    RCX_PARQUET_DOUBLE = 5,
    RCX_PARQUET_BYTE_ARRAY = 6
};

/* Annotations from before the logical types; still written, for old readers. */
enum rcx_parquet_converted {
    RCX_PARQUET_CONVERTED_NONE = -1,
    RCX_PARQUET_UTF8 = 0,
    RCX_PARQUET_DECIMAL = 5,
    RCX_PARQUET_DATE = 6,
    RCX_PARQUET_INT_8 = 15,
    RCX_PARQUET_INT_32 = 17,
    RCX_PARQUET_INT_64 = 18
};

/* Fields of the union LogicalType. */
enum rcx_parquet_logical {
    RCX_PARQUET_LOGICAL_NONE = 0,
    RCX_PARQUET_LOGICAL_STRING = 1,
    RCX_PARQUET_LOGICAL_DECIMAL = 5,
    RCX_PARQUET_LOGICAL_DATE = 6,
    RCX_PARQUET_LOGICAL_TIME = 7,
    RCX_PARQUET_LOGICAL_TIMESTAMP = 8,
    RCX_PARQUET_LOGICAL_INTEGER = 10
};

enum rcx_parquet_repetition { RCX_PARQUET_REQUIRED = 0, RCX_PARQUET_OPTIONAL = 1 };

enum rcx_parquet_encoding {
    RCX_PARQUET_PLAIN = 0,
    RCX_PARQUET_PLAIN_DICTIONARY = 2, /* the name of RLE_DICTIONARY in format 1 */
    RCX_PARQUET_RLE = 3,
    RCX_PARQUET_RLE_DICTIONARY = 8
};

enum rcx_parquet_codec {
    RCX_PARQUET_UNCOMPRESSED = 0,
    RCX_PARQUET_SNAPPY = 1,
    RCX_PARQUET_ZSTD = 6
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
