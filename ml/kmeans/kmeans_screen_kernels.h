#pragma once
/* The nearest centre in single precision, with a proof: the loop that looks at all rows and centres
 * when nearly all rows are sure of their centre.
 *
 * Rows and centres are taken from the same middle and scaled alike, then rounded to float. Of a row y
 * and centre c the kernel computes v(c) = |c|^2 / 2 - y c, half the squared distance less what all
 * centres have in common: a product and a difference for each column, in half the bytes of doubles. The
 * index of the centre takes the place of the last bits of v, so that one minimum finds both. Rounding
 * (y and c once each, products, sums: (columns + 3) 2^-24) and an index of up to m (m 2^-23) change v
 * by at most
 *
 *     e (|y|^2 / 2 + |c|^2),   e = (columns + 3 + 2 m) 2^-24
 *
 * so with s > e, |c|^2 (1 / 2 - s) for the half, and a the centre whose v is least, no other is nearer
 * if the next v is greater by more than
 *
 *     e |y|^2 + 2 s |a|^2,     |a|^2 <= 3 (|y|^2 + |y|^2 + 2 v(a))   (the last two: distance, squared)
 *
 * Then no exact arithmetic would have chosen otherwise, and neither would the sums in doubles of
 * kmeans_kernels.h, whose error is 2^-29 of this. Rows of which that cannot be said are marked and
 * looked at again in doubles. So the labels are those of kmeans_nearest, and it does not matter that
 * the number of rows marked may depend on the instruction set.
 *
 * Shapes: tiles of RCX_KMEANS_TILE rows, [tile][columns][TILE]; the last one is padded with zeros.
 * Kernels allocate nothing. */
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

enum { RCX_KMEANS_TILE = 16, RCX_KMEANS_SCREEN_CENTRES = 256 };

/* Set in a label that is not proved. */
#define RCX_KMEANS_UNSURE 0x80000000U

/* Squared lengths are below: products might overflow. Longer rows are never sure. */
#define RCX_KMEANS_SCREEN_LONGEST 0x1p60F

struct rcx_kmeans_screen {
    const float *centres; /* [k][dimensions] */
    const float *halves;  /* [k] of their squared lengths, times 1 - 2 slack */
    size_t k;             /* 1 to SCREEN_CENTRES */
    size_t dimensions;
    float slack; /* s */
};

/* Labels of the rows of the tiles; `rows` is a multiple of TILE. */
RCX_KERNEL_DECLARE(void, kmeans_screen,
                   (const struct rcx_kmeans_screen *screen, const float *tiles, size_t rows,
                    uint32_t *labels))
