#include "ml/tasks/campaign/control_group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/tasks/campaign/allocation.h"

enum { STREAM = 0xC0117201 };

struct drawn {
    uint64_t draw;
    uint32_t customer;
    uint32_t stratum;
};

static int by_stratum_and_draw(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;
    if (x->stratum != y->stratum)
        return x->stratum < y->stratum ? -1 : 1;
    if (x->draw != y->draw)
        return x->draw < y->draw ? -1 : 1;
    return (x->customer > y->customer) - (x->customer < y->customer);
}

uint64_t rcx_control_group_size(double share, uint64_t n)
{
    return (uint64_t)floor(share * (double)n + 0.5);
}

/* Divides the group of a tier over its risk levels: whole parts, then the largest remainders, lower
 * levels first among equals. */
static void divide(double share, const uint64_t *counts, uint64_t *out)
{
    double rest[RCX_RISKS_MOST];
    uint64_t all = 0, given = 0;
    for (size_t r = 0; r < RCX_RISKS_MOST; r++) {
        double part = share * (double)counts[r];
        out[r] = (uint64_t)floor(part);
        rest[r] = part - floor(part);
        all += counts[r];
        given += out[r];
    }
    for (uint64_t wanted = rcx_control_group_size(share, all); given < wanted; given++) {
        size_t most = 0;
        while (out[most] >= counts[most])
            most++;
        for (size_t r = most; r < RCX_RISKS_MOST; r++)
            if (out[r] < counts[r] && rest[r] > rest[most])
                most = r;
        out[most]++;
        rest[most] -= 1;
    }
}

enum rcx_status rcx_control_group_draw(const struct rcx_control_group *group, uint8_t *out_control,
                                       struct rcx_error *err)
{
    uint64_t counts[RCX_TIERS_MOST][RCX_RISKS_MOST] = {0}, sizes[RCX_TIERS_MOST][RCX_RISKS_MOST];
    struct drawn *drawn = NULL;
    size_t chosen = 0, capacity = 0;
    memset(out_control, 0, group->customers);
    for (size_t i = 0; i < group->customers && group->share > 0; i++) {
        if (group->options[i] == 0)
            continue;
        if (!rcx_array_reserve(&drawn, &capacity, chosen + 1, sizeof *drawn)) {
            rcx_free(drawn);
            return rcx_fail_nomem(err, "control group", chosen * sizeof *drawn);
        }
        struct rcx_random random = rcx_random_of(group->seed, STREAM, group->identities[i]);
        unsigned tier = group->options[i] - 1u, risk = group->risks[i];
        counts[tier][risk]++;
        drawn[chosen++] = (struct drawn){rcx_random_u64(&random), (uint32_t)i,
                                         (uint32_t)(tier * RCX_RISKS_MOST + risk)};
    }
    if (chosen > 0)
        qsort(drawn, chosen, sizeof *drawn, by_stratum_and_draw);
    for (size_t k = 0; k < group->tiers; k++)
        divide(group->share, counts[k], sizes[k]);
    for (size_t i = 0; i < chosen; i++) {
        uint64_t *left =
            &sizes[drawn[i].stratum / RCX_RISKS_MOST][drawn[i].stratum % RCX_RISKS_MOST];
        if (*left == 0)
            continue;
        (*left)--;
        out_control[drawn[i].customer] = 1;
    }
    rcx_free(drawn);
    return RCX_OK;
}

double rcx_normal_quantile(double p)
{
    double low = -40, high = 40;
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (0.5 * erfc(-middle * M_SQRT1_2) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

double rcx_detectable_effect(double base, uint64_t n, uint64_t m, double confidence, double power)
{
    if (n == 0 || m == 0)
        return NAN;
    double error = sqrt(base * (1 - base) * (1 / (double)n + 1 / (double)m));
    return (rcx_normal_quantile((1 + confidence) / 2) + rcx_normal_quantile(power)) * error;
}
