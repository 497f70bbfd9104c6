#include "storage/format/csv_record.h"

#include <string.h>

size_t rcx_csv_record_end(const uint8_t *bytes, size_t begin, size_t end, uint8_t delimiter,
                          enum rcx_csv_state *state, size_t *fields)
{
    enum rcx_csv_state now = *state;
    size_t count = 0;
    size_t result = SIZE_MAX;
    for (size_t i = begin; i < end; i++) {
        if (now == RCX_CSV_QUOTED) {
            const uint8_t *quote = memchr(bytes + i, '"', end - i);
            if (!quote)
                break;
            i = (size_t)(quote - bytes);
            now = RCX_CSV_QUOTE_CLOSED;
            continue;
        }
        uint8_t byte = bytes[i];
        if (byte == '\n') {
            count++;
            now = RCX_CSV_FIELD_START;
            result = i + 1;
            break;
        }
        if (byte == delimiter) {
            count++;
            now = RCX_CSV_FIELD_START;
        } else if (byte == '"' && (now == RCX_CSV_FIELD_START || now == RCX_CSV_QUOTE_CLOSED)) {
            now = RCX_CSV_QUOTED;
        } else {
            now = RCX_CSV_PLAIN;
        }
    }
    *state = now;
    if (fields)
        *fields += count;
    return result;
}

struct rcx_text rcx_csv_unquote(struct rcx_text raw, char *scratch)
{
    if (raw.length == 0 || raw.data[0] != '"')
        return raw;
    const char *inside = raw.data + 1;
    size_t left = raw.length - 1;
    const char *quote = memchr(inside, '"', left);
    if (!quote)
        return (struct rcx_text){inside, left};
    if (quote == inside + left - 1)
        return (struct rcx_text){inside, left - 1};
    size_t length = 0;
    bool quoted = true;
    for (size_t i = 0; i < left; i++) {
        if (quoted && inside[i] == '"') {
            if (i + 1 < left && inside[i + 1] == '"')
                i++;
            else {
                quoted = false;
                continue;
            }
        }
        scratch[length++] = inside[i];
    }
    return (struct rcx_text){scratch, length};
}
