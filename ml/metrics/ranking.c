#include "ml/metrics/ranking.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/radix.h"

enum { CHUNK = 65536 }; /* rows of one radix sort: 1 MB of items */

void rcx_ranking_release(struct rcx_ranking *ranking)
{
    rcx_free(ranking->order);
    rcx_free(ranking->ends);
    *ranking = (struct rcx_ranking){0};
}

/* Ascending keys are descending scores; -0 and 0 are one key. */
static uint64_t key_of(double score)
{
    uint64_t bits;
    score += 0.0;
    memcpy(&bits, &score, sizeof bits);
    return bits >> 63 ? bits : ~(bits | UINT64_C(1) << 63);
}

struct sorting {
    const double *score;
    size_t count;
    size_t run; /* rows of a sorted run; merging makes it longer */
    struct rcx_radix_item *from, *to;
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static enum rcx_status sort_chunk(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    struct sorting *sorting = context;
    size_t first = chunk * CHUNK, last = least(first + CHUNK, sorting->count);
    (void)worker, (void)err;
    for (size_t i = first; i < last; i++)
        sorting->from[i] = (struct rcx_radix_item){.key = key_of(sorting->score[i]),
                                                   .payload = (uint32_t)i};
    rcx_radix_sort(sorting->from + first, sorting->to + first, last - first);
    return RCX_OK;
}

/* Merges two neighbouring runs; of equal keys those of the left run come first. */
static enum rcx_status merge_runs(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    struct sorting *sorting = context;
    size_t first = chunk * 2 * sorting->run;
    size_t middle = least(first + sorting->run, sorting->count);
    size_t last = least(middle + sorting->run, sorting->count);
    const struct rcx_radix_item *left = sorting->from + first, *right = sorting->from + middle;
    const struct rcx_radix_item *left_end = right, *right_end = sorting->from + last;
    struct rcx_radix_item *out = sorting->to + first;
    (void)worker, (void)err;
    while (left < left_end && right < right_end)
        *out++ = right->key < left->key ? *right++ : *left++;
    while (left < left_end)
        *out++ = *left++;
    while (right < right_end)
        *out++ = *right++;
    return RCX_OK;
}

static enum rcx_status sort(struct sorting *sorting, const struct rcx_parallel *parallel,
                            struct rcx_error *err)
{
    enum rcx_status status = rcx_parallel_for(parallel, (sorting->count + CHUNK - 1) / CHUNK,
                                              sort_chunk, sorting, err);
    for (sorting->run = CHUNK; status == RCX_OK && sorting->run < sorting->count;
         sorting->run *= 2) {
        size_t pairs = (sorting->count + 2 * sorting->run - 1) / (2 * sorting->run);
        status = rcx_parallel_for(parallel, pairs, merge_runs, sorting, err);
        struct rcx_radix_item *swap = sorting->from;
        sorting->from = sorting->to;
        sorting->to = swap;
    }
    return status;
}

enum rcx_status rcx_ranking_build(const double *score, size_t count,
                                  const struct rcx_parallel *parallel, struct rcx_ranking *out,
                                  struct rcx_error *err)
{
    struct rcx_radix_item *items = rcx_malloc_array(2 * count + 2, sizeof *items);
    struct rcx_ranking ranking = {.count = count,
                                  .order = rcx_malloc_array(count + 1, sizeof(uint32_t)),
                                  .ends = rcx_malloc(count + 1)};
    struct sorting sorting = {.score = score, .count = count, .from = items};
    enum rcx_status status = RCX_OK;
    if (!items || !ranking.order || !ranking.ends) {
        status = rcx_fail_nomem(err, "ranking", 2 * count * sizeof *items);
        goto done;
    }
    sorting.to = items + count + 1;
    status = sort(&sorting, parallel, err);
    if (status != RCX_OK)
        goto done;
    for (size_t i = 0; i < count; i++) {
        ranking.order[i] = sorting.from[i].payload;
        ranking.ends[i] = i + 1 == count || sorting.from[i].key != sorting.from[i + 1].key;
    }
    *out = ranking;
    ranking = (struct rcx_ranking){0};
done:
    rcx_ranking_release(&ranking);
    rcx_free(items);
    return status;
}

static double weight_at(const double *weight, uint32_t row)
{
    return weight ? weight[row] : 1;
}

double rcx_ranking_auc(const struct rcx_ranking *ranking, const double *label, const double *weight)
{
    double positive = 0, negative = 0, area = 0, tie_positive = 0, tie_negative = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        uint32_t row = ranking->order[i];
        double w = weight_at(weight, row);
        if (label[row] != 0)
            tie_positive += w;
        else
            tie_negative += w;
        if (ranking->ends[i]) {
            area += tie_negative * (positive + tie_positive / 2);
            positive += tie_positive;
            negative += tie_negative;
            tie_positive = tie_negative = 0;
        }
    }
    return positive > 0 && negative > 0 ? area / (positive * negative) : NAN;
}

double rcx_ranking_average_precision(const struct rcx_ranking *ranking, const double *label,
                                     const double *weight)
{
    double positive = 0, all = 0, sum = 0, tie = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        uint32_t row = ranking->order[i];
        double w = weight_at(weight, row);
        all += w;
        if (label[row] != 0)
            tie += w;
        if (ranking->ends[i] && tie > 0) {
            positive += tie;
            sum += tie * (positive / all);
            tie = 0;
        }
    }
    return positive > 0 ? sum / positive : NAN;
}

static void totals(const struct rcx_ranking *ranking, const double *label, const double *weight,
                   double *out_weight, double *out_amount)
{
    double all = 0, amount = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        uint32_t row = ranking->order[i];
        all += weight_at(weight, row);
        amount += weight_at(weight, row) * label[row];
    }
    *out_weight = all;
    *out_amount = amount;
}

static struct rcx_top_share top_of(double share, double captured, double all, double amount)
{
    double rows = share * all;
    return (struct rcx_top_share){.rows = rows,
                                  .captured = captured,
                                  .precision = captured / rows,
                                  .lift = captured / rows / (amount / all),
                                  .recall = captured / amount};
}

void rcx_ranking_gains(const struct rcx_ranking *ranking, const double *label, const double *weight,
                       const double *shares, size_t count, struct rcx_top_share *out)
{
    double all, amount, above = 0, captured = 0, tie_weight = 0, tie_amount = 0;
    size_t next = 0;
    totals(ranking, label, weight, &all, &amount);
    for (size_t i = 0; i < ranking->count && next < count; i++) {
        uint32_t row = ranking->order[i];
        tie_weight += weight_at(weight, row);
        tie_amount += weight_at(weight, row) * label[row];
        if (!ranking->ends[i])
            continue;
        for (; next < count && shares[next] * all <= above + tie_weight && tie_weight > 0; next++) {
            double part = (shares[next] * all - above) / tie_weight;
            out[next] = top_of(shares[next], captured + part * tie_amount, all, amount);
        }
        above += tie_weight;
        captured += tie_amount;
        tie_weight = tie_amount = 0;
    }
    for (; next < count; next++) /* a share of 1 that rounding put past the last row */
        out[next] = top_of(shares[next], captured, all, amount);
}

struct rcx_top_share rcx_ranking_top(const struct rcx_ranking *ranking, const double *label,
                                     const double *weight, double share)
{
    struct rcx_top_share top;
    rcx_ranking_gains(ranking, label, weight, &share, 1, &top);
    return top;
}

double rcx_ranking_gini_area(const struct rcx_ranking *ranking, const double *label,
                             const double *weight)
{
    double all = 0, amount = 0, area = 0, tie_weight = 0, tie_amount = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        uint32_t row = ranking->order[i];
        tie_weight += weight_at(weight, row);
        tie_amount += weight_at(weight, row) * label[row];
        if (ranking->ends[i]) {
            area += tie_weight * (amount + tie_amount / 2);
            all += tie_weight;
            amount += tie_amount;
            tie_weight = tie_amount = 0;
        }
    }
    return area - all * amount / 2;
}

void rcx_ranking_ranks(const struct rcx_ranking *ranking, const double *weight, double *out)
{
    double below = 0;
    for (size_t end = ranking->count; end > 0;) { /* lowest score first */
        size_t begin = end;
        double tie = 0;
        do {
            begin--;
            tie += weight_at(weight, ranking->order[begin]);
        } while (begin > 0 && !ranking->ends[begin - 1]);
        for (size_t i = begin; i < end; i++)
            out[ranking->order[i]] = below + (tie + 1) / 2;
        below += tie;
        end = begin;
    }
}
