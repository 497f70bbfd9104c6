#include "cli/campaign_inputs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/customer_index.h"
#include "cli/suppression.h"
#include "storage/format/table_read.h"

void rcx_campaign_inputs_release(struct rcx_campaign_inputs *inputs)
{
    rcx_table_release(&inputs->customers);
    rcx_free(inputs->suppressed);
    *inputs = (struct rcx_campaign_inputs){0};
}

/* --- files ---------------------------------------------------------------------------------------- */

struct file {
    const char *name;
    const char *stage; /* that makes it */
    bool optional;
    struct rcx_table table;
    const struct rcx_column *ids;
};

enum { CHURN, VALUE, SEGMENT, FILES };

/* Ids of 32 bits are ids of 64. */
static enum rcx_status find_ids(struct file *file, struct rcx_error *err)
{
    struct rcx_column *ids = rcx_table_find(&file->table, "customer_id");
    if (!ids)
        return rcx_fail(err, RCX_E_INPUT, "%s: there is no column 'customer_id'", file->name);
    if (ids->type != RCX_TYPE_INT64 && ids->type != RCX_TYPE_TEXT)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: column 'customer_id' is %s, expected whole numbers or texts",
                        file->name, rcx_type_name(ids->type));
    if (rcx_column_null_count(ids) > 0)
        return rcx_fail(err, RCX_E_INPUT, "%s: a row has no customer_id", file->name);
    file->ids = ids;
    return RCX_OK;
}

static enum rcx_status read_file(const char *directory, struct file *file,
                                 const struct rcx_parallel *parallel, struct rcx_error *err)
{
    const struct rcx_table_read_options options = {.parallel = parallel};
    char *path = rcx_path_join(directory, file->name);
    enum rcx_status status = RCX_OK;
    if (!path)
        return rcx_fail_nomem(err, directory, 0);
    bool there = rcx_file_exists(path);
    if (!there && !file->optional)
        status = rcx_fail(err, RCX_E_IO,
                          "%s: there is no such file; the stage '%s' makes it: run 'rcx %s -o %s' "
                          "first",
                          path, file->stage, file->stage, directory);
    if (there)
        status = rcx_table_read(path, &options, &file->table, err);
    if (there && status == RCX_OK)
        status = find_ids(file, err);
    rcx_free(path);
    return status;
}

/* --- columns -------------------------------------------------------------------------------------- */

static double number_at(const struct rcx_column *column, size_t row)
{
    if (rcx_column_is_null(column, row))
        return NAN;
    switch (column->type) {
    case RCX_TYPE_REAL:
        return column->reals[row];
    case RCX_TYPE_BOOL:
        return column->booleans[row];
    case RCX_TYPE_INT8:
        return column->i8[row];
    case RCX_TYPE_INT32:
        return column->i32[row];
    case RCX_TYPE_INT64:
        return (double)column->i64[row];
    case RCX_TYPE_DECIMAL:
        return rcx_ratio(column->i64[row], rcx_pow10(column->scale));
    case RCX_TYPE_DATE:
    case RCX_TYPE_TIME:
    case RCX_TYPE_TEXT:
    case RCX_TYPE_COUNT:
        break;
    }
    return NAN;
}

static bool is_number(enum rcx_type type)
{
    return type != RCX_TYPE_DATE && type != RCX_TYPE_TIME && type != RCX_TYPE_TEXT;
}

/* Column `name` of the file as reals, one for each customer; `matches` NULL: the same rows. */
static enum rcx_status take_numbers(const struct file *file, const char *name,
                                    const uint32_t *matches, struct rcx_table *out,
                                    struct rcx_error *err)
{
    const struct rcx_column *from = rcx_table_find(&file->table, name);
    if (!from)
        return rcx_fail(err, RCX_E_INPUT, "%s: there is no column '%s'", file->name, name);
    if (!is_number(from->type))
        return rcx_fail(err, RCX_E_INPUT, "%s: column '%s' is %s, expected numbers", file->name,
                        name, rcx_type_name(from->type));
    struct rcx_column *column = rcx_table_add(out, name, RCX_TYPE_REAL);
    if (!column)
        return rcx_fail_nomem(err, file->name, out->rows * 8);
    for (size_t i = 0; i < out->rows; i++) {
        uint32_t row = matches ? matches[i] : (uint32_t)i;
        column->reals[i] = row == RCX_NO_ROW ? NAN : number_at(from, row);
    }
    return RCX_OK;
}

/* A column as it is; texts that are not there are left out. */
static enum rcx_status take_texts(const struct file *file, const char *name,
                                  const uint32_t *matches, struct rcx_table *out,
                                  struct rcx_error *err)
{
    const struct rcx_column *from = rcx_table_find(&file->table, name);
    if (!from || from->type != RCX_TYPE_TEXT)
        return RCX_OK;
    struct rcx_column *column = rcx_table_add(out, name, RCX_TYPE_TEXT);
    if (!column)
        return rcx_fail_nomem(err, file->name, out->rows * 4);
    column->dictionary = rcx_strings_retain(from->dictionary);
    for (size_t i = 0; i < out->rows; i++) {
        uint32_t row = matches ? matches[i] : (uint32_t)i;
        bool null = row == RCX_NO_ROW || rcx_column_is_null(from, row);
        column->codes[i] = null ? 0 : from->codes[row];
        if (null && !rcx_column_set_null(column, i))
            return rcx_fail_nomem(err, file->name, out->rows / 8);
    }
    return RCX_OK;
}

static enum rcx_status take_ids(const struct file *file, struct rcx_table *out,
                                struct rcx_error *err)
{
    const struct rcx_column *from = file->ids;
    struct rcx_column *column = rcx_table_add(out, "customer_id", from->type);
    if (!column)
        return rcx_fail_nomem(err, file->name, out->rows * 8);
    if (out->rows > 0)
        memcpy(column->values, from->values, out->rows * rcx_type_bytes(from->type));
    column->dictionary = rcx_strings_retain(from->dictionary);
    return RCX_OK;
}

/* --- joining -------------------------------------------------------------------------------------- */

/* The rows of `file` for the customers. *out is owned by the caller; NULL when they are the same. */
static enum rcx_status match(const struct file *file, const struct rcx_column *ids, uint32_t **out,
                             size_t *out_missing, struct rcx_error *err)
{
    struct rcx_customer_index index = {0};
    enum rcx_status status;
    *out_missing = 0;
    *out = rcx_malloc_array(ids->rows + 1, sizeof **out);
    if (!*out)
        return rcx_fail_nomem(err, file->name, ids->rows * sizeof **out);
    for (size_t i = 0; i < ids->rows && !file->ids; i++)
        (*out)[i] = RCX_NO_ROW;
    if (!file->ids) {
        *out_missing = ids->rows;
        return RCX_OK;
    }
    if (file->ids->type != ids->type)
        return rcx_fail(
            err, RCX_E_INPUT,
            "%s: customer_id is %s, but %s in the churn predictions; make both with the "
            "same run",
            file->name, rcx_type_name(file->ids->type), rcx_type_name(ids->type));
    status = rcx_customer_index_open(file->ids, file->name, &index, err);
    for (size_t i = 0; i < ids->rows && status == RCX_OK; i++) {
        (*out)[i] = rcx_customer_index_find(&index, ids, i);
        *out_missing += (*out)[i] == RCX_NO_ROW;
    }
    if (status == RCX_OK && *out_missing == ids->rows && ids->rows > 0 && !file->optional)
        status = rcx_fail(err, RCX_E_INPUT,
                          "%s: none of its %zu customers is among the %zu of the churn "
                          "predictions; make both with the same run",
                          file->name, file->ids->rows, ids->rows);
    rcx_customer_index_close(&index);
    return status;
}

/* Of a file with several snapshots keeps the rows of the latest. */
static void keep_latest(struct file *file)
{
    const struct rcx_column *dates = rcx_table_find(&file->table, "snapshot_date");
    size_t kept = 0;
    if (!dates || dates->type != RCX_TYPE_DATE || dates->rows == 0)
        return;
    int32_t latest = INT32_MIN;
    for (size_t i = 0; i < dates->rows; i++)
        latest = dates->i32[i] > latest ? dates->i32[i] : latest;
    for (size_t i = 0; i < dates->rows; i++) {
        if (dates->i32[i] != latest) /* rows from i on have not been moved yet */
            continue;
        for (size_t c = 0; c < file->table.column_count; c++) {
            struct rcx_column *column = &file->table.columns[c];
            size_t width = rcx_type_bytes(column->type);
            uint8_t *bytes = column->values;
            memmove(bytes + kept * width, bytes + i * width, width);
            if (column->valid) {
                unsigned valid = column->valid[i / 8] >> i % 8 & 1;
                column->valid[kept / 8] = (uint8_t)((column->valid[kept / 8] & ~(1u << kept % 8)) |
                                                    valid << kept % 8);
            }
        }
        kept++;
    }
    (void)rcx_table_resize(&file->table, kept); /* shrinking takes no memory */
}

static enum rcx_status join(struct file *files, struct rcx_campaign_inputs *out,
                            struct rcx_error *err)
{
    static const char *const texts[] = {"risk_level", "reason_1", "reason_2", "reason_3"};
    static const char *const values[] = {"value", "value_if_active", "value_if_lapsed",
                                         "expected_order_value"};
    const struct rcx_column *ids = files[CHURN].ids;
    uint32_t *by_value = NULL, *by_segment = NULL;
    struct rcx_table *table = &out->customers;
    enum rcx_status status;
    table->rows = files[CHURN].table.rows;
    status = take_ids(&files[CHURN], table, err);
    if (status == RCX_OK)
        status = take_numbers(&files[CHURN], "churn_probability", NULL, table, err);
    for (size_t i = 0; i < 4 && status == RCX_OK; i++)
        status = take_texts(&files[CHURN], texts[i], NULL, table, err);
    if (status == RCX_OK)
        status = match(&files[VALUE], ids, &by_value, &out->without_value, err);
    for (size_t i = 0; i < 4 && status == RCX_OK; i++)
        status = take_numbers(&files[VALUE], values[i], by_value, table, err);
    if (status == RCX_OK)
        status = match(&files[SEGMENT], ids, &by_segment, &out->without_segment, err);
    if (status == RCX_OK)
        status = take_texts(&files[SEGMENT], "segment", by_segment, table, err);
    rcx_free(by_value);
    rcx_free(by_segment);
    return status;
}

/* --- all of it ------------------------------------------------------------------------------------ */

static enum rcx_status read_suppression(const char *path, const struct rcx_customer_index *index,
                                        struct rcx_campaign_inputs *inputs, struct rcx_error *err)
{
    inputs->suppressed = rcx_calloc(inputs->customers.rows + 1, 1);
    if (!inputs->suppressed)
        return rcx_fail_nomem(err, path, inputs->customers.rows);
    return rcx_suppression_read(path, index, inputs->suppressed, &inputs->suppressed_count,
                                &inputs->suppressed_unknown, err);
}

enum rcx_status rcx_campaign_inputs_read(const char *directory, const char *suppression,
                                         const struct rcx_parallel *parallel,
                                         struct rcx_campaign_inputs *out, struct rcx_error *err)
{
    struct file files[FILES] = {
        [CHURN] = {.name = "outputs/churn_predictions.parquet", .stage = "churn"},
        [VALUE] = {.name = "outputs/clv_predictions.parquet", .stage = "clv"},
        [SEGMENT] = {.name = "outputs/segment_assignments.parquet",
                     .stage = "segment",
                     .optional = true},
    };
    struct rcx_campaign_inputs inputs = {.day = INT32_MIN};
    struct rcx_customer_index index = {0};
    enum rcx_status status = RCX_OK;
    for (size_t f = 0; f < FILES && status == RCX_OK; f++) {
        status = read_file(directory, &files[f], parallel, err);
        if (status == RCX_OK) {
            const struct rcx_column *dates = rcx_table_find(&files[f].table, "snapshot_date");
            keep_latest(&files[f]);
            if (f == CHURN && dates && dates->type == RCX_TYPE_DATE && dates->rows > 0)
                inputs.day = dates->i32[0]; /* all are the latest */
        }
    }
    if (status == RCX_OK)
        status = rcx_customer_index_open(files[CHURN].ids, files[CHURN].name, &index, err);
    if (status == RCX_OK)
        status = join(files, &inputs, err);
    if (status == RCX_OK && suppression && suppression[0] != '\0')
        status = read_suppression(suppression, &index, &inputs, err);
    rcx_customer_index_close(&index);
    for (size_t f = 0; f < FILES; f++)
        rcx_table_release(&files[f].table);
    if (status != RCX_OK) {
        rcx_campaign_inputs_release(&inputs);
        return status;
    }
    *out = inputs;
    return RCX_OK;
}
