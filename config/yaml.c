/* A YAML file into the settings, with the place of everything that is wrong. */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/settings_internal.h"
#include "config/tiers.h"

struct walk {
    struct rcx_settings *settings;
    struct rcx_cfg_problems *problems;
    const char *path;
    yaml_document_t *document;
    size_t *lines; /* where each key was set in this file; 0: not yet */
};

enum { NAME_BYTES = 160, WHERE_BYTES = 4096 + 64 };

static void place(const struct walk *walk, yaml_mark_t mark, char where[WHERE_BYTES])
{
    (void)snprintf(where, WHERE_BYTES, "%.4095s:%zu:%zu", walk->path, mark.line + 1,
                   mark.column + 1);
}

static bool scalar_of(const yaml_node_t *node, struct rcx_raw_scalar *out)
{
    if (node == NULL || node->type != YAML_SCALAR_NODE)
        return false;
    const char *text = (const char *)node->data.scalar.value;
    if (strlen(text) != node->data.scalar.length)
        return false;
    *out = (struct rcx_raw_scalar){.text = text,
                                   .quoted = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE};
    return true;
}

/* A mapping of scalars as one text (tiers.h); anything else is no scalar. */
static enum rcx_status flatten(struct rcx_cfg_arena *arena, yaml_document_t *document,
                               const yaml_node_t *node, struct rcx_raw_scalar *out)
{
    if (node == NULL || node->type != YAML_MAPPING_NODE)
        return RCX_OK;
    size_t count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    struct rcx_raw_scalar *names = rcx_cfg_arena_alloc(arena, count * sizeof *names);
    struct rcx_raw_scalar *items = rcx_cfg_arena_alloc(arena, count * sizeof *items);
    if (names == NULL || items == NULL)
        return RCX_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        yaml_node_pair_t pair = node->data.mapping.pairs.start[i];
        if (!scalar_of(yaml_document_get_node(document, pair.key), &names[i]) ||
            !scalar_of(yaml_document_get_node(document, pair.value), &items[i]))
            return RCX_OK;
    }
    out->text = rcx_tiers_flatten(arena, names, items, count);
    return out->text != NULL ? RCX_OK : RCX_E_NOMEM;
}

/* The node as a raw value, its arrays in the arena. `nested`: items may be mappings. */
static enum rcx_status raw_of(struct rcx_cfg_arena *arena, yaml_document_t *document, bool nested,
                              const yaml_node_t *node, struct rcx_raw *out)
{
    bool sequence = node->type == YAML_SEQUENCE_NODE, mapping = node->type == YAML_MAPPING_NODE;
    size_t count = 1;
    if (sequence)
        count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    else if (mapping)
        count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    struct rcx_raw_scalar *items = rcx_cfg_arena_alloc(arena, count * sizeof *items);
    struct rcx_raw_scalar *names = rcx_cfg_arena_alloc(arena, count * sizeof *names);
    if (items == NULL || names == NULL)
        return RCX_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = node;
        if (sequence) {
            item = yaml_document_get_node(document, node->data.sequence.items.start[i]);
        } else if (mapping) {
            yaml_node_pair_t pair = node->data.mapping.pairs.start[i];
            item = yaml_document_get_node(document, pair.value);
            (void)scalar_of(yaml_document_get_node(document, pair.key), &names[i]);
        }
        if (!scalar_of(item, &items[i]) && mapping && nested &&
            flatten(arena, document, item, &items[i]) != RCX_OK)
            return RCX_E_NOMEM;
    }
    enum rcx_raw_kind kind = sequence  ? RCX_RAW_SEQUENCE
                             : mapping ? RCX_RAW_MAPPING
                                       : RCX_RAW_SCALAR;
    *out = (struct rcx_raw){kind, count, names, items};
    return RCX_OK;
}

static enum rcx_status read_value(struct walk *walk, const struct rcx_key *key,
                                  const yaml_node_t *name, const yaml_node_t *value)
{
    char where[WHERE_BYTES];
    struct rcx_raw raw;
    size_t *line = &walk->lines[rcx_key_index(key)];
    if (*line != 0) {
        place(walk, name->start_mark, where);
        rcx_cfg_problem(walk->problems, where, "%s is there twice; first in line %zu", key->name,
                        *line);
        return RCX_OK;
    }
    *line = name->start_mark.line + 1;
    place(walk, value->start_mark, where);
    if (raw_of(&walk->settings->arena, walk->document, key->type == RCX_KEY_TIERS, value, &raw) !=
        RCX_OK)
        return RCX_E_NOMEM;
    const char *origin = rcx_cfg_arena_text(&walk->settings->arena, where, strlen(where));
    return origin == NULL
               ? RCX_E_NOMEM
               : rcx_cfg_assign(walk->settings, key, &raw, where, origin, walk->problems);
}

/* The first pair of the mapping whose key has the same text. */
static const yaml_node_t *first_of_name(const struct walk *walk, const yaml_node_t *mapping,
                                        const char *text)
{
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);
        if (name->type == YAML_SCALAR_NODE &&
            strcmp((const char *)name->data.scalar.value, text) == 0)
            return name;
    }
    return NULL;
}

static enum rcx_status read_mapping(struct walk *walk, const yaml_node_t *mapping,
                                    const char *prefix);

/* A group of keys: a mapping, or nothing at all. */
static enum rcx_status read_group(struct walk *walk, const char *full, const yaml_node_t *value)
{
    char where[WHERE_BYTES];
    if (value->type == YAML_MAPPING_NODE)
        return read_mapping(walk, value, full);
    if (value->type == YAML_SCALAR_NODE && value->data.scalar.length == 0)
        return RCX_OK;
    place(walk, value->start_mark, where);
    rcx_cfg_problem(walk->problems, where,
                    "'%s' is a group of keys: found %s, expected 'key: value' lines below it", full,
                    value->type == YAML_SEQUENCE_NODE ? "a list" : "a single value");
    return RCX_OK;
}

static enum rcx_status read_pair(struct walk *walk, const yaml_node_t *mapping, const char *prefix,
                                 const yaml_node_pair_t *pair)
{
    const yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(walk->document, pair->value);
    struct rcx_raw_scalar scalar;
    char where[WHERE_BYTES], full[NAME_BYTES];
    place(walk, name->start_mark, where);
    if (!scalar_of(name, &scalar)) {
        rcx_cfg_problem(walk->problems, where, "a key must be a word, not a list or a mapping");
        return RCX_OK;
    }
    int length = snprintf(full, sizeof full, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "",
                          scalar.text);
    const struct rcx_key *key = (size_t)length < sizeof full ? rcx_key_find(full) : NULL;
    if (key != NULL)
        return read_value(walk, key, name, value);
    if ((size_t)length >= sizeof full || !rcx_key_is_group(full)) {
        rcx_cfg_problem_unknown(walk->problems, where, full);
        return RCX_OK;
    }
    const yaml_node_t *first = first_of_name(walk, mapping, scalar.text);
    if (first != name) {
        rcx_cfg_problem(walk->problems, where, "%s is there twice; first in line %zu", full,
                        first->start_mark.line + 1);
        return RCX_OK;
    }
    return read_group(walk, full, value);
}

/* Recursion is bounded: below a mapping that is read the path names a group, and paths are short.
 */
static enum rcx_status read_mapping(struct walk *walk, const yaml_node_t *mapping,
                                    const char *prefix)
{
    enum rcx_status status = RCX_OK;
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top && status == RCX_OK; pair++)
        status = read_pair(walk, mapping, prefix, pair);
    return status;
}

static enum rcx_status damaged(const struct walk *walk, const yaml_parser_t *parser)
{
    char where[WHERE_BYTES];
    if (parser->error == YAML_MEMORY_ERROR)
        return RCX_E_NOMEM;
    place(walk, parser->problem_mark, where);
    if (parser->error == YAML_READER_ERROR)
        rcx_cfg_problem(walk->problems, walk->path, "not valid YAML: %s at byte %zu",
                        parser->problem, parser->problem_offset);
    else
        rcx_cfg_problem(walk->problems, where, "not valid YAML: %s%s%s", parser->problem,
                        parser->context != NULL ? ", " : "",
                        parser->context != NULL ? parser->context : "");
    return RCX_OK;
}

static enum rcx_status read_document(struct walk *walk, yaml_parser_t *parser)
{
    char where[WHERE_BYTES];
    const yaml_node_t *root = yaml_document_get_root_node(walk->document);
    if (root == NULL) /* an empty file sets nothing */
        return RCX_OK;
    if (root->type != YAML_MAPPING_NODE) {
        place(walk, root->start_mark, where);
        rcx_cfg_problem(walk->problems, where, "found %s, expected sections such as 'features:'",
                        root->type == YAML_SEQUENCE_NODE ? "a list" : "a single value");
        return RCX_OK;
    }
    enum rcx_status status = read_mapping(walk, root, "");
    yaml_document_t next;
    if (status != RCX_OK)
        return status;
    if (!yaml_parser_load(parser, &next))
        return damaged(walk, parser);
    const yaml_node_t *second = yaml_document_get_root_node(&next);
    if (second != NULL) {
        place(walk, second->start_mark, where);
        rcx_cfg_problem(walk->problems, where, "a second YAML document begins; there must be one");
    }
    yaml_document_delete(&next);
    return RCX_OK;
}

enum rcx_status rcx_cfg_read_yaml(struct rcx_settings *settings, const char *path,
                                  struct rcx_cfg_problems *problems, struct rcx_error *err)
{
    struct rcx_buf content = {0};
    yaml_parser_t parser;
    yaml_document_t document;
    enum rcx_status status = rcx_file_read(path, &content, err);
    if (status != RCX_OK)
        return status;
    struct walk walk = {settings, problems, path, &document, NULL};
    walk.lines = rcx_calloc(rcx_key_count(), sizeof *walk.lines);
    if (walk.lines == NULL || !yaml_parser_initialize(&parser)) {
        status = RCX_E_NOMEM;
        goto done;
    }
    yaml_parser_set_input_string(&parser, content.data, content.length);
    if (yaml_parser_load(&parser, &document)) {
        status = read_document(&walk, &parser);
        yaml_document_delete(&document);
    } else {
        status = damaged(&walk, &parser);
    }
    yaml_parser_delete(&parser);
done:
    rcx_free(walk.lines);
    rcx_buf_release(&content);
    return status == RCX_OK ? RCX_OK : rcx_fail_nomem(err, path, 0);
}

/* --- a file of tiers ------------------------------------------------------------------------------ */

/* The value of a key of a mapping; NULL: none. */
static yaml_node_t *member_of(yaml_document_t *document, const yaml_node_t *mapping,
                              const char *name)
{
    if (mapping == NULL || mapping->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        if (key->type == YAML_SCALAR_NODE &&
            strcmp((const char *)key->data.scalar.value, name) == 0)
            return yaml_document_get_node(document, pair->value);
    }
    return NULL;
}

/* Copies the texts of a mapping, which belong to the document, into the arena. */
static enum rcx_status keep_texts(struct rcx_cfg_arena *arena, struct rcx_raw *raw)
{
    struct rcx_raw_scalar *copies = rcx_cfg_arena_alloc(arena, 2 * raw->count * sizeof *copies);
    if (copies == NULL)
        return RCX_E_NOMEM;
    for (size_t i = 0; i < 2 * raw->count; i++) {
        const struct rcx_raw_scalar *from = i < raw->count ? &raw->names[i]
                                                           : &raw->items[i - raw->count];
        copies[i] = *from;
        if (from->text != NULL)
            copies[i].text = rcx_cfg_arena_text(arena, from->text, strlen(from->text));
        if (from->text != NULL && copies[i].text == NULL)
            return RCX_E_NOMEM;
    }
    raw->names = copies;
    raw->items = copies + raw->count;
    return RCX_OK;
}

/* The mapping of tiers: all of the file, or under "campaign" and "tiers". */
static enum rcx_status find_tiers(const char *path, struct rcx_cfg_arena *arena,
                                  yaml_document_t *document, struct rcx_raw *out,
                                  struct rcx_buf *problem)
{
    yaml_node_t *node = yaml_document_get_root_node(document);
    yaml_node_t *inner = member_of(document, node, "campaign");
    node = inner != NULL ? inner : node;
    inner = member_of(document, node, "tiers");
    node = inner != NULL ? inner : node;
    if (node == NULL || node->type != YAML_MAPPING_NODE) {
        (void)rcx_buf_printf(problem, "the file %s holds no mapping of tiers", path);
        return RCX_E_CONFIG;
    }
    enum rcx_status status = raw_of(arena, document, true, node, out);
    return status == RCX_OK ? keep_texts(arena, out) : status;
}

enum rcx_status rcx_tiers_read(const char *path, struct rcx_cfg_arena *arena, struct rcx_raw *out,
                               struct rcx_buf *problem)
{
    struct rcx_buf content = {0};
    struct rcx_error error;
    yaml_parser_t parser;
    yaml_document_t document;
    enum rcx_status status = rcx_file_read(path, &content, &error);
    if (status != RCX_OK) {
        (void)rcx_buf_printf(problem, "%s (a text without '=' is the name of a file of tiers)",
                             error.text);
        return status == RCX_E_NOMEM ? RCX_E_NOMEM : RCX_E_CONFIG;
    }
    if (!yaml_parser_initialize(&parser)) {
        rcx_buf_release(&content);
        return RCX_E_NOMEM;
    }
    yaml_parser_set_input_string(&parser, content.data, content.length);
    if (yaml_parser_load(&parser, &document)) {
        status = find_tiers(path, arena, &document, out, problem);
        yaml_document_delete(&document);
    } else if (parser.error == YAML_MEMORY_ERROR) {
        status = RCX_E_NOMEM;
    } else {
        (void)rcx_buf_printf(problem, "%s:%zu:%zu: not valid YAML: %s", path,
                             parser.problem_mark.line + 1, parser.problem_mark.column + 1,
                             parser.problem);
        status = RCX_E_CONFIG;
    }
    yaml_parser_delete(&parser);
    rcx_buf_release(&content);
    return status;
}

const char *rcx_settings_yaml_version(void)
{
    return yaml_get_version_string();
}
