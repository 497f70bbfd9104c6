#pragma once
/* The actions of `rcx features` on a table that is there: show and drift. */
#include "cli/cli.h"
#include "cli/command.h"

struct rcx_features_show {
    const char *file, *customer; /* NULL: all of them */
    struct rcx_date_option snapshot;
    const char *output, *format; /* NULL: standard output, by extension */
};

/* Rows as CSV, or without snapshot and customer the lineage of the table. */
enum rcx_status rcx_features_show(struct rcx_cli *cli, const struct rcx_features_show *show,
                                  struct rcx_error *err);

struct rcx_features_drift {
    const char *file;
    const char *output, *format; /* NULL: standard output, by extension */
    bool check;                  /* RCX_E_CHECK when a feature has drifted */
};
enum rcx_status rcx_features_drift(struct rcx_cli *cli, const struct rcx_features_drift *given,
                                   struct rcx_error *err);
