#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/parallel.h"

enum { CHUNKS = 1000, MAX_THREADS = 7 };

static const unsigned thread_counts[] = {1, 2, 3, 7};
enum { THREAD_COUNTS = sizeof thread_counts / sizeof *thread_counts };

struct record {
    atomic_uint visits[CHUNKS];
    atomic_uint bad_workers;
    atomic_uint busy[MAX_THREADS]; /* a worker number is used by one thread at a time */
    unsigned threads;
    size_t fail_every; /* 0: never */
    size_t fail_from;
    size_t interrupt_at; /* CHUNKS: never */
};

static enum rcx_status visit(void *context, size_t chunk, unsigned worker, struct rcx_error *err)
{
    struct record *record = context;
    if (worker >= record->threads || atomic_fetch_add(&record->busy[worker], 1) != 0)
        atomic_fetch_add(&record->bad_workers, 1);
    atomic_fetch_add(&record->visits[chunk], 1);
    enum rcx_status status = RCX_OK;
    if (chunk == record->interrupt_at)
        rcx_interrupt_request();
    while (chunk > record->interrupt_at && !rcx_interrupt_requested())
        sched_yield(); /* a loop that ends before the interrupt comes would not be interrupted */
    if (record->fail_every && chunk >= record->fail_from && chunk % record->fail_every == 0)
        status = rcx_fail(err, chunk % 2 ? RCX_E_INPUT : RCX_E_CORRUPT, "chunk %zu is bad", chunk);
    if (worker < record->threads)
        atomic_fetch_sub(&record->busy[worker], 1);
    return status;
}

static void every_chunk_is_visited_once(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 6, 7, 8, CHUNKS};
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            struct record record = {.threads = thread_counts[t], .interrupt_at = CHUNKS};
            const struct rcx_parallel parallel = {thread_counts[t]};
            struct rcx_error err = {.status = RCX_OK, .text = "untouched"};
            assert_int_equal(rcx_parallel_for(&parallel, counts[c], visit, &record, &err), RCX_OK);
            for (size_t i = 0; i < CHUNKS; i++)
                assert_int_equal(atomic_load(&record.visits[i]), i < counts[c]);
            assert_int_equal(atomic_load(&record.bad_workers), 0);
            assert_string_equal(err.text, "untouched");
        }
    }
}

static void the_lowest_error_wins(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        for (size_t from = 0; from < 100; from += 9) {
            struct record record = {.threads = thread_counts[t],
                                    .fail_every = 1,
                                    .fail_from = from,
                                    .interrupt_at = CHUNKS};
            const struct rcx_parallel parallel = {thread_counts[t]};
            struct rcx_error err = {0};
            enum rcx_status expected = from % 2 ? RCX_E_INPUT : RCX_E_CORRUPT;
            char text[64];
            snprintf(text, sizeof text, "chunk %zu is bad", from);
            assert_int_equal(rcx_parallel_for(&parallel, CHUNKS, visit, &record, &err), expected);
            assert_int_equal(err.status, expected);
            assert_string_equal(err.text, text);
            for (size_t i = 0; i <= from; i++)
                assert_int_equal(atomic_load(&record.visits[i]), 1);
            /* No thread goes on long after a failure. */
            assert_int_equal(atomic_load(&record.visits[CHUNKS - 1]), 0);
            assert_int_equal(rcx_parallel_for(&parallel, CHUNKS, visit, &record, NULL), expected);
        }
    }
}

struct nested {
    atomic_uint inner_chunks;
    atomic_uint wrong_worker;
};

static enum rcx_status inner(void *context, size_t chunk, unsigned worker, struct rcx_error *err)
{
    struct nested *nested = context;
    (void)chunk;
    (void)err;
    atomic_fetch_add(&nested->inner_chunks, 1);
    if (worker != 0)
        atomic_fetch_add(&nested->wrong_worker, 1);
    return RCX_OK;
}

static enum rcx_status outer(void *context, size_t chunk, unsigned worker, struct rcx_error *err)
{
    (void)chunk;
    (void)worker;
    const struct rcx_parallel parallel = {3};
    return rcx_parallel_for(&parallel, 20, inner, context, err);
}

static void nested_loops_run_inline(void **state)
{
    (void)state;
    struct nested nested = {0};
    const struct rcx_parallel parallel = {3};
    assert_int_equal(rcx_parallel_for(&parallel, 10, outer, &nested, NULL), RCX_OK);
    assert_int_equal(atomic_load(&nested.inner_chunks), 200);
    assert_int_equal(atomic_load(&nested.wrong_worker), 0);
}

/* The flag stays set for the life of a process, so each case runs in one of its own, forked before
 * this process has threads. */
static int interrupted_run(unsigned threads)
{
    struct record record = {.threads = threads, .interrupt_at = 10};
    const struct rcx_parallel parallel = {threads};
    struct rcx_error err = {0};
    if (rcx_interrupt_requested())
        return 1;
    if (rcx_parallel_for(&parallel, CHUNKS, visit, &record, &err) != RCX_E_INTERRUPTED)
        return 2;
    if (err.status != RCX_E_INTERRUPTED || !rcx_interrupt_requested())
        return 3;
    if (atomic_load(&record.visits[CHUNKS - 1]) != 0)
        return 4;
    return rcx_parallel_for(&parallel, 1, visit, &record, NULL) == RCX_E_INTERRUPTED ? 0 : 5;
}

static void an_interrupt_stops_the_loop(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(interrupted_run(thread_counts[t]));
        int result = 0;
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_true(WIFEXITED(result));
        assert_int_equal(WEXITSTATUS(result), 0);
    }
}

static void there_is_a_cpu(void **state)
{
    (void)state;
    assert_in_range(rcx_parallel_cpus(), 1, sysconf(_SC_NPROCESSORS_CONF));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupt_stops_the_loop), /* forks, so before any thread exists */
        cmocka_unit_test(every_chunk_is_visited_once), cmocka_unit_test(the_lowest_error_wins),
        cmocka_unit_test(nested_loops_run_inline),     cmocka_unit_test(there_is_a_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
