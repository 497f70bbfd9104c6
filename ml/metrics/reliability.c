#include "ml/metrics/reliability.h"

#include <assert.h>
#include <math.h>

void rcx_reliability_table(const struct rcx_scored *rows, size_t bins,
                           struct rcx_reliability_bin *out)
{
    assert(bins > 0 && bins <= RCX_RELIABILITY_BINS_MOST);
    for (size_t b = 0; b < bins; b++)
        out[b] = (struct rcx_reliability_bin){.from = (double)b / (double)bins,
                                              .to = (double)(b + 1) / (double)bins};
    for (size_t i = 0; i < rows->count; i++) {
        struct rcx_reliability_bin *bin = &out[rcx_reliability_bin_of(rows->score[i], bins)];
        double weight = rows->weight ? rows->weight[i] : 1;
        bin->weight += weight;
        bin->mean_score += weight * rows->score[i];
        bin->observed += weight * rows->label[i];
    }
    for (size_t b = 0; b < bins; b++) {
        out[b].mean_score = out[b].weight > 0 ? out[b].mean_score / out[b].weight : NAN;
        out[b].observed = out[b].weight > 0 ? out[b].observed / out[b].weight : NAN;
    }
}

double rcx_reliability_ece(const struct rcx_reliability_bin *bins, size_t count)
{
    double sum = 0, weight = 0;
    for (size_t b = 0; b < count; b++) {
        if (bins[b].weight <= 0)
            continue;
        sum += bins[b].weight * fabs(bins[b].mean_score - bins[b].observed);
        weight += bins[b].weight;
    }
    return weight > 0 ? sum / weight : NAN;
}
