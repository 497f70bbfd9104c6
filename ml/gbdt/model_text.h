#pragma once
/* Models as text, in LightGBM's format v4: LightGBM and its tools read ours, we read theirs.
 *
 *     tree                          first line
 *     key=value                     head: version, max_feature_idx, objective, feature_names, ...
 *     Tree=0                        one block per tree; tree_sizes in the head holds their bytes
 *     num_leaves=31 ...
 *     end of trees
 *     feature_importances: ...      told, not read
 *     parameters: ... end of parameters
 *     rcx_digest:<32 hex digits>    ours only: XXH3-128 of everything but this line
 *     pandas_categorical:[[...]]    texts of categories, one list per feature that has them
 *
 * Reals are written as the shortest text that reads back to the same double, so format and parse are
 * inverse to each other. A blank in the name of a feature becomes '_', as in LightGBM, because names
 * are parted by blanks. Which features the texts of categories belong to stands in the head as
 * categorical_texts=3 7 (LightGBM knows it from the order of the columns of a data frame).
 *
 * Read are versions v2 to v4 of one class and one tree per iteration. Linear trees, several classes
 * and averaged outputs (random forests) are refused by name (RCX_E_INPUT). No byte is trusted: every
 * index, count and structure of a tree is checked, so a model that was read is safe to predict with;
 * damage is RCX_E_CORRUPT with the line. */
#include "base/buf.h"
#include "base/status.h"
#include "ml/gbdt/gbdt_model.h"

/* Appends the text of the model to `out`. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_model_format(const struct rcx_gbdt_model *model, struct rcx_buf *out,
                                      struct rcx_error *err);
/* Replaces the file. Errors: also RCX_E_IO. */
enum rcx_status rcx_gbdt_model_write(const struct rcx_gbdt_model *model, const char *path,
                                     struct rcx_error *err);

/* `name` is for messages. Errors: RCX_E_CORRUPT, RCX_E_INPUT, RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_model_parse(const char *name, const void *data, size_t length,
                                     struct rcx_gbdt_model *out, struct rcx_error *err);
/* Errors: also RCX_E_IO. */
enum rcx_status rcx_gbdt_model_read(const char *path, struct rcx_gbdt_model *out,
                                    struct rcx_error *err);
