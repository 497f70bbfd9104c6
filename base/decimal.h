#pragma once
/* Exact money: fixed-point decimals in int64, sums in 128 bits, one correct rounding at the end. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef __int128 rcx_i128;
typedef unsigned __int128 rcx_u128;

enum { RCX_DECIMAL_MAX_PLACES = 9 };

int64_t rcx_pow10(unsigned places); /* 0..18 */

/* The double nearest to num / den (den > 0), ties to even: one rounding, whatever the sizes. */
double rcx_ratio(rcx_i128 num, rcx_i128 den);

/* -12.3400 for value -123400, places 4; NUL-terminated, at most 48 bytes; returns the length. */
size_t rcx_format_decimal(rcx_i128 value, unsigned places, char out[48]);
/* For people: 8,086,976.99 (rounded half away from zero to `shown` places). */
const char *rcx_format_money(rcx_i128 value, unsigned places, unsigned shown, char out[64]);
