#pragma once
/* Files that people hand over by mistake, told apart so that the message can say what they are and
 * what to do. */
#include "base/status.h"
#include "base/text.h"
#include "storage/format/byte_source.h"

/* RCX_OK when the first bytes are of none of them, else RCX_E_INPUT. */
enum rcx_status rcx_foreign_refuse(const char *name, struct rcx_text probe,
                                   struct rcx_byte_source *bytes, struct rcx_error *err);
