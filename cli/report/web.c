#include "cli/report/web.h"

/* The assembler copies a file into the read-only data, with a symbol at its begin and its end. CMake
 * names the files (RCX_WEB_*) and rebuilds this one when they change. */
#define EMBED(symbol, path)                                                                        \
    __asm__(".section .rodata\n"                                                                   \
            ".balign 16\n" #symbol ":\n"                                                           \
            ".incbin \"" path "\"\n" #symbol "_end:\n"                                             \
            ".byte 0\n"                                                                            \
            ".text\n");                                                                            \
    extern const char symbol[] __attribute__((visibility("hidden")));                              \
    extern const char symbol##_end[] __attribute__((visibility("hidden")))

EMBED(rcx_web_page_bytes, RCX_WEB_PAGE_FILE);
EMBED(rcx_web_style_bytes, RCX_WEB_STYLE_FILE);
EMBED(rcx_web_charts_bytes, RCX_WEB_CHARTS_FILE);
EMBED(rcx_web_runtime_bytes, RCX_WEB_RUNTIME_FILE);
EMBED(rcx_web_layout_bytes, RCX_WEB_LAYOUT_FILE);

struct rcx_text rcx_web_part(enum rcx_web_part part)
{
#define PART(symbol)                                                                               \
    {                                                                                              \
        symbol, (size_t)(symbol##_end - (symbol))                                                  \
    }
    const struct rcx_text parts[RCX_WEB_PART_COUNT] = {
        [RCX_WEB_PAGE] = PART(rcx_web_page_bytes),
        [RCX_WEB_STYLE] = PART(rcx_web_style_bytes),
        [RCX_WEB_CHARTS] = PART(rcx_web_charts_bytes),
        [RCX_WEB_RUNTIME] = PART(rcx_web_runtime_bytes),
        [RCX_WEB_LAYOUT] = PART(rcx_web_layout_bytes),
    };
#undef PART
    return parts[part];
}
