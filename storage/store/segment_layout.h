#pragma once
/* Constants of the segment file; private to segment.c and segment_writer.c. */
#include <stdint.h>

#define RCX_SEGMENT_MAGIC "RCXSEGM\n"
#define RCX_SEGMENT_END_MAGIC "RCXSEGE\n"

enum {
    RCX_SEGMENT_FORMAT = 1,
    RCX_SEGMENT_HEADER_BYTES = 16, /* magic, format u32, reserved u32 = 0 */
    RCX_SEGMENT_TRAILER_BYTES =
        32, /* footer bytes u64, digest of header, footer and these, end magic */
};
