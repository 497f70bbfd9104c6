#pragma once
/* What every unit test includes: cmocka with the headers it wants first, and shared helpers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A deterministic generator (SplitMix64); any start value is fine. */
struct check_random {
    uint64_t state;
};

uint64_t check_next(struct check_random *random);
uint64_t check_below(struct check_random *random, uint64_t limit); /* 0 .. limit - 1 */
double check_unit(struct check_random *random);                    /* [0, 1) */

/* Runs `attempt` with the first, second, third ... allocation failing until it succeeds. `attempt`
 * returns whether it succeeded, and must clean up after itself either way (the sanitizers watch).
 * Returns how many allocations a success takes; fails the test when `attempt` never succeeds. */
unsigned check_allocation_failures(bool (*attempt)(void *context), void *context);
