#include "ml/tasks/campaign/uplift.h"

#include <math.h>

#include "ml/tasks/campaign/control_group.h"

/* One of the two groups. */
struct group {
    double n, churned;
    double revenue, squares; /* sums; squares of deviations from the mean */
    double predicted, known; /* sum of probabilities, and of how many */
    double cost;
};

static struct group gather(const struct rcx_uplift_data *data, size_t tier, unsigned contacted)
{
    struct group group = {0};
    for (size_t pass = 0; pass < 2; pass++) {
        double mean = group.n > 0 ? group.revenue / group.n : 0;
        for (size_t i = 0; i < data->customers; i++) {
            if ((data->contacted[i] != 0) != (contacted != 0) ||
                (tier != SIZE_MAX && data->tiers[i] != tier))
                continue;
            if (pass == 1) {
                double deviation = data->revenue[i] - mean;
                group.squares += deviation * deviation;
                continue;
            }
            group.n++;
            group.churned += data->churned[i] != 0;
            group.revenue += data->revenue[i];
            group.cost += data->costs[i];
            group.predicted += isnan(data->predicted[i]) ? 0 : data->predicted[i];
            group.known += !isnan(data->predicted[i]);
        }
    }
    return group;
}

/* Wilson's score interval of x of n. */
static struct rcx_interval wilson(double x, double n, double z)
{
    double share = x / n, zz = z * z / n;
    double half = z * sqrt((share * (1 - share) + zz / 4) / n);
    return (struct rcx_interval){share, (share + zz / 2 - half) / (1 + zz),
                                 (share + zz / 2 + half) / (1 + zz)};
}

/* By how much the share of `b` is above that of `a`. */
static struct rcx_interval difference(const struct group *a, const struct group *b, double z)
{
    struct rcx_interval x = wilson(a->churned, a->n, z), y = wilson(b->churned, b->n, z);
    double d = y.estimate - x.estimate;
    return (struct rcx_interval){d, d - hypot(y.estimate - y.low, x.high - x.estimate),
                                 d + hypot(y.high - y.estimate, x.estimate - x.low)};
}

/* 1 - share of `a` / share of `b`. */
static struct rcx_interval kept(const struct group *a, const struct group *b, double z)
{
    double more = a->churned > 0 && b->churned > 0 && a->churned < a->n && b->churned < b->n ? 0
                                                                                             : 0.5;
    double x = a->churned + more, y = b->churned + more;
    double n = a->n + 2 * more, m = b->n + 2 * more;
    double ratio = (x / n) / (y / m);
    double error = z * sqrt(1 / x - 1 / n + 1 / y - 1 / m);
    return (struct rcx_interval){1 - ratio, 1 - ratio * exp(error), 1 - ratio * exp(-error)};
}

static struct rcx_interval mean_difference(const struct group *a, const struct group *b, double z)
{
    double d = a->revenue / a->n - b->revenue / b->n;
    double error = a->n > 1 && b->n > 1
                       ? z * sqrt(a->squares / (a->n - 1) / a->n + b->squares / (b->n - 1) / b->n)
                       : INFINITY;
    return (struct rcx_interval){d, d - error, d + error};
}

struct rcx_uplift rcx_uplift_of(const struct rcx_uplift_data *data, size_t tier, double margin,
                                double confidence)
{
    static const struct rcx_interval unknown = {NAN, NAN, NAN};
    struct group contacts = gather(data, tier, 1), controls = gather(data, tier, 0);
    struct rcx_uplift uplift = {
        .contacts = (uint64_t)contacts.n,
        .controls = (uint64_t)controls.n,
        .churned_contacts = (uint64_t)contacts.churned,
        .churned_controls = (uint64_t)controls.churned,
        .predicted_contacts = contacts.predicted / contacts.known,
        .predicted_controls = controls.predicted / controls.known,
        .churn = unknown,
        .save_rate = unknown,
        .revenue_contacts = contacts.revenue / contacts.n,
        .revenue_controls = controls.revenue / controls.n,
        .revenue = unknown,
        .cost = contacts.cost,
        .value = unknown,
    };
    if (uplift.contacts == 0 || uplift.controls == 0)
        return uplift;
    double z = rcx_normal_quantile((1 + confidence) / 2), all = margin * contacts.n;
    uplift.churn = difference(&contacts, &controls, z);
    uplift.save_rate = kept(&contacts, &controls, z);
    uplift.revenue = mean_difference(&contacts, &controls, z);
    uplift.value = (struct rcx_interval){all * uplift.revenue.estimate - contacts.cost,
                                         all * uplift.revenue.low - contacts.cost,
                                         all * uplift.revenue.high - contacts.cost};
    return uplift;
}
