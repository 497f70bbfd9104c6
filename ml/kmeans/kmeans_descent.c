/* Lloyd's iterations: plain, with Hamerly's bounds, or screened in single precision. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/kmeans/kmeans_problem.h"

#define NONE UINT32_MAX

enum {
    AHEAD = 16, /* rows that are fetched before they are needed */
    LINE = 64   /* bytes that memory gives at once */
};

struct sums {
    int64_t *values;  /* [k][dimensions] */
    int64_t *weights; /* [k] */
    uint64_t moved;   /* rows that changed their centre */
};

struct descent {
    const struct rcx_kmeans_problem *problem;
    size_t k, dimensions, workers;
    double *centres, *before;            /* [k][dimensions] */
    bool bounds, first;                  /* with bounds; no label is known yet */
    uint32_t *labels;                    /* [rows] */
    float *upper, *lower;                /* [rows]; NULL without bounds */
    float *moved, *others, *half_margin; /* [k] */
    float *rounded;                      /* [k][dimensions + 1], behind `screen`; NULL: no screen */
    struct rcx_kmeans_screen screen;     /* of the centres as they are */
    bool screened;                       /* in this iteration */
    struct rcx_kmeans_scratch *scratch;  /* [workers] */
    struct sums *changes;                /* [workers] since the last update */
    struct sums total;
    int64_t *integers; /* behind all sums */
    size_t reseeded;
};

/* --- memory ------------------------------------------------------------------------------------ */

static void release(struct descent *descent)
{
    rcx_free(descent->before);
    rcx_free(descent->labels);
    rcx_free(descent->upper);
    rcx_free(descent->lower);
    rcx_free(descent->moved);
    rcx_free(descent->rounded);
    rcx_free(descent->changes);
    rcx_free(descent->integers);
    rcx_kmeans_scratch_free(descent->scratch, descent->workers);
}

static struct sums sums_at(const struct descent *descent, size_t index)
{
    size_t d = descent->dimensions, k = descent->k;
    int64_t *values = descent->integers + index * k * (d + 1);
    return (struct sums){.values = values, .weights = values + k * d};
}

static bool allocate(struct descent *descent)
{
    size_t k = descent->k, d = descent->dimensions, workers = descent->workers;
    size_t rows = descent->problem->matrix->rows;
    descent->before = rcx_malloc_array(k * d, sizeof(double));
    descent->labels = rcx_malloc_array(rows, sizeof(uint32_t));
    descent->moved = rcx_calloc(3 * k, sizeof(float));
    descent->changes = rcx_calloc(workers, sizeof *descent->changes);
    descent->integers = rcx_calloc((workers + 1) * k, (d + 1) * sizeof(int64_t));
    descent->scratch = rcx_kmeans_scratch_new(d, workers);
    if (!descent->before || !descent->labels || !descent->moved || !descent->changes ||
        !descent->integers || !descent->scratch)
        return false;
    descent->others = descent->moved + k;
    descent->half_margin = descent->others + k;
    for (size_t w = 0; w < workers; w++)
        descent->changes[w] = sums_at(descent, w);
    descent->total = sums_at(descent, workers);
    if (descent->screened) {
        descent->rounded = rcx_malloc_array(k * (d + 1), sizeof(float));
        return descent->rounded != NULL;
    }
    if (!descent->bounds)
        return true;
    descent->upper = rcx_malloc_array(rows, sizeof(float));
    descent->lower = rcx_malloc_array(rows, sizeof(float));
    return descent->upper && descent->lower;
}

/* --- rows change their centre ------------------------------------------------------------------ */

/* One row from centre `old` (NONE: from none) to `label`. */
static void move_row(const struct descent *descent, struct sums *sums, size_t row, uint32_t old,
                     uint32_t label)
{
    const struct rcx_kmeans_problem *problem = descent->problem;
    const double *const *columns = problem->matrix->columns;
    size_t d = descent->dimensions;
    double weight = problem->weights ? problem->weights[row] : 1;
    int64_t *to = sums->values + label * d, *from = old == NONE ? NULL : sums->values + old * d;
    int64_t units = llrint(weight * problem->weight_scale);
    for (size_t j = 0; j < d; j++) {
        int64_t value = llrint(weight * (columns[j][row] - problem->offsets[j]) *
                               problem->scales[j]);
        to[j] += value;
        if (from)
            from[j] -= value;
    }
    sums->weights[label] += units;
    if (from)
        sums->weights[old] -= units;
}

static void change(struct descent *descent, struct sums *sums, size_t row, uint32_t label)
{
    uint32_t old = descent->labels[row];
    if (old == label)
        return;
    move_row(descent, sums, row, old, label);
    descent->labels[row] = label;
    sums->moved++;
}

/* Rows that change are few and far between: without this each waits for memory, for each column. */
static void fetch_row(const struct descent *descent, size_t row)
{
    const double *const *columns = descent->problem->matrix->columns;
    for (size_t j = 0; j < descent->dimensions; j++)
        __builtin_prefetch(columns[j] + row);
}

/* --- one look at a chunk ----------------------------------------------------------------------- */

/* All centres for all rows of the chunk. */
static void look_at_all(struct descent *descent, size_t chunk, struct rcx_kmeans_scratch *scratch,
                        struct sums *sums)
{
    const struct rcx_matrix *matrix = descent->problem->matrix;
    size_t first = chunk * RCX_KMEANS_CHUNK, rows = rcx_kmeans_chunk_rows(matrix, chunk);
    const struct rcx_kmeans_block block = rcx_kmeans_chunk_block(matrix, chunk, scratch);
    RCX_KERNEL_CALL(kmeans_nearest)
    (&block, descent->centres, descent->k, scratch->labels, scratch->best,
     descent->bounds ? scratch->second : NULL);
    size_t count = RCX_KERNEL_CALL(kmeans_changed)(descent->labels + first, scratch->labels, rows,
                                                   scratch->open);
    for (size_t i = 0; i < count; i++)
        change(descent, sums, first + scratch->open[i], scratch->labels[scratch->open[i]]);
    if (descent->bounds) {
        RCX_KERNEL_CALL(kmeans_bounds)
        (scratch->best, scratch->second, rows, descent->upper + first, descent->lower + first);
    }
}

/* Of the rows in question those remain whose exact distance to their centre does not settle it. */
static size_t tighten(struct descent *descent, size_t first, struct rcx_kmeans_scratch *scratch,
                      size_t count)
{
    const double *const *columns = descent->problem->matrix->columns;
    size_t d = descent->dimensions, left = 0;
    for (size_t i = 0; i < count; i++) {
        size_t row = first + scratch->open[i];
        uint32_t label = descent->labels[row];
        const double *centre = descent->centres + label * d;
        double square = 0;
        for (size_t j = 0; j < d; j++) {
            double difference = columns[j][row] - centre[j];
            square += difference * difference;
        }
        double upper = sqrt(square) * RCX_KMEANS_WIDER;
        float half = descent->half_margin[label];
        float enough = descent->lower[row] > half ? descent->lower[row] : half;
        descent->upper[row] = rcx_kmeans_bound_above(sqrt(square));
        scratch->open[left] = scratch->open[i];
        left += !(upper * RCX_KMEANS_WIDER < (double)enough);
    }
    return left;
}

/* The rows in question, gathered and looked at like a block of their own: labels and distances at the
 * head of the scratch. */
static void look_at_listed(const struct descent *descent, size_t first,
                           struct rcx_kmeans_scratch *scratch, size_t count)
{
    const struct rcx_matrix *matrix = descent->problem->matrix;
    size_t padded = (count + RCX_KMEANS_LANES - 1) / RCX_KMEANS_LANES * RCX_KMEANS_LANES;
    for (size_t i = count; i < padded; i++)
        scratch->open[i] = scratch->open[0];
    for (size_t j = 0; j < descent->dimensions; j++) {
        const double *from = matrix->columns[j] + first;
        double *to = scratch->values + j * RCX_KMEANS_CHUNK;
        for (size_t i = 0; i < padded; i++)
            to[i] = from[scratch->open[i]];
        scratch->columns[j] = to;
    }
    const struct rcx_kmeans_block block = {scratch->columns, descent->dimensions, padded};
    RCX_KERNEL_CALL(kmeans_nearest)
    (&block, descent->centres, descent->k, scratch->labels, scratch->best,
     descent->bounds ? scratch->second : NULL);
}

/* The rows that the bounds leave open. */
static void look_at_open(struct descent *descent, size_t chunk, struct rcx_kmeans_scratch *scratch,
                         struct sums *sums)
{
    const struct rcx_matrix *matrix = descent->problem->matrix;
    size_t first = chunk * RCX_KMEANS_CHUNK, rows = rcx_kmeans_chunk_rows(matrix, chunk);
    const struct rcx_kmeans_drift drift = {descent->moved, descent->others, descent->half_margin};
    size_t count = RCX_KERNEL_CALL(kmeans_drift)(&drift, descent->labels + first, rows,
                                                 descent->upper + first, descent->lower + first,
                                                 scratch->open);
    if (count > rows / 2) {
        look_at_all(descent, chunk, scratch, sums);
        return;
    }
    count = tighten(descent, first, scratch, count);
    look_at_listed(descent, first, scratch, count);
    RCX_KERNEL_CALL(kmeans_bounds)
    (scratch->best, scratch->second, count, scratch->upper, scratch->lower);
    for (size_t i = 0; i < count; i++) {
        size_t row = first + scratch->open[i];
        change(descent, sums, row, scratch->labels[i]);
        descent->upper[row] = scratch->upper[i];
        descent->lower[row] = scratch->lower[i];
    }
}

/* All centres for all rows in single precision; in doubles where that does not settle it. */
static void look_at_screened(struct descent *descent, size_t chunk,
                             struct rcx_kmeans_scratch *scratch, struct sums *sums)
{
    const struct rcx_matrix *matrix = descent->problem->matrix;
    size_t first = chunk * RCX_KMEANS_CHUNK, rows = rcx_kmeans_chunk_rows(matrix, chunk);
    size_t padded = (rows + RCX_KMEANS_TILE - 1) / RCX_KMEANS_TILE * RCX_KMEANS_TILE, unsure = 0;
    for (size_t i = 0; i < rows; i += LINE / sizeof *descent->labels)
        __builtin_prefetch(descent->labels + first + i);
    RCX_KERNEL_CALL(kmeans_screen)
    (&descent->screen, descent->problem->tiles + first * descent->dimensions, padded,
     scratch->labels);
    size_t count = RCX_KERNEL_CALL(kmeans_changed)(descent->labels + first, scratch->labels, rows,
                                                   scratch->open);
    for (size_t i = 0; i < count && i < AHEAD; i++)
        fetch_row(descent, first + scratch->open[i]);
    for (size_t i = 0; i < count; i++) {
        uint32_t row = scratch->open[i], label = scratch->labels[row];
        if (i + AHEAD < count)
            fetch_row(descent, first + scratch->open[i + AHEAD]);
        if (label & RCX_KMEANS_UNSURE)
            scratch->open[unsure++] = row;
        else
            change(descent, sums, first + row, label);
    }
    if (unsure > rows / 2) {
        look_at_all(descent, chunk, scratch, sums);
        return;
    }
    if (unsure > 0)
        look_at_listed(descent, first, scratch, unsure);
    for (size_t i = 0; i < unsure; i++)
        change(descent, sums, first + scratch->open[i], scratch->labels[i]);
}

static enum rcx_status look(void *context, size_t chunk, unsigned worker, struct rcx_error *err)
{
    struct descent *descent = context;
    (void)err;
    if (descent->bounds && !descent->first)
        look_at_open(descent, chunk, &descent->scratch[worker], &descent->changes[worker]);
    else if (descent->screened)
        look_at_screened(descent, chunk, &descent->scratch[worker], &descent->changes[worker]);
    else
        look_at_all(descent, chunk, &descent->scratch[worker], &descent->changes[worker]);
    return RCX_OK;
}

/* Nearest centres of all rows. *out_moved: rows that changed. */
static enum rcx_status assign(struct descent *descent, uint64_t *out_moved, struct rcx_error *err)
{
    const struct rcx_kmeans_problem *problem = descent->problem;
    size_t integers = descent->k * (descent->dimensions + 1);
    enum rcx_status status = rcx_parallel_for(&problem->parallel, problem->chunks, look, descent,
                                              err);
    *out_moved = 0;
    for (size_t w = 0; w < descent->workers; w++) {
        struct sums *changes = &descent->changes[w];
        *out_moved += changes->moved;
        changes->moved = 0;
        for (size_t i = 0; i < integers; i++) { /* weights follow the values */
            descent->total.values[i] += changes->values[i];
            changes->values[i] = 0;
        }
    }
    descent->first = false;
    return status;
}

/* --- empty centres ----------------------------------------------------------------------------- */

/* The row furthest from its centre, of equal ones the lowest, that is not alone there; rows when every
 * row lies on its centre. */
static size_t furthest(const struct descent *descent)
{
    const struct rcx_kmeans_problem *problem = descent->problem;
    const struct rcx_matrix *matrix = problem->matrix;
    size_t d = descent->dimensions, found = matrix->rows;
    double most = 0;
    for (size_t row = 0; row < matrix->rows; row++) {
        uint32_t label = descent->labels[row];
        double square = 0, weight = problem->weights ? problem->weights[row] : 1;
        for (size_t j = 0; j < d; j++) {
            double difference = matrix->columns[j][row] - descent->centres[label * d + j];
            square += difference * difference;
        }
        int64_t own = llrint(weight * problem->weight_scale);
        if (square > most && own > 0 && descent->total.weights[label] > own) {
            most = square;
            found = row;
        }
    }
    return found;
}

static bool fill_empty(struct descent *descent)
{
    bool filled = false;
    for (size_t c = 0; c < descent->k; c++) {
        if (descent->total.weights[c] > 0)
            continue;
        size_t row = furthest(descent);
        if (row == descent->problem->matrix->rows)
            break;
        change(descent, &descent->total, row, (uint32_t)c);
        /* so that the next empty centre takes another row */
        for (size_t j = 0; j < descent->dimensions; j++)
            descent->centres[c * descent->dimensions + j] =
                descent->problem->matrix->columns[j][row];
        descent->reseeded++;
        filled = true;
    }
    return filled;
}

/* --- centres move ------------------------------------------------------------------------------ */

static double square_between(const double *a, const double *b, size_t dimensions)
{
    double square = 0;
    for (size_t j = 0; j < dimensions; j++) {
        double difference = a[j] - b[j];
        square += difference * difference;
    }
    return square;
}

/* How far centres moved, and how far apart they are, as the bounds need it. */
static void measure(struct descent *descent)
{
    size_t k = descent->k, d = descent->dimensions, furthest_one = 0;
    float most = 0, next = 0;
    for (size_t c = 0; c < k; c++) {
        double square = square_between(descent->centres + c * d, descent->before + c * d, d);
        float moved = rcx_kmeans_bound_above(sqrt(square));
        descent->moved[c] = moved;
        if (moved > most) {
            next = most;
            most = moved;
            furthest_one = c;
        } else if (moved > next) {
            next = moved;
        }
    }
    for (size_t c = 0; c < k; c++) {
        double nearest = INFINITY;
        descent->others[c] = c == furthest_one ? next : most;
        for (size_t o = 0; o < k; o++)
            if (o != c)
                nearest = fmin(
                    nearest, square_between(descent->centres + c * d, descent->centres + o * d, d));
        descent->half_margin[c] = rcx_kmeans_bound_below(0.5 * sqrt(nearest));
    }
}

/* Centres become the means of their rows; empty ones stay. Returns the sum of squared moves. */
static double update(struct descent *descent)
{
    const struct rcx_kmeans_problem *problem = descent->problem;
    size_t k = descent->k, d = descent->dimensions;
    double shift = 0;
    for (size_t c = 0; c < k; c++) {
        double weight = (double)descent->total.weights[c] / problem->weight_scale;
        for (size_t j = 0; j < d && weight > 0; j++)
            descent->centres[c * d + j] = problem->offsets[j] +
                                          (double)descent->total.values[c * d + j] /
                                              problem->scales[j] / weight;
        shift += square_between(descent->centres + c * d, descent->before + c * d, d);
    }
    return shift;
}

static enum rcx_status iterate(struct descent *descent, const struct rcx_kmeans_options *options,
                               struct rcx_kmeans_end *end, struct rcx_error *err)
{
    size_t bytes = descent->k * descent->dimensions * sizeof(double);
    size_t most = options->max_iterations ? options->max_iterations : 300;
    double enough = options->tolerance * descent->problem->mean_variance;
    while (end->iterations < most) {
        uint64_t moved = 0;
        memcpy(descent->before, descent->centres, bytes);
        descent->screened = descent->rounded && rcx_kmeans_screen_centres(
                                                    descent->problem, descent->centres, descent->k,
                                                    descent->rounded, &descent->screen);
        enum rcx_status status = assign(descent, &moved, err);
        if (status != RCX_OK)
            return status;
        bool filled = fill_empty(descent);
        end->iterations++;
        if (moved == 0 && !filled) {
            end->converged = true;
            break;
        }
        double shift = update(descent);
        if (options->tolerance > 0 && shift <= enough) {
            end->converged = true;
            break;
        }
        if (descent->bounds)
            measure(descent);
        descent->first = filled; /* the bounds do not know of the row that was given away */
    }
    return RCX_OK;
}

enum rcx_status rcx_kmeans_descend(const struct rcx_kmeans_problem *problem,
                                   const struct rcx_kmeans_options *options, double *centres,
                                   struct rcx_kmeans_end *out, struct rcx_error *err)
{
    struct descent descent = {
        .problem = problem,
        .k = options->k,
        .dimensions = problem->matrix->column_count,
        .workers = problem->parallel.threads ? problem->parallel.threads : 1,
        .centres = centres,
        .bounds = rcx_kmeans_bounded(options),
        .screened = problem->tiles != NULL,
        .first = true,
    };
    struct rcx_kmeans_end end = {0};
    enum rcx_status status;
    if (allocate(&descent)) {
        memset(descent.labels, 0xFF, problem->matrix->rows * sizeof *descent.labels);
        status = iterate(&descent, options, &end, err);
    } else {
        status = rcx_fail_nomem(err, "k-means", problem->matrix->rows * 12);
    }
    if (status == RCX_OK)
        status = rcx_kmeans_inertia(problem, centres, options->k, &end.inertia, err);
    end.reseeded = descent.reseeded;
    release(&descent);
    if (status == RCX_OK)
        *out = end;
    return status;
}
