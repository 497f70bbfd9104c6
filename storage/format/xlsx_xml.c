#include "storage/format/xlsx_xml.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum {
    PIECE_BYTES = 64 << 10,
    MOST_ATTRIBUTES = 64,
    DEPTH_MOST = 256,
    SEPARATOR = '\n',
    NAME_BYTES = 512
};

struct rcx_xlsx_xml {
    const char *name;
    struct rcx_xlsx_xml_handler handler;
    void *context;
    XML_Parser parser;
    enum rcx_status status; /* of a handler that failed */
    struct rcx_error *err;
    unsigned depth;
    bool stopped;
};

static const char *const namespaces[] = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/package/2006/relationships",
};
static const char *const relationships[] = {
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
};

static bool is_one_of(const char *name, size_t length, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i]) == length && memcmp(list[i], name, length) == 0)
            return true;
    return false;
}

static const char *local_name(const char *name)
{
    const char *separator = strchr(name, SEPARATOR);
    if (!separator)
        return name;
    size_t length = (size_t)(separator - name);
    return is_one_of(name, length, namespaces, sizeof namespaces / sizeof *namespaces)
               ? separator + 1
               : "?";
}

static const char *attribute_name(const char *name)
{
    const char *separator = strchr(name, SEPARATOR);
    if (!separator)
        return name;
    size_t length = (size_t)(separator - name);
    bool relation = is_one_of(name, length, relationships,
                              sizeof relationships / sizeof *relationships);
    return relation && strcmp(separator + 1, "id") == 0 ? "r:id" : "?";
}

static void halt(struct rcx_xlsx_xml *xml, enum rcx_status status)
{
    xml->status = status;
    XML_StopParser(xml->parser, XML_FALSE);
}

static void on_start(void *data, const XML_Char *name, const XML_Char **given)
{
    struct rcx_xlsx_xml *xml = data;
    const char *attributes[2 * MOST_ATTRIBUTES + 1];
    size_t count = 0;
    if (xml->stopped || xml->status != RCX_OK)
        return;
    if (++xml->depth > DEPTH_MOST) {
        halt(xml, rcx_fail(xml->err, RCX_E_INPUT, "%s: elements are nested too deep", xml->name));
        return;
    }
    for (; given[count] && count < 2 * MOST_ATTRIBUTES; count += 2) {
        attributes[count] = attribute_name(given[count]);
        attributes[count + 1] = given[count + 1];
    }
    attributes[count] = NULL;
    if (!xml->handler.start)
        return;
    enum rcx_status status = xml->handler.start(xml->context, local_name(name), attributes,
                                                xml->err);
    if (status != RCX_OK)
        halt(xml, status);
}

static void on_end(void *data, const XML_Char *name)
{
    struct rcx_xlsx_xml *xml = data;
    if (xml->stopped || xml->status != RCX_OK)
        return;
    xml->depth--;
    if (!xml->handler.end)
        return;
    enum rcx_status status = xml->handler.end(xml->context, local_name(name), xml->err);
    if (status != RCX_OK)
        halt(xml, status);
}

static void on_text(void *data, const XML_Char *text, int length)
{
    struct rcx_xlsx_xml *xml = data;
    if (xml->stopped || xml->status != RCX_OK || !xml->handler.text)
        return;
    enum rcx_status status = xml->handler.text(xml->context, text, (size_t)length, xml->err);
    if (status != RCX_OK)
        halt(xml, status);
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int has_internal)
{
    struct rcx_xlsx_xml *xml = data;
    (void)name;
    (void)system;
    (void)public;
    (void)has_internal;
    halt(xml, rcx_fail(xml->err, RCX_E_INPUT,
                       "%s: has a document type declaration, which workbooks do not; refused",
                       xml->name));
}

static void *reallocate(void *block, size_t bytes)
{
    return rcx_realloc_array(block, bytes, 1);
}

struct rcx_xlsx_xml *rcx_xlsx_xml_open(const char *name, const struct rcx_xlsx_xml_handler *handler,
                                       void *context)
{
    const XML_Memory_Handling_Suite memory = {rcx_malloc, reallocate, rcx_free};
    const XML_Char separator[2] = {SEPARATOR, '\0'};
    struct rcx_xlsx_xml *xml = rcx_calloc(1, sizeof *xml);
    if (!xml)
        return NULL;
    xml->name = name;
    xml->handler = *handler;
    xml->context = context;
    xml->parser = XML_ParserCreate_MM(NULL, &memory, separator);
    if (!xml->parser) {
        rcx_free(xml);
        return NULL;
    }
    XML_SetUserData(xml->parser, xml);
    XML_SetElementHandler(xml->parser, on_start, on_end);
    XML_SetCharacterDataHandler(xml->parser, on_text);
    XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
    return xml;
}

void rcx_xlsx_xml_close(struct rcx_xlsx_xml *xml)
{
    if (!xml)
        return;
    XML_ParserFree(xml->parser);
    rcx_free(xml);
}

enum rcx_status rcx_xlsx_xml_feed(struct rcx_xlsx_xml *xml, const uint8_t *bytes, size_t length,
                                  bool last, struct rcx_error *err)
{
    size_t at = 0;
    xml->err = err;
    while (!xml->stopped && (at < length || last)) {
        size_t step = length - at < PIECE_BYTES ? length - at : PIECE_BYTES;
        bool final = last && at + step == length;
        enum XML_Status result = XML_Parse(xml->parser, (const char *)bytes + at, (int)step, final);
        if (xml->status != RCX_OK)
            return xml->status;
        if (result == XML_STATUS_ERROR && !xml->stopped) {
            enum XML_Error code = XML_GetErrorCode(xml->parser);
            if (code == XML_ERROR_NO_MEMORY)
                return rcx_fail_nomem(err, xml->name, 0);
            return rcx_fail(err, RCX_E_INPUT, "%s: damaged XML: %s at byte %lld", xml->name,
                            XML_ErrorString(code), (long long)XML_GetCurrentByteIndex(xml->parser));
        }
        at += step;
        if (final)
            break;
    }
    return RCX_OK;
}

void rcx_xlsx_xml_stop(struct rcx_xlsx_xml *xml)
{
    xml->stopped = true;
    XML_StopParser(xml->parser, XML_FALSE);
}

bool rcx_xlsx_xml_stopped(const struct rcx_xlsx_xml *xml)
{
    return xml->stopped;
}

uint64_t rcx_xlsx_xml_position(const struct rcx_xlsx_xml *xml)
{
    return (uint64_t)XML_GetCurrentByteIndex(xml->parser) +
           (uint64_t)XML_GetCurrentByteCount(xml->parser);
}

const char *rcx_xlsx_xml_attribute(const char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    return NULL;
}

enum rcx_status rcx_xlsx_xml_parse(struct rcx_xlsx_zip *zip, const char *part,
                                   const struct rcx_xlsx_xml_handler *handler, void *context,
                                   struct rcx_error *err)
{
    struct rcx_xlsx_part *file = NULL;
    char name[NAME_BYTES];
    enum rcx_status status = rcx_xlsx_part_open(zip, part, &file, err);
    if (status != RCX_OK)
        return status;
    snprintf(name, sizeof name, "%s: %s", rcx_xlsx_zip_name(zip), part);
    uint8_t *buffer = rcx_malloc(PIECE_BYTES);
    struct rcx_xlsx_xml *xml = rcx_xlsx_xml_open(name, handler, context);
    if (!buffer || !xml)
        status = rcx_fail_nomem(err, part, PIECE_BYTES);
    size_t got = PIECE_BYTES;
    while (status == RCX_OK && got == PIECE_BYTES && !xml->stopped) {
        status = rcx_xlsx_part_read(file, buffer, PIECE_BYTES, &got, err);
        if (status == RCX_OK)
            status = rcx_xlsx_xml_feed(xml, buffer, got, got < PIECE_BYTES, err);
    }
    rcx_xlsx_xml_close(xml);
    rcx_free(buffer);
    rcx_xlsx_part_close(file);
    return status;
}
