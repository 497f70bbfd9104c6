#include "ml/kmeans/kmeans_kernels.h"

#include <math.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef double reals __attribute__((vector_size(64)));
typedef int64_t masks __attribute__((vector_size(64)));
typedef uint32_t labels8 __attribute__((vector_size(32)));

enum { LANES = RCX_KMEANS_LANES, CENTRES = 4 };

/* What keeps a bound valid when it is rounded to float (relative errors of 2^-24 each), and what the
 * squared distances of two centres must differ by so that rounding cannot have swapped them. */
#define UP (1.0F + 0x1p-22F)
#define DOWN (1.0F - 0x1p-22F)
#define CLEARLY (1.0F + 0x1p-18F)

ALWAYS_INLINE void load(const double *from, reals *out)
{
    memcpy(out, from, sizeof *out);
}

ALWAYS_INLINE void choose(const masks *mask, const reals *yes, const reals *no, reals *out)
{
    *out = (reals)((*mask & (masks)*yes) | (~*mask & (masks)*no));
}

/* Squared distances of eight rows to `count` (1 or CENTRES) centres. */
ALWAYS_INLINE void distances(const double *const *columns, size_t row, size_t dimensions,
                             const double *centres, unsigned count, reals out[CENTRES])
{
    for (unsigned c = 0; c < count; c++)
        out[c] = (reals){0};
    for (size_t j = 0; j < dimensions; j++) {
        reals x;
        load(columns[j] + row, &x);
        for (unsigned c = 0; c < count; c++) {
            reals difference = x - centres[c * dimensions + j];
            out[c] += difference * difference;
        }
    }
}

struct nearest {
    reals best, second;
    masks label;
};

ALWAYS_INLINE void consider(struct nearest *found, const reals *distance, size_t centre,
                            int with_second)
{
    masks closer = *distance < found->best;
    masks index = (masks){0} + (int64_t)centre;
    if (with_second) {
        reals further;
        choose(&closer, &found->best, distance, &further);
        masks second = further < found->second;
        choose(&second, &further, &found->second, &found->second);
    }
    choose(&closer, distance, &found->best, &found->best);
    found->label = (closer & index) | (~closer & found->label);
}

ALWAYS_INLINE void nearest_of(const struct rcx_kmeans_block *block, size_t dimensions,
                              const double *centres, size_t k, uint32_t *labels, double *best,
                              double *second, int with_second)
{
    for (size_t i = 0; i < block->rows; i += LANES) {
        struct nearest found = {.best = (reals){0} + INFINITY, .second = (reals){0} + INFINITY};
        reals distance[CENTRES];
        size_t c = 0;
        for (; c + CENTRES <= k; c += CENTRES) {
            distances(block->columns, i, dimensions, centres + c * dimensions, CENTRES, distance);
            for (unsigned at = 0; at < CENTRES; at++)
                consider(&found, &distance[at], c + at, with_second);
        }
        for (; c < k; c++) {
            distances(block->columns, i, dimensions, centres + c * dimensions, 1, distance);
            consider(&found, &distance[0], c, with_second);
        }
        labels8 label = __builtin_convertvector(found.label, labels8);
        memcpy(labels + i, &label, sizeof label);
        memcpy(best + i, &found.best, sizeof found.best);
        if (with_second)
            memcpy(second + i, &found.second, sizeof found.second);
    }
}

/* The same code, unrolled for few columns. */
ALWAYS_INLINE void nearest_unrolled(const struct rcx_kmeans_block *block, const double *centres,
                                    size_t k, uint32_t *labels, double *best, double *second,
                                    int with_second)
{
    switch (block->dimensions) {
    case 1:
        nearest_of(block, 1, centres, k, labels, best, second, with_second);
        break;
    case 2:
        nearest_of(block, 2, centres, k, labels, best, second, with_second);
        break;
    case 3:
        nearest_of(block, 3, centres, k, labels, best, second, with_second);
        break;
    case 4:
        nearest_of(block, 4, centres, k, labels, best, second, with_second);
        break;
    case 8:
        nearest_of(block, 8, centres, k, labels, best, second, with_second);
        break;
    default:
        nearest_of(block, block->dimensions, centres, k, labels, best, second, with_second);
    }
}

void RCX_KERNEL(kmeans_nearest)(const struct rcx_kmeans_block *block, const double *centres,
                                size_t k, uint32_t *labels, double *best, double *second)
{
    if (second)
        nearest_unrolled(block, centres, k, labels, best, second, 1);
    else
        nearest_unrolled(block, centres, k, labels, best, second, 0);
}

size_t RCX_KERNEL(kmeans_changed)(const uint32_t *before, const uint32_t *after, size_t rows,
                                  uint32_t *out)
{
    enum { PIECE = 16 };
    size_t count = 0;
    for (size_t begin = 0; begin < rows; begin += PIECE) {
        size_t end = rows - begin < PIECE ? rows : begin + PIECE;
        uint32_t differs = 0;
        for (size_t i = begin; i < end; i++)
            differs |= before[i] ^ after[i];
        for (size_t i = begin; differs && i < end; i++) {
            out[count] = (uint32_t)i;
            count += before[i] != after[i];
        }
    }
    return count;
}

void RCX_KERNEL(kmeans_distance)(const struct rcx_kmeans_block *block, const double *centre,
                                 double *out)
{
    for (size_t i = 0; i < block->rows; i += LANES) {
        reals distance[CENTRES];
        distances(block->columns, i, block->dimensions, centre, 1, distance);
        memcpy(out + i, distance, sizeof distance[0]);
    }
}

ALWAYS_INLINE double tree_sum(const reals *lanes)
{
    const reals v = *lanes;
    return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

double RCX_KERNEL(kmeans_potential)(const struct rcx_kmeans_block *block, const double *centre,
                                    const double *weights, double *nearest, int update)
{
    reals sum = {0};
    for (size_t i = 0; i < block->rows; i += LANES) {
        reals distance[CENTRES], before, after, weight = (reals){0} + 1.0;
        distances(block->columns, i, block->dimensions, centre, 1, distance);
        load(nearest + i, &before);
        masks closer = distance[0] < before;
        choose(&closer, &distance[0], &before, &after);
        if (update)
            memcpy(nearest + i, &after, sizeof after);
        if (weights)
            load(weights + i, &weight);
        sum += weight * after;
    }
    return tree_sum(&sum);
}

size_t RCX_KERNEL(kmeans_drift)(const struct rcx_kmeans_drift *drift, const uint32_t *labels,
                                size_t rows, float *upper, float *lower, uint32_t *out)
{
    const float *moved = drift->moved, *others = drift->others, *half = drift->half_margin;
    size_t count = 0;
    for (size_t begin = 0; begin < rows; begin += 64) {
        size_t end = rows - begin < 64 ? rows : begin + 64;
        uint32_t open[64];
        for (size_t i = begin; i < end; i++) {
            uint32_t label = labels[i];
            float up = (upper[i] + moved[label]) * UP;
            float low = (lower[i] - others[label]) * DOWN;
            low = low > 0 ? low : 0;
            upper[i] = up;
            lower[i] = low;
            float enough = low > half[label] ? low : half[label];
            open[i - begin] = !(up * CLEARLY < enough);
        }
        for (size_t i = begin; i < end; i++) {
            out[count] = (uint32_t)i;
            count += open[i - begin];
        }
    }
    return count;
}

void RCX_KERNEL(kmeans_bounds)(const double *best, const double *second, size_t rows, float *upper,
                               float *lower)
{
    for (size_t i = 0; i < rows; i++) {
        upper[i] = rcx_kmeans_bound_above(sqrt(best[i]));
        lower[i] = rcx_kmeans_bound_below(sqrt(second[i]));
    }
}

ALWAYS_INLINE void cell_distances(const double *const *columns, size_t dimensions,
                                  const size_t *ends, size_t cells, const double *eight,
                                  double *out)
{
    size_t row = 0;
    for (size_t cell = 0; cell < cells; cell++) {
        reals sum = {0};
        for (; row < ends[cell]; row++) {
            reals square = {0}, distance;
            for (size_t j = 0; j < dimensions; j++) {
                reals x;
                load(eight + j * LANES, &x);
                reals difference = x - columns[j][row];
                square += difference * difference;
            }
            for (unsigned l = 0; l < LANES; l++)
                distance[l] = sqrt(square[l]);
            sum += distance;
        }
        memcpy(out + cell * LANES, &sum, sizeof sum);
    }
}

void RCX_KERNEL(kmeans_cell_distances)(const double *const *columns, size_t dimensions,
                                       const size_t *ends, size_t cells, const double *eight,
                                       double *out)
{
    if (dimensions == 3)
        cell_distances(columns, 3, ends, cells, eight, out);
    else
        cell_distances(columns, dimensions, ends, cells, eight, out);
}
