#pragma once
/* What the parts of one ingest share: ingest.c (the order of things), ingest_inputs.c (opening),
 * ingest_pass.c (reading). Not for others. */
#include "storage/format/source.h"
#include "storage/ingest/ingest.h"
#include "storage/ingest/judge.h"
#include "storage/ingest/row_parser.h"
#include "storage/ingest/spill.h"

/* An input and what reading it gave so far. */
struct rcx_ingest_file {
    const char *path;
    const char *name; /* for messages */
    bool reopens;     /* can be opened again: thousands of parts are not open at the same time */
    uint64_t size;    /* in bytes, 0: unknown */
    struct rcx_source *source; /* NULL: parked */
    struct rcx_text header;    /* of the open source */
    struct rcx_mapping mapping;
    size_t column_count;
    struct rcx_source_column *columns; /* names of all columns */
    bool done;                         /* read to its end in this pass */
    bool cp1252;
    struct rcx_digest digest;
    uint64_t accepted, rejected, headers;
    uint64_t rejects[RCX_REJECT_KINDS]; /* `rejected` by field */
};

/* Where buffering rows stopped because of the memory limit. */
struct rcx_ingest_stop {
    bool reached;
    size_t file;
    struct rcx_source_mark mark;
};

struct rcx_ingest_state {
    struct rcx_cfg_ingest config; /* with the decisions of the store put in */
    const struct rcx_ingest_options *options;
    struct rcx_ingest_report *report;
    uint64_t windows; /* read so far, in all passes */
    struct rcx_parallel parallel;
    char *temp_directory;
    uint64_t memory_limit;

    size_t input_count; /* of all files */
    size_t file_count;  /* opened so far */
    struct rcx_ingest_file *files;
    struct rcx_reject_file *rejects;
    struct rcx_store_writer *writer;

    /* Reading. */
    struct rcx_row_parser **parsers; /* [threads] */
    struct rcx_receipts *lists;      /* [threads] rows so far */
    struct rcx_block_pool *pool;
    struct rcx_ingest_stop stop;
    struct rcx_text_set texts; /* of all inputs, UTF-8 */
    bool has_texts;
    size_t group_count;        /* files x threads, then files: for rows parsed with known texts */
    struct rcx_text_map *maps; /* [group_count] */
    uint32_t (*map_counts)[RCX_TEXT_FIELD_COUNT]; /* texts in each of them */
    struct rcx_evidence evidence;
    struct rcx_invoice_times times;

    /* Judged. */
    bool has_verdict;
    struct rcx_verdict_given given;
    struct rcx_verdict verdict;
    uint32_t *ranks[RCX_TEXT_FIELD_COUNT];          /* of the codes of `texts` */
    uint32_t *codes_of_ranks[RCX_TEXT_FIELD_COUNT]; /* NULL: a text's code is its rank */
    struct rcx_spill *spill;
    size_t mapped; /* rows at the front of the writer's batch whose ranks are codes already */
    struct rcx_convert_counts counts;
};

/* ingest_inputs.c */
enum rcx_status rcx_ingest_open_files(struct rcx_ingest_state *state, struct rcx_error *err);
void rcx_ingest_close_files(struct rcx_ingest_state *state);
/* Opens a parked file again; parks one of several, when that can be done. */
enum rcx_status rcx_ingest_wake(struct rcx_ingest_state *state, struct rcx_ingest_file *file,
                                struct rcx_error *err);
void rcx_ingest_park(struct rcx_ingest_state *state, struct rcx_ingest_file *file);
/* The directory that holds the store (or the nearest one above that exists); owned by the caller. */
char *rcx_ingest_store_parent(const char *store);

/* ingest_pass.c */

/* Reads all inputs from the beginning: rows into state->lists until the memory limit (state->stop),
 * rejects, texts and evidence. With state->has_verdict rows that contradict it are rejected. */
enum rcx_status rcx_ingest_collect(struct rcx_ingest_state *state, struct rcx_error *err);
/* Called for rows that fill the memory; takes them. */
typedef enum rcx_status rcx_ingest_run_function(struct rcx_ingest_state *state,
                                                struct rcx_receipts *rows, struct rcx_error *err);
/* Reads on from state->stop with the verdict and all texts known. */
enum rcx_status rcx_ingest_continue(struct rcx_ingest_state *state, rcx_ingest_run_function *run,
                                    struct rcx_error *err);
/* The rows of all workers as one list; theirs are empty then. */
struct rcx_receipts rcx_ingest_take_rows(struct rcx_ingest_state *state);
