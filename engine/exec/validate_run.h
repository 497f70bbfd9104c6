#pragma once
/* Validation as a stage: facts of all rows of a store, and what they mean. */
#include "base/parallel.h"
#include "engine/quality/validate.h"

struct rcx_validate_options {
    const struct rcx_cfg_validation *validation;
    const struct rcx_cfg_cleaning *cleaning; /* cancellation_prefix */
    enum rcx_definitions definitions;
    struct rcx_parallel parallel;
};

/* Errors: of the scan; RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_validate_run(const struct rcx_store *store,
                                 const struct rcx_validate_options *options,
                                 struct rcx_validation *out, struct rcx_error *err);
