#include "tests/support/check.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/team.h"

enum { LOOPS = 3000, MOST_CHUNKS = 97 };

struct sums {
    uint64_t chunk[MOST_CHUNKS];
    unsigned calls[MOST_CHUNKS];
    unsigned threads;
    uint64_t loop;
    bool slow;
};

static void add(void *context, size_t chunk, unsigned worker)
{
    struct sums *sums = context;
    assert_true(worker < sums->threads);
    volatile uint64_t spin = 0;
    for (unsigned i = 0; sums->slow && i < 20000; i++)
        spin += i;
    (void)spin;
    sums->calls[chunk]++;
    sums->chunk[chunk] += sums->loop * (chunk + 1);
}

/* Loops of all sizes, with pauses so long that helpers fall asleep. */
static enum rcx_status many_loops(void *context, struct rcx_team *team, struct rcx_error *err)
{
    struct sums *sums = context;
    (void)err;
    assert_int_equal(rcx_team_size(team), sums->threads);
    for (uint64_t loop = 0; loop < LOOPS; loop++) {
        sums->loop = loop;
        sums->slow = loop % 100 == 0;
        rcx_team_for(team, loop % (MOST_CHUNKS + 1), add, sums);
        volatile uint64_t wait = 0;
        for (unsigned i = 0; loop % 500 == 0 && i < 3000000; i++)
            wait += i;
        (void)wait;
    }
    return RCX_OK;
}

static void every_chunk_runs_once(void **state)
{
    (void)state;
    static const unsigned threads[] = {1, 2, 3, 7};
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        struct sums sums = {.threads = threads[t]}, expected = {0};
        for (uint64_t loop = 0; loop < LOOPS; loop++) {
            for (size_t chunk = 0; chunk < loop % (MOST_CHUNKS + 1); chunk++) {
                expected.chunk[chunk] += loop * (chunk + 1);
                expected.calls[chunk]++;
            }
        }
        struct rcx_parallel parallel = {threads[t]};
        assert_int_equal(rcx_team_run(&parallel, many_loops, &sums, NULL), RCX_OK);
        assert_memory_equal(sums.chunk, expected.chunk, sizeof sums.chunk);
        assert_memory_equal(sums.calls, expected.calls, sizeof sums.calls);
    }
}

static enum rcx_status refuse(void *context, struct rcx_team *team, struct rcx_error *err)
{
    (void)context;
    (void)team;
    return rcx_fail(err, RCX_E_INPUT, "no");
}

static void the_body_may_fail(void **state)
{
    (void)state;
    struct rcx_error err = {0};
    struct rcx_parallel parallel = {3};
    assert_int_equal(rcx_team_run(&parallel, refuse, NULL, &err), RCX_E_INPUT);
    assert_string_equal(err.text, "no");
    assert_int_equal(rcx_team_run(NULL, refuse, NULL, &err), RCX_E_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chunk_runs_once),
        cmocka_unit_test(the_body_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
