#include "engine/simulate/shop.h"

#include "base/memory.h"

enum { FIRST_HOUR = 7, HOURS = 14, SATURDAY = 5 };

/* Shares of the invoices of UCI Online Retail; the shop is closed on Saturdays and from Christmas
 * to the third of January. Without season it is not closed then, so that every month is like any other. */
static const double weekday_weight[7] = {1.23, 1.32, 1.22, 1.34, 1.06, 0, 0.83};
static const double month_weight[12] = {0.85, 0.80, 0.92, 0.86, 0.97, 0.94,
                                        0.88, 0.82, 1.10, 1.22, 1.62, 1.30};
static const double hour_share[HOURS] = {0.005, 0.022, 0.070, 0.100, 0.107, 0.140, 0.130,
                                         0.125, 0.125, 0.090, 0.050, 0.020, 0.013, 0.003};

static double weight_of(rcx_day day, double season_strength)
{
    struct rcx_civil civil = rcx_civil_from_day(day);
    if (season_strength > 0 &&
        ((civil.month == 12 && civil.day >= 24) || (civil.month == 1 && civil.day <= 3)))
        return 0;
    double season = 1 + season_strength * (month_weight[civil.month - 1] - 1);
    return weekday_weight[rcx_weekday(day)] * (season > 0.05 ? season : 0.05);
}

enum rcx_status rcx_shop_calendar_init(struct rcx_shop_calendar *calendar, rcx_day start,
                                       uint32_t days, double season_strength, struct rcx_error *err)
{
    double *opening = rcx_malloc_array((size_t)days + 1, sizeof *opening);
    if (!opening)
        return rcx_fail_nomem(err, "shop calendar", ((size_t)days + 1) * sizeof *opening);
    double sum = 0;
    for (uint32_t day = 0; day < days; day++) {
        opening[day] = sum;
        sum += weight_of(start + (rcx_day)day, season_strength);
    }
    if (sum <= 0) {
        rcx_free(opening);
        return rcx_fail(
            err, RCX_E_USAGE,
            "the shop is closed on all %u days of the period (Saturdays, 24 December to "
            "3 January)",
            days);
    }
    for (uint32_t day = 0; day < days; day++)
        opening[day] *= days / sum;
    opening[days] = days;
    *calendar = (struct rcx_shop_calendar){start, days, opening};
    return RCX_OK;
}

void rcx_shop_calendar_release(struct rcx_shop_calendar *calendar)
{
    rcx_free(calendar->opening);
    *calendar = (struct rcx_shop_calendar){0};
}

/* The minute of the day at which a share of the day's business is done. */
static uint32_t minute_of_day(double share)
{
    static const uint32_t last = (FIRST_HOUR + HOURS) * 60 - 1;
    double left = share;
    for (uint32_t hour = 0; hour < HOURS; hour++) {
        if (left < hour_share[hour]) {
            uint32_t minute = (uint32_t)(left / hour_share[hour] * 60);
            return (FIRST_HOUR + hour) * 60 + (minute < 60 ? minute : 59);
        }
        left -= hour_share[hour];
    }
    return last;
}

uint32_t rcx_shop_calendar_minute(const struct rcx_shop_calendar *calendar, double rcx_shop_time)
{
    /* The last day that opens at or before the moment: a closed day has the same opening as the
     * day after it, and the later of the two is the one that has business. */
    uint32_t low = 0, high = calendar->days;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (calendar->opening[middle] <= rcx_shop_time)
            low = middle;
        else
            high = middle;
    }
    double length = calendar->opening[low + 1] - calendar->opening[low];
    double share = length > 0 ? (rcx_shop_time - calendar->opening[low]) / length : 0;
    return low * 1440 + minute_of_day(share);
}
