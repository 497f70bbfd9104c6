#include "storage/store/scan.h"

#include <stdlib.h>

#include "base/memory.h"
#include "storage/store/scan_merge.h"
#include "storage/store/view_rows.h"

/* With one segment a morsel is a run of chunks. With several it is a range of the order: of
 * customers, or of times for guests; each segment contributes the chunks that overlap it. */
struct morsel {
    uint32_t first_chunk, end_chunk; /* one segment */
    int64_t low, high;               /* several: low <= key < high */
    bool guests, last;               /* last: no upper bound */
};

struct rcx_scan {
    const struct rcx_store *store;
    unsigned columns;
    struct morsel *morsels;
    size_t count, capacity, customer_count;
};

struct rcx_scan_buffer {
    struct rcx_chunk_reader reader;
    struct rcx_columns columns;
    struct rcx_merge_source *sources;
    size_t source_count;
    struct rcx_view_rows shown; /* of a view */
    size_t morsel;              /* last read */
    unsigned decoded;
};

struct rcx_scan_buffer *rcx_scan_buffer_new(void)
{
    return rcx_calloc(1, sizeof(struct rcx_scan_buffer));
}

void rcx_scan_buffer_release(struct rcx_scan_buffer *buffer)
{
    if (!buffer)
        return;
    for (size_t s = 0; s < buffer->source_count; s++)
        rcx_columns_release(&buffer->sources[s].columns);
    rcx_free(buffer->sources);
    rcx_view_rows_release(&buffer->shown);
    rcx_columns_release(&buffer->columns);
    rcx_chunk_reader_release(&buffer->reader);
    rcx_free(buffer);
}

static bool add_morsel(struct rcx_scan *scan, struct morsel morsel)
{
    if (!rcx_array_reserve(&scan->morsels, &scan->capacity, scan->count + 1, sizeof morsel))
        return false;
    scan->morsels[scan->count++] = morsel;
    return true;
}

static bool is_guest_chunk(const struct rcx_chunk_info *chunk)
{
    return chunk->first_customer == RCX_GUEST;
}

/* Whether the chunk after `chunk` continues it: the same customer, and for guests the same second.
 */
static bool continues(const struct rcx_chunk_info *chunk, const struct rcx_chunk_info *next)
{
    if (chunk->last_customer != next->first_customer)
        return false;
    return !is_guest_chunk(chunk) ||
           chunk->columns[RCX_CHUNK_TIME].max == next->columns[RCX_CHUNK_TIME].min;
}

static bool plan_one_segment(struct rcx_scan *scan)
{
    const struct rcx_segment *segment = &scan->store->segments[0];

    for (size_t c = 0; c < segment->chunk_count;) {
        struct morsel morsel = {.first_chunk = (uint32_t)c,
                                .guests = is_guest_chunk(&segment->chunks[c])};

        for (c++;
             c < segment->chunk_count && continues(&segment->chunks[c - 1], &segment->chunks[c]);
             c++)
            ;
        morsel.end_chunk = (uint32_t)c;
        scan->customer_count += !morsel.guests;
        if (!add_morsel(scan, morsel))
            return false;
    }
    return true;
}

struct boundary {
    int64_t key;
    uint32_t rows;
};

static int compare_boundaries(const void *a, const void *b)
{
    const struct boundary *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static int64_t first_key(const struct rcx_store *store, const struct rcx_chunk_info *chunk)
{
    return is_guest_chunk(chunk) ? chunk->columns[RCX_CHUNK_TIME].min
                                 : rcx_store_customer_order(store, chunk->first_customer);
}

static int64_t last_key(const struct rcx_store *store, const struct rcx_chunk_info *chunk)
{
    return is_guest_chunk(chunk) ? chunk->columns[RCX_CHUNK_TIME].max
                                 : rcx_store_customer_order(store, chunk->last_customer);
}

/* Cuts at first keys of chunks, so that a morsel has about one chunk's rows. */
static bool plan_ranges(struct rcx_scan *scan, bool guests)
{
    const struct rcx_store *store = scan->store;
    struct boundary *boundaries = NULL;
    size_t count = 0, capacity = 0, at = scan->count;
    uint64_t rows = 0;
    bool ok = true;

    for (size_t s = 0; s < store->segment_count; s++)
        for (size_t c = 0; ok && c < store->segments[s].chunk_count; c++) {
            const struct rcx_chunk_info *chunk = &store->segments[s].chunks[c];

            if (is_guest_chunk(chunk) != guests)
                continue;
            ok = rcx_array_reserve(&boundaries, &capacity, count + 1, sizeof *boundaries);
            if (ok)
                boundaries[count++] = (struct boundary){first_key(store, chunk), chunk->rows};
        }
    if (ok && count > 0)
        qsort(boundaries, count, sizeof *boundaries, compare_boundaries);
    for (size_t i = 0; ok && i < count; i++) {
        if (i == 0 ||
            (rows >= RCX_CHUNK_ROWS && boundaries[i].key > scan->morsels[scan->count - 1].low)) {
            if (scan->count > at)
                scan->morsels[scan->count - 1].high = boundaries[i].key;
            ok = add_morsel(
                scan, (struct morsel){.low = i ? boundaries[i].key : INT64_MIN, .guests = guests});
            rows = 0;
        }
        rows += boundaries[i].rows;
    }
    if (ok && scan->count > at)
        scan->morsels[scan->count - 1].last = true;
    rcx_free(boundaries);
    return ok;
}

enum rcx_status rcx_scan_open(const struct rcx_store *store, unsigned columns,
                              struct rcx_scan **out, struct rcx_error *err)
{
    struct rcx_scan *scan = rcx_calloc(1, sizeof *scan);
    bool ok = scan != NULL;

    if (ok) {
        scan->store = store;
        scan->columns = columns;
        if (store->segment_count == 1) {
            ok = plan_one_segment(scan);
        } else {
            ok = plan_ranges(scan, false);
            scan->customer_count = scan->count;
            ok = ok && plan_ranges(scan, true);
        }
    }
    if (!ok) {
        rcx_scan_close(scan);
        return rcx_fail_nomem(err, "scan plan", sizeof *scan);
    }
    *out = scan;
    return RCX_OK;
}

void rcx_scan_close(struct rcx_scan *scan)
{
    if (!scan)
        return;
    rcx_free(scan->morsels);
    rcx_free(scan);
}

size_t rcx_scan_morsels(const struct rcx_scan *scan)
{
    return scan->count;
}

size_t rcx_scan_customer_morsels(const struct rcx_scan *scan)
{
    return scan->customer_count;
}

/* First receipt whose key is not below `bound`. */
static size_t lower_bound(const struct rcx_store *store, const struct rcx_columns *columns,
                          bool guests, int64_t bound)
{
    size_t low = 0, high = columns->receipts;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int64_t key = guests ? columns->time[middle]
                             : rcx_store_customer_order(store, columns->customer[middle]);

        if (key < bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum rcx_status read_source(const struct rcx_scan *scan, const struct morsel *morsel,
                                   size_t s, struct rcx_scan_buffer *buffer, struct rcx_error *err)
{
    const struct rcx_store *store = scan->store;
    const struct rcx_segment *segment = &store->segments[s];
    struct rcx_merge_source *source = &buffer->sources[s];
    size_t first = morsel->guests ? segment->customer_chunks : 0;
    size_t end = morsel->guests ? segment->chunk_count : segment->customer_chunks;

    source->begin = source->end = 0;
    while (first < end && last_key(store, &segment->chunks[first]) < morsel->low)
        first++;
    while (end > first && !morsel->last &&
           first_key(store, &segment->chunks[end - 1]) >= morsel->high)
        end--;
    if (first == end)
        return RCX_OK;
    enum rcx_status status = rcx_columns_read(&source->columns, segment, first, end, RCX_SCAN_ALL,
                                              &store->limits, &buffer->reader, err);
    if (status != RCX_OK)
        return status;
    source->begin = lower_bound(store, &source->columns, morsel->guests, morsel->low);
    source->end = morsel->last ? source->columns.receipts
                               : lower_bound(store, &source->columns, morsel->guests, morsel->high);
    return RCX_OK;
}

static enum rcx_status read_merged(const struct rcx_scan *scan, const struct morsel *morsel,
                                   struct rcx_scan_buffer *buffer, struct rcx_error *err)
{
    size_t count = scan->store->segment_count;
    enum rcx_status status = RCX_OK;

    if (buffer->source_count < count) {
        for (size_t s = 0; s < buffer->source_count; s++)
            rcx_columns_release(&buffer->sources[s].columns);
        rcx_free(buffer->sources);
        buffer->source_count = 0;
        buffer->sources = rcx_calloc(count, sizeof *buffer->sources);
        if (!buffer->sources)
            return rcx_fail_nomem(err, "scan buffer", count * sizeof *buffer->sources);
        buffer->source_count = count;
    }
    for (size_t s = 0; status == RCX_OK && s < count; s++)
        status = read_source(scan, morsel, s, buffer, err);
    if (status == RCX_OK)
        status = rcx_scan_merge(scan->store, buffer->sources, count, &buffer->columns, err);
    return status;
}

static void set_batch(const struct rcx_columns *columns, unsigned decoded, bool guests,
                      struct rcx_batch *out)
{
    *out = (struct rcx_batch){
        .receipts = columns->receipts,
        .rows = columns->rows,
        .guests = guests,
        .customer = columns->customer,
        .time = columns->time,
        .invoice = columns->invoice,
        .first_row = columns->first_row,
        .stock = decoded & RCX_SCAN_STOCK ? columns->stock : NULL,
        .quantity = decoded & RCX_SCAN_QUANTITY ? columns->quantity : NULL,
        .unit_price = decoded & RCX_SCAN_PRICE ? columns->unit_price : NULL,
        .description = decoded & RCX_SCAN_DESCRIPTION ? columns->description : NULL,
        .country = decoded & RCX_SCAN_COUNTRY ? columns->country : NULL,
        .repeats = decoded & RCX_SCAN_REPEATS ? columns->repeats : NULL,
        .repeat_count = decoded & RCX_SCAN_REPEATS ? columns->repeat_count : 0,
    };
}

/* Told by the footer, before any description is decoded. */
static bool has_all_descriptions(const struct rcx_store *store, const struct morsel *morsel)
{
    if (store->segment_count != 1)
        return false;
    for (uint32_t c = morsel->first_chunk; c < morsel->end_chunk; c++)
        if (store->segments[0].chunks[c].columns[RCX_CHUNK_DESCRIPTION].nulls != 0)
            return false;
    return true;
}

static enum rcx_status read_morsel(const struct rcx_scan *scan, size_t index, unsigned columns,
                                   struct rcx_scan_buffer *buffer, struct rcx_batch *out,
                                   struct rcx_error *err)
{
    const struct rcx_store *store = scan->store;
    const struct morsel *morsel = &scan->morsels[index];
    enum rcx_status status;

    buffer->decoded = 0;
    buffer->morsel = index;
    if (store->segment_count == 1)
        status = rcx_columns_read(&buffer->columns, &store->segments[0], morsel->first_chunk,
                                  morsel->end_chunk, columns, &store->limits, &buffer->reader, err);
    else
        status = read_merged(scan, morsel, buffer, err);
    if (status != RCX_OK)
        return status;
    if (columns & (RCX_SCAN_PRICE | RCX_SCAN_DESCRIPTION))
        columns |= RCX_SCAN_STOCK; /* decoded with them */
    buffer->decoded = store->segment_count == 1 ? columns : RCX_SCAN_ALL;
    set_batch(&buffer->columns, buffer->decoded, morsel->guests, out);
    out->has_all_descriptions = has_all_descriptions(store, morsel);
    return RCX_OK;
}

/* Where the customers after a morsel begin, in the store's order. */
static int64_t next_key(const struct rcx_scan *scan, size_t index)
{
    const struct rcx_segment *segment = &scan->store->segments[0];
    const struct morsel *morsel = &scan->morsels[index];

    if (index + 1 >= scan->customer_count)
        return INT64_MAX;
    if (scan->store->segment_count > 1)
        return morsel->high;
    return first_key(scan->store, &segment->chunks[morsel->end_chunk]);
}

/* Late columns of the base. */
static enum rcx_status read_more(const struct rcx_scan *scan, unsigned missing,
                                 struct rcx_scan_buffer *buffer, struct rcx_batch *batch,
                                 struct rcx_error *err)
{
    const struct rcx_store *store = scan->store;
    const struct morsel *morsel = &scan->morsels[buffer->morsel];

    if (morsel->end_chunk - morsel->first_chunk > 1) /* rare: a customer of several chunks */
        return read_morsel(scan, buffer->morsel, buffer->decoded | missing, buffer, batch, err);
    if (missing & RCX_SCAN_REPEATS)
        buffer->columns.repeat_count = 0;
    struct rcx_chunk_target target = rcx_columns_target(&buffer->columns, 0, 0, missing);
    bool stock_ready = buffer->decoded & RCX_SCAN_STOCK;
    enum rcx_status status = rcx_chunk_read_rows(&store->segments[0], morsel->first_chunk,
                                                 &store->limits, stock_ready, &buffer->reader,
                                                 &target, err);
    if (status != RCX_OK)
        return status;
    if (target.stock)
        missing |= RCX_SCAN_STOCK;
    buffer->decoded |= missing;
    set_batch(&buffer->columns, buffer->decoded, morsel->guests, batch);
    batch->has_all_descriptions = has_all_descriptions(store, morsel);
    return RCX_OK;
}

/* What the view shows of the base's morsel last read. */
static enum rcx_status show(const struct rcx_scan *scan, const struct rcx_batch *base,
                            struct rcx_scan_buffer *buffer, struct rcx_batch *out,
                            struct rcx_error *err)
{
    enum rcx_status status = rcx_view_show(scan->store, base, next_key(scan, buffer->morsel),
                                           &buffer->shown, err);

    if (status != RCX_OK)
        return status;
    set_batch(&buffer->shown.columns, buffer->decoded, base->guests, out);
    out->has_all_descriptions = base->has_all_descriptions && !scan->store->view->add;
    return RCX_OK;
}

/* Rows can be added to whole rows only, so such a view is decoded whole, or its receipts alone. */
static unsigned view_columns(const struct rcx_store *view, unsigned columns)
{
    return view->view->add && columns ? (unsigned)RCX_SCAN_ALL : columns;
}

enum rcx_status rcx_scan_read(const struct rcx_scan *scan, size_t morsel,
                              struct rcx_scan_buffer *buffer, struct rcx_batch *out,
                              struct rcx_error *err)
{
    struct rcx_batch base;

    if (!scan->store->view)
        return read_morsel(scan, morsel, scan->columns, buffer, out, err);
    enum rcx_status status = read_morsel(scan, morsel, view_columns(scan->store, scan->columns),
                                         buffer, &base, err);
    return status == RCX_OK ? show(scan, &base, buffer, out, err) : status;
}

enum rcx_status rcx_scan_read_more(const struct rcx_scan *scan, unsigned columns,
                                   struct rcx_scan_buffer *buffer, struct rcx_batch *batch,
                                   struct rcx_error *err)
{
    unsigned missing = columns & ~buffer->decoded;
    struct rcx_batch base;

    if (!missing)
        return RCX_OK;
    if (!scan->store->view)
        return read_more(scan, missing, buffer, batch, err);
    missing = view_columns(scan->store, missing) & ~buffer->decoded;
    enum rcx_status status = read_more(scan, missing, buffer, &base, err);
    return status == RCX_OK ? show(scan, &base, buffer, batch, err) : status;
}

enum rcx_status rcx_store_count_customers(const struct rcx_store *store, uint64_t *out,
                                          struct rcx_error *err)
{
    struct rcx_scan *scan = NULL;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    struct rcx_batch batch;
    uint64_t customers = 0;
    enum rcx_status status = buffer ? rcx_scan_open(store, 0, &scan, err)
                                    : rcx_fail_nomem(err, "scan buffer", 0);

    for (size_t m = 0; status == RCX_OK && m < rcx_scan_customer_morsels(scan); m++) {
        status = rcx_scan_read(scan, m, buffer, &batch, err);
        for (size_t r = 0; status == RCX_OK && r < batch.receipts; r++)
            customers += r == 0 || batch.customer[r] != batch.customer[r - 1];
    }
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    if (status == RCX_OK)
        *out = customers;
    return status;
}
