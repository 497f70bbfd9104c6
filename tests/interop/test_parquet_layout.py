"""The bytes of a Parquet file, read by the specification: page headers where the offset index says, the
column index against the values of each page, sizes that add up."""
import os
import pathlib
import struct
import subprocess

import pytest
from thrift_compact import Reader

np = pytest.importorskip("numpy")
pq = pytest.importorskip("pyarrow.parquet")

DATA_PAGE, DICTIONARY_PAGE = 0, 2
PLAIN, RLE, RLE_DICTIONARY = 0, 3, 8
FORMATS = {0: ("<?", 1), 1: ("<i", 4), 2: ("<q", 8), 5: ("<d", 8)}
UNORDERED, ASCENDING, DESCENDING = range(3)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tables")
    subprocess.run([pathlib.Path(os.environ["RCX_BUILD"]) / "tests" / "write_tables", directory], check=True)
    return directory


def footer_of(data):
    length = struct.unpack("<I", data[-8:-4])[0]
    reader = Reader(data, len(data) - 8 - length)
    footer = reader.struct()
    assert reader.position == len(data) - 8
    return footer


def pages_of(data, chunk):
    """(offset, header, bytes with header) of each page of a chunk, walking from its first to its last byte."""
    position = chunk.get(11, chunk[9])
    end = position + chunk[7]
    plain = 0
    while position < end:
        reader = Reader(data, position)
        header = reader.struct()
        size = reader.position - position + header[3]
        plain += reader.position - position + header[2]
        yield position, header, size
        position += size
    assert position == end
    assert plain == chunk[6]


def integers(column):
    """The stored values of an Arrow column as numbers that compare alike, and where it is null."""
    import pyarrow as pa
    column = column.combine_chunks()
    kind = column.type
    values = column
    if kind == pa.bool_():
        values = column.cast(pa.int8())
    elif kind == pa.date32():
        values = column.view(pa.int32())
    elif pa.types.is_timestamp(kind):
        values = column.view(pa.int64())
    elif pa.types.is_decimal(kind):
        whole = np.frombuffer(column.buffers()[1], dtype=np.int64)[::2][column.offset:column.offset + len(column)]
        return whole, np.asarray(column.is_null())
    return np.asarray(values.fill_null(0)), np.asarray(column.is_null())


@pytest.mark.parametrize("name", ["types.snappy", "nulls.zstd", "all_null.none", "reals.zstd", "texts.none",
                                  "long_texts.snappy", "million.snappy", "distributions.zstd", "stream", "one.none"])
def test_every_byte_is_accounted_for(files, name):
    data = (files / f"{name}.parquet").read_bytes()
    table = pq.read_table(files / f"{name}.parquet")
    footer = footer_of(data)
    assert data[:4] == data[-4:] == b"PAR1"
    position, row = 4, 0
    for group in footer[4]:
        assert group[5] == position
        for index, column in enumerate(group[1]):
            chunk = column[3]
            assert chunk.get(11, chunk[9]) == position
            check_chunk(data, column, table.column(index).slice(row, group[3]))
            position += chunk[7]
        assert group[6] == sum(c[3][7] for c in group[1])
        assert group[2] == sum(c[3][6] for c in group[1])
        row += group[3]
    assert row == footer[3] == table.num_rows
    # Behind the pages: all column indexes, all offset indexes, the footer, without gaps.
    columns = [c for group in footer[4] for c in group[1]]
    pieces = [(c[6], c[7]) for c in columns if 6 in c] + [(c[4], c[5]) for c in columns]
    for offset, length in pieces:
        assert offset == position
        position += length
    assert position == len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]


def check_chunk(data, column, values):
    chunk = column[3]
    pages = list(pages_of(data, chunk))
    dictionary = 11 in chunk
    if dictionary:
        offset, header, _ = pages.pop(0)
        assert (offset, header[1], header[7][2]) == (chunk[11], DICTIONARY_PAGE, PLAIN)
    encoding = RLE_DICTIONARY if dictionary else PLAIN
    assert all((h[1], h[5][2], h[5][3], h[5][4]) == (DATA_PAGE, encoding, RLE, RLE) for _, h, _ in pages)
    assert chunk[9] == pages[0][0]
    assert chunk[13][-1] == {1: DATA_PAGE, 2: encoding, 3: len(pages)}
    # The offset index names the same pages.
    locations = Reader(data, column[4]).struct()[1]
    assert [(p[1], p[2]) for p in locations] == [(offset, size) for offset, _, size in pages]
    firsts = [p[3] for p in locations] + [len(values)]
    assert [b - a for a, b in zip(firsts, firsts[1:])] == [h[5][1] for _, h, _ in pages]
    assert sum(h[5][1] for _, h, _ in pages) == chunk[5] == len(values)
    if 6 in column:
        check_column_index(Reader(data, column[6]).struct(), chunk[1], values, firsts)


def check_column_index(index, kind, values, firsts):
    form, width = FORMATS[kind]
    stored, null = integers(values)
    bounds = []
    for page, (begin, end) in enumerate(zip(firsts, firsts[1:])):
        some = stored[begin:end][~null[begin:end]]
        assert index[1][page] == (len(some) == 0)
        assert index[5][page] == int(null[begin:end].sum())
        if len(some) == 0:
            assert index[2][page] == index[3][page] == b""
            continue
        assert len(index[2][page]) == len(index[3][page]) == width
        low, high = struct.unpack(form, index[2][page])[0], struct.unpack(form, index[3][page])[0]
        assert (low, high) == (some.min(), some.max())
        bounds.append((low, high))
    pairs = list(zip(bounds, bounds[1:]))
    ascending = all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairs)
    descending = all(a[0] >= b[0] and a[1] >= b[1] for a, b in pairs)
    assert index[4] == (ASCENDING if ascending else DESCENDING if descending else UNORDERED)


def test_a_sorted_column_is_ascending_over_many_pages(files):
    data = (files / "distributions.zstd.parquet").read_bytes()
    footer = footer_of(data)
    column = next(c for c in footer[4][0][1] if c[3][3] == [b"sorted_real"])
    index = Reader(data, column[6]).struct()
    assert len(index[2]) == -(-1000000 // 65536)
    assert index[4] == ASCENDING
