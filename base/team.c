#include "base/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LOOKS = 400, YIELDS = 20, LINE = 64 };

struct rcx_team {
    unsigned threads;
    rcx_team_body *body;
    void *body_context;
    /* the loop */
    rcx_team_chunk *function;
    void *context;
    size_t chunks;
    /* Odd while a loop is open. A helper counts itself into `inside` before it looks, and the body's
     * thread closes the loop before it looks at `inside`: one of them sees the other. */
    _Alignas(LINE) atomic_uint loop;
    _Alignas(LINE) atomic_uint inside;
    _Alignas(LINE) atomic_size_t next;
    _Alignas(LINE) atomic_uint asleep;
    atomic_bool ended;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
};

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

unsigned rcx_team_size(const struct rcx_team *team)
{
    return team->threads;
}

static void take_chunks(struct rcx_team *team, unsigned worker)
{
    for (;;) {
        size_t chunk = atomic_fetch_add_explicit(&team->next, 1, memory_order_relaxed);
        if (chunk >= team->chunks)
            return;
        team->function(team->context, chunk, worker);
    }
}

static void wake_sleepers(struct rcx_team *team)
{
    if (atomic_load(&team->asleep) == 0)
        return;
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->mutex);
}

void rcx_team_for(struct rcx_team *team, size_t chunks, rcx_team_chunk *function, void *context)
{
    if (team->threads == 1 || chunks <= 1) {
        for (size_t chunk = 0; chunk < chunks; chunk++)
            function(context, chunk, 0);
        return;
    }
    team->function = function;
    team->context = context;
    team->chunks = chunks;
    atomic_store_explicit(&team->next, 0, memory_order_relaxed);
    atomic_fetch_add(&team->loop, 1);
    wake_sleepers(team);
    take_chunks(team, 0);
    atomic_fetch_add(&team->loop, 1);
    for (unsigned looks = 0; atomic_load(&team->inside) != 0; looks++) {
        if (looks < LOOKS)
            pause_briefly();
        else
            sched_yield();
    }
}

/* Sleeps until the loop counter is no longer `seen`. */
static void sleep_until_changed(struct rcx_team *team, unsigned seen)
{
    pthread_mutex_lock(&team->mutex);
    atomic_fetch_add(&team->asleep, 1);
    while (atomic_load(&team->loop) == seen && !atomic_load(&team->ended))
        pthread_cond_wait(&team->wake, &team->mutex);
    atomic_fetch_sub(&team->asleep, 1);
    pthread_mutex_unlock(&team->mutex);
}

static void help(struct rcx_team *team, unsigned worker)
{
    unsigned seen = 0;
    while (!atomic_load(&team->ended)) {
        unsigned now = atomic_load(&team->loop);
        for (unsigned looks = 0; now == seen && looks < LOOKS + YIELDS; looks++) {
            if (looks < LOOKS)
                pause_briefly();
            else
                sched_yield();
            now = atomic_load(&team->loop);
        }
        if (now == seen) {
            sleep_until_changed(team, seen);
            continue;
        }
        atomic_fetch_add(&team->inside, 1);
        seen = atomic_load(&team->loop);
        if (seen % 2 == 1)
            take_chunks(team, worker);
        atomic_fetch_sub(&team->inside, 1);
    }
}

/* Worker 0 is whoever takes chunk 0 and runs the body. Chunks are taken in order, so the body has
 * been taken when somebody becomes a helper; with too few threads helpers begin when it has ended. */
static enum rcx_status run_member(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    struct rcx_team *team = context;
    (void)worker;
    if (chunk > 0) {
        help(team, (unsigned)chunk);
        return RCX_OK;
    }
    enum rcx_status status = team->body(team->body_context, team, err);
    atomic_store(&team->ended, true);
    wake_sleepers(team);
    return status;
}

enum rcx_status rcx_team_run(const struct rcx_parallel *parallel, rcx_team_body *body,
                             void *context, struct rcx_error *err)
{
    struct rcx_team team = {.threads = parallel && parallel->threads > 1 ? parallel->threads : 1,
                            .body = body,
                            .body_context = context,
                            .mutex = PTHREAD_MUTEX_INITIALIZER,
                            .wake = PTHREAD_COND_INITIALIZER};
    struct rcx_parallel all = {.threads = team.threads};
    enum rcx_status status = rcx_parallel_for(&all, team.threads, run_member, &team, err);
    pthread_cond_destroy(&team.wake);
    pthread_mutex_destroy(&team.mutex);
    return status;
}
