#pragma once
/* CRC-32 as in gzip, PNG and Parquet's page headers (polynomial 0x04C11DB7, reflected). */
#include <stddef.h>
#include <stdint.h>

uint32_t rcx_crc32(const void *bytes, size_t length);
