#pragma once
/* Names of kernels that are compiled once per instruction set level (see cmake/RcxTargets.cmake).
 *
 *     in x_kernels.h:       RCX_KERNEL_DECLARE(uint64_t, sum_bytes, (const uint8_t *p, size_t n))
 *     in x_kernels_impl.c:  uint64_t RCX_KERNEL(sum_bytes)(const uint8_t *p, size_t n) { ... }
 *     at the call:          RCX_KERNEL_CALL(sum_bytes)(p, n)
 *
 * All levels must give the same bits: fixed lanes, no contraction (-ffp-contract=off). */
#include "base/cpu.h"

#define RCX_KERNEL_PASTE_(a, b) a##_##b
#define RCX_KERNEL_PASTE(a, b) RCX_KERNEL_PASTE_(a, b)
#ifdef RCX_KERNEL_LEVEL
#define RCX_KERNEL(name) RCX_KERNEL_PASTE(name, RCX_KERNEL_LEVEL)
#endif

#define RCX_KERNEL_DECLARE(result, name, parameters)                                               \
    result name##_v1 parameters;                                                                   \
    result name##_v3 parameters;                                                                   \
    result name##_v4 parameters;

#define RCX_KERNEL_CALL(name)                                                                      \
    (rcx_cpu_level() == RCX_CPU_V4 ? name##_v4                                                     \
                                   : (rcx_cpu_level() == RCX_CPU_V3 ? name##_v3 : name##_v1))
