#include "storage/format/foreign.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#define JSON "JSON; expected a table, save it as CSV"
static const struct {
    const char *magic;
    size_t length;
    const char *what;
} foreign[] = {
    {"BZh", 3, "a bzip2 file; unpack it (bunzip2)"},
    {"\xFD"
     "7zXZ",
     5, "an xz file; unpack it (unxz)"},
    {"7z\xBC\xAF", 4, "a 7-Zip archive; unpack it"},
    {"Rar!", 4, "a RAR archive; unpack it"},
    {"PK\005\006", 4, "an empty zip file"},
    {"\xFF\xFE\0\0", 4, "UTF-32 text; save it as UTF-8 (iconv -f UTF-32 -t UTF-8)"},
    {"\0\0\xFE\xFF", 4, "UTF-32 text; save it as UTF-8 (iconv -f UTF-32 -t UTF-8)"},
    {"\xFF\xFE", 2, "UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"},
    {"\xFE\xFF", 2, "UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"},
    {"%PDF", 4, "a PDF"},
    {"SQLite format 3", 15, "an SQLite database; export the table as CSV"},
    {"ARROW1", 6, "an Arrow file (Feather); save the table as Parquet or CSV"},
    {"FEA1", 4, "a Feather file of the first version; save the table as Parquet or CSV"},
    {"\xFF\xFF\xFF\xFF", 4, "an Arrow stream; save the table as Parquet or CSV"},
    {"Obj\001", 4, "an Avro file; save the table as Parquet or CSV"},
    {"{\"", 2, JSON},
    {"{\n", 2, JSON},
    {"[{", 2, JSON},
    {"[\n", 2, JSON},
    {"<?xml", 5, "an XML file; expected a table"},
    {"<!DOCTYPE", 9, "a web page; save the table as CSV or .xlsx"},
    {"<html", 5, "a web page; save the table as CSV or .xlsx"},
};

/* Text of two bytes a character, without the mark that says so: every other byte is NUL, as most
 * letters of a header are ASCII. */
static const char *what_wide(struct rcx_text probe)
{
    enum { LEAST = 16, LOOKED_AT = 256 };
    size_t length = probe.length < LOOKED_AT ? probe.length & ~(size_t)1 : LOOKED_AT;
    size_t zeros[2] = {0, 0};
    for (size_t i = 0; i < length; i++)
        zeros[i % 2] += probe.data[i] == 0;
    if (length < LEAST)
        return NULL;
    if (zeros[0] == 0 && zeros[1] * 10 >= length / 2 * 9)
        return "UTF-16 text; save it as UTF-8 (iconv -f UTF-16LE -t UTF-8)";
    if (zeros[1] == 0 && zeros[0] * 10 >= length / 2 * 9)
        return "UTF-16 text; save it as UTF-8 (iconv -f UTF-16BE -t UTF-8)";
    return NULL;
}

/* Control characters as hardly any text has them; no NUL, which rows are rejected for. Of random bytes
 * every tenth is one. */
static bool is_binary(struct rcx_text probe)
{
    enum { LEAST = 2, ONE_IN = 32 };
    size_t controls = 0;
    for (size_t i = 0; i < probe.length; i++) {
        uint8_t byte = (uint8_t)probe.data[i];
        controls += (byte > 0 && byte < '\t') || (byte > '\r' && byte < ' ') || byte == 0x7F;
    }
    return controls >= LEAST && controls * ONE_IN > probe.length;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcasecmp(name + length - tail, end) == 0;
}

static const char *what_binary(const char *name, struct rcx_text probe)
{
    if ((probe.length >= 4 && memcmp(probe.data, "PAR", 3) == 0) || /* 1, or E: encrypted */
        (probe.length >= 2 && memcmp(probe.data, "PK", 2) == 0) || !is_binary(probe))
        return NULL;
    if (ends_with(name, ".parquet"))
        return "no Parquet file, in spite of its name (it does not begin with PAR1), nor like text";
    if (ends_with(name, ".xlsx"))
        return "no workbook, in spite of its name (it does not begin with PK), nor like text";
    return "binary data, not like text";
}

/* OLE compound files: old workbooks, and new ones behind a password. The directory, which names the
 * streams in UTF-16, begins at the sector that the header says. */
static const char *what_compound(struct rcx_byte_source *bytes, struct rcx_text probe)
{
    static const char encrypted[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
    enum { SECTOR_SHIFT_AT = 30, DIRECTORY_AT = 48, DIRECTORY_BYTES = 4096 };
    const uint8_t *head = (const uint8_t *)probe.data;
    char directory[DIRECTORY_BYTES];
    struct rcx_byte_file file;
    if (probe.length < 512 || rcx_byte_source_file(bytes, &file, NULL) != RCX_OK)
        return "an old Excel workbook (.xls) or an encrypted one; save it as .xlsx without a "
               "password, or as CSV";
    uint64_t sector = (uint64_t)head[DIRECTORY_AT] | (uint64_t)head[DIRECTORY_AT + 1] << 8 |
                      (uint64_t)head[DIRECTORY_AT + 2] << 16 |
                      (uint64_t)head[DIRECTORY_AT + 3] << 24;
    unsigned shift = head[SECTOR_SHIFT_AT] == 12 ? 12 : 9;
    ssize_t got = pread(file.fd, directory, sizeof directory,
                        (off_t)(file.start + ((sector + 1) << shift)));
    if (got > 0 && memmem(directory, (size_t)got, encrypted, sizeof encrypted - 1))
        return "an encrypted workbook; save it without a password";
    return "an old Excel workbook (.xls); save it as .xlsx or CSV";
}

enum rcx_status rcx_foreign_refuse(const char *name, struct rcx_text probe,
                                   struct rcx_byte_source *bytes, struct rcx_error *err)
{
    const char *what = NULL;
    if (probe.length >= 8 && memcmp(probe.data, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0)
        what = what_compound(bytes, probe);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0] && !what; i++)
        if (probe.length >= foreign[i].length &&
            memcmp(probe.data, foreign[i].magic, foreign[i].length) == 0)
            what = foreign[i].what;
    if (!what)
        what = what_wide(probe);
    if (!what)
        what = what_binary(name, probe);
    if (!what)
        return RCX_OK;
    return rcx_fail(err, RCX_E_INPUT,
                    "%s: looks like %s; read are CSV and TSV text (plain, .gz or .zst), XLSX and "
                    "Parquet",
                    name, what);
}
