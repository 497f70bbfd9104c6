#pragma once
/* The parts of the page that are the same for every run, embedded when the program is built. */
#include "base/text.h"

enum rcx_web_part {
    RCX_WEB_PAGE,    /* HTML in which the others are put */
    RCX_WEB_STYLE,   /* CSS */
    RCX_WEB_CHARTS,  /* Apache ECharts, with its licence */
    RCX_WEB_RUNTIME, /* JavaScript: layout + inputs -> page */
    RCX_WEB_LAYOUT,  /* JSON: sections, pictures, tables, definitions */
    RCX_WEB_PART_COUNT
};

struct rcx_text rcx_web_part(enum rcx_web_part part); /* static storage */
