#include "base/cpu.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const names[RCX_CPU_LEVELS] = {"v1", "v3", "v4"};

/* -1: not chosen yet. Detection gives every thread the same answer, so a race is harmless. */
static atomic_int chosen = -1;

#if defined(__x86_64__)
#include <cpuid.h>

/* LZCNT and MOVBE are part of v3 but gcc 12 and clang 14 cannot be asked for both by name;
 * they and OSXSAVE are read from the CPUID leaves (Intel SDM volume 2A, CPUID). */
static int has_lzcnt_movbe(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(0x80000001u, &a, &b, &c, &d) || !(c & (1u << 5)))
        return 0;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 22)) && (c & (1u << 27));
}

static int has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 29));
}

/* __builtin_cpu_supports answers for AVX and AVX-512 only when the system saves their registers. */
enum rcx_cpu_level rcx_cpu_detect(void)
{
    __builtin_cpu_init();
    int v2 = __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("sse3") &&
             __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
             __builtin_cpu_supports("sse4.2");
    int v3 = v2 && __builtin_cpu_supports("avx") && __builtin_cpu_supports("avx2") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
             __builtin_cpu_supports("fma") && has_f16c() && has_lzcnt_movbe();
    int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
    return v4 ? RCX_CPU_V4 : (v3 ? RCX_CPU_V3 : RCX_CPU_V1);
}

/* Leaves 0x80000002 to 4 hold 48 bytes of text, padded with spaces or zeros. */
static void read_model(char out[49])
{
    unsigned words[12] = {0};
    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                         &words[4 * i + 3]))
            return;
    memcpy(out, words, sizeof words);
}
#else
enum rcx_cpu_level rcx_cpu_detect(void)
{
    return RCX_CPU_V1;
}

static void read_model(char out[49])
{
    (void)out;
}
#endif

const char *rcx_cpu_model(char *out, size_t bytes)
{
    char text[49] = {0};
    read_model(text);
    size_t begin = strspn(text, " "), end = strlen(text);
    while (end > begin && text[end - 1] == ' ')
        text[--end] = '\0';
    snprintf(out, bytes, "%s", end > begin ? text + begin : "unknown");
    return out;
}

void rcx_cpu_set(enum rcx_cpu_level wanted)
{
    enum rcx_cpu_level have = rcx_cpu_detect();
    atomic_store_explicit(&chosen, (int)(wanted < have ? wanted : have), memory_order_relaxed);
}

enum rcx_cpu_level rcx_cpu_level(void)
{
    int level = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (level < 0) {
        level = (int)rcx_cpu_detect();
        atomic_store_explicit(&chosen, level, memory_order_relaxed);
    }
    return (enum rcx_cpu_level)level;
}

const char *rcx_cpu_name(enum rcx_cpu_level level)
{
    return (unsigned)level < RCX_CPU_LEVELS ? names[level] : "?";
}

int rcx_cpu_parse(const char *name, enum rcx_cpu_level *out)
{
    for (unsigned i = 0; i < RCX_CPU_LEVELS; i++) {
        if (name && strcmp(name, names[i]) == 0) {
            *out = (enum rcx_cpu_level)i;
            return 1;
        }
    }
    return 0;
}
