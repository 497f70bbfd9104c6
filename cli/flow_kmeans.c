#include "cli/flow_kmeans.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "cli/sink_options.h"
#include "storage/format/table_read.h"

enum { EXACT_ROWS = 20000 }; /* silhouettes of more rows look at a sample */

void rcx_flow_kmeans_result_release(struct rcx_flow_kmeans_result *result)
{
    rcx_kmeans_release(&result->fit);
    rcx_free(result->rows);
}

struct names {
    const char **items;
    char *texts; /* behind the items, when they were split from one text */
    size_t count;
};

static void release_names(struct names *names)
{
    rcx_free(names->items);
    rcx_free(names->texts);
}

static bool is_number(const struct rcx_column *column)
{
    return column->type != RCX_TYPE_TEXT && column->type != RCX_TYPE_DATE &&
           column->type != RCX_TYPE_TIME;
}

/* The columns given, or all of numbers but the weights. */
static enum rcx_status choose_columns(const struct rcx_flow_kmeans *flow,
                                      const struct rcx_table *table, struct names *out,
                                      struct rcx_error *err)
{
    size_t most = flow->columns ? strlen(flow->columns) + 1 : table->column_count;
    out->items = rcx_calloc(most + 1, sizeof *out->items);
    out->texts = rcx_strdup(flow->columns ? flow->columns : "");
    if (!out->items || !out->texts)
        return rcx_fail_nomem(err, "columns", most);
    if (flow->columns) {
        for (char *at = out->texts, *next; at; at = next) {
            next = strchr(at, ',');
            if (next)
                *next++ = '\0';
            out->items[out->count++] = at;
        }
    } else {
        for (size_t c = 0; c < table->column_count; c++)
            if (is_number(&table->columns[c]) &&
                (!flow->weights || strcmp(flow->weights, table->columns[c].name) != 0))
                out->items[out->count++] = table->columns[c].name;
    }
    for (size_t c = 0; c < out->count; c++) {
        const struct rcx_column *column = rcx_table_find(table, out->items[c]);
        if (column && !is_number(column))
            return rcx_fail(err, RCX_E_INPUT, "%s: column '%s' is %s, expected numbers", flow->data,
                            out->items[c], rcx_type_name(column->type));
    }
    if (out->count == 0)
        return rcx_fail(err, RCX_E_INPUT, "%s: no column of numbers to cluster by", flow->data);
    return RCX_OK;
}

/* --- scaling ------------------------------------------------------------------------------------- */

struct scaling {
    double *values; /* [columns][rows] */
    const double **columns;
    double *means, *deviations; /* [columns] */
};

static void release_scaling(struct scaling *scaling)
{
    rcx_free(scaling->values);
    rcx_free(scaling->columns);
    rcx_free(scaling->means);
    rcx_free(scaling->deviations);
}

/* `matrix` then shows the scaled copy. A constant column becomes 0. */
static enum rcx_status standardize(struct rcx_matrix *matrix, struct scaling *out,
                                   struct rcx_error *err)
{
    size_t rows = matrix->rows, d = matrix->column_count;
    enum rcx_status status = rcx_kmeans_check(matrix, err);
    if (status != RCX_OK)
        return status;
    out->values = rcx_malloc_array(rows + 1, d * sizeof(double));
    out->columns = rcx_calloc(d, sizeof *out->columns);
    out->means = rcx_calloc(d, sizeof(double));
    out->deviations = rcx_calloc(d, sizeof(double));
    if (!out->values || !out->columns || !out->means || !out->deviations)
        return rcx_fail_nomem(err, "scaled columns", rows * d * sizeof(double));
    for (size_t j = 0; j < d; j++) {
        const double *x = matrix->columns[j];
        double sum = 0, squares = 0, *to = out->values + j * rows;
        for (size_t i = 0; i < rows; i++)
            sum += x[i];
        double mean = rows > 0 ? sum / (double)rows : 0;
        for (size_t i = 0; i < rows; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        double deviation = rows > 0 ? sqrt(squares / (double)rows) : 0;
        if (!(deviation > 1e-14 * fabs(mean)))
            deviation = 1;
        for (size_t i = 0; i < rows; i++)
            to[i] = (x[i] - mean) / deviation;
        out->columns[j] = to;
        out->means[j] = mean;
        out->deviations[j] = deviation;
    }
    matrix->columns = out->columns;
    return RCX_OK;
}

/* --- where to start ------------------------------------------------------------------------------ */

static enum rcx_status read_start(const struct rcx_flow_kmeans *flow, const struct names *names,
                                  const struct scaling *scaling, double **out,
                                  struct rcx_error *err)
{
    const struct rcx_table_read_options read = {
        .columns = names->items, .column_count = names->count, .parallel = &flow->parallel};
    struct rcx_table table = {0};
    struct rcx_matrix_source source = {0};
    double *centres = NULL;
    enum rcx_status status = rcx_table_read(flow->start_file, &read, &table, err);
    if (status == RCX_OK)
        status = rcx_matrix_build(&table, names->items, names->count, &source, err);
    if (status == RCX_OK && table.rows != flow->k)
        status = rcx_fail(err, RCX_E_INPUT, "%s: %zu rows, expected k = %zu centres",
                          flow->start_file, table.rows, (size_t)flow->k);
    if (status == RCX_OK)
        status = rcx_kmeans_check(&source.matrix, err);
    if (status == RCX_OK) {
        centres = rcx_malloc_array(table.rows, names->count * sizeof *centres);
        status = centres ? RCX_OK : rcx_fail_nomem(err, flow->start_file, 0);
    }
    for (size_t c = 0; status == RCX_OK && c < table.rows; c++)
        for (size_t j = 0; j < names->count; j++) {
            double x = source.matrix.columns[j][c];
            centres[c * names->count + j] = scaling->means
                                                ? (x - scaling->means[j]) / scaling->deviations[j]
                                                : x;
        }
    rcx_matrix_release(&source);
    rcx_table_release(&table);
    *out = centres;
    return status;
}

/* --- results ------------------------------------------------------------------------------------- */

static enum rcx_status measure(const struct rcx_matrix *matrix, const struct rcx_flow_kmeans *flow,
                               struct rcx_flow_kmeans_result *result, struct rcx_error *err)
{
    const struct rcx_labelling labelling = {result->fit.labels, result->fit.k};
    double *second = rcx_malloc_array(matrix->rows, sizeof *second);
    if (!second)
        return rcx_fail_nomem(err, "cluster quality", matrix->rows * sizeof *second);
    enum rcx_status status = rcx_silhouettes(matrix, &labelling, 1, EXACT_ROWS, flow->seed,
                                             &flow->parallel, &result->silhouette, err);
    if (status == RCX_OK)
        status = rcx_cluster_separation(matrix, &labelling, &flow->parallel, &result->separation,
                                        err);
    if (status == RCX_OK)
        status = rcx_kmeans_assign(matrix, result->fit.centres, result->fit.k, &flow->parallel,
                                   result->fit.labels, result->fit.distances, second, err);
    if (status == RCX_OK)
        result->simplified_silhouette = rcx_simplified_silhouette(result->fit.distances, second,
                                                                  matrix->rows);
    result->with_quality = true;
    rcx_free(second);
    return status;
}

static enum rcx_status write_rows(const struct rcx_flow_kmeans *flow, struct rcx_table *table,
                                  const struct rcx_kmeans *fit, struct rcx_error *err)
{
    const struct rcx_sink_options sink = rcx_flow_sink_options(flow->export, flow->parallel);
    struct rcx_column *cluster, *distance;
    if (rcx_table_find(table, "cluster") || rcx_table_find(table, "distance"))
        return rcx_fail(err, RCX_E_USAGE,
                        "%s has a column 'cluster' or 'distance' already, which the output would "
                        "have twice; rename it",
                        flow->data);
    cluster = rcx_table_add(table, "cluster", RCX_TYPE_INT32);
    distance = cluster ? rcx_table_add(table, "distance", RCX_TYPE_REAL) : NULL;
    if (!distance)
        return rcx_fail_nomem(err, "clusters", table->rows * 12);
    cluster = rcx_table_find(table, "cluster");
    for (size_t i = 0; i < table->rows; i++) {
        cluster->i32[i] = (int32_t)fit->labels[i];
        distance->reals[i] = sqrt(fit->distances[i]);
    }
    return rcx_sink_write_table(flow->output, &sink, table, err);
}

static enum rcx_status write_centres(const struct rcx_flow_kmeans *flow, const struct names *names,
                                     const struct rcx_flow_kmeans_result *result,
                                     struct rcx_error *err)
{
    const struct rcx_sink_options sink = rcx_flow_sink_options(flow->export, flow->parallel);
    size_t k = result->fit.k;
    struct rcx_table table = {0};
    bool ok = rcx_table_resize(&table, k);
    for (size_t j = 0; ok && j < names->count; j++) {
        struct rcx_column *column = rcx_table_add(&table, names->items[j], RCX_TYPE_REAL);
        ok = column != NULL;
        for (size_t c = 0; ok && c < k; c++)
            column->reals[c] = result->fit.centres[c * names->count + j];
    }
    enum rcx_status status = ok ? rcx_sink_write_table(flow->centres, &sink, &table, err)
                                : rcx_fail_nomem(err, "centres", k * names->count);
    rcx_table_release(&table);
    return status;
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static enum rcx_status fit(const struct rcx_flow_kmeans *flow, const struct rcx_matrix *matrix,
                           const double *start, const double *weights,
                           struct rcx_flow_kmeans_result *result, struct rcx_error *err)
{
    const struct rcx_kmeans_options options = {
        .k = (size_t)flow->k,
        .restarts = (size_t)flow->restarts,
        .swap = flow->swap,
        .max_iterations = (size_t)flow->max_iterations,
        .tolerance = flow->tolerance,
        .start = flow->start,
        .algorithm = flow->algorithm,
        .centres = start,
        .weights = weights,
        .batch_rows = (size_t)flow->batch_rows,
        .seed = flow->seed,
        .parallel = flow->parallel,
    };
    double begin = now_seconds();
    enum rcx_status status = rcx_kmeans_fit(matrix, &options, &result->fit, err);
    result->fit_seconds = now_seconds() - begin;
    if (status != RCX_OK)
        return status;
    result->rows = rcx_calloc(result->fit.k, sizeof *result->rows);
    if (!result->rows)
        return rcx_fail_nomem(err, "clusters", result->fit.k * sizeof *result->rows);
    for (size_t i = 0; i < matrix->rows; i++)
        result->rows[result->fit.labels[i]]++;
    return flow->quality ? measure(matrix, flow, result, err) : RCX_OK;
}

/* Centres back into the units of the table. */
static void unscale(const struct scaling *scaling, struct rcx_kmeans *fit)
{
    for (size_t c = 0; scaling->means && c < fit->k; c++)
        for (size_t j = 0; j < fit->dimensions; j++) {
            double *x = &fit->centres[c * fit->dimensions + j];
            *x = scaling->means[j] + *x * scaling->deviations[j];
        }
}

/* With the table read: what is clustered, from where, with which weights. */
static enum rcx_status cluster(const struct rcx_flow_kmeans *flow, struct rcx_table *table,
                               struct rcx_flow_kmeans_result *result, struct rcx_error *err)
{
    struct names names = {0};
    struct rcx_matrix_source source = {0}, weights = {0};
    struct scaling scaling = {0};
    double *start = NULL;
    enum rcx_status status = choose_columns(flow, table, &names, err);
    if (status == RCX_OK)
        status = rcx_matrix_build(table, names.items, names.count, &source, err);
    if (status == RCX_OK && flow->weights)
        status = rcx_matrix_build(table, &flow->weights, 1, &weights, err);
    struct rcx_matrix matrix = source.matrix;
    if (status == RCX_OK && flow->standardize)
        status = standardize(&matrix, &scaling, err);
    if (status == RCX_OK && flow->start_file)
        status = read_start(flow, &names, &scaling, &start, err);
    if (status == RCX_OK)
        status = fit(flow, &matrix, start,
                     weights.matrix.columns ? weights.matrix.columns[0] : NULL, result, err);
    if (status == RCX_OK)
        unscale(&scaling, &result->fit);
    if (status == RCX_OK && flow->centres)
        status = write_centres(flow, &names, result, err);
    rcx_matrix_release(&source);
    rcx_matrix_release(&weights);
    if (status == RCX_OK && flow->output)
        status = write_rows(flow, table, &result->fit, err);
    release_scaling(&scaling);
    release_names(&names);
    rcx_free(start);
    return status;
}

enum rcx_status rcx_flow_kmeans(const struct rcx_flow_kmeans *flow,
                                struct rcx_flow_kmeans_result *out, struct rcx_error *err)
{
    const struct rcx_table_read_options read = {.parallel = &flow->parallel};
    struct rcx_flow_kmeans_result result = {0};
    struct rcx_table table = {0};
    enum rcx_status status = rcx_table_read(flow->data, &read, &table, err);
    if (status == RCX_OK)
        status = cluster(flow, &table, &result, err);
    rcx_table_release(&table);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_flow_kmeans_result_release(&result);
    return status;
}
