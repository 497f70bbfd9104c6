#include "storage/store/dictionary_file.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "storage/encoding/stream.h"

#define DICTIONARY_MAGIC "RCXDICT\n"

enum {
    DICTIONARY_FORMAT = 1,
    DICTIONARY_DIGEST_BYTES = 16,
};

void rcx_text_list_release(struct rcx_text_list *list)
{
    rcx_buf_release(&list->bytes);
    rcx_free(list->offsets);
    *list = (struct rcx_text_list){0};
}

static size_t common_prefix(struct rcx_text a, struct rcx_text b)
{
    size_t length = 0, most = a.length < b.length ? a.length : b.length;

    while (length < most && a.data[length] == b.data[length])
        length++;
    return length;
}

static enum rcx_status put_texts(struct rcx_encoder *encoder, const struct rcx_text *texts,
                                 uint32_t count, struct rcx_error *err)
{
    struct rcx_buf suffixes = {0};
    int64_t *prefix = rcx_malloc_array((size_t)count + 1, sizeof *prefix);
    int64_t *suffix = rcx_malloc_array((size_t)count + 1, sizeof *suffix);
    enum rcx_status status = RCX_OK;

    for (uint32_t i = 0; prefix && suffix && i < count; i++) {
        size_t shared = i ? common_prefix(texts[i - 1], texts[i]) : 0;

        prefix[i] = (int64_t)shared;
        suffix[i] = (int64_t)(texts[i].length - shared);
        rcx_buf_append(&suffixes, texts[i].data + shared, texts[i].length - shared);
    }
    if (!prefix || !suffix || suffixes.failed)
        status = rcx_fail_nomem(err, "dictionary", suffixes.length);
    else
        rcx_buf_append_varint(encoder->out, suffixes.length);
    if (status == RCX_OK)
        status = rcx_ints_put(encoder, prefix, count, err);
    if (status == RCX_OK)
        status = rcx_ints_put(encoder, suffix, count, err);
    if (status == RCX_OK)
        status = rcx_stream_put(encoder, suffixes.data, suffixes.length, err);
    rcx_buf_release(&suffixes);
    rcx_free(prefix);
    rcx_free(suffix);
    return status;
}

enum rcx_status rcx_dictionary_file_write(const char *path, const struct rcx_text *texts,
                                          uint32_t count, int zstd_level, bool no_sync,
                                          struct rcx_manifest_dictionary *out_entry,
                                          struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = no_sync};
    struct rcx_buf out = {0};
    struct rcx_encoder encoder = {
        .codec = rcx_codec_context_new(), .zstd_level = zstd_level, .out = &out};
    enum rcx_status status = RCX_OK;

    rcx_buf_append(&out, DICTIONARY_MAGIC, 8);
    rcx_buf_append_u32(&out, DICTIONARY_FORMAT);
    rcx_buf_append_varint(&out, count);
    if (!encoder.codec)
        status = rcx_fail_nomem(err, path, 0);
    if (status == RCX_OK)
        status = put_texts(&encoder, texts, count, err);
    struct rcx_digest digest = rcx_hash128(out.data, out.length);
    rcx_buf_append_u64(&out, digest.low);
    rcx_buf_append_u64(&out, digest.high);
    if (status == RCX_OK && out.failed)
        status = rcx_fail_nomem(err, path, out.length);
    if (status == RCX_OK)
        status = rcx_file_replace(path, out.data, out.length, &options, err);
    if (status == RCX_OK) {
        out_entry->digest = digest;
        out_entry->bytes = out.length;
        out_entry->count = count;
    }
    rcx_codec_context_release(encoder.codec);
    rcx_encoder_release(&encoder);
    rcx_buf_release(&out);
    return status;
}

/* Rebuilds the texts from prefix lengths, suffix lengths and suffix bytes. */
/* Bytes of all texts; false: a length cannot be, *out_text names the text. */
static bool measure_texts(const int64_t *prefix, const int64_t *suffix, size_t suffix_bytes,
                          uint32_t count, size_t *out_bytes, uint32_t *out_text)
{
    size_t at = 0, previous = 0, bytes = 0; /* previous: length of the text before */

    for (uint32_t i = 0; i < count; i++) {
        *out_text = i;
        if (prefix[i] < 0 || (uint64_t)prefix[i] > previous || suffix[i] < 0 ||
            (uint64_t)suffix[i] > suffix_bytes - at)
            return false;
        at += (size_t)suffix[i];
        previous = (size_t)prefix[i] + (size_t)suffix[i];
        if (__builtin_add_overflow(bytes, previous, &bytes))
            return false;
    }
    *out_bytes = bytes;
    return at == suffix_bytes;
}

static enum rcx_status append_texts(const char *path, const int64_t *prefix, const int64_t *suffix,
                                    const struct rcx_buf *suffixes, uint32_t count,
                                    struct rcx_text_list *list, struct rcx_error *err)
{
    size_t bytes = 0, previous = 0;
    uint32_t text = 0;

    if (!measure_texts(prefix, suffix, suffixes->length, count, &bytes, &text))
        return rcx_fail(err, RCX_E_CORRUPT, "%s: text %u of the dictionary is damaged", path, text);
    if (!rcx_buf_reserve(&list->bytes, bytes + 1))
        return rcx_fail_nomem(err, path, bytes);
    const uint8_t *from = suffixes->data;
    uint8_t *to = list->bytes.data + list->bytes.length;
    uint64_t end = list->bytes.length;
    for (uint32_t i = 0; i < count; i++) {
        size_t shared = (size_t)prefix[i], own = (size_t)suffix[i];

        if (shared)
            memcpy(to, to - previous, shared);
        if (own)
            memcpy(to + shared, from, own);
        from += own;
        previous = shared + own;
        to += previous;
        end += previous;
        list->offsets[++list->count] = end;
    }
    list->bytes.length = (size_t)end;
    return RCX_OK;
}

static enum rcx_status decode(const char *path, struct rcx_decoder *decoder, uint32_t count,
                              struct rcx_text_list *list, struct rcx_error *err)
{
    struct rcx_error inner = {0};
    struct rcx_buf suffixes = {0};
    uint64_t suffix_bytes = rcx_cursor_varint(&decoder->in);
    int64_t *lengths = NULL;
    enum rcx_status status;

    /* every text but an empty first one has a suffix byte at least; zstd expands at most ~ 2^17 */
    if (decoder->in.failed || suffix_bytes >> 17 > decoder->in.length)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: dictionary of %llu bytes in a file of %zu", path,
                        (unsigned long long)suffix_bytes, decoder->in.length);
    lengths = rcx_malloc_array(2 * (size_t)count + 2, sizeof *lengths);
    if (!lengths || !rcx_buf_reserve(&suffixes, (size_t)suffix_bytes + 1) ||
        !rcx_array_reserve(&list->offsets, &list->offset_capacity, (size_t)list->count + count + 1,
                           sizeof *list->offsets)) {
        status = rcx_fail_nomem(err, path, suffix_bytes);
        goto done;
    }
    list->offsets[0] = 0;
    status = rcx_ints_get(decoder, lengths, count, &inner);
    if (status == RCX_OK)
        status = rcx_ints_get(decoder, lengths + count, count, &inner);
    if (status == RCX_OK)
        status = rcx_stream_get(decoder, suffixes.data, (size_t)suffix_bytes, &inner);
    suffixes.length = (size_t)suffix_bytes;
    if (status != RCX_OK)
        rcx_fail(err, status, "%s: %s", path, inner.text);
    else if (rcx_cursor_left(&decoder->in) != 0)
        status = rcx_fail(err, RCX_E_CORRUPT, "%s: bytes left over", path);
    else
        status = append_texts(path, lengths, lengths + count, &suffixes, count, list, err);
done:
    rcx_free(lengths);
    rcx_buf_release(&suffixes);
    return status;
}

enum rcx_status rcx_dictionary_file_read(const char *path,
                                         const struct rcx_manifest_dictionary *entry,
                                         struct rcx_text_list *list, struct rcx_error *err)
{
    struct rcx_buf bytes = {0};
    struct rcx_decoder decoder = {0};
    enum rcx_status status = rcx_file_read(path, &bytes, err);

    if (status != RCX_OK)
        goto done;
    if (bytes.length != entry->bytes || bytes.length < 12 + DICTIONARY_DIGEST_BYTES ||
        memcmp(bytes.data, DICTIONARY_MAGIC, 8) != 0) {
        status = rcx_fail(err, RCX_E_CORRUPT,
                          "%s: not the dictionary of %llu bytes that the manifest "
                          "names",
                          path, (unsigned long long)entry->bytes);
        goto done;
    }
    size_t body = bytes.length - DICTIONARY_DIGEST_BYTES;
    struct rcx_cursor tail = rcx_cursor_of(bytes.data + body, DICTIONARY_DIGEST_BYTES);
    struct rcx_digest stored = {rcx_cursor_u64(&tail), rcx_cursor_u64(&tail)};
    if (rcx_digest_compare(stored, entry->digest) != 0 ||
        rcx_digest_compare(stored, rcx_hash128(bytes.data, body)) != 0) {
        status = rcx_fail(err, RCX_E_CORRUPT, "%s: checksum does not match", path);
        goto done;
    }
    decoder.in = rcx_cursor_of(bytes.data, body);
    rcx_cursor_seek(&decoder.in, 8);
    uint32_t format = rcx_cursor_u32(&decoder.in);
    uint64_t count = rcx_cursor_varint(&decoder.in);
    decoder.codec = rcx_codec_context_new();
    if (format > DICTIONARY_FORMAT)
        status = rcx_fail(err, RCX_E_VERSION,
                          "%s: dictionary format %u, this program reads up to %d: "
                          "use a newer rcx",
                          path, format, DICTIONARY_FORMAT);
    else if (decoder.in.failed || count != entry->count)
        status = rcx_fail(err, RCX_E_CORRUPT, "%s: %llu texts where the manifest says %u", path,
                          (unsigned long long)count, entry->count);
    else if (!decoder.codec)
        status = rcx_fail_nomem(err, path, 0);
    else
        status = decode(path, &decoder, (uint32_t)count, list, err);
done:
    rcx_codec_context_release(decoder.codec);
    rcx_decoder_release(&decoder);
    rcx_buf_release(&bytes);
    return status;
}
