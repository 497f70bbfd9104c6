#pragma once
/* A command as data: what it is called, what it takes, what runs it. Parser, help text, errors and
 * suggestions derive from the row; a command never looks at argv.
 *
 *     struct count_options { const char *store; uint64_t top; bool all; };
 *     static const struct rcx_option options[] = {
 *         RCX_OPTION_REQUIRED(TEXT, struct count_options, store, "store", 's', "DIR", "the store"),
 *         RCX_OPTION(U64, struct count_options, top, "top", 0, "N", "show only the N largest"),
 *         RCX_OPTION(FLAG, struct count_options, all, "all", 'a', NULL, "guests too"),
 *         RCX_OPTION_KEY("date-format", 0, "FORMAT", "ingest.date_format", "order of the date"),
 *     };
 *     static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
 *     {
 *         const struct count_options *given = values; ...
 *     }
 *     const struct rcx_command rcx_cmd_count = {
 *         .name = "count",
 *         .summary = "count the rows of a store",
 *         RCX_OPTIONS(options, struct count_options),
 *         .run = run,
 *     };
 *
 * The struct begins as `values_initial` (NULL: zeroed); TEXT points into argv. What may also stand
 * in a file is not an option with a value of its own but a key: RCX_OPTION_KEY gives the key the
 * text, and run() reads cli->config.
 *
 * A command of several verbs on one subject is a group: it has no options and no run() of its own but
 * actions, each a command with a name of two words, and the first operand chooses one.
 *
 *     static const struct rcx_command *const actions[] = {&action_train, &action_predict};
 *     const struct rcx_command rcx_cmd_gbdt = {
 *         .name = "gbdt", .summary = "...", RCX_ACTIONS(actions),
 *     };
 * where action_train has .name = "gbdt train" and everything else that a command has. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/date.h"
#include "base/status.h"

struct rcx_cli;

/* Texts of an option that may be repeated; the array is released by the parser. */
struct rcx_texts {
    const char **items;
    size_t count, capacity;
};

enum rcx_option_kind {
    RCX_OPTION_FLAG,  /* bool, no argument */
    RCX_OPTION_TEXT,  /* const char * */
    RCX_OPTION_TEXTS, /* struct rcx_texts */
    RCX_OPTION_U64,   /* uint64_t, at least 1; 0 when not given */
    RCX_OPTION_REAL,  /* double */
    RCX_OPTION_SIZE,  /* uint64_t bytes: 256MB */
    RCX_OPTION_DATE,  /* struct rcx_date_option */
    RCX_OPTION_TO_KEY /* the text is given to a configuration key */
};

struct rcx_date_option {
    bool given;
    rcx_day day;
};

struct rcx_option {
    const char *name;     /* "--store"; the macros below add the dashes */
    char letter;          /* 's' for -s, or 0 */
    const char *argument; /* what to call it in help: "DIR"; NULL for flags */
    const char *help;     /* one phrase in lower case, no final stop */
    enum rcx_option_kind kind;
    bool required;
    size_t offset;   /* into the command's struct of values */
    const char *key; /* RCX_OPTION_TO_KEY */
};

#define RCX_OPTION(kind, type, member, name, letter, argument, help)                               \
    {                                                                                              \
        "--" name, letter, argument, help, RCX_OPTION_##kind, false, offsetof(type, member), NULL  \
    }
#define RCX_OPTION_REQUIRED(kind, type, member, name, letter, argument, help)                      \
    {                                                                                              \
        "--" name, letter, argument, help, RCX_OPTION_##kind, true, offsetof(type, member), NULL   \
    }
#define RCX_OPTION_KEY(name, letter, argument, key, help)                                          \
    {                                                                                              \
        "--" name, letter, argument, help, RCX_OPTION_TO_KEY, false, 0, key                        \
    }
#define RCX_OPTIONS(array, type)                                                                   \
    .options = (array), .option_count = sizeof(array) / sizeof((array)[0]),                        \
    .values_bytes = sizeof(type)

#define RCX_ACTIONS(array) .actions = (array), .action_count = sizeof(array) / sizeof((array)[0])

enum { RCX_OPERANDS_ANY = 0xFFFF };

struct rcx_command {
    const char *name;
    const char *summary;  /* one phrase in lower case, no final stop */
    const char *operands; /* for the usage line: "FILE..."; NULL: none */
    unsigned operands_min, operands_max;
    const char
        *details; /* paragraphs below the summary in `rcx help NAME`, with examples; or NULL */
    const struct rcx_option *options;
    size_t option_count;
    size_t values_bytes;                      /* of the struct that options write to */
    const void *values_initial;               /* what it is before parsing; NULL: zeroed */
    const struct rcx_command *const *actions; /* of a group; NULL: it is no group */
    size_t action_count;
    bool without_settings; /* cli->settings and config stay NULL; the command loads them itself */
    /* Results go through cli/cli.h; the return value decides the exit code. `values` is borrowed.
     */
    enum rcx_status (*run)(struct rcx_cli *cli, const void *values, struct rcx_error *err);
};
