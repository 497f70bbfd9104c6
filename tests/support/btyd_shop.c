#include "tests/support/btyd_shop.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"

struct btyd_shop btyd_shop_make(enum btyd_dropout dropout, const double parameters[4], size_t count,
                                double least_age, double most_age, uint64_t seed)
{
    struct btyd_shop shop = {count, malloc(count * sizeof(double)), malloc(count * sizeof(double)),
                             malloc(count * sizeof(double))};
    for (size_t i = 0; i < count; i++) {
        struct rcx_random random = rcx_random_of(seed, 77, i);
        double age = least_age + (most_age - least_age) * rcx_random_unit(&random);
        double rate = rcx_random_gamma(&random, parameters[0]) / parameters[1];
        double leave = dropout == BTYD_AT_ANY_MOMENT
                           ? rcx_random_gamma(&random, parameters[2]) / parameters[3]
                           : rcx_random_beta(&random, parameters[2], parameters[3]);
        double end = dropout == BTYD_AT_ANY_MOMENT ? rcx_random_exponential(&random) / leave : age;
        double time = 0;
        int alive = dropout != BTYD_AFTER_ALL || rcx_random_unit(&random) >= leave;
        end = end < age ? end : age;
        shop.x[i] = 0;
        shop.t_x[i] = 0;
        shop.age[i] = age;
        while (alive && (time += rcx_random_exponential(&random) / rate) < end) {
            shop.x[i]++;
            shop.t_x[i] = time;
            alive = dropout == BTYD_AT_ANY_MOMENT || rcx_random_unit(&random) >= leave;
        }
    }
    return shop;
}

void btyd_shop_release(struct btyd_shop *shop)
{
    free(shop->x);
    free(shop->t_x);
    free(shop->age);
    *shop = (struct btyd_shop){0};
}
