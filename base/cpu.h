#pragma once
/* Instruction set levels of x86-64 (psABI): baseline, v3 (AVX2, BMI2, FMA), v4 (AVX-512 F/BW/CD/DQ/VL).
 * Hot bodies are compiled once per level from *_kernels_impl.c; `main` chooses once. */

#include <stddef.h>

enum rcx_cpu_level { RCX_CPU_V1, RCX_CPU_V3, RCX_CPU_V4, RCX_CPU_LEVELS };

enum rcx_cpu_level rcx_cpu_detect(void);
/* Sets the level for this process: the lower of `wanted` and what the machine has.
 * Call before the first kernel; without a call the detected level is used. */
void rcx_cpu_set(enum rcx_cpu_level wanted);
enum rcx_cpu_level rcx_cpu_level(void);
const char *rcx_cpu_name(enum rcx_cpu_level level);           /* "v1", "v3", "v4" */
int rcx_cpu_parse(const char *name, enum rcx_cpu_level *out); /* 0 when unknown */

/* The processor's own name for itself, "AMD EPYC 7B13"; "unknown" when it does not tell. Cut to
 * `bytes` - 1; returns `out`. */
const char *rcx_cpu_model(char *out, size_t bytes);
