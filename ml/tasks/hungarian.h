#pragma once
/* The assignment of rows to different columns with the least total cost (Kuhn 1955; the shortest
 * augmenting path form of Jonker and Volgenant 1987, with potentials). rows <= columns; O(rows^2
 * columns). For tens of rows. Of equally good assignments always the same one. */
#include <stddef.h>

#include "base/status.h"

/* A cost from here on means "not allowed". */
#define RCX_ASSIGNMENT_FORBIDDEN 1e9

/*  costs  [rows][columns], finite
 *  out    [rows]: column of each row
 * Errors: RCX_E_NOMEM; RCX_E_INTERNAL when every assignment is forbidden. */
enum rcx_status rcx_hungarian(const double *costs, size_t rows, size_t columns, size_t *out,
                              struct rcx_error *err);
