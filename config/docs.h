#pragma once
/* Documents made from the table of keys: config/rcx.yaml and docs/config.md (tests compare them
 * with the files), written by `rcx config defaults [--markdown]`. */
#include "base/buf.h"
#include "base/status.h"
#include "config/settings.h"

/* Every key with the value it has in `settings`, its meaning above it as a comment; reads back as
 * the same configuration. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_config_write_yaml(const struct rcx_settings *settings, struct rcx_buf *out,
                                      struct rcx_error *err);

/* One table for each section: key, default, what it may be, meaning. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_config_write_markdown(struct rcx_buf *out, struct rcx_error *err);
