#include "engine/simulate/shop.h"

#include <inttypes.h>
#include <math.h>

#include "base/memory.h"

const char *const rcx_shop_countries[RCX_SHOP_COUNTRIES] = {
    "United Kingdom", "Germany",     "France",   "EIRE",      "Spain",  "Netherlands",
    "Belgium",        "Switzerland", "Portugal", "Australia", "Norway", "Channel Islands"};

/* Of 1,000 customers, cumulated; as in UCI Online Retail. */
static const uint16_t country_bounds[RCX_SHOP_COUNTRIES] = {903, 925, 945, 950, 958, 962,
                                                            968, 973, 978, 985, 990, 1000};

static uint8_t draw_country(struct rcx_random *random)
{
    uint64_t draw = rcx_random_below(random, 1000);
    uint8_t country = 0;
    while (draw >= country_bounds[country])
        country++;
    return country;
}

struct rcx_shop_customer rcx_shop_customer_draw(const struct rcx_simulate_options *options,
                                                uint64_t customer)
{
    struct rcx_random random = rcx_random_of(options->seed, RCX_SHOP_STREAM_CUSTOMER, customer);
    struct rcx_shop_customer drawn = {0};
    drawn.rate = rcx_random_gamma(&random, options->rate_shape) / options->rate_alpha;
    drawn.dropout = rcx_random_beta(&random, options->dropout_a, options->dropout_b);
    drawn.spend_rate = rcx_random_gamma(&random, options->spend_q) / options->spend_gamma;
    double unit = rcx_random_unit(&random);
    double place = unit > 0 ? rcx_portable_exp(options->acquisition_skew * rcx_portable_log(unit))
                            : 0;
    drawn.first = options->days * (place < 1 ? place : 0x1.fffffffffffffp-1);
    /* Log-normal with mean 1. */
    drawn.basket = rcx_portable_exp(0.6 * rcx_random_normal(&random) - 0.18);
    drawn.country = draw_country(&random);
    return drawn;
}

struct rcx_shop_visits rcx_shop_visits_begin(const struct rcx_simulate_options *options,
                                             const struct rcx_shop_customer *customer, uint64_t id,
                                             double scale)
{
    return (struct rcx_shop_visits){
        .random = rcx_random_of(options->seed, RCX_SHOP_STREAM_PURCHASES, id),
        .rate = customer->rate * scale,
        .dropout = customer->dropout,
        .now = customer->first,
        .end = options->days,
    };
}

bool rcx_shop_visits_next(struct rcx_shop_visits *visits)
{
    if (visits->count == 0) {
        visits->count = 1;
        return true;
    }
    if (visits->dropped || visits->rate <= 0)
        return false;
    visits->now += rcx_random_exponential(&visits->random) / visits->rate;
    if (!(visits->now < visits->end))
        return false;
    visits->count++;
    visits->dropped = rcx_random_unit(&visits->random) < visits->dropout;
    return true;
}

/* Lines grow with the square root of what is spent: who spends more buys more things, and more of
 * each. Their number is geometric, so its mean is near `mean` for any mean above one. */
struct rcx_shop_basket rcx_shop_basket_draw(const struct rcx_simulate_options *options,
                                            const struct rcx_shop_customer *customer,
                                            double line_factor, struct rcx_random *random)
{
    enum { MAX_LINES = 20000 };
    double spend = rcx_random_gamma(random, options->spend_p) / customer->spend_rate;
    double usual = options->spend_p * options->spend_gamma / (options->spend_q - 1);
    double mean = line_factor * customer->basket * sqrt(spend / usual);
    double lines = 1 + floor(rcx_random_exponential(random) * mean);
    double cents = spend * 100;
    return (struct rcx_shop_basket){
        .cents = cents < 4e9 ? (cents > 1 ? (uint32_t)cents : 1) : 4000000000u,
        .weight = lines < MAX_LINES ? (uint32_t)lines : MAX_LINES,
    };
}

/* --- plan ---------------------------------------------------------------------------------------
 */

enum { SAMPLE = 8192, MIN_SAMPLE = 64, MAX_SAMPLED = 1 << 20 };

/* So many customers that they tell, but not so many that counting their purchases takes long. */
static uint32_t sample_size(uint64_t customers, double purchases_each)
{
    double size = MAX_SAMPLED / purchases_each;
    if (size < MIN_SAMPLE)
        size = MIN_SAMPLE;
    if (size > SAMPLE)
        size = SAMPLE;
    return (double)customers < size ? (uint32_t)customers : (uint32_t)size;
}

/* Purchases of the sample at a rate scale; counting ends when there are more than `enough`. Grows
 * with the scale, because every customer draws the same numbers. */
static uint64_t count_purchases(const struct rcx_simulate_options *options,
                                const struct rcx_shop_customer *sample, uint32_t size, double scale,
                                uint64_t enough)
{
    uint64_t purchases = 0;
    for (uint32_t i = 0; i < size && purchases <= enough; i++) {
        struct rcx_shop_visits visits = rcx_shop_visits_begin(options, &sample[i], i, scale);
        while (purchases <= enough && rcx_shop_visits_next(&visits))
            purchases++;
    }
    return purchases;
}

/* Mean lines that line_factor 1 gives beyond the first. */
static double mean_extra_lines(const struct rcx_simulate_options *options,
                               const struct rcx_shop_customer *sample)
{
    double usual = options->spend_p * options->spend_gamma / (options->spend_q - 1);
    double sum = 0;
    for (uint32_t i = 0; i < SAMPLE; i++) {
        struct rcx_random random = rcx_random_of(options->seed, RCX_SHOP_STREAM_SAMPLE, i);
        double spend = rcx_random_gamma(&random, options->spend_p) / sample[i].spend_rate;
        sum += sample[i].basket * sqrt(spend / usual);
    }
    return sum / SAMPLE;
}

static double find_scale(const struct rcx_simulate_options *options,
                         const struct rcx_shop_customer *sample, uint32_t size, double wanted)
{
    enum { MAX_PER_DAY = 2 };
    double high = MAX_PER_DAY * options->rate_alpha / options->rate_shape, low = high * 1e-9;
    uint64_t enough = (uint64_t)wanted;
    for (unsigned step = 0; step < 40; step++) {
        double middle = sqrt(low * high);
        if (count_purchases(options, sample, size, middle, enough) > enough)
            high = middle;
        else
            low = middle;
    }
    return low;
}

/* Lines of the cancellations that follow one purchase, on average (shop_invoices.c). */
static double cancelled_lines(const struct rcx_simulate_options *options)
{
    return options->return_share * 2.4;
}

static enum rcx_status plan_with_sample(const struct rcx_simulate_options *options,
                                        const struct rcx_shop_customer *sample,
                                        struct rcx_shop_plan *plan, struct rcx_error *err)
{
    uint64_t rows = options->rows - plan->guest_rows;
    double extra = options->basket_lines - 1;
    double mean_extra = mean_extra_lines(options, sample);
    /* For an exponential e of mean 1, floor(e m) has mean 1 / (e^(1/m) - 1). */
    plan->line_factor = extra > 0 ? 1 / (rcx_portable_log(1 + 1 / extra) * mean_extra) : 0;
    double rows_per_purchase = options->basket_lines + cancelled_lines(options);
    if (options->customers == 0) {
        uint64_t purchases = count_purchases(options, sample, SAMPLE, 1, MAX_SAMPLED);
        double per_customer = (double)purchases / SAMPLE * rows_per_purchase;
        plan->customers = (uint64_t)((double)rows / per_customer);
        if (plan->customers == 0)
            plan->customers = 1;
        plan->scale = 1;
    } else {
        plan->customers = options->customers;
        double each = (double)rows / rows_per_purchase / (double)plan->customers;
        uint32_t size = sample_size(plan->customers, each);
        plan->scale = find_scale(options, sample, size, each * size);
    }
    if (plan->customers > rows || plan->customers >= RCX_SHOP_GUEST)
        return rcx_fail(err, RCX_E_USAGE,
                        "%" PRIu64 " customers need at least one row each, but there are %" PRIu64
                        " rows for them (%" PRIu64 " of %" PRIu64 " are guests')",
                        plan->customers, rows, plan->guest_rows, options->rows);
    return RCX_OK;
}

enum rcx_status rcx_shop_plan_make(const struct rcx_simulate_options *options,
                                   struct rcx_shop_plan *out, struct rcx_error *err)
{
    struct rcx_shop_plan plan = {.scale = 1};
    plan.guest_rows = (uint64_t)((double)options->rows * options->guest_share + 0.5);
    if (plan.guest_rows >= options->rows)
        plan.guest_rows = options->rows - 1;
    struct rcx_shop_customer *sample = rcx_malloc_array(SAMPLE, sizeof *sample);
    if (!sample)
        return rcx_fail_nomem(err, "sample of customers", SAMPLE * sizeof *sample);
    for (uint32_t i = 0; i < SAMPLE; i++)
        sample[i] = rcx_shop_customer_draw(options, i);
    enum rcx_status status = plan_with_sample(options, sample, &plan, err);
    rcx_free(sample);
    if (status == RCX_OK)
        *out = plan;
    return status;
}
