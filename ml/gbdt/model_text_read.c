#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "ml/gbdt/model_lines.h"
#include "ml/gbdt/model_text.h"

/* clang-format off */
#define HEAD_KEYS(X)                                                                               \
    X(version) X(num_class) X(num_tree_per_iteration) X(max_feature_idx) X(objective)              \
    X(feature_names) X(monotone_constraints) X(feature_infos) X(categorical_texts) X(tree_sizes)
/* clang-format on */

enum key {
#define X(name) KEY_##name,
    HEAD_KEYS(X)
#undef X
        KEY_COUNT
};
static const char *const key_names[KEY_COUNT] = {
#define X(name) #name,
    HEAD_KEYS(X)
#undef X
};

struct reader {
    struct rcx_model_lines lines;
    struct rcx_model_value values[KEY_COUNT];
    struct rcx_gbdt_model *model;
    struct rcx_error *err;
};

static bool text_is(struct rcx_text text, const char *other)
{
    return rcx_text_equal(text, rcx_text_of(other));
}

static bool begins_with(struct rcx_text text, const char *start)
{
    return text.length >= strlen(start) && memcmp(text.data, start, strlen(start)) == 0;
}

static enum rcx_status refuse(const struct reader *reader, size_t line, const char *what)
{
    return rcx_fail(reader->err, RCX_E_INPUT,
                    "%s:%zu: %s; only models of one class and one tree per iteration are read",
                    reader->lines.name, line, what);
}

/* ---- head ---- */

static enum rcx_status read_head_lines(struct reader *reader)
{
    struct rcx_text line, key, value;
    if (reader->lines.length == 0 || memchr(reader->lines.data, '\0', reader->lines.length) ||
        !rcx_model_lines_next(&reader->lines, &line) || !text_is(line, "tree"))
        return rcx_model_fail(&reader->lines, 1, reader->err,
                              "this is no model in LightGBM's text format: the first line is not "
                              "'tree'");
    while (rcx_model_lines_next(&reader->lines, &line) && line.length > 0) {
        size_t k = 0;
        if (text_is(line, "average_output"))
            return refuse(reader, reader->lines.line, "the mean of trees (a random forest)");
        if (!rcx_model_lines_split(line, &key, &value))
            continue; /* flags of newer versions, which LightGBM skips, too */
        while (k < KEY_COUNT && !text_is(key, key_names[k]))
            k++;
        if (k < KEY_COUNT)
            reader->values[k] = (struct rcx_model_value){value, reader->lines.line};
    }
    return RCX_OK;
}

static enum rcx_status head_integer(struct reader *reader, enum key key, int64_t least,
                                    int64_t most, int64_t *out)
{
    if (reader->values[key].line == 0)
        return rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                              "the head has no '%s'", key_names[key]);
    return rcx_model_integer(&reader->lines, &reader->values[key], key_names[key], least, most, out,
                             reader->err);
}

static enum rcx_status read_sizes(struct reader *reader, size_t *features)
{
    int64_t classes = 1, trees = 1, last = 0;
    const struct rcx_model_value *version = &reader->values[KEY_version];
    if (version->line > 0 && !text_is(version->text, "v2") && !text_is(version->text, "v3") &&
        !text_is(version->text, "v4"))
        return rcx_fail(reader->err, RCX_E_VERSION,
                        "%s:%zu: version '%.*s' of the format; v2, v3 and v4 are read",
                        reader->lines.name, version->line,
                        version->text.length < 20 ? (int)version->text.length : 20,
                        version->text.data);
    enum rcx_status status = head_integer(reader, KEY_num_class, 1, INT32_MAX, &classes);
    if (status == RCX_OK)
        status = head_integer(reader, KEY_num_tree_per_iteration, 1, INT32_MAX, &trees);
    if (status == RCX_OK && classes > 1)
        return refuse(reader, reader->values[KEY_num_class].line, "a model of several classes");
    if (status == RCX_OK && trees > 1)
        return refuse(reader, reader->values[KEY_num_tree_per_iteration].line,
                      "a model of several trees per iteration");
    if (status == RCX_OK)
        status = head_integer(reader, KEY_max_feature_idx, -1, INT32_MAX - 1, &last);
    *features = (size_t)(last + 1);
    return status;
}

/* "sigmoid:1" */
static enum rcx_status objective_option(struct reader *reader, struct rcx_text word)
{
    static const char *const names[] = {"sigmoid:", "alpha:", "tweedie_variance_power:"};
    double *const places[] = {&reader->model->sigmoid, &reader->model->alpha,
                              &reader->model->tweedie_variance_power};
    if (text_is(word, "sqrt")) {
        reader->model->reg_sqrt = true;
        return RCX_OK;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t length = strlen(names[i]);
        struct rcx_text number = {word.data + length, word.length - length};
        if (begins_with(word, names[i]) && rcx_parse_real(number, places[i]) && *places[i] > 0 &&
            *places[i] < 1e300)
            return RCX_OK;
    }
    return rcx_model_fail(&reader->lines, reader->values[KEY_objective].line, reader->err,
                          "'%.*s' is unknown of an objective",
                          word.length < 40 ? (int)word.length : 40, word.data);
}

static enum rcx_status read_objective(struct reader *reader)
{
    const struct rcx_model_value *value = &reader->values[KEY_objective];
    struct rcx_text list = value->text, word;
    char name[32];
    enum rcx_status status = RCX_OK;
    reader->model->objective = RCX_GBDT_CUSTOM;
    if (value->line == 0 || !rcx_model_word(&list, &word))
        return RCX_OK;
    size_t length = word.length < sizeof name - 1 ? word.length : sizeof name - 1;
    memcpy(name, word.data, length);
    name[length] = '\0';
    if (begins_with(word, "multiclass"))
        return refuse(reader, value->line, "objective multiclass");
    if (!rcx_gbdt_objective_find(name, &reader->model->objective))
        return rcx_fail(reader->err, RCX_E_INPUT, "%s:%zu: objective '%s' is unknown",
                        reader->lines.name, value->line, name);
    while (status == RCX_OK && rcx_model_word(&list, &word))
        status = objective_option(reader, word);
    return status;
}

/* ---- features ---- */

typedef enum rcx_status set_text_function(struct rcx_gbdt_model *model, size_t feature,
                                          const char *text, struct rcx_error *err);

static enum rcx_status read_words(struct reader *reader, enum key key, set_text_function *set)
{
    const struct rcx_model_value *value = &reader->values[key];
    struct rcx_text list = value->text, word;
    size_t found = 0, wanted = reader->model->feature_count;
    enum rcx_status status = RCX_OK;
    while (status == RCX_OK && found < wanted && rcx_model_word(&list, &word)) {
        char *text = rcx_strndup(word.data, word.length);
        status = text ? set(reader->model, found, text, reader->err)
                      : rcx_fail_nomem(reader->err, "model", word.length);
        rcx_free(text);
        found++;
    }
    if (status == RCX_OK && (found < wanted || rcx_model_word(&list, &word)))
        return rcx_model_fail(&reader->lines, value->line ? value->line : reader->lines.line,
                              reader->err, "'%s' has %s%zu entries, expected %zu", key_names[key],
                              found < wanted ? "" : "more than ", found, wanted);
    return status;
}

static enum rcx_status read_constraints(struct reader *reader)
{
    const struct rcx_model_value *value = &reader->values[KEY_monotone_constraints];
    struct rcx_text list = value->text, word;
    size_t found = 0;
    for (; value->line > 0 && rcx_model_word(&list, &word); found++) {
        int64_t sign = 0;
        if (found == reader->model->feature_count || !rcx_parse_i64(word, &sign) || sign < -1 ||
            sign > 1)
            return rcx_model_fail(&reader->lines, value->line, reader->err,
                                  "'monotone_constraints' is not one of -1, 0, 1 per feature");
        reader->model->features[found].monotone = (int8_t)sign;
    }
    return RCX_OK;
}

static enum rcx_status read_head(struct reader *reader)
{
    size_t features = 0;
    enum rcx_status status = read_head_lines(reader);
    if (status == RCX_OK)
        status = read_sizes(reader, &features);
    if (status != RCX_OK)
        return status;
    if (features > (reader->values[KEY_feature_names].text.length + 1) / 2)
        return rcx_model_fail(&reader->lines, reader->values[KEY_max_feature_idx].line, reader->err,
                              "%zu features are more than 'feature_names' holds", features);
    status = rcx_gbdt_model_init(reader->model, features, reader->err);
    if (status == RCX_OK)
        status = read_objective(reader);
    if (status == RCX_OK)
        status = read_words(reader, KEY_feature_names, rcx_gbdt_model_set_name);
    if (status == RCX_OK && reader->values[KEY_feature_infos].line > 0)
        status = read_words(reader, KEY_feature_infos, rcx_gbdt_model_set_info);
    return status == RCX_OK ? read_constraints(reader) : status;
}

/* ---- trees ---- */

/* LightGBM finds the trees by these sizes, so that a file in which they are wrong is a damaged one. */
static enum rcx_status check_size(const struct reader *reader, struct rcx_text *sizes, size_t bytes)
{
    struct rcx_text word = {0};
    uint64_t size = 0;
    if (reader->values[KEY_tree_sizes].line == 0)
        return RCX_OK;
    if (!rcx_model_word(sizes, &word) || !rcx_parse_u64(word, &size) || size != bytes)
        return rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                              "the tree before this line has %zu bytes, 'tree_sizes' in line %zu "
                              "says '%.*s': the file was changed",
                              bytes, reader->values[KEY_tree_sizes].line,
                              word.length < 20 ? (int)word.length : 20, word.data ? word.data : "");
    return RCX_OK;
}

static enum rcx_status read_tree(struct reader *reader, struct rcx_text title)
{
    struct rcx_gbdt_tree tree;
    uint64_t number = 0;
    size_t expected = reader->model->tree_count;
    if (!rcx_parse_u64((struct rcx_text){title.data + 5, title.length - 5}, &number) ||
        number != expected)
        return rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                              "expected 'Tree=%zu'", expected);
    enum rcx_status status = rcx_model_read_tree(&reader->lines, reader->model->feature_count,
                                                 &tree, reader->err);
    if (status != RCX_OK)
        return status;
    return rcx_gbdt_model_append(reader->model, &tree, reader->err);
}

static enum rcx_status read_trees(struct reader *reader)
{
    struct rcx_text line, sizes = reader->values[KEY_tree_sizes].text, rest;
    size_t begin = 0; /* of the tree that is being read; 0: none */
    for (;;) {
        size_t position = reader->lines.position;
        if (!rcx_model_lines_next(&reader->lines, &line))
            return rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                                  "the text ends before 'end of trees' (after %zu trees)",
                                  reader->model->tree_count);
        if (line.length == 0)
            continue;
        bool ends = text_is(line, "end of trees");
        if (!ends && !begins_with(line, "Tree="))
            return rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                                  "expected 'Tree=%zu' or 'end of trees'",
                                  reader->model->tree_count);
        enum rcx_status status = begin > 0 ? check_size(reader, &sizes, position - begin) : RCX_OK;
        if (status == RCX_OK && ends && rcx_model_word(&sizes, &rest))
            return rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                                  "%zu trees, 'tree_sizes' tells of more",
                                  reader->model->tree_count);
        begin = position;
        if (status == RCX_OK && !ends)
            status = read_tree(reader, line);
        if (status != RCX_OK || ends)
            return status;
    }
}

/* ---- tail ---- */

static enum rcx_status read_parameters(struct reader *reader)
{
    struct rcx_text line;
    size_t begin = reader->lines.position, first = reader->lines.line;
    for (;;) {
        size_t end = reader->lines.position;
        if (!rcx_model_lines_next(&reader->lines, &line))
            return rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                                  "the parameters that begin in line %zu have no end", first);
        if (!text_is(line, "end of parameters"))
            continue;
        while (end > begin + 1 && reader->lines.data[end - 2] == '\n')
            end--; /* the blank line before the end belongs to the format */
        if (end == begin + 1 && reader->lines.data[begin] == '\n')
            end--;
        rcx_free(reader->model->parameters);
        reader->model->parameters = rcx_strndup(reader->lines.data + begin, end - begin);
        return reader->model->parameters ? RCX_OK
                                         : rcx_fail_nomem(reader->err, "model", end - begin);
    }
}

/* The text of a category in a JSON list: texts as they are, numbers as they print. */
static bool append_category(const struct rcx_json_value *item, struct rcx_buf *out)
{
    char text[RCX_REAL_TEXT_BYTES];
    int64_t integer = 0;
    double real = 0;
    bool truth = false;
    if (rcx_json_as_text(item))
        return rcx_buf_append_text(out, rcx_json_as_text(item)) || true;
    if (rcx_json_as_i64(item, &integer))
        (void)rcx_buf_append(out, text, rcx_format_i64(integer, text));
    else if (rcx_json_as_real(item, &real))
        (void)rcx_buf_append(out, text, rcx_format_real(real, text));
    else if (rcx_json_as_bool(item, &truth))
        (void)rcx_buf_append_byte(out, truth ? '1' : '0');
    else
        return false;
    return true;
}

static enum rcx_status set_categories(struct reader *reader, size_t feature,
                                      const struct rcx_json_value *list)
{
    struct rcx_buf bytes = {0};
    size_t count = rcx_json_count(list);
    uint64_t *ends = rcx_calloc(count + 1, sizeof *ends);
    bool right = ends && count < UINT32_MAX;
    for (size_t i = 0; i < count && right; i++) {
        right = append_category(rcx_json_item(list, i), &bytes);
        ends[i + 1] = bytes.length;
    }
    struct rcx_strings *strings = right && !bytes.failed
                                      ? rcx_strings_new((uint32_t)count, bytes.length)
                                      : NULL;
    enum rcx_status status = RCX_OK;
    if (strings) {
        memcpy(strings->offsets, ends, (count + 1) * sizeof *ends);
        if (bytes.length > 0)
            memcpy(strings->bytes, bytes.data, bytes.length);
        reader->model->features[feature].categories = strings;
    } else if (ends && !right) {
        status = rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                                "a category is neither text nor number");
    } else {
        status = rcx_fail_nomem(reader->err, "model", bytes.length);
    }
    rcx_free(ends);
    rcx_buf_release(&bytes);
    return status;
}

/* The largest category that a feature had in training. */
static int64_t largest_category(const struct rcx_gbdt_feature *feature)
{
    int64_t largest = -1, category = 0;
    for (const char *text = feature->info; *text;) {
        size_t length = strcspn(text, ":");
        if (rcx_parse_i64((struct rcx_text){text, length}, &category) && category > largest)
            largest = category;
        text += text[length] ? length + 1 : length;
    }
    return largest;
}

/* Whether list `at` may hold the texts of the feature: named by categorical_texts; in a file of
 * LightGBM's, which does not tell, a categorical feature with no category beyond the list. */
static bool may_have_texts(const struct reader *reader, const struct rcx_json_value *lists,
                           size_t at, size_t feature)
{
    const struct rcx_gbdt_feature *of = &reader->model->features[feature];
    struct rcx_text list = reader->values[KEY_categorical_texts].text, word;
    uint64_t number = 0;
    if (reader->values[KEY_categorical_texts].line == 0)
        return rcx_gbdt_feature_is_categorical(of) &&
               largest_category(of) < (int64_t)rcx_json_count(rcx_json_item(lists, at));
    while (rcx_model_word(&list, &word))
        if (rcx_parse_u64(word, &number) && number == feature)
            return true;
    return false;
}

/* The lists are in the order of their features. Put each on the first feature that it may belong to, and
 * from behind on the last one: when both agree there is one way only. */
static bool assign_lists(const struct reader *reader, const struct rcx_json_value *lists,
                         size_t *out)
{
    size_t features = reader->model->feature_count, count = rcx_json_count(lists), f = 0;
    for (size_t at = 0; at < count; at++, f++) {
        while (f < features && !may_have_texts(reader, lists, at, f))
            f++;
        if (f >= features)
            return false;
        out[at] = f;
    }
    f = features;
    for (size_t at = count; at-- > 0;) {
        while (f > 0 && !may_have_texts(reader, lists, at, f - 1))
            f--;
        if (f == 0 || out[at] != --f)
            return false;
    }
    return true;
}

static enum rcx_status read_categories(struct reader *reader, struct rcx_text json)
{
    struct rcx_json_document *document = NULL;
    struct rcx_error detail = {0};
    enum rcx_status status = rcx_json_parse("pandas_categorical", json.data, json.length, &document,
                                            &detail);
    if (status != RCX_OK)
        return rcx_model_fail(&reader->lines, reader->lines.line, reader->err, "%s", detail.text);
    const struct rcx_json_value *lists = rcx_json_root(document);
    size_t count = rcx_json_count(lists);
    size_t *features = rcx_calloc(count + 1, sizeof *features);
    if (!features)
        status = rcx_fail_nomem(reader->err, "model", count * sizeof *features);
    else if (!assign_lists(reader, lists, features))
        status = rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                                "'pandas_categorical' has %zu lists of categories, and the model "
                                "does not tell which features they belong to",
                                count);
    for (size_t at = 0; at < count && status == RCX_OK; at++)
        status = set_categories(reader, features[at], rcx_json_item(lists, at));
    rcx_free(features);
    rcx_json_close(document);
    return status;
}

/* Of everything but the line in [begin, position). */
static enum rcx_status check_digest(const struct reader *reader, struct rcx_text value,
                                    size_t begin)
{
    const struct rcx_model_lines *lines = &reader->lines;
    char text[RCX_DIGEST_TEXT_BYTES];
    struct rcx_hasher *hasher = rcx_hasher_open();
    if (!hasher)
        return rcx_fail_nomem(reader->err, "digest", 0);
    rcx_hasher_update(hasher, lines->data, begin);
    rcx_hasher_update(hasher, lines->data + lines->position, lines->length - lines->position);
    struct rcx_digest digest = rcx_hasher_digest(hasher);
    rcx_hasher_close(hasher);
    if (text_is(value, rcx_digest_format(digest, text)))
        return RCX_OK;
    return rcx_model_fail(lines, lines->line, reader->err,
                          "the content has digest %s, the file says '%.*s': it was changed", text,
                          value.length < 40 ? (int)value.length : 40, value.data);
}

static enum rcx_status read_tail(struct reader *reader)
{
    static const char pandas[] = "pandas_categorical:", digest[] = "rcx_digest:";
    struct rcx_text line;
    bool in_importances = false, with_categories = false;
    enum rcx_status status = RCX_OK;
    for (size_t begin = reader->lines.position;
         status == RCX_OK && rcx_model_lines_next(&reader->lines, &line);
         begin = reader->lines.position) {
        if (in_importances && line.length > 0)
            continue; /* names may look like anything */
        size_t skip = begins_with(line, pandas)   ? sizeof pandas - 1
                      : begins_with(line, digest) ? sizeof digest - 1
                                                  : 0;
        struct rcx_text value = {line.data + skip, line.length - skip};
        if (text_is(line, "feature_importances:"))
            in_importances = true;
        else if (line.length == 0)
            in_importances = false;
        else if (text_is(line, "parameters:"))
            status = read_parameters(reader);
        else if (begins_with(line, pandas) && !with_categories) {
            with_categories = true;
            status = text_is(value, "null") ? RCX_OK : read_categories(reader, value);
        } else if (begins_with(line, digest))
            status = check_digest(reader, value, begin);
        else
            status = rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                                    "a line behind the trees that is not of the format");
    }
    if (status == RCX_OK && !with_categories && reader->values[KEY_categorical_texts].line > 0)
        return rcx_model_fail(&reader->lines, reader->lines.line, reader->err,
                              "the text ends before the texts of categories");
    return status;
}

enum rcx_status rcx_gbdt_model_parse(const char *name, const void *data, size_t length,
                                     struct rcx_gbdt_model *out, struct rcx_error *err)
{
    struct rcx_gbdt_model model = {0};
    struct reader reader = {
        .lines = {.name = name, .data = data, .length = length}, .model = &model, .err = err};
    enum rcx_status status = read_head(&reader);
    if (status == RCX_OK)
        status = read_trees(&reader);
    if (status == RCX_OK)
        status = read_tail(&reader);
    if (status == RCX_OK)
        *out = model;
    else
        rcx_gbdt_model_release(&model);
    return status;
}

enum rcx_status rcx_gbdt_model_read(const char *path, struct rcx_gbdt_model *out,
                                    struct rcx_error *err)
{
    struct rcx_buf text = {0};
    enum rcx_status status = rcx_file_read(path, &text, err);
    if (status == RCX_OK)
        status = rcx_gbdt_model_parse(path, text.data, text.length, out, err);
    rcx_buf_release(&text);
    return status;
}
