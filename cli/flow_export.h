#pragma once
/* The transactions of a store as a table file, in the columns of the UCI file: InvoiceNo, StockCode,
 * Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country; columns that no input had are
 * left out. Numbers are exact, a missing text or customer is null, rows stand in the store's order.
 *
 * Morsels are decoded in parallel into one block of rows at a time, which the sink takes and encodes;
 * memory is that of two blocks, whatever the size of the store. The bytes of the file do not depend on
 * the threads. */
#include "cli/progress.h"
#include "storage/format/sink.h"
#include "storage/store/store.h"

/*  options   as for rcx_sink_open; parallel also decodes; metadata and sorted_by are set here
 *  progress  counts rows; NULL: none
 * Errors: of the sink and the scan; the file then does not exist. */
enum rcx_status rcx_flow_export(const struct rcx_store *store, const char *path,
                                const struct rcx_sink_options *options,
                                struct rcx_progress *progress, struct rcx_error *err);
