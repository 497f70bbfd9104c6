#include "ml/kmeans/kmeans_screen_kernels.h"

#include <math.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
enum { WIDTH = 16 };
#elif defined(__AVX2__)
enum { WIDTH = 8 };
#else
enum { WIDTH = 4 };
#endif
enum { CENTRES = 4, AHEAD = 8 * RCX_KMEANS_TILE };

/* Covers products and sums below the range of floats. */
#define LEAST_GAP 0x1p-120F

typedef float floats __attribute__((vector_size(WIDTH * 4)));
typedef int32_t integers __attribute__((vector_size(WIDTH * 4)));

ALWAYS_INLINE floats load(const float *from)
{
    floats x;
    memcpy(&x, from, sizeof x);
    return x;
}

/* The compiler makes no minimum of a comparison of vectors (gcc 12): eight operations instead of one;
 * and it must not fuse a product and a difference, which here may be: whatever the rounding, the labels
 * are the same. The last of the three is the plain twin. Together 1.5 times as fast as without. */
#if defined(__AVX512F__)
ALWAYS_INLINE floats less_product(floats sum, floats y, float c)
{
    return (floats)_mm512_fnmadd_ps((__m512)y, _mm512_set1_ps(c), (__m512)sum);
}
ALWAYS_INLINE floats lesser(floats a, floats b)
{
    return (floats)_mm512_min_ps((__m512)a, (__m512)b);
}
ALWAYS_INLINE floats greater(floats a, floats b)
{
    return (floats)_mm512_max_ps((__m512)a, (__m512)b);
}
#elif defined(__AVX2__)
ALWAYS_INLINE floats less_product(floats sum, floats y, float c)
{
    return (floats)_mm256_fnmadd_ps((__m256)y, _mm256_set1_ps(c), (__m256)sum);
}
ALWAYS_INLINE floats lesser(floats a, floats b)
{
    return (floats)_mm256_min_ps((__m256)a, (__m256)b);
}
ALWAYS_INLINE floats greater(floats a, floats b)
{
    return (floats)_mm256_max_ps((__m256)a, (__m256)b);
}
#else
ALWAYS_INLINE floats less_product(floats sum, floats y, float c)
{
    return sum - y * c;
}
ALWAYS_INLINE floats lesser(floats a, floats b)
{
    integers mask = a < b;
    return (floats)((mask & (integers)a) | (~mask & (integers)b));
}
ALWAYS_INLINE floats greater(floats a, floats b)
{
    integers mask = a > b;
    return (floats)((mask & (integers)a) | (~mask & (integers)b));
}
#endif

struct found {
    floats least, second;
};

/* Halves of squared distances of WIDTH rows, as far as they differ, to `count` centres. */
ALWAYS_INLINE void consider(const struct rcx_kmeans_screen *screen, const float *tile,
                            size_t dimensions, size_t first, unsigned count, int32_t index_bits,
                            struct found *found)
{
    const float *centres = screen->centres + first * dimensions;
    floats value[CENTRES];
    for (unsigned c = 0; c < count; c++)
        value[c] = (floats){0} + screen->halves[first + c];
    for (size_t j = 0; j < dimensions; j++) {
        floats y = load(tile + j * RCX_KMEANS_TILE);
        for (unsigned c = 0; c < count; c++)
            value[c] = less_product(value[c], y, centres[c * dimensions + j]);
    }
    for (unsigned c = 0; c < count; c++) {
        floats marked = (floats)(((integers)value[c] & ~index_bits) | (int32_t)(first + c));
        found->second = lesser(found->second, greater(found->least, marked));
        found->least = lesser(found->least, marked);
    }
}

ALWAYS_INLINE void screen_tile(const struct rcx_kmeans_screen *screen, const float *tile,
                               size_t dimensions, int32_t index_bits, uint32_t *labels)
{
    struct found found = {(floats){0} + INFINITY, (floats){0} + INFINITY};
    floats square = {0};
    size_t c = 0;
    for (; c + CENTRES <= screen->k; c += CENTRES)
        consider(screen, tile, dimensions, c, CENTRES, index_bits, &found);
    for (; c < screen->k; c++)
        consider(screen, tile, dimensions, c, 1, index_bits, &found);
    for (size_t j = 0; j < dimensions; j++) {
        floats y = load(tile + j * RCX_KMEANS_TILE);
        square += y * y;
    }
    floats gap = found.second - found.least;
    floats distance = greater(square + 2 * found.least, (floats){0});
    floats needed = (7 * square + 6 * distance) * screen->slack + LEAST_GAP;
    integers sure = (gap > needed) & (square < RCX_KMEANS_SCREEN_LONGEST);
    integers label = ((integers)found.least & index_bits) | (~sure & (int32_t)RCX_KMEANS_UNSURE);
    memcpy(labels, &label, sizeof label);
}

ALWAYS_INLINE void screen_rows(const struct rcx_kmeans_screen *screen, const float *tiles,
                               size_t rows, size_t dimensions, uint32_t *labels)
{
    int32_t index_bits = 0;
    while ((size_t)index_bits + 1 < screen->k)
        index_bits = 2 * index_bits + 1;
    for (size_t i = 0; i < rows; i += RCX_KMEANS_TILE) {
        for (size_t j = 0; j < dimensions; j++)
            __builtin_prefetch(tiles + (i + AHEAD) * dimensions + j * RCX_KMEANS_TILE);
        for (size_t at = 0; at < RCX_KMEANS_TILE; at += WIDTH)
            screen_tile(screen, tiles + i * dimensions + at, dimensions, index_bits,
                        labels + i + at);
    }
}

/* The same code, unrolled for few columns. */
void RCX_KERNEL(kmeans_screen)(const struct rcx_kmeans_screen *screen, const float *tiles,
                               size_t rows, uint32_t *labels)
{
    switch (screen->dimensions) {
    case 1:
        screen_rows(screen, tiles, rows, 1, labels);
        break;
    case 2:
        screen_rows(screen, tiles, rows, 2, labels);
        break;
    case 3:
        screen_rows(screen, tiles, rows, 3, labels);
        break;
    case 4:
        screen_rows(screen, tiles, rows, 4, labels);
        break;
    case 5:
        screen_rows(screen, tiles, rows, 5, labels);
        break;
    case 6:
        screen_rows(screen, tiles, rows, 6, labels);
        break;
    case 8:
        screen_rows(screen, tiles, rows, 8, labels);
        break;
    default:
        screen_rows(screen, tiles, rows, screen->dimensions, labels);
    }
}
