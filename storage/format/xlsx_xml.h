#pragma once
/* XML of a workbook's parts through expat: namespaces resolved, nothing that could expand.
 *
 * Office documents have no document type declaration, so one is refused at its first byte; without it
 * there are no entities to expand and nothing outside to fetch. Names come without their namespace
 * when that is one of SpreadsheetML's or of package relationships (transitional or strict) or there is none, else as
 * "?": such elements are nobody's business. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "storage/format/xlsx_zip.h"

/* Any may be NULL. `attributes` are name, value, name, value ..., NULL; those with a namespace come as
 * "?", but for the relationship id, which is "r:id". Texts come in pieces. Return other than RCX_OK
 * stops the parser; they fill `err` of rcx_xlsx_xml_begin's call then. */
struct rcx_xlsx_xml_handler {
    enum rcx_status (*start)(void *context, const char *element, const char **attributes,
                             struct rcx_error *err);
    enum rcx_status (*end)(void *context, const char *element, struct rcx_error *err);
    enum rcx_status (*text)(void *context, const char *text, size_t length, struct rcx_error *err);
};

struct rcx_xlsx_xml;
/* `name` is for messages (borrowed), as is `context`. NULL: out of memory. */
struct rcx_xlsx_xml *rcx_xlsx_xml_open(const char *name, const struct rcx_xlsx_xml_handler *handler,
                                       void *context);
void rcx_xlsx_xml_close(struct rcx_xlsx_xml *xml);
/* Parses the next bytes; `last` after all of them.
 * Errors: RCX_E_INPUT (not well-formed, a document type), RCX_E_NOMEM, those of the handlers. */
enum rcx_status rcx_xlsx_xml_feed(struct rcx_xlsx_xml *xml, const uint8_t *bytes, size_t length,
                                  bool last, struct rcx_error *err);
/* Within a handler: stops parsing behind this element; rcx_xlsx_xml_feed returns RCX_OK and the rest
 * of the bytes is not looked at. */
void rcx_xlsx_xml_stop(struct rcx_xlsx_xml *xml);
bool rcx_xlsx_xml_stopped(const struct rcx_xlsx_xml *xml);
/* Within a start handler: position behind the tag in all bytes fed. */
uint64_t rcx_xlsx_xml_position(const struct rcx_xlsx_xml *xml);

/* The value of an attribute, or NULL. */
const char *rcx_xlsx_xml_attribute(const char **attributes, const char *name);

/* A whole part through the handlers, until its end or a stop. `what` is for messages. */
enum rcx_status rcx_xlsx_xml_parse(struct rcx_xlsx_zip *zip, const char *part,
                                   const struct rcx_xlsx_xml_handler *handler, void *context,
                                   struct rcx_error *err);
