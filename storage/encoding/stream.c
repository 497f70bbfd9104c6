#include "storage/encoding/stream.h"

#include <string.h>

#include "storage/encoding/planes_kernels.h"

enum stream_kind { STREAM_RAW, STREAM_ZSTD, STREAM_CONSTANT };
enum ints_form { INTS_PLAIN, INTS_BASE, INTS_ZIGZAG, INTS_FORM_MASK = 3, INTS_HAS_UNIT = 4 };

/* Below this zstd's frame header and tables cost more than they can save. */
enum { STREAM_MIN_ZSTD_BYTES = 24 };

void rcx_encoder_release(struct rcx_encoder *encoder)
{
    rcx_buf_release(&encoder->planes);
    rcx_buf_release(&encoder->packed);
}

void rcx_decoder_release(struct rcx_decoder *decoder)
{
    rcx_buf_release(&decoder->planes);
}

static const struct rcx_codec *zstd(void)
{
    return rcx_codec_find("zstd");
}

static bool is_constant(const uint8_t *bytes, size_t length)
{
    return length > 0 && (length == 1 || memcmp(bytes, bytes + 1, length - 1) == 0);
}

static enum rcx_status put_header(struct rcx_encoder *encoder, enum stream_kind kind, size_t length,
                                  const void *stored, size_t stored_bytes, struct rcx_error *err)
{
    struct rcx_buf *out = encoder->out;

    rcx_buf_append_byte(out, (uint8_t)kind);
    rcx_buf_append_varint(out, length);
    if (kind == STREAM_ZSTD)
        rcx_buf_append_varint(out, stored_bytes);
    rcx_buf_append(out, stored, stored_bytes);
    return out->failed ? rcx_fail_nomem(err, "column stream", stored_bytes) : RCX_OK;
}

enum rcx_status rcx_stream_put(struct rcx_encoder *encoder, const uint8_t *bytes, size_t length,
                               struct rcx_error *err)
{
    size_t packed = 0;
    const struct rcx_codec *codec = zstd();

    if (is_constant(bytes, length))
        return put_header(encoder, STREAM_CONSTANT, length, bytes, 1, err);
    if (length >= STREAM_MIN_ZSTD_BYTES && encoder->zstd_level > 0) {
        size_t bound = codec->bound(length);

        rcx_buf_clear(&encoder->packed);
        if (!rcx_buf_reserve(&encoder->packed, bound))
            return rcx_fail_nomem(err, "column stream", bound);
        enum rcx_status status = codec->compress(encoder->codec, encoder->zstd_level, bytes, length,
                                                 encoder->packed.data, bound, &packed, err);
        if (status != RCX_OK)
            return status;
    }
    if (packed > 0 && packed < length)
        return put_header(encoder, STREAM_ZSTD, length, encoder->packed.data, packed, err);
    return put_header(encoder, STREAM_RAW, length, bytes, length, err);
}

/* As rcx_stream_get; *out_zero tells that all bytes are zero by declaration (out is still set). */
static enum rcx_status get_stream(struct rcx_decoder *decoder, uint8_t *out, size_t length,
                                  bool *out_zero, struct rcx_error *err)
{
    struct rcx_cursor *in = &decoder->in;
    uint8_t kind = rcx_cursor_u8(in);
    uint64_t raw_bytes = rcx_cursor_varint(in);
    const uint8_t *stored;

    *out_zero = false;
    if (in->failed || raw_bytes != length)
        return rcx_fail(err, RCX_E_CORRUPT, "stream of %llu bytes where %zu are due",
                        (unsigned long long)raw_bytes, length);
    switch (kind) {
    case STREAM_RAW:
        stored = rcx_cursor_bytes(in, length);
        if (!stored)
            return rcx_fail(err, RCX_E_CORRUPT, "stream cut off");
        if (length > 0)
            memcpy(out, stored, length);
        return RCX_OK;
    case STREAM_CONSTANT: {
        uint8_t byte = rcx_cursor_u8(in);

        if (in->failed)
            return rcx_fail(err, RCX_E_CORRUPT, "stream cut off");
        memset(out, byte, length);
        *out_zero = byte == 0;
        return RCX_OK;
    }
    case STREAM_ZSTD: {
        uint64_t stored_bytes = rcx_cursor_varint(in);

        stored = stored_bytes <= rcx_cursor_left(in) ? rcx_cursor_bytes(in, (size_t)stored_bytes)
                                                     : NULL;
        if (!stored)
            return rcx_fail(err, RCX_E_CORRUPT, "stream cut off");
        return zstd()->decompress(decoder->codec, stored, (size_t)stored_bytes, out, length, err);
    }
    default:
        return rcx_fail(err, RCX_E_CORRUPT, "unknown kind of stream %u", kind);
    }
}

enum rcx_status rcx_stream_get(struct rcx_decoder *decoder, uint8_t *out, size_t length,
                               struct rcx_error *err)
{
    bool zero;

    return get_stream(decoder, out, length, &zero, err);
}

static unsigned byte_width(uint64_t value)
{
    unsigned width = 0;

    for (; value; value >>= 8)
        width++;
    return width;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static int64_t unzigzag_one(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

/* Greatest common divisor of the values; 1 as a rule after a few of them. Prices in whole cents and
 * times in whole minutes lose a byte of every value by it. */
static uint64_t common_unit(const int64_t *values, size_t count)
{
    uint64_t unit = 0;

    for (size_t i = 0; i < count && unit != 1; i++)
        if (unit == 0 || magnitude(values[i]) % unit != 0)
            unit = gcd(magnitude(values[i]), unit);
    return unit ? unit : 1;
}

struct ints_layout {
    enum ints_form form;
    int64_t min;
    uint64_t unit;
    unsigned width;
};

/* Chooses the form of fewest bytes; a base, which costs bytes of its own, only when it saves some. */
static struct ints_layout plan_ints(const int64_t *values, size_t count)
{
    int64_t min = 0, max = 0;

    if (count > 0)
        RCX_KERNEL_CALL(find_range)(values, count, &min, &max);
    struct ints_layout layout = {.min = min, .unit = common_unit(values, count)};
    uint64_t low = zigzag(min), high = zigzag(max), range = (uint64_t)max - (uint64_t)min;
    uint64_t top = min < 0 ? (low > high ? low : high) : (uint64_t)max;

    layout.form = min < 0 ? INTS_ZIGZAG : INTS_PLAIN;
    layout.width = byte_width(top / layout.unit);
    if (byte_width(range / layout.unit) < layout.width) {
        layout.form = INTS_BASE;
        layout.width = byte_width(range / layout.unit);
    }
    return layout;
}

/* Values become what is stored of them. */
static void apply_layout(const struct ints_layout *layout, int64_t *values, size_t count)
{
    uint64_t base = layout->form == INTS_BASE ? (uint64_t)layout->min : 0;

    if (layout->unit != 1)
        for (size_t i = 0; i < count; i++)
            values[i] = layout->form == INTS_ZIGZAG
                            ? values[i] / (int64_t)layout->unit
                            : (int64_t)(((uint64_t)values[i] - base) / layout->unit);
    else if (base != 0)
        for (size_t i = 0; i < count; i++)
            values[i] = (int64_t)((uint64_t)values[i] - base);
    if (layout->form == INTS_ZIGZAG)
        for (size_t i = 0; i < count; i++)
            values[i] = (int64_t)zigzag(values[i]);
}

enum rcx_status rcx_ints_put(struct rcx_encoder *encoder, int64_t *values, size_t count,
                             struct rcx_error *err)
{
    const struct ints_layout layout = plan_ints(values, count);
    enum ints_form form = layout.form;
    uint64_t unit = layout.unit;
    unsigned width = layout.width;

    apply_layout(&layout, values, count);
    rcx_buf_append_byte(encoder->out, (uint8_t)(form | (unit != 1 ? INTS_HAS_UNIT : 0)));
    if (form == INTS_BASE)
        rcx_buf_append_varint(encoder->out, zigzag(layout.min));
    if (unit != 1)
        rcx_buf_append_varint(encoder->out, unit);
    rcx_buf_append_byte(encoder->out, (uint8_t)width);
    rcx_buf_clear(&encoder->planes);
    if (!rcx_buf_reserve(&encoder->planes, width * count + 1))
        return rcx_fail_nomem(err, "byte planes", width * count);
    RCX_KERNEL_CALL(planes_split)((const uint64_t *)values, count, width, encoder->planes.data);
    for (unsigned k = 0; k < width; k++) {
        enum rcx_status status = rcx_stream_put(encoder, encoder->planes.data + k * count, count,
                                                err);

        if (status != RCX_OK)
            return status;
    }
    return encoder->out->failed ? rcx_fail_nomem(err, "integer column", count) : RCX_OK;
}

enum rcx_status rcx_ints_get(struct rcx_decoder *decoder, int64_t *out, size_t count,
                             struct rcx_error *err)
{
    struct rcx_cursor *in = &decoder->in;
    uint8_t flags = rcx_cursor_u8(in);
    unsigned form = flags & INTS_FORM_MASK;
    int64_t base = form == INTS_BASE ? unzigzag_one(rcx_cursor_varint(in)) : 0;
    uint64_t unit = flags & INTS_HAS_UNIT ? rcx_cursor_varint(in) : 1;
    uint8_t width = rcx_cursor_u8(in);
    unsigned used = 0;

    if (in->failed || form > INTS_ZIGZAG || flags > (INTS_FORM_MASK | INTS_HAS_UNIT) || width > 8)
        return rcx_fail(err, RCX_E_CORRUPT, "integers of form %u and width %u", flags, width);
    rcx_buf_clear(&decoder->planes);
    if (!rcx_buf_reserve(&decoder->planes, width * count + 1))
        return rcx_fail_nomem(err, "byte planes", width * count);
    for (unsigned k = 0; k < width; k++) {
        bool zero;
        enum rcx_status status = get_stream(decoder, decoder->planes.data + k * count, count, &zero,
                                            err);

        if (status != RCX_OK)
            return status;
        if (!zero)
            used = k + 1;
    }
    RCX_KERNEL_CALL(planes_join)(decoder->planes.data, count, used, (uint64_t *)out);
    if (form == INTS_ZIGZAG)
        RCX_KERNEL_CALL(unzigzag)((uint64_t *)out, count);
    if (unit != 1 || base != 0)
        RCX_KERNEL_CALL(scale_and_shift)((uint64_t *)out, count, unit, (uint64_t)base);
    return RCX_OK;
}
