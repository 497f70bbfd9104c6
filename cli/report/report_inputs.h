#pragma once
/* The inputs of the report as JSON (report.h). */
#include "base/buf.h"
#include "cli/report/report.h"

/* Appends {"<id>": {"rows": n, "columns": {"<name>": [...]}} or the document, ...} of the inputs that
 * are there; '<' is escaped. Tables are column after column; dates are "YYYY-MM-DD". */
enum rcx_status rcx_report_inputs(const struct rcx_report_options *options, struct rcx_buf *json,
                                  struct rcx_report_result *counts, struct rcx_error *err);
