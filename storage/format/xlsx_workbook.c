#include "storage/format/xlsx_workbook.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/format/xlsx_xml.h"

enum { MOST_SHEETS = 10000, MOST_FORMATS = 1 << 20, PATH_BYTES = 512 };

/* A relationship of a part: what it points to. */
struct relation {
    char *id, *target;
    char type[40]; /* the last word of the type: "worksheet", "styles" ... */
};

struct relations {
    size_t count, capacity;
    struct relation *items;
};

struct custom_format {
    int64_t id;
    bool date;
};

struct reading {
    struct rcx_xlsx_workbook *workbook;
    struct relations relations;
    size_t sheet_capacity, format_capacity;
    struct custom_format *custom;
    size_t custom_count, custom_capacity;
    bool in_cell_formats;
};

static void release_relations(struct relations *relations)
{
    for (size_t i = 0; i < relations->count; i++) {
        rcx_free(relations->items[i].id);
        rcx_free(relations->items[i].target);
    }
    rcx_free(relations->items);
    *relations = (struct relations){0};
}

/* --- relationships --------------------------------------------------------------------------- */

static enum rcx_status on_relation(void *context, const char *element, const char **attributes,
                                   struct rcx_error *err)
{
    struct relations *relations = context;
    const char *id = rcx_xlsx_xml_attribute(attributes, "Id");
    const char *target = rcx_xlsx_xml_attribute(attributes, "Target");
    const char *type = rcx_xlsx_xml_attribute(attributes, "Type");
    if (strcmp(element, "Relationship") != 0 || !id || !target || !type)
        return RCX_OK;
    if (relations->count >= 4 * MOST_SHEETS)
        return rcx_fail(err, RCX_E_INPUT, "the workbook has more than %d parts", 4 * MOST_SHEETS);
    if (!rcx_array_reserve(&relations->items, &relations->capacity, relations->count + 1,
                           sizeof *relations->items))
        return rcx_fail_nomem(err, "relationships", relations->count);
    struct relation *relation = &relations->items[relations->count];
    *relation = (struct relation){.id = rcx_strdup(id), .target = rcx_strdup(target)};
    relations->count++;
    const char *word = strrchr(type, '/');
    snprintf(relation->type, sizeof relation->type, "%s", word ? word + 1 : type);
    return relation->id && relation->target ? RCX_OK : rcx_fail_nomem(err, "relationships", 0);
}

/* "xl/workbook.xml" and "../media/x" or "sheets/a.xml" or "/xl/b.xml" -> the path within the zip. */
static bool resolve(const char *base, const char *target, char out[PATH_BYTES])
{
    char path[PATH_BYTES] = "";
    const char *slash = strrchr(base, '/');
    if (target[0] != '/' && slash)
        snprintf(path, sizeof path, "%.*s/", (int)(slash - base), base);
    if (strlen(path) + strlen(target) >= sizeof path)
        return false;
    memcpy(path + strlen(path), target, strlen(target) + 1);
    size_t length = 0;
    for (const char *word = path; *word;) {
        size_t bytes = strcspn(word, "/");
        if (bytes == 2 && memcmp(word, "..", 2) == 0) {
            while (length > 0 && out[--length] != '/')
                ;
        } else if (bytes > 0 && !(bytes == 1 && *word == '.')) {
            if (length > 0)
                out[length++] = '/';
            memcpy(out + length, word, bytes);
            length += bytes;
        }
        word += bytes + (word[bytes] == '/');
    }
    out[length] = '\0';
    return length > 0;
}

static enum rcx_status read_relations(struct rcx_xlsx_zip *zip, const char *part,
                                      struct relations *out, struct rcx_error *err)
{
    static const struct rcx_xlsx_xml_handler handler = {.start = on_relation};
    char path[PATH_BYTES];
    const char *slash = strrchr(part, '/');
    int folder = slash ? (int)(slash - part) + 1 : 0;
    snprintf(path, sizeof path, "%.*s_rels/%s.rels", folder, part, part + folder);
    return rcx_xlsx_xml_parse(zip, path, &handler, out, err);
}

static const struct relation *find_type(const struct relations *relations, const char *type)
{
    for (size_t i = 0; i < relations->count; i++)
        if (strcmp(relations->items[i].type, type) == 0)
            return &relations->items[i];
    return NULL;
}

static const struct relation *find_id(const struct relations *relations, const char *id)
{
    for (size_t i = 0; i < relations->count; i++)
        if (strcmp(relations->items[i].id, id) == 0)
            return &relations->items[i];
    return NULL;
}

/* --- workbook -------------------------------------------------------------------------------- */

static enum rcx_status add_sheet(struct reading *reading, const char **attributes,
                                 struct rcx_error *err)
{
    struct rcx_xlsx_workbook *workbook = reading->workbook;
    const char *name = rcx_xlsx_xml_attribute(attributes, "name");
    const char *id = rcx_xlsx_xml_attribute(attributes, "r:id");
    const char *state = rcx_xlsx_xml_attribute(attributes, "state");
    const struct relation *relation = id ? find_id(&reading->relations, id) : NULL;
    if (!name || !relation || strcmp(relation->type, "worksheet") != 0)
        return RCX_OK; /* charts and dialogues */
    if (workbook->sheet_count >= MOST_SHEETS)
        return rcx_fail(err, RCX_E_INPUT, "the workbook has more than %d sheets", MOST_SHEETS);
    if (!rcx_array_reserve(&workbook->sheets, &reading->sheet_capacity, workbook->sheet_count + 1,
                           sizeof *workbook->sheets))
        return rcx_fail_nomem(err, "sheets", workbook->sheet_count);
    struct rcx_xlsx_sheet *sheet = &workbook->sheets[workbook->sheet_count++];
    *sheet = (struct rcx_xlsx_sheet){.name = rcx_strdup(name),
                                     .part = rcx_strdup(relation->target),
                                     .hidden = state && strcmp(state, "visible") != 0};
    return sheet->name && sheet->part ? RCX_OK : rcx_fail_nomem(err, "sheets", 0);
}

static bool is_true(const char *value)
{
    return value && (strcmp(value, "1") == 0 || rcx_text_equal_nocase(rcx_text_of(value), "true"));
}

static enum rcx_status on_workbook(void *context, const char *element, const char **attributes,
                                   struct rcx_error *err)
{
    struct reading *reading = context;
    if (strcmp(element, "workbookPr") == 0)
        reading->workbook->date1904 = is_true(rcx_xlsx_xml_attribute(attributes, "date1904"));
    if (strcmp(element, "sheet") == 0)
        return add_sheet(reading, attributes, err);
    return RCX_OK;
}

/* --- styles ---------------------------------------------------------------------------------- */

bool rcx_xlsx_format_is_date(const char *code)
{
    for (const char *at = code; *at && *at != ';'; at++) {
        if (*at == '"') {
            const char *close = strchr(at + 1, '"');
            if (!close)
                return false;
            at = close;
        } else if (*at == '[') {
            const char *close = strchr(at, ']');
            if (!close)
                return false;
            size_t inside = strspn(at + 1, "hHmMsS");
            if (inside > 0 && at + 1 + inside == close)
                return false; /* [h]:mm is a length of time */
            at = close;
        } else if (*at == '\\' || *at == '_' || *at == '*') {
            if (at[1] == '\0')
                return false;
            at++;
        } else if (rcx_text_equal_nocase((struct rcx_text){at, strnlen(at, 7)}, "general")) {
            at += 6;
        } else if (strchr("dDmMyYhHsS", *at)) {
            return true;
        }
    }
    return false;
}

/* The formats that need no declaration; 27 to 36 and 50 to 58 are dates of East Asia. */
static bool is_builtin_date(int64_t id)
{
    return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || id == 45 || id == 47 ||
           (id >= 50 && id <= 58);
}

static enum rcx_status add_custom(struct reading *reading, const char **attributes,
                                  struct rcx_error *err)
{
    const char *id = rcx_xlsx_xml_attribute(attributes, "numFmtId");
    const char *code = rcx_xlsx_xml_attribute(attributes, "formatCode");
    struct custom_format custom = {0};
    if (!id || !code || !rcx_parse_i64(rcx_text_of(id), &custom.id))
        return RCX_OK;
    custom.date = rcx_xlsx_format_is_date(code);
    if (reading->custom_count >= MOST_FORMATS ||
        !rcx_array_reserve(&reading->custom, &reading->custom_capacity, reading->custom_count + 1,
                           sizeof *reading->custom))
        return rcx_fail_nomem(err, "formats", reading->custom_count);
    reading->custom[reading->custom_count++] = custom;
    return RCX_OK;
}

static enum rcx_status add_format(struct reading *reading, const char **attributes,
                                  struct rcx_error *err)
{
    struct rcx_xlsx_workbook *workbook = reading->workbook;
    const char *text = rcx_xlsx_xml_attribute(attributes, "numFmtId");
    int64_t id = 0;
    if (text)
        (void)rcx_parse_i64(rcx_text_of(text), &id);
    bool date = is_builtin_date(id);
    for (size_t i = 0; i < reading->custom_count; i++)
        if (reading->custom[i].id == id)
            date = reading->custom[i].date;
    if (workbook->format_count >= MOST_FORMATS ||
        !rcx_array_reserve(&workbook->formats, &reading->format_capacity,
                           workbook->format_count + 1, sizeof *workbook->formats))
        return rcx_fail_nomem(err, "formats", workbook->format_count);
    workbook->formats[workbook->format_count++] = date ? RCX_XLSX_DATE : RCX_XLSX_NUMBER;
    return RCX_OK;
}

static enum rcx_status on_style(void *context, const char *element, const char **attributes,
                                struct rcx_error *err)
{
    struct reading *reading = context;
    if (strcmp(element, "numFmt") == 0)
        return add_custom(reading, attributes, err);
    if (strcmp(element, "cellXfs") == 0)
        reading->in_cell_formats = true;
    if (strcmp(element, "xf") == 0 && reading->in_cell_formats)
        return add_format(reading, attributes, err);
    return RCX_OK;
}

static enum rcx_status on_style_end(void *context, const char *element, struct rcx_error *err)
{
    struct reading *reading = context;
    (void)err;
    if (strcmp(element, "cellXfs") == 0)
        reading->in_cell_formats = false;
    return RCX_OK;
}

/* --- all together ---------------------------------------------------------------------------- */

/* What a zip file without a workbook is. */
static enum rcx_status fail_foreign(struct rcx_xlsx_zip *zip, struct rcx_error *err)
{
    static const struct {
        const char *part, *what;
    } known[] = {
        {"content.xml", "an OpenDocument file (.ods); save it as .xlsx or CSV"},
        {"xl/workbook.bin", "a binary workbook (.xlsb); save it as .xlsx or CSV"},
        {"word/document.xml", "a Word document; expected a workbook or a table"},
        {"ppt/presentation.xml", "a presentation; expected a workbook or a table"},
        {"Index/Document.iwa", "a Numbers file; export it as .xlsx or CSV"},
    };
    const char *what = "a zip file without a workbook in it; unpack it and load what is inside";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (rcx_xlsx_zip_has(zip, known[i].part)) {
            what = known[i].what;
            break;
        }
    return rcx_fail(err, RCX_E_INPUT, "%s: is %s", rcx_xlsx_zip_name(zip), what);
}

/* The path of the workbook within the zip. */
static enum rcx_status find_workbook(struct rcx_xlsx_zip *zip, char out[PATH_BYTES],
                                     struct rcx_error *err)
{
    struct relations relations = {0};
    if (!rcx_xlsx_zip_has(zip, "_rels/.rels"))
        return fail_foreign(zip, err);
    enum rcx_status status = read_relations(zip, "", &relations, err);
    const struct relation *relation = find_type(&relations, "officeDocument");
    bool found = status == RCX_OK && relation && resolve("", relation->target, out) &&
                 rcx_xlsx_zip_has(zip, out);
    size_t length = found ? strlen(out) : 0;
    bool xml = length > 4 && strcmp(out + length - 4, ".xml") == 0;
    release_relations(&relations);
    if (status == RCX_OK && (!xml || rcx_xlsx_zip_has(zip, "word/document.xml")))
        status = fail_foreign(zip, err);
    return status;
}

static enum rcx_status resolve_parts(struct reading *reading, const char *path,
                                     struct rcx_error *err)
{
    struct rcx_xlsx_workbook *workbook = reading->workbook;
    char full[PATH_BYTES];
    const struct relation *strings = find_type(&reading->relations, "sharedStrings");
    bool ok = true;
    for (size_t i = 0; i < workbook->sheet_count && ok; i++) {
        struct rcx_xlsx_sheet *sheet = &workbook->sheets[i];
        ok = resolve(path, sheet->part, full);
        rcx_free(sheet->part);
        sheet->part = ok ? rcx_strdup(full) : NULL;
        ok = ok && sheet->part;
    }
    if (ok && strings && resolve(path, strings->target, full)) {
        workbook->strings_part = rcx_strdup(full);
        ok = workbook->strings_part != NULL;
    }
    return ok ? RCX_OK : rcx_fail_nomem(err, path, 0);
}

static enum rcx_status read_styles(struct reading *reading, struct rcx_xlsx_zip *zip,
                                   const char *path, struct rcx_error *err)
{
    static const struct rcx_xlsx_xml_handler handler = {.start = on_style, .end = on_style_end};
    char full[PATH_BYTES];
    const struct relation *styles = find_type(&reading->relations, "styles");
    if (!styles || !resolve(path, styles->target, full) || !rcx_xlsx_zip_has(zip, full))
        return RCX_OK;
    return rcx_xlsx_xml_parse(zip, full, &handler, reading, err);
}

enum rcx_status rcx_xlsx_workbook_open(struct rcx_xlsx_zip *zip, struct rcx_xlsx_workbook *out,
                                       struct rcx_error *err)
{
    static const struct rcx_xlsx_xml_handler handler = {.start = on_workbook};
    struct rcx_xlsx_workbook workbook = {0};
    struct reading reading = {.workbook = &workbook};
    char path[PATH_BYTES] = "";
    enum rcx_status status = find_workbook(zip, path, err);
    if (status == RCX_OK)
        status = read_relations(zip, path, &reading.relations, err);
    if (status == RCX_OK)
        status = rcx_xlsx_xml_parse(zip, path, &handler, &reading, err);
    if (status == RCX_OK)
        status = read_styles(&reading, zip, path, err);
    if (status == RCX_OK)
        status = resolve_parts(&reading, path, err);
    if (status == RCX_OK && workbook.sheet_count == 0)
        status = rcx_fail(err, RCX_E_INPUT, "%s: the workbook has no sheets",
                          rcx_xlsx_zip_name(zip));
    release_relations(&reading.relations);
    rcx_free(reading.custom);
    if (status == RCX_OK)
        *out = workbook;
    else
        rcx_xlsx_workbook_release(&workbook);
    return status;
}

void rcx_xlsx_workbook_release(struct rcx_xlsx_workbook *workbook)
{
    for (size_t i = 0; i < workbook->sheet_count; i++) {
        rcx_free(workbook->sheets[i].name);
        rcx_free(workbook->sheets[i].part);
    }
    rcx_free(workbook->sheets);
    rcx_free(workbook->strings_part);
    rcx_free(workbook->formats);
    *workbook = (struct rcx_xlsx_workbook){0};
}
