#pragma once
/* One value: from text or YAML into the field of a struct, and back.
 *
 * A raw value is what a source delivers, before the key's type gives it a meaning: a scalar, a
 * sequence, or a mapping of scalars. Ranges and forms are checked here; what involves several keys
 * is in config/check.h. */
#include "base/buf.h"
#include "base/json.h"
#include "base/status.h"
#include "config/key.h"

/* Memory that lives as long as the configuration: blocks that are freed together. */
struct rcx_cfg_arena {
    void **blocks;
    size_t count, capacity;
};
void *rcx_cfg_arena_alloc(struct rcx_cfg_arena *arena, size_t bytes); /* zeroed; NULL: no memory */
const char *rcx_cfg_arena_text(struct rcx_cfg_arena *arena, const char *data, size_t length);
void rcx_cfg_arena_release(struct rcx_cfg_arena *arena);

enum rcx_raw_kind { RCX_RAW_SCALAR, RCX_RAW_SEQUENCE, RCX_RAW_MAPPING };

struct rcx_raw_scalar {
    const char *text; /* NUL-terminated; NULL: not a scalar, or one with a NUL in it */
    bool quoted;      /* given as text on purpose: not a number, not true, not null */
    bool loose;       /* from --set or the environment: a list is written with commas */
};
struct rcx_raw {
    enum rcx_raw_kind kind;
    size_t count;                       /* scalars: 1 */
    const struct rcx_raw_scalar *names; /* mappings */
    const struct rcx_raw_scalar *items;
};

/* Parses `raw` into the key's field in `config`. When it does not fit, appends what was found and
 * what is expected to `problem` ("'abc' is not a whole number; expected ...") and leaves the field
 * alone. Errors: RCX_E_CONFIG, RCX_E_NOMEM. */
enum rcx_status rcx_value_parse(const struct rcx_key *key, const struct rcx_raw *raw,
                                struct rcx_cfg_arena *arena, struct rcx_config *config,
                                struct rcx_buf *problem);

/* As --set takes it: 30, true, log, "a, b", 1.5MiB. */
bool rcx_value_print(const struct rcx_key *key, const struct rcx_config *config,
                     struct rcx_buf *out);
/* As YAML takes it, on one line. */
bool rcx_value_print_yaml(const struct rcx_key *key, const struct rcx_config *config,
                          struct rcx_buf *out);
void rcx_value_print_json(const struct rcx_key *key, const struct rcx_config *config,
                          struct rcx_json *json);
/* A number without the ".0" that tables print; a text as YAML takes it, in quotes when needed. */
void rcx_value_print_real(double value, struct rcx_buf *out);
void rcx_value_print_yaml_text(const char *text, struct rcx_buf *out);
/* A size in the largest unit that shows it exactly: 1MiB, 1000. */
void rcx_size_print(uint64_t value, struct rcx_buf *out);
