#!/usr/bin/env python3
"""Makes the seeds of fuzz_store_files and fuzz_column: the parts of real stores that these targets take.

    make_seeds.py RCX OUTPUT    into OUTPUT/store_files and OUTPUT/column

The stores are those of samples in corpus/csv, so that all encodings, text ids and guests occur."""

import subprocess
import sys
import tempfile
from pathlib import Path

SAMPLES = ["plain", "text_ids", "quotes"]
HEADER, TAIL = 16, 8 + 16 + 8  # of a segment file: magic and format; footer length, digest, magic
COLUMNS = 10


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def chunk_columns(chunks, footer):
    """(encoding, values, stored bytes) of each column chunk."""
    count, at = varint(footer, 0)
    place = 0
    for _ in range(count):
        rows, at = varint(footer, at)
        receipts, at = varint(footer, at)
        for _ in range(2):
            _, at = varint(footer, at)
        for column in range(COLUMNS):
            encoding = footer[at]
            stored, at = varint(footer, at + 1)
            at += 8
            for _ in range(3):
                _, at = varint(footer, at)
            yield column, encoding, receipts if column < 4 else rows, chunks[place : place + stored]
            place += stored


def write(folder, name, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.bin").write_bytes(bytes(data))


def seeds_of(store, sample, out):
    for path in sorted(store.iterdir()):
        data = path.read_bytes()
        if path.name.startswith("segment-"):
            footer_bytes = int.from_bytes(data[-TAIL : -TAIL + 8], "little")
            footer = data[-TAIL - footer_bytes : -TAIL]
            chunks = data[HEADER : -TAIL - footer_bytes]
            seed = bytes([0]) + len(chunks).to_bytes(2, "little") + chunks + footer
            write(out / "store_files", f"segment_{sample}", seed)
            for column, encoding, values, stored in chunk_columns(chunks, footer):
                write(out / "column", f"{sample}_{column}", bytes([encoding, values]) + stored)
        elif path.name.startswith("dictionary-"):
            count, at = varint(data, 12)
            field = path.name.split("-")[1]
            write(out / "store_files", f"{field}_{sample}", bytes([1, count]) + data[at:-16])
        elif path.name.startswith("MANIFEST-"):
            write(out / "store_files", f"manifest_{sample}", bytes([2]) + data[12:-16])


def main():
    rcx, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    corpus = Path(__file__).parent / "corpus" / "csv"
    for sample in SAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            text = Path(folder) / "shop.csv"
            text.write_bytes((corpus / f"{sample}.bin").read_bytes())
            store = Path(folder) / "store"
            command = [rcx, "ingest", text, "--store", store, "--set", "ingest.max_reject_share=0.9"]
            subprocess.run(command, check=True, capture_output=True, cwd=folder)
            seeds_of(store, sample, out)


main()
