#include "engine/exec/feature_file.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "engine/exec/feature_table.h"

enum { CUSTOMER = 0, DATE = 1 }; /* columns */

static enum rcx_status not_ours(const struct rcx_parquet_file *table, struct rcx_error *err)
{
    return rcx_fail(err, RCX_E_INPUT, "%s: not a feature table that 'rcx features' wrote",
                    table->path);
}

/* --- open ---------------------------------------------------------------------------------- */

static bool has_the_columns(const struct rcx_parquet_file *table)
{
    if (table->leaf_count < RCX_FEATURE_FIRST_COLUMN + RCX_FEATURE_COUNT ||
        strcmp(table->leaves[CUSTOMER].name, "customer_id") != 0 ||
        strcmp(table->leaves[DATE].name, "snapshot_date") != 0 ||
        table->leaves[DATE].type != RCX_TYPE_DATE)
        return false;
    enum rcx_type id = table->leaves[CUSTOMER].type;
    if (id != RCX_TYPE_INT64 && id != RCX_TYPE_TEXT)
        return false;
    for (size_t f = 0; f < RCX_FEATURE_COUNT; f++) {
        enum rcx_type type = rcx_feature_info((enum rcx_feature)f)->type == RCX_FEATURE_INT
                                 ? RCX_TYPE_INT32
                                 : RCX_TYPE_REAL;
        if (table->leaves[RCX_FEATURE_FIRST_COLUMN + f].type != type)
            return false;
    }
    return true;
}

/* Gives each snapshot its row groups. */
static enum rcx_status place_snapshots(struct rcx_feature_file *file, struct rcx_error *err)
{
    const struct rcx_parquet_metadata *metadata = &file->table->metadata;
    size_t group = 0;
    for (size_t s = 0; s < file->lineage.count; s++) {
        const struct rcx_feature_lineage_snapshot *snapshot = &file->lineage.snapshots[s];
        char date[RCX_DATE_TEXT_BYTES];
        uint64_t rows = 0;
        file->first_group[s] = group;
        while (group < metadata->group_count && rows < snapshot->counts.customers) {
            int64_t bounds[2];
            if (!rcx_parquet_group_bounds(file->table, group, DATE, bounds) ||
                bounds[0] != snapshot->day || bounds[1] != snapshot->day)
                break;
            rows += metadata->groups[group++].rows;
        }
        if (rows != snapshot->counts.customers)
            return rcx_fail(err, RCX_E_CORRUPT,
                            "%s: %" PRIu64 " rows of snapshot %s, its lineage says %" PRIu64,
                            file->table->path, rows, rcx_format_day(snapshot->day, date),
                            snapshot->counts.customers);
    }
    file->first_group[file->lineage.count] = group;
    if (group != metadata->group_count)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: row group %zu belongs to no snapshot",
                        file->table->path, group);
    return RCX_OK;
}

static enum rcx_status load(struct rcx_feature_file *file, struct rcx_error *err)
{
    struct rcx_text lineage = rcx_parquet_file_entry(file->table, RCX_FEATURE_LINEAGE_KEY);
    if (!lineage.data || !has_the_columns(file->table))
        return not_ours(file->table, err);
    enum rcx_status status = rcx_feature_lineage_parse(file->table->path, lineage, &file->lineage,
                                                       err);
    if (status != RCX_OK)
        return status;
    file->first_group = rcx_calloc(file->lineage.count + 1, sizeof *file->first_group);
    if (!file->first_group)
        return rcx_fail_nomem(err, file->table->path, file->lineage.count * sizeof(size_t));
    return place_snapshots(file, err);
}

enum rcx_status rcx_feature_file_of(const struct rcx_parquet_file *table,
                                    struct rcx_feature_file *out, struct rcx_error *err)
{
    *out = (struct rcx_feature_file){.table = table};
    enum rcx_status status = load(out, err);
    if (status != RCX_OK)
        rcx_feature_file_close(out);
    return status;
}

enum rcx_status rcx_feature_file_open(const char *path, struct rcx_feature_file *out,
                                      struct rcx_error *err)
{
    *out = (struct rcx_feature_file){0};
    enum rcx_status status = rcx_parquet_file_open(path, &out->own, err);
    if (status != RCX_OK)
        return status;
    out->table = &out->own;
    status = load(out, err);
    if (status != RCX_OK)
        rcx_feature_file_close(out);
    return status;
}

void rcx_feature_file_close(struct rcx_feature_file *file)
{
    rcx_feature_lineage_release(&file->lineage);
    rcx_free(file->first_group);
    rcx_parquet_file_close(&file->own);
    *file = (struct rcx_feature_file){0};
}

/* --- snapshots ----------------------------------------------------------------------------- */

bool rcx_feature_file_find(const struct rcx_feature_file *file, rcx_day day, size_t *out)
{
    for (size_t s = 0; s < file->lineage.count; s++) {
        if (file->lineage.snapshots[s].day == day) {
            *out = s;
            return true;
        }
    }
    return false;
}

enum rcx_status rcx_feature_file_no_snapshot(const struct rcx_feature_file *file, rcx_day day,
                                             struct rcx_error *err)
{
    enum { SHOWN = 24 };
    char date[RCX_DATE_TEXT_BYTES];
    struct rcx_buf dates = {0};
    for (size_t s = 0; s < file->lineage.count && s < SHOWN; s++)
        rcx_buf_printf(&dates, " %s", rcx_format_day(file->lineage.snapshots[s].day, date));
    if (file->lineage.count > SHOWN)
        rcx_buf_append_text(&dates, " ...");
    enum rcx_status status = rcx_fail(err, RCX_E_INPUT, "%s: there is no snapshot %s; there are:%s",
                                      file->table->path, rcx_format_day(day, date),
                                      dates.length > 0 ? rcx_buf_text(&dates) : " none");
    rcx_buf_release(&dates);
    return status;
}

enum rcx_status rcx_feature_file_snapshot(const struct rcx_feature_file *file, size_t snapshot,
                                          const struct rcx_parallel *parallel,
                                          struct rcx_table *out, struct rcx_error *err)
{
    size_t group = file->first_group[snapshot];
    size_t count = file->first_group[snapshot + 1] - group;
    struct rcx_parquet_rows rows = {.group = group, .group_count = count};
    if (count == 1)
        rows.count = (size_t)file->table->metadata.groups[group].rows;
    if (count > 0)
        return rcx_parquet_read(file->table, &rows, parallel, out, err);
    *out = (struct rcx_table){0}; /* nobody bought anything */
    return RCX_OK;
}

/* Nulls and whole numbers as reals. */
static void to_reals(const struct rcx_column *column, double *out)
{
    for (size_t i = 0; i < column->rows; i++)
        out[i] = rcx_column_is_null(column, i) ? (double)NAN : (double)column->i32[i];
}

enum rcx_status rcx_feature_file_values(const struct rcx_feature_file *file, size_t snapshot,
                                        size_t feature, struct rcx_parquet_decoder *decoder,
                                        double *out, struct rcx_error *err)
{
    size_t leaf = RCX_FEATURE_FIRST_COLUMN + feature;
    bool whole = file->table->leaves[leaf].type == RCX_TYPE_INT32;
    enum rcx_status status = RCX_OK;
    for (size_t g = file->first_group[snapshot];
         g < file->first_group[snapshot + 1] && status == RCX_OK; g++) {
        size_t rows = (size_t)file->table->metadata.groups[g].rows;
        struct rcx_column reals = {.type = RCX_TYPE_REAL, .rows = rows, .reals = out};
        struct rcx_table table = {0};
        if (!whole) {
            status = rcx_parquet_read_column(file->table, decoder, g, leaf, 0, rows, &reals, 0,
                                             NULL, err);
        } else if (rcx_table_add(&table, "value", RCX_TYPE_INT32) &&
                   rcx_table_resize(&table, rows)) {
            status = rcx_parquet_read_column(file->table, decoder, g, leaf, 0, rows,
                                             &table.columns[0], 0, NULL, err);
            if (status == RCX_OK)
                to_reals(&table.columns[0], out);
        } else {
            status = rcx_fail_nomem(err, file->table->path, rows * sizeof *out);
        }
        rcx_table_release(&table);
        out += rows;
    }
    return status;
}

/* --- customers ----------------------------------------------------------------------------- */

struct search {
    const struct rcx_feature_file *file;
    const struct rcx_parallel *parallel;
    struct rcx_text id;
    int64_t number; /* of a numeric id */
    bool text;      /* ids are texts */
};

static bool may_hold(const struct search *search, size_t group)
{
    int64_t bounds[2];
    if (search->text || !rcx_parquet_group_bounds(search->file->table, group, CUSTOMER, bounds))
        return true;
    return bounds[0] <= search->number && search->number <= bounds[1];
}

/* The customer's row in a row group; *out_found false when there is none. */
static enum rcx_status find_row(const struct search *search, size_t group, bool *out_found,
                                uint64_t *out_row, struct rcx_error *err)
{
    static const size_t leaves[] = {CUSTOMER};
    const struct rcx_parquet_rows rows = {
        .group = group,
        .count = (size_t)search->file->table->metadata.groups[group].rows,
        .leaves = leaves,
        .leaf_count = 1};
    struct rcx_table table = {0};
    enum rcx_status status = rcx_parquet_read(search->file->table, &rows, search->parallel, &table,
                                              err);
    if (status != RCX_OK)
        return status;
    const struct rcx_column *ids = &table.columns[0];
    *out_found = false;
    for (size_t i = 0; i < table.rows && !*out_found; i++) {
        *out_found = search->text ? rcx_text_equal(rcx_strings_get(ids->dictionary, ids->codes[i]),
                                                   search->id)
                                  : ids->i64[i] == search->number;
        *out_row = i;
    }
    rcx_table_release(&table);
    return RCX_OK;
}

static enum rcx_status visit_group(const struct search *search, size_t group, size_t *count,
                                   rcx_feature_row_function *visit, void *context,
                                   struct rcx_error *err)
{
    bool found = false;
    uint64_t row = 0;
    enum rcx_status status = find_row(search, group, &found, &row, err);
    if (status != RCX_OK || !found)
        return status;
    const struct rcx_parquet_rows rows = {.group = group, .first = row, .count = 1};
    struct rcx_table table = {0};
    status = rcx_parquet_read(search->file->table, &rows, search->parallel, &table, err);
    if (status == RCX_OK)
        status = visit(context, &table, err);
    rcx_table_release(&table);
    *count += status == RCX_OK;
    return status;
}

enum rcx_status rcx_feature_file_customer(const struct rcx_feature_file *file, const char *id,
                                          size_t first, size_t count,
                                          const struct rcx_parallel *parallel,
                                          rcx_feature_row_function *visit, void *context,
                                          struct rcx_error *err)
{
    struct search search = {.file = file,
                            .parallel = parallel,
                            .id = rcx_text_of(id),
                            .text = file->table->leaves[CUSTOMER].type == RCX_TYPE_TEXT};
    if (!search.text && !rcx_parse_i64(search.id, &search.number))
        return rcx_fail(err, RCX_E_INPUT, "%s: customers are numbers, and '%s' is none",
                        file->table->path, id);
    size_t rows = 0;
    enum rcx_status status = RCX_OK;
    for (size_t g = file->first_group[first];
         g < file->first_group[first + count] && status == RCX_OK; g++)
        if (may_hold(&search, g))
            status = visit_group(&search, g, &rows, visit, context, err);
    if (status == RCX_OK && rows == 0)
        status = rcx_fail(err, RCX_E_INPUT, "%s: customer '%s' is in no snapshot%s",
                          file->table->path, id,
                          count < file->lineage.count ? " that was asked for" : "");
    return status;
}
