/* print_rand < rows: the adjusted Rand index of two labellings, rows of "a b" from standard input, as a
 * number of 17 digits; for tests/interop/test_sklearn_kmeans.py. */
#include <stdio.h>
#include <stdlib.h>

#include "ml/kmeans/cluster_quality.h"

enum { MOST_ROWS = 100000, MOST_LABELS = 1000 };

static uint32_t labels[2][MOST_ROWS];

int main(void)
{
    char line[64];
    size_t rows = 0;
    while (rows < MOST_ROWS && fgets(line, sizeof line, stdin)) {
        char *end = line;
        for (int side = 0; side < 2; side++) {
            unsigned long label = strtoul(end, &end, 10);
            if (label >= MOST_LABELS)
                return 1;
            labels[side][rows] = (uint32_t)label;
        }
        rows++;
    }
    const struct rcx_labelling a = {labels[0], MOST_LABELS}, b = {labels[1], MOST_LABELS};
    double value;
    if (rcx_adjusted_rand(&a, &b, rows, &value, NULL) != RCX_OK)
        return 1;
    printf("%.17g\n", value);
    return 0;
}
