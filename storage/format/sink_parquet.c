/* Parquet (format 2.11.0), written by ourselves: row groups of column chunks of pages.
 *
 * The unit of work is one column of one row group; workers encode them in any order, each with its
 * own scratch, and they are written in the order of the file, so about one chunk per worker is in
 * memory. What remains until the end is the footer: some 200 bytes per chunk and 32 per page. */
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/format/ordered_output.h"
#include "storage/format/parquet_footer.h"
#include "storage/format/sink_format.h"
#include "storage/format/table_gather.h"

enum {
    DEFAULT_GROUP_ROWS = 1 << 20,
    LEAST_GROUP_ROWS = 1 << 16 /* smaller tables are put together: one page of each column */
};

struct parquet_sink {
    const struct rcx_codec *codec;
    enum rcx_parquet_codec codec_number;
    int level;
    size_t group_rows;
    char **sorted_names; /* until the schema is known */
    size_t sorted_count;
    size_t *sorted_by;
    struct rcx_parquet_encoder *encoders; /* [threads] */
    unsigned encoder_count;
    struct rcx_parquet_footer footer;
    size_t gather_rows;        /* a table of fewer rows waits for the next ones */
    struct rcx_table gathered; /* those that wait */
};

static void release_parquet(struct rcx_sink *sink)
{
    struct parquet_sink *state = sink->state;
    if (!state)
        return;
    rcx_parquet_footer_release_groups(&state->footer);
    rcx_table_release(&state->gathered);
    for (unsigned i = 0; state->encoders && i < state->encoder_count; i++)
        rcx_parquet_encoder_release(&state->encoders[i]);
    for (size_t i = 0; state->sorted_names && i < state->sorted_count; i++)
        rcx_free(state->sorted_names[i]);
    rcx_free(state->sorted_names);
    rcx_free(state->sorted_by);
    rcx_free(state->encoders);
    rcx_free(state);
}

/* --- options ------------------------------------------------------------------------------- */

/* The codecs that Parquet and we both know. */
static bool parquet_codec(const char *name, enum rcx_parquet_codec *out,
                          const struct rcx_codec **out_codec)
{
    static const struct {
        const char *name;
        enum rcx_parquet_codec codec;
        const char *own;
    } known[] = {{"none", RCX_PARQUET_UNCOMPRESSED, "none"},
                 {"snappy", RCX_PARQUET_SNAPPY, "snappy"},
                 {"lz4", RCX_PARQUET_LZ4_RAW, "lz4_raw"},
                 {"zstd", RCX_PARQUET_ZSTD, "zstd"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) {
            *out = known[i].codec;
            *out_codec = rcx_codec_find(known[i].own);
            return true;
        }
    }
    return false;
}

static enum rcx_status unknown_codec(const struct rcx_sink *sink, const char *name,
                                     struct rcx_error *err)
{
    static const char *const names[] = {"none", "snappy", "lz4", "zstd"};
    const char *near = rcx_suggest(name, names, sizeof names / sizeof names[0]);
    if (near)
        return rcx_fail(err, RCX_E_USAGE, "%s: unknown codec '%s'; did you mean '%s'?", sink->path,
                        name, near);
    return rcx_fail(err, RCX_E_USAGE,
                    "%s: unknown codec '%s'; known are none, snappy, lz4 and zstd", sink->path,
                    name);
}

static enum rcx_status set_codec(struct rcx_sink *sink, const struct rcx_sink_options *options,
                                 struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    const char *name = options->codec ? options->codec : "snappy";
    if (!parquet_codec(name, &state->codec_number, &state->codec))
        return unknown_codec(sink, name, err);
    int level = options->codec_level;
    if (level && state->codec->level_max &&
        (level < state->codec->level_min || level > state->codec->level_max))
        return rcx_fail(err, RCX_E_USAGE, "%s: level %d of %s is not in %d..%d", sink->path, level,
                        name, state->codec->level_min, state->codec->level_max);
    state->level = level;
    return RCX_OK;
}

static enum rcx_status keep_sorted_names(struct rcx_sink *sink,
                                         const struct rcx_sink_options *options,
                                         struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    size_t count = options->sorted_by_count;
    if (count == 0)
        return RCX_OK;
    state->sorted_names = rcx_calloc(count, sizeof *state->sorted_names);
    state->sorted_by = rcx_calloc(count, sizeof *state->sorted_by);
    if (!state->sorted_names || !state->sorted_by)
        return rcx_fail_nomem(err, sink->path, count * sizeof(char *));
    state->sorted_count = count;
    for (size_t i = 0; i < count; i++)
        if (!(state->sorted_names[i] = rcx_strdup(options->sorted_by[i])))
            return rcx_fail_nomem(err, sink->path, strlen(options->sorted_by[i]));
    return RCX_OK;
}

static enum rcx_status open_parquet(struct rcx_sink *sink, const struct rcx_sink_options *options,
                                    struct rcx_error *err)
{
    struct parquet_sink *state = sink->state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, sink->path, sizeof *state);
    state->group_rows = options->row_group_rows ? options->row_group_rows : DEFAULT_GROUP_ROWS;
    state->gather_rows = state->group_rows < LEAST_GROUP_ROWS ? state->group_rows
                                                              : LEAST_GROUP_ROWS;
    if (options->groups_by_table)
        state->gather_rows = 0;
    state->encoder_count = sink->parallel.threads;
    enum rcx_status status = set_codec(sink, options, err);
    if (!status)
        status = keep_sorted_names(sink, options, err);
    if (status)
        return status;
    state->encoders = rcx_calloc(state->encoder_count, sizeof *state->encoders);
    if (!state->encoders)
        return rcx_fail_nomem(err, sink->path, state->encoder_count * sizeof *state->encoders);
    for (unsigned i = 0; i < state->encoder_count; i++) {
        state->encoders[i].codec = state->codec;
        state->encoders[i].level = state->level;
    }
    return RCX_OK;
}

/* --- rows ---------------------------------------------------------------------------------- */

static enum rcx_status find_sorted(struct rcx_sink *sink, struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    for (size_t i = 0; i < state->sorted_count; i++) {
        size_t c = 0;
        while (c < sink->column_count && strcmp(sink->columns[c].name, state->sorted_names[i]) != 0)
            c++;
        if (c == sink->column_count)
            return rcx_fail(err, RCX_E_INTERNAL, "%s: sorted by '%s', which is no column",
                            sink->path, state->sorted_names[i]);
        state->sorted_by[i] = c;
    }
    return RCX_OK;
}

static enum rcx_status begin_parquet(struct rcx_sink *sink, struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    state->footer.columns = sink->columns;
    state->footer.column_count = sink->column_count;
    state->footer.sorted_by = state->sorted_by;
    state->footer.sorted_by_count = state->sorted_count;
    enum rcx_status status = find_sorted(sink, err);
    return status ? status : rcx_file_writer_write(sink->file, "PAR1", 4, err);
}

struct parquet_job {
    struct rcx_sink *sink;
    const struct rcx_table *table;
    struct rcx_parquet_group *groups; /* the new ones */
    struct rcx_ordered_output output;
};

static enum rcx_status encode_chunk(void *context, size_t task, unsigned worker,
                                    struct rcx_error *err)
{
    struct parquet_job *job = context;
    struct parquet_sink *state = job->sink->state;
    size_t columns = job->sink->column_count;
    size_t group = task / columns, column = task % columns;
    struct rcx_parquet_encoder *encoder = &state->encoders[worker];
    rcx_buf_clear(&encoder->chunk);
    enum rcx_status status = rcx_parquet_chunk_encode(
        encoder, &job->table->columns[column], group * state->group_rows, job->groups[group].rows,
        job->sink->columns[column].nullable, &encoder->chunk, &job->groups[group].chunks[column],
        err);
    return status ? status : rcx_ordered_put(&job->output, task, &encoder->chunk, err);
}

static enum rcx_status add_groups(struct rcx_sink *sink, size_t rows, size_t count,
                                  struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    struct rcx_parquet_footer *footer = &state->footer;
    if (!rcx_array_reserve(&footer->groups, &footer->group_capacity, footer->group_count + count,
                           sizeof *footer->groups))
        return rcx_fail_nomem(err, sink->path, count * sizeof *footer->groups);
    for (size_t i = 0; i < count; i++) {
        size_t left = rows - i * state->group_rows;
        struct rcx_parquet_group group = {
            .rows = left < state->group_rows ? left : state->group_rows,
            .codec = state->codec_number,
            .chunks = rcx_calloc(sink->column_count ? sink->column_count : 1, sizeof *group.chunks),
        };
        if (!group.chunks)
            return rcx_fail_nomem(err, sink->path, sink->column_count * sizeof *group.chunks);
        footer->groups[footer->group_count++] = group;
    }
    return RCX_OK;
}

static enum rcx_status write_groups(struct rcx_sink *sink, const struct rcx_table *table,
                                    struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    size_t first = state->footer.group_count;
    size_t groups = (table->rows + state->group_rows - 1) / state->group_rows;
    size_t tasks = groups * sink->column_count;
    enum rcx_status status = add_groups(sink, table->rows, groups, err);
    if (status)
        return status;
    struct parquet_job job = {.sink = sink, .table = table, .groups = state->footer.groups + first};
    status = rcx_ordered_init(&job.output, sink->file, tasks, err);
    if (!status)
        status = rcx_parallel_for(&sink->parallel, tasks, encode_chunk, &job, err);
    for (size_t i = 0; !status && i < tasks; i++)
        job.groups[i / sink->column_count].chunks[i % sink->column_count].offset =
            job.output.blocks[i].offset;
    rcx_ordered_release(&job.output);
    return status;
}

static enum rcx_status write_gathered(struct rcx_sink *sink, struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    if (state->gathered.rows == 0)
        return RCX_OK;
    enum rcx_status status = write_groups(sink, &state->gathered, err);
    rcx_gather_clear(&state->gathered);
    return status;
}

static enum rcx_status write_parquet(struct rcx_sink *sink, const struct rcx_table *table,
                                     struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    bool small = table->rows < state->gather_rows;
    enum rcx_status status = RCX_OK;
    if (!small || !rcx_gather_fits(&state->gathered, table))
        status = write_gathered(sink, err);
    if (status)
        return status;
    if (!small)
        return write_groups(sink, table, err);
    if (!rcx_gather_append(&state->gathered, table))
        return rcx_fail_nomem(err, sink->path, table->rows * table->column_count * 8);
    return state->gathered.rows < state->gather_rows ? RCX_OK : write_gathered(sink, err);
}

static enum rcx_status finish_parquet(struct rcx_sink *sink, struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    if (!sink->has_schema)
        return rcx_fail(err, RCX_E_INTERNAL, "%s: committed before any table was written",
                        sink->path);
    enum rcx_status status = write_gathered(sink, err);
    if (status)
        return status;
    state->footer.entries = sink->entries;
    state->footer.entry_count = sink->entry_count;
    struct rcx_buf bytes = {0}, scratch = {0};
    rcx_parquet_footer_append(&state->footer, rcx_file_writer_position(sink->file), &bytes,
                              &scratch);
    status = bytes.failed ? rcx_fail_nomem(err, sink->path, bytes.length)
                          : rcx_file_writer_write(sink->file, bytes.data, bytes.length, err);
    rcx_buf_release(&bytes);
    rcx_buf_release(&scratch);
    return status;
}

enum rcx_status rcx_sink_parquet_footer(struct rcx_sink *sink, struct rcx_parquet_footer **out,
                                        struct rcx_error *err)
{
    struct parquet_sink *state = sink->state;
    if (sink->format != &rcx_sink_parquet)
        return rcx_fail(err, RCX_E_INTERNAL, "%s: not a Parquet file", sink->path);
    *out = &state->footer;
    return write_gathered(sink, err);
}

const struct rcx_sink_format rcx_sink_parquet = {
    .name = "parquet",
    .extension = ".parquet",
    .binary = true,
    .open = open_parquet,
    .begin = begin_parquet,
    .write = write_parquet,
    .finish = finish_parquet,
    .release = release_parquet,
};
