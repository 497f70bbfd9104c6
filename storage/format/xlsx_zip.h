#pragma once
/* The parts of a workbook: a zip file read through libzip, one part at a time, as a stream.
 *
 * Nothing of what the directory of the zip says is believed: a part that becomes longer than
 * announced, or that is packed tighter than sheets ever are (a zip bomb), is refused while it is
 * read. Its checksum is checked at its end. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "storage/format/byte_source.h"

struct rcx_xlsx_zip;
struct rcx_xlsx_part;

/* `file` stays open and untouched until rcx_xlsx_zip_close. `name` is for messages; copied.
 * Errors: RCX_E_INPUT (not a sound zip file), RCX_E_IO, RCX_E_NOMEM. */
enum rcx_status rcx_xlsx_zip_open(const char *name, const struct rcx_byte_file *file,
                                  struct rcx_xlsx_zip **out, struct rcx_error *err);
void rcx_xlsx_zip_close(struct rcx_xlsx_zip *zip);

const char *rcx_xlsx_zip_name(const struct rcx_xlsx_zip *zip);

/* Whether there is a part of this name (case does not count, a leading '/' neither). */
bool rcx_xlsx_zip_has(struct rcx_xlsx_zip *zip, const char *part);
/* Bytes of the part when unpacked, as the directory has it; 0: no such part. */
uint64_t rcx_xlsx_zip_part_bytes(struct rcx_xlsx_zip *zip, const char *part);

/* Errors: RCX_E_INPUT (no such part, encrypted, packed in a way that is not known). */
enum rcx_status rcx_xlsx_part_open(struct rcx_xlsx_zip *zip, const char *part,
                                   struct rcx_xlsx_part **out, struct rcx_error *err);
/* Fills `buffer` as far as there are bytes: *out_got < length means the end, with the right checksum.
 * Errors: RCX_E_INPUT (damaged, a bomb), RCX_E_IO. */
enum rcx_status rcx_xlsx_part_read(struct rcx_xlsx_part *part, uint8_t *buffer, size_t length,
                                   size_t *out_got, struct rcx_error *err);
void rcx_xlsx_part_close(struct rcx_xlsx_part *part); /* accepts NULL */
