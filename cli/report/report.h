#pragma once
/* The report: one HTML file that opens without a network and holds everything it shows.
 *
 * The C side knows no picture. It puts together four texts that are part of the program (a page, a
 * style sheet, the chart library, a small runtime), a layout that declares sections, pictures and
 * tables over named inputs (web/layout.json), and the inputs themselves as one JSON text: the tables
 * and documents of the run directory (report_inputs.def). So every number on the page is a number of
 * a file of the run.
 *
 * Everything that came from data is JSON in which '<' is escaped, and the runtime makes text nodes
 * of it: a product called <script> is text. */
#include <stdbool.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"

struct rcx_report_options {
    const char *directory; /* of the run */
    const char *output;    /* the file */
    struct rcx_parallel parallel;
    bool no_sync;
};

struct rcx_report_result {
    size_t inputs;  /* files shown */
    size_t missing; /* files that are not there */
    uint64_t bytes; /* of the report */
};

/* Errors: RCX_E_INPUT when no input is there at all, or one cannot be read as what it should be;
 * RCX_E_IO, RCX_E_NOMEM. Then there is no file. */
enum rcx_status rcx_report_write(const struct rcx_report_options *options,
                                 struct rcx_report_result *out, struct rcx_error *err);
