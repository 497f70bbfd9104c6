#pragma once
/* The tiers of a campaign as a value: a mapping of names to fields, in any of these forms.
 *
 *     YAML               tiers: {premium: {cost: 25, save_rate: 0.45, discount: 0.15}, ...}
 *     --set, environment premium: cost=25; save_rate=0.45; discount=0.15, light: cost=2; ...
 *     either             the name of a YAML file that holds the mapping, or has it under tiers: or
 *                        campaign: tiers: (a text without '=' is taken for a name)
 *
 * Fields: cost (required, at most 4 decimal places), save_rate (required, 0 to 1), discount (0 to 1,
 * default 0), capacity (whole number; default none), action (what to do, for people; must come last on
 * the command line, where it takes the rest). */
#include "config/value.h"

/* What a field of a tier is in YAML, as the text that rcx_tiers_parse takes: "cost=25; save_rate=0.45".
 * `names` and `items` are the pairs of the mapping. NULL: out of memory. */
const char *rcx_tiers_flatten(struct rcx_cfg_arena *arena, const struct rcx_raw_scalar *names,
                              const struct rcx_raw_scalar *items, size_t count);

/* Reads the mapping from a YAML file (config/yaml.c). Errors: RCX_E_CONFIG with what is wrong appended
 * to `problem`, RCX_E_NOMEM. */
enum rcx_status rcx_tiers_read(const char *path, struct rcx_cfg_arena *arena, struct rcx_raw *out,
                               struct rcx_buf *problem);

/* Appends what does not fit and what is expected to `problem`. Errors: RCX_E_CONFIG, RCX_E_NOMEM. */
enum rcx_status rcx_tiers_parse(const struct rcx_raw *raw, struct rcx_cfg_arena *arena,
                                struct rcx_cfg_tiers *out, struct rcx_buf *problem);

/* As --set takes it, as YAML takes it (inside the braces), as JSON. */
void rcx_tiers_print(const struct rcx_cfg_tiers *tiers, struct rcx_buf *out);
void rcx_tiers_print_yaml(const struct rcx_cfg_tiers *tiers, struct rcx_buf *out);
void rcx_tiers_print_json(const struct rcx_cfg_tiers *tiers, struct rcx_json *json);
