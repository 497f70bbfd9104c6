#include "tests/support/check.h"

#include "base/memory.h"

uint64_t check_next(struct check_random *random)
{
    uint64_t x = random->state += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
}

uint64_t check_below(struct check_random *random, uint64_t limit)
{
    return check_next(random) % limit;
}

double check_unit(struct check_random *random)
{
    return (double)(check_next(random) >> 11) * 0x1p-53;
}

unsigned check_allocation_failures(bool (*attempt)(void *context), void *context)
{
    enum { MOST_ALLOCATIONS = 100000 };
    for (unsigned k = 1; k < MOST_ALLOCATIONS; k++) {
        rcx_memory_fail_at(k);
        bool succeeded = attempt(context);
        uint64_t happened = rcx_memory_fail_at(0);
        if (succeeded) {
            assert_true(happened < k); /* it succeeded because nothing failed, not in spite of it */
            return k - 1;
        }
    }
    fail_msg("never succeeded");
    return 0;
}
