#include "engine/quality/outlier_cache.h"

#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/quality/clean_model.h"

#define CACHE_MAGIC "RCXTHRE\n"

enum { CACHE_FORMAT = 1, CACHE_DIGEST_BYTES = 16 };

static void put_digest(struct rcx_buf *out, struct rcx_digest digest)
{
    rcx_buf_append_u64(out, digest.low);
    rcx_buf_append_u64(out, digest.high);
}

static bool digest_is(struct rcx_cursor *in, struct rcx_digest expected)
{
    struct rcx_digest found = {.low = rcx_cursor_u64(in)};
    found.high = rcx_cursor_u64(in);
    return rcx_digest_compare(found, expected) == 0;
}

char *rcx_outlier_cache_path(const char *directory, struct rcx_digest store,
                             const struct rcx_clean_plan *plan)
{
    struct rcx_digest keys = rcx_clean_plan_fit_digest(plan);
    const uint64_t parts[] = {store.low, store.high, keys.low, keys.high};
    char name[64];
    snprintf(name, sizeof name, "thresholds-%016llx.rcx",
             (unsigned long long)rcx_hash64(parts, sizeof parts));
    return rcx_path_join(directory, name);
}

static void put_real(struct rcx_buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    rcx_buf_append_u64(out, bits);
}

static double get_real(struct rcx_cursor *in)
{
    uint64_t bits = rcx_cursor_u64(in);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void put_fit(struct rcx_buf *out, const struct rcx_outlier_fit *fit)
{
    rcx_buf_append_byte(out, (uint8_t)fit->mode);
    rcx_buf_append_byte(out, (uint8_t)fit->quantity_scale);
    rcx_buf_append_byte(out, fit->applied);
    rcx_buf_append_u64(out, (uint64_t)fit->fit_days);
    rcx_buf_append_u32(out, (uint32_t)fit->before);
    rcx_buf_append_u64(out, fit->rows);
    rcx_buf_append_u64(out, fit->quantity_rows);
    rcx_buf_append_u64(out, (uint64_t)fit->price_max);
    rcx_buf_append_u64(out, (uint64_t)fit->quantity_min);
    rcx_buf_append_u64(out, (uint64_t)fit->quantity_max);
    rcx_buf_append_u64(out, (uint64_t)fit->price_numerator);
    rcx_buf_append_u64(out, (uint64_t)fit->price_denominator);
    put_real(out, fit->quantity_q1);
    put_real(out, fit->quantity_q3);
    put_real(out, fit->quantity_low);
    put_real(out, fit->quantity_high);
}

static struct rcx_outlier_fit get_fit(struct rcx_cursor *in)
{
    struct rcx_outlier_fit fit = {0};
    fit.mode = (enum rcx_outliers_fit)rcx_cursor_u8(in);
    fit.quantity_scale = (enum rcx_outliers_quantity_scale)rcx_cursor_u8(in);
    fit.applied = rcx_cursor_u8(in) != 0;
    fit.fit_days = (int64_t)rcx_cursor_u64(in);
    fit.before = (rcx_day)rcx_cursor_u32(in);
    fit.rows = rcx_cursor_u64(in);
    fit.quantity_rows = rcx_cursor_u64(in);
    fit.price_max = (int64_t)rcx_cursor_u64(in);
    fit.quantity_min = (int64_t)rcx_cursor_u64(in);
    fit.quantity_max = (int64_t)rcx_cursor_u64(in);
    fit.price_numerator = (int64_t)rcx_cursor_u64(in);
    fit.price_denominator = (int64_t)rcx_cursor_u64(in);
    fit.quantity_q1 = get_real(in);
    fit.quantity_q3 = get_real(in);
    fit.quantity_low = get_real(in);
    fit.quantity_high = get_real(in);
    return fit;
}

bool rcx_outlier_cache_load(const char *path, struct rcx_digest store,
                            const struct rcx_clean_plan *plan, struct rcx_outlier_fit *out)
{
    struct rcx_buf bytes = {0};
    bool ok = rcx_file_exists(path) && rcx_file_read(path, &bytes, NULL) == RCX_OK &&
              bytes.length > 12 + CACHE_DIGEST_BYTES && memcmp(bytes.data, CACHE_MAGIC, 8) == 0;
    if (ok) {
        size_t body = bytes.length - CACHE_DIGEST_BYTES;
        struct rcx_cursor tail = rcx_cursor_of(bytes.data + body, CACHE_DIGEST_BYTES);
        struct rcx_cursor in = rcx_cursor_of(bytes.data, body);
        rcx_cursor_seek(&in, 8);
        ok = digest_is(&tail, rcx_hash128(bytes.data, body)) &&
             rcx_cursor_u32(&in) == CACHE_FORMAT && digest_is(&in, store) &&
             digest_is(&in, rcx_clean_plan_fit_digest(plan));
        struct rcx_outlier_fit fit = get_fit(&in);
        ok = ok && !in.failed && rcx_cursor_left(&in) == 0;
        if (ok)
            *out = fit;
    }
    rcx_buf_release(&bytes);
    return ok;
}

enum rcx_status rcx_outlier_cache_save(const char *path, struct rcx_digest store,
                                       const struct rcx_clean_plan *plan,
                                       const struct rcx_outlier_fit *fit, struct rcx_error *err)
{
    const struct rcx_file_writer_options quick = {.no_sync = true};
    struct rcx_buf out = {0};
    rcx_buf_append(&out, CACHE_MAGIC, 8);
    rcx_buf_append_u32(&out, CACHE_FORMAT);
    put_digest(&out, store);
    put_digest(&out, rcx_clean_plan_fit_digest(plan));
    put_fit(&out, fit);
    put_digest(&out, rcx_hash128(out.data, out.length));
    enum rcx_status status = out.failed ? rcx_fail_nomem(err, "thresholds", out.length)
                                        : rcx_file_replace(path, out.data, out.length, &quick, err);
    rcx_buf_release(&out);
    return status;
}
