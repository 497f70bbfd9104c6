/* The process around the program: environment, signals, terminals. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "cli/cli.h"

extern char **environ;

static void on_interrupt(int number)
{
    (void)number;
    rcx_interrupt_request();
}

/* The first SIGINT or SIGTERM asks long loops to stop, so that nothing half-written is left; the
 * second ends the process. A closed pipe is an error of write, not a signal. */
static void handle_signals(void)
{
    struct sigaction interrupt = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGTERM, &interrupt, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

/* Workers that wait must sleep, not spin, because the machine has other work. OpenMP is told so by its
 * environment, which it reads before main. (Huge pages for malloc, the other thing that could be asked
 * for here, saved 0.05 s of page faults in features of 10 M rows and cost 0.4 s whenever the kernel had
 * to find and clear them first.) */
#ifdef RCX_OPENMP_IS_STATIC
/* A part of the program: the first of its constructors comes before OpenMP's. */
__attribute__((constructor(101))) static void sleep_while_waiting(void)
{
    (void)setenv("OMP_WAIT_POLICY", "passive", 0);
}
#else
/* A shared library, which comes first: set, and start once more; when that fails, run as we are. */
static void start_again(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") != NULL || setenv("OMP_WAIT_POLICY", "passive", 1) != 0)
        return;
    (void)execv("/proc/self/exe", argv);
}
#endif

static const char **rcx_variables(size_t *out_count)
{
    size_t count = 0, total = 0;
    while (environ[total] != NULL)
        total++;
    const char **variables = rcx_malloc_array(total + 1, sizeof *variables);
    for (size_t i = 0; variables != NULL && i < total; i++)
        if (strncmp(environ[i], "RCX_", 4) == 0)
            variables[count++] = environ[i];
    *out_count = count;
    return variables;
}

int main(int argc, char **argv)
{
#ifndef RCX_OPENMP_IS_STATIC
    start_again(argv);
#endif
    handle_signals();
    size_t count = 0;
    const char **variables = rcx_variables(&count);
    const char *no_color = getenv("NO_COLOR");
    struct rcx_cli_environment environment = {
        .variables = variables,
        .variable_count = count,
        .no_color = no_color != NULL && no_color[0] != '\0',
        .stdout_is_terminal = isatty(STDOUT_FILENO) == 1,
        .stderr_is_terminal = isatty(STDERR_FILENO) == 1,
        .stdout_fd = STDOUT_FILENO,
        .stderr_fd = STDERR_FILENO,
    };
    int code = rcx_cli_main(argc, argv, &environment);
    rcx_free(variables);
    return code;
}
