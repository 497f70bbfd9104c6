#include "cli/flow_export.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "storage/store/scan.h"

enum { COLUMNS = RCX_FIELD_COUNT, MORSEL_ROWS = 1 << 16, DEFAULT_BLOCK_ROWS = 1 << 20 };

struct export_column {
    const char *name;
    enum rcx_type type;
    int text; /* enum rcx_text_field of a text column, else -1 */
};

static const struct export_column columns[COLUMNS] = {
    [RCX_FIELD_INVOICE_NO] = {"InvoiceNo", RCX_TYPE_TEXT, RCX_TEXT_INVOICE},
    [RCX_FIELD_STOCK_CODE] = {"StockCode", RCX_TYPE_TEXT, RCX_TEXT_STOCK},
    [RCX_FIELD_DESCRIPTION] = {"Description", RCX_TYPE_TEXT, RCX_TEXT_DESCRIPTION},
    [RCX_FIELD_QUANTITY] = {"Quantity", RCX_TYPE_INT64, -1},
    [RCX_FIELD_INVOICE_DATE] = {"InvoiceDate", RCX_TYPE_TIME, -1},
    [RCX_FIELD_UNIT_PRICE] = {"UnitPrice", RCX_TYPE_DECIMAL, -1},
    [RCX_FIELD_CUSTOMER_ID] = {"CustomerID", RCX_TYPE_INT64, RCX_TEXT_CUSTOMER},
    [RCX_FIELD_COUNTRY] = {"Country", RCX_TYPE_TEXT, RCX_TEXT_COUNTRY},
};

struct exporter {
    const struct rcx_store *store;
    struct rcx_decisions decisions;
    struct rcx_scan *scan;
    struct rcx_parallel parallel;
    struct rcx_progress *progress;
    struct rcx_sink *sink;
    size_t block_rows;
    struct rcx_scan_buffer **buffers; /* [threads] */
    struct rcx_table *pieces;         /* [piece_count] one morsel each; values without validity */
    size_t *piece_rows_before;        /* [piece_count + 1] */
    size_t piece_count;
    size_t first_morsel;    /* of the pieces */
    struct rcx_table block; /* decoded rows not yet written, without validity */
    uint8_t *valid[COLUMNS];
    size_t valid_bytes;
};

/* --- tables -------------------------------------------------------------------------------- */

static bool add_columns(const struct exporter *exporter, struct rcx_table *table)
{
    const struct rcx_decisions *decisions = &exporter->decisions;
    for (size_t c = 0; c < COLUMNS; c++) {
        enum rcx_type type = columns[c].type;
        if (c == RCX_FIELD_CUSTOMER_ID && decisions->customer_is_text)
            type = RCX_TYPE_TEXT;
        if (c == RCX_FIELD_QUANTITY && decisions->quantity_decimals > 0)
            type = RCX_TYPE_DECIMAL;
        struct rcx_column *column = rcx_table_add(table, columns[c].name, type);
        if (!column)
            return false;
        if (type == RCX_TYPE_DECIMAL)
            column->scale = c == RCX_FIELD_QUANTITY ? decisions->quantity_decimals
                                                    : decisions->price_decimals;
        if (type == RCX_TYPE_TEXT)
            column->dictionary = rcx_strings_retain(
                rcx_store_strings(exporter->store, (enum rcx_text_field)columns[c].text));
    }
    return true;
}

static enum rcx_status prepare(struct exporter *exporter, struct rcx_error *err)
{
    unsigned threads = exporter->parallel.threads;
    exporter->piece_count = exporter->block_rows / MORSEL_ROWS;
    if (exporter->piece_count < threads)
        exporter->piece_count = threads;
    exporter->buffers = rcx_calloc(threads, sizeof(void *));
    exporter->pieces = rcx_calloc(exporter->piece_count, sizeof *exporter->pieces);
    exporter->piece_rows_before = rcx_calloc(exporter->piece_count + 1,
                                             sizeof *exporter->piece_rows_before);
    if (!exporter->buffers || !exporter->pieces || !exporter->piece_rows_before)
        return rcx_fail_nomem(err, "export", 0);
    for (unsigned i = 0; i < threads; i++)
        if (!(exporter->buffers[i] = rcx_scan_buffer_new()))
            return rcx_fail_nomem(err, "export", 0);
    for (size_t i = 0; i < exporter->piece_count; i++)
        if (!add_columns(exporter, &exporter->pieces[i]))
            return rcx_fail_nomem(err, "export", 0);
    exporter->valid_bytes = (exporter->block_rows + 7) / 8;
    for (size_t c = 0; c < COLUMNS; c++) {
        bool nullable = columns[c].text >= 0; /* texts and the customer */
        if (nullable && !(exporter->valid[c] = rcx_malloc(exporter->valid_bytes)))
            return rcx_fail_nomem(err, "export", exporter->valid_bytes);
    }
    return add_columns(exporter, &exporter->block) ? RCX_OK : rcx_fail_nomem(err, "export", 0);
}

static void release(struct exporter *exporter)
{
    for (unsigned i = 0; exporter->buffers && i < exporter->parallel.threads; i++)
        rcx_scan_buffer_release(exporter->buffers[i]);
    for (size_t i = 0; exporter->pieces && i < exporter->piece_count; i++)
        rcx_table_release(&exporter->pieces[i]);
    for (size_t c = 0; c < COLUMNS; c++)
        rcx_free(exporter->valid[c]);
    rcx_free(exporter->buffers);
    rcx_free(exporter->pieces);
    rcx_free(exporter->piece_rows_before);
    rcx_table_release(&exporter->block);
    rcx_scan_close(exporter->scan);
}

/* --- decoding ------------------------------------------------------------------------------ */

/* What a receipt's rows share, written out for each of them. */
static void spread_receipts(const struct rcx_batch *batch, bool customer_is_text,
                            struct rcx_column *out)
{
    for (size_t r = 0; r < batch->receipts; r++) {
        int64_t customer = batch->customer[r];
        for (size_t row = batch->first_row[r]; row < batch->first_row[r + 1]; row++) {
            out[RCX_FIELD_INVOICE_DATE].i64[row] = batch->time[r];
            out[RCX_FIELD_INVOICE_NO].codes[row] = batch->invoice[r];
            if (customer_is_text)
                out[RCX_FIELD_CUSTOMER_ID].codes[row] = customer == RCX_GUEST ? 0
                                                                              : (uint32_t)customer;
            else
                out[RCX_FIELD_CUSTOMER_ID].i64[row] = customer;
        }
    }
}

static enum rcx_status decode_piece(void *context, size_t piece, unsigned worker,
                                    struct rcx_error *err)
{
    struct exporter *exporter = context;
    struct rcx_table *table = &exporter->pieces[piece];
    struct rcx_batch batch;
    enum rcx_status status = rcx_scan_read(exporter->scan, exporter->first_morsel + piece,
                                           exporter->buffers[worker], &batch, err);
    if (status)
        return status;
    if (!rcx_table_resize(table, batch.rows))
        return rcx_fail_nomem(err, "export", batch.rows);
    struct rcx_column *out = table->columns;
    spread_receipts(&batch, exporter->decisions.customer_is_text, out);
    if (batch.rows) {
        memcpy(out[RCX_FIELD_STOCK_CODE].values, batch.stock, batch.rows * sizeof *batch.stock);
        memcpy(out[RCX_FIELD_QUANTITY].values, batch.quantity, batch.rows * sizeof *batch.quantity);
        memcpy(out[RCX_FIELD_UNIT_PRICE].values, batch.unit_price,
               batch.rows * sizeof *batch.unit_price);
        memcpy(out[RCX_FIELD_DESCRIPTION].values, batch.description,
               batch.rows * sizeof *batch.description);
        memcpy(out[RCX_FIELD_COUNTRY].values, batch.country, batch.rows * sizeof *batch.country);
    }
    return RCX_OK;
}

static enum rcx_status copy_piece(void *context, size_t piece, unsigned worker,
                                  struct rcx_error *err)
{
    (void)worker;
    (void)err;
    struct exporter *exporter = context;
    const struct rcx_table *table = &exporter->pieces[piece];
    for (size_t c = 0; c < COLUMNS && table->rows; c++) {
        size_t width = rcx_type_bytes(table->columns[c].type);
        memcpy((char *)exporter->block.columns[c].values +
                   exporter->piece_rows_before[piece] * width,
               table->columns[c].values, table->rows * width);
    }
    if (exporter->progress)
        rcx_progress_add(exporter->progress, table->rows);
    return RCX_OK;
}

/* Decodes the next morsels and puts their rows behind those that wait in the block. */
static enum rcx_status fill_block(struct exporter *exporter, size_t pieces, struct rcx_error *err)
{
    enum rcx_status status = rcx_parallel_for(&exporter->parallel, pieces, decode_piece, exporter,
                                              err);
    if (status)
        return status;
    exporter->piece_rows_before[0] = exporter->block.rows;
    for (size_t i = 0; i < pieces; i++)
        exporter->piece_rows_before[i + 1] = exporter->piece_rows_before[i] +
                                             exporter->pieces[i].rows;
    if (!rcx_table_resize(&exporter->block, exporter->piece_rows_before[pieces]))
        return rcx_fail_nomem(err, "export", exporter->piece_rows_before[pieces]);
    exporter->first_morsel += pieces;
    return rcx_parallel_for(&exporter->parallel, pieces, copy_piece, exporter, err);
}

/* --- writing ------------------------------------------------------------------------------- */

/* Bits of the rows that hold a value: a code other than that of the empty text, or no guest. */
static void mark_valid(const struct rcx_column *column, size_t begin, size_t rows, uint8_t *out)
{
    memset(out, 0, (rows + 7) / 8);
    for (size_t i = 0; i < rows; i++) {
        bool valid = column->type == RCX_TYPE_TEXT ? column->codes[begin + i] != 0
                                                   : column->i64[begin + i] != RCX_GUEST;
        out[i / 8] |= (uint8_t)(valid << i % 8);
    }
}

/* Rows [begin, begin + rows) of the block, at most block_rows, with validity and without the columns
 * that no input had. */
static enum rcx_status write_rows(struct exporter *exporter, size_t begin, size_t rows,
                                  struct rcx_error *err)
{
    struct rcx_column views[COLUMNS];
    size_t count = 0;
    for (size_t c = 0; c < COLUMNS; c++) {
        if (!(exporter->decisions.field_mask >> c & 1))
            continue;
        struct rcx_column *view = &views[count++];
        *view = exporter->block.columns[c];
        view->rows = rows;
        if (view->values)
            view->values = (char *)view->values + begin * rcx_type_bytes(view->type);
        view->valid = exporter->valid[c];
        if (view->valid)
            mark_valid(&exporter->block.columns[c], begin, rows, view->valid);
    }
    struct rcx_table table = {.rows = rows, .column_count = count, .columns = views};
    return rcx_sink_write(exporter->sink, &table, err);
}

/* Writes the whole blocks there are, or with `last` all rows, and moves the rest to the front. */
static enum rcx_status write_blocks(struct exporter *exporter, bool last, struct rcx_error *err)
{
    struct rcx_table *block = &exporter->block;
    size_t begin = 0;
    while (block->rows - begin >= exporter->block_rows || (last && begin < block->rows)) {
        size_t rows = block->rows - begin;
        if (rows > exporter->block_rows)
            rows = exporter->block_rows;
        enum rcx_status status = write_rows(exporter, begin, rows, err);
        if (status)
            return status;
        begin += rows;
    }
    if (begin == 0)
        return RCX_OK;
    size_t rest = block->rows - begin;
    for (size_t c = 0; c < COLUMNS; c++) {
        size_t width = rcx_type_bytes(block->columns[c].type);
        memmove(block->columns[c].values, (char *)block->columns[c].values + begin * width,
                rest * width);
    }
    rcx_table_resize(block, rest); /* smaller: cannot fail */
    return RCX_OK;
}

static enum rcx_status write_all(struct exporter *exporter, struct rcx_error *err)
{
    size_t morsels = rcx_scan_morsels(exporter->scan);
    enum rcx_status status = write_rows(exporter, 0, 0, err); /* the schema, also without rows */
    while (!status && exporter->first_morsel < morsels) {
        size_t pieces = morsels - exporter->first_morsel;
        if (pieces > exporter->piece_count)
            pieces = exporter->piece_count;
        status = fill_block(exporter, pieces, err);
        if (!status)
            status = write_blocks(exporter, exporter->first_morsel == morsels, err);
    }
    return status;
}

static enum rcx_status open_sink(struct exporter *exporter, const char *path,
                                 const struct rcx_sink_options *options, struct rcx_error *err)
{
    static const char *const sorted_by[] = {"CustomerID", "InvoiceDate"};
    const struct rcx_store_summary *summary = rcx_store_summary(exporter->store);
    char version[24], digest[RCX_DIGEST_TEXT_BYTES];
    snprintf(version, sizeof version, "%" PRIu64, summary->version);
    rcx_digest_format(summary->digest, digest);
    const struct rcx_sink_metadata metadata[] = {
        {"rcx.program", RCX_VERSION}, {"rcx.store_version", version}, {"rcx.store_digest", digest}};
    struct rcx_sink_options own = *options;
    own.metadata = metadata;
    own.metadata_count = sizeof metadata / sizeof metadata[0];
    own.sorted_by = sorted_by;
    own.sorted_by_count = sizeof sorted_by / sizeof sorted_by[0];
    own.nulls_as_in_first = 1;
    return rcx_sink_open(path, &own, &exporter->sink, err);
}

enum rcx_status rcx_flow_export(const struct rcx_store *store, const char *path,
                                const struct rcx_sink_options *options,
                                struct rcx_progress *progress, struct rcx_error *err)
{
    struct exporter exporter = {
        .store = store,
        .decisions = rcx_store_summary(store)->decisions,
        .parallel = options->parallel,
        .progress = progress,
        .block_rows = options->row_group_rows ? options->row_group_rows : DEFAULT_BLOCK_ROWS,
    };
    if (exporter.parallel.threads == 0)
        exporter.parallel.threads = 1;
    enum rcx_status status = open_sink(&exporter, path, options, err);
    if (status)
        return status;
    status = rcx_scan_open(store, RCX_SCAN_ALL, &exporter.scan, err);
    if (!status)
        status = prepare(&exporter, err);
    if (!status)
        status = write_all(&exporter, err);
    if (status)
        rcx_sink_abort(exporter.sink);
    else
        status = rcx_sink_commit(exporter.sink, err);
    release(&exporter);
    return status;
}
