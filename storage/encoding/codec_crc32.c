#include <zlib.h>

#include "storage/encoding/crc32.h"

uint32_t rcx_crc32(const void *bytes, size_t length)
{
    return length ? (uint32_t)crc32_z(0, bytes, length) : 0;
}
