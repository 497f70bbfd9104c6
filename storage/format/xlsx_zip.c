#include "storage/format/xlsx_zip.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "base/memory.h"

/* Sheets shrink to a tenth, monotonous ones to a fiftieth; deflate ends at 1/1032. */
enum { MOST_RATIO = 300 };
#define SMALL_BYTES (UINT64_C(64) << 20) /* up to here any ratio is harmless */

struct rcx_xlsx_zip {
    char *name;
    struct rcx_byte_file file;
    uint64_t position; /* of libzip in the file */
    int errno_value;   /* of the last failed read */
    zip_error_t error;
    zip_t *archive;
};

struct rcx_xlsx_part {
    struct rcx_xlsx_zip *zip;
    char *name;
    zip_file_t *file;
    uint64_t announced, packed, delivered;
};

static zip_int64_t read_at(struct rcx_xlsx_zip *zip, void *data, zip_uint64_t length)
{
    uint64_t left = zip->file.length - zip->position;
    if (length > left)
        length = left;
    for (;;) {
        ssize_t got = pread(zip->file.fd, data, length, (off_t)(zip->file.start + zip->position));
        if (got >= 0) {
            zip->position += (uint64_t)got;
            return got;
        }
        if (errno != EINTR)
            break;
    }
    zip->errno_value = errno;
    zip_error_set(&zip->error, ZIP_ER_READ, errno);
    return -1;
}

static zip_int64_t seek_to(struct rcx_xlsx_zip *zip, void *data, zip_uint64_t length)
{
    zip_int64_t to = zip_source_seek_compute_offset(zip->position, zip->file.length, data, length,
                                                    &zip->error);
    if (to < 0)
        return -1;
    zip->position = (uint64_t)to;
    return 0;
}

/* The file as libzip wants to see it. */
static zip_int64_t serve(void *context, void *data, zip_uint64_t length, zip_source_cmd_t command)
{
    struct rcx_xlsx_zip *zip = context;
    int what = (int)command;
    if (what == ZIP_SOURCE_OPEN)
        zip->position = 0;
    if (what == ZIP_SOURCE_OPEN || what == ZIP_SOURCE_CLOSE || what == ZIP_SOURCE_FREE)
        return 0;
    if (what == ZIP_SOURCE_READ)
        return read_at(zip, data, length);
    if (what == ZIP_SOURCE_SEEK)
        return seek_to(zip, data, length);
    if (what == ZIP_SOURCE_TELL)
        return (zip_int64_t)zip->position;
    if (what == ZIP_SOURCE_ERROR)
        return zip_error_to_data(&zip->error, data, length);
    if (what == ZIP_SOURCE_STAT) {
        zip_stat_t *stat = data;
        zip_stat_init(stat);
        stat->size = zip->file.length;
        stat->valid |= ZIP_STAT_SIZE;
        return sizeof *stat;
    }
    if (what == ZIP_SOURCE_SUPPORTS)
        return zip_source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
    zip_error_set(&zip->error, ZIP_ER_OPNOTSUPP, 0);
    return -1;
}

static enum rcx_status fail_zip(const struct rcx_xlsx_zip *zip, const char *what,
                                zip_error_t *error, struct rcx_error *err)
{
    if (zip->errno_value)
        return rcx_fail_errno(err, zip->errno_value, "%s: cannot read", zip->name);
    int code = zip_error_code_zip(error);
    if (code == ZIP_ER_MEMORY)
        return rcx_fail_nomem(err, zip->name, 0);
    if (code == ZIP_ER_NOPASSWD || code == ZIP_ER_WRONGPASSWD)
        return rcx_fail(err, RCX_E_INPUT, "%s: is encrypted; save the workbook without a password",
                        zip->name);
    return rcx_fail(err, RCX_E_INPUT,
                    "%s: damaged or cut off: %s%s%s; copy or save the workbook once more",
                    zip->name, what, *what ? ": " : "", zip_error_strerror(error));
}

enum rcx_status rcx_xlsx_zip_open(const char *name, const struct rcx_byte_file *file,
                                  struct rcx_xlsx_zip **out, struct rcx_error *err)
{
    struct rcx_xlsx_zip *zip = rcx_calloc(1, sizeof *zip);
    if (!zip)
        return rcx_fail_nomem(err, name, sizeof *zip);
    zip_error_init(&zip->error);
    zip->file = *file;
    zip->name = rcx_strdup(name);
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip->name ? zip_source_function_create(serve, zip, &error) : NULL;
    if (source)
        zip->archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    enum rcx_status status = RCX_OK;
    if (!source)
        status = rcx_fail_nomem(err, name, 0);
    else if (!zip->archive)
        status = fail_zip(zip, "", &error, err);
    if (source && !zip->archive)
        zip_source_free(source);
    zip_error_fini(&error);
    if (status == RCX_OK)
        *out = zip;
    else
        rcx_xlsx_zip_close(zip);
    return status;
}

void rcx_xlsx_zip_close(struct rcx_xlsx_zip *zip)
{
    if (!zip)
        return;
    if (zip->archive)
        zip_discard(zip->archive);
    zip_error_fini(&zip->error);
    rcx_free(zip->name);
    rcx_free(zip);
}

const char *rcx_xlsx_zip_name(const struct rcx_xlsx_zip *zip)
{
    return zip->name;
}

static zip_int64_t locate(struct rcx_xlsx_zip *zip, const char *part)
{
    return zip_name_locate(zip->archive, part[0] == '/' ? part + 1 : part, ZIP_FL_NOCASE);
}

bool rcx_xlsx_zip_has(struct rcx_xlsx_zip *zip, const char *part)
{
    return locate(zip, part) >= 0;
}

uint64_t rcx_xlsx_zip_part_bytes(struct rcx_xlsx_zip *zip, const char *part)
{
    zip_stat_t stat;
    zip_int64_t index = locate(zip, part);
    if (index < 0 || zip_stat_index(zip->archive, (zip_uint64_t)index, 0, &stat) != 0 ||
        !(stat.valid & ZIP_STAT_SIZE))
        return 0;
    return stat.size;
}

enum rcx_status rcx_xlsx_part_open(struct rcx_xlsx_zip *zip, const char *part,
                                   struct rcx_xlsx_part **out, struct rcx_error *err)
{
    zip_stat_t stat;
    zip_int64_t index = locate(zip, part);
    if (index < 0)
        return rcx_fail(err, RCX_E_INPUT, "%s: the workbook has no part '%s'", zip->name, part);
    if (zip_stat_index(zip->archive, (zip_uint64_t)index, 0, &stat) != 0)
        return fail_zip(zip, part, zip_get_error(zip->archive), err);
    zip_file_t *file = zip_fopen_index(zip->archive, (zip_uint64_t)index, 0);
    if (!file)
        return fail_zip(zip, part, zip_get_error(zip->archive), err);
    struct rcx_xlsx_part *opened = rcx_calloc(1, sizeof *opened);
    if (opened)
        opened->name = rcx_strdup(part);
    if (!opened || !opened->name) {
        zip_fclose(file);
        rcx_free(opened);
        return rcx_fail_nomem(err, part, sizeof *opened);
    }
    opened->zip = zip;
    opened->file = file;
    opened->announced = stat.valid & ZIP_STAT_SIZE ? stat.size : 0;
    opened->packed = stat.valid & ZIP_STAT_COMP_SIZE ? stat.comp_size : 0;
    *out = opened;
    return RCX_OK;
}

static enum rcx_status check_size(const struct rcx_xlsx_part *part, struct rcx_error *err)
{
    if (part->delivered > part->announced)
        return rcx_fail(err, RCX_E_INPUT, "%s: damaged: '%s' is longer than its %llu bytes",
                        part->zip->name, part->name, (unsigned long long)part->announced);
    if (part->delivered > SMALL_BYTES && part->delivered / MOST_RATIO > part->packed)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: '%s' unpacks to more than %d times its size, as no sheet does; "
                        "refused as a zip bomb",
                        part->zip->name, part->name, MOST_RATIO);
    return RCX_OK;
}

enum rcx_status rcx_xlsx_part_read(struct rcx_xlsx_part *part, uint8_t *buffer, size_t length,
                                   size_t *out_got, struct rcx_error *err)
{
    size_t filled = 0;
    while (filled < length) {
        zip_int64_t got = zip_fread(part->file, buffer + filled, length - filled);
        if (got < 0)
            return fail_zip(part->zip, part->name, zip_file_get_error(part->file), err);
        if (got == 0)
            break;
        filled += (size_t)got;
        part->delivered += (uint64_t)got;
        enum rcx_status status = check_size(part, err);
        if (status != RCX_OK)
            return status;
    }
    *out_got = filled;
    return RCX_OK;
}

void rcx_xlsx_part_close(struct rcx_xlsx_part *part)
{
    if (!part)
        return;
    zip_fclose(part->file);
    rcx_free(part->name);
    rcx_free(part);
}
