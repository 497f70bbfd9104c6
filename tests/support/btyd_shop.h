#pragma once
/* Customers drawn from the behaviour models themselves, as (x, t_x, T). */
#include <stddef.h>
#include <stdint.h>

enum btyd_dropout { BTYD_AFTER_REPEATS, BTYD_AFTER_ALL, BTYD_AT_ANY_MOMENT };

struct btyd_shop {
    size_t count;
    double *x, *t_x, *age;
};

/* Ages are uniform in [least_age, most_age]. The parameters are those of BG/NBD, MBG/NBD, Pareto/NBD.
 */
struct btyd_shop btyd_shop_make(enum btyd_dropout dropout, const double parameters[4], size_t count,
                                double least_age, double most_age, uint64_t seed);
void btyd_shop_release(struct btyd_shop *shop);
