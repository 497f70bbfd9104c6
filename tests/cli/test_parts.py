"""Exports in parts: directories, patterns, compressed text, headers in the middle, columns in another order."""
import csv
import gzip
import json
import resource

import pytest
from cli_support import expect, run

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def rows(count=20, begin=0):
    return [f"{536365 + i},P{i % 7},THING,{1 + i % 5},2010-12-{1 + i % 28:02} 10:00,1.5,{12346 + i % 9},UK" for i in range(begin, begin + count)]


def text(*lines):
    return ("\n".join([HEADER, *lines]) + "\n").encode()


def load(store, *inputs, **options):
    return json.loads(expect("ingest", *inputs, "--store", store, "--json", stderr=r".*", **options).stdout)


def digest(store):
    return json.loads(run("info", "--store", store, "--json").stdout)["digest"]


@pytest.fixture
def whole(tmp_path):
    (tmp_path / "whole.csv").write_bytes(text(*rows(300)))
    load(tmp_path / "whole", tmp_path / "whole.csv")
    return digest(tmp_path / "whole")


@pytest.fixture
def parts(tmp_path):
    """300 rows in five parts: plain, gzip of two members, zstd-like names do not matter, notes beside them."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "part-00000").write_bytes(text(*rows(100)))
    packed = gzip.compress(text(*rows(60, 100))) + gzip.compress("\n".join(rows(40, 160)).encode() + b"\n")
    (folder / "part-00001.gz").write_bytes(packed)
    (folder / "part-00002.csv").write_bytes(text())
    swapped = [",".join(reversed(row.split(","))) for row in rows(50, 200)]
    (folder / "part-00003.csv").write_text("\n".join([",".join(reversed(HEADER.split(","))), *swapped]))
    fewer = [";".join(row.split(",")) + ";x" for row in rows(50, 250)]
    (folder / "part-00004.csv").write_text("\n".join([HEADER.replace(",", ";") + ";Note", *fewer]))
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / ".part-00000.crc").write_bytes(b"\0\1")
    (folder / "logs").mkdir()
    return folder


def test_directory_and_pattern(parts, whole, tmp_path):
    got = load(tmp_path / "a", parts)
    assert [(i["path"].rsplit("/")[-1], i["accepted"]) for i in got["inputs"]] == [
        ("part-00000", 100), ("part-00001.gz", 100), ("part-00002.csv", 0), ("part-00003.csv", 50), ("part-00004.csv", 50)]
    load(tmp_path / "b", parts / "part-*")
    load(tmp_path / "c", parts, "--memory-limit", "16MB", "--threads", "3")
    assert {digest(tmp_path / name) for name in "abc"} == {whole}


def test_run_takes_the_same(parts, whole, tmp_path):
    expect("run", parts, "-o", tmp_path / "out", "--until", "ingest", "-q", stderr=r".*")
    assert digest(tmp_path / "out" / "store") == whole


def test_more_parts_than_files_may_be_open(tmp_path, whole):
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(300):
        (folder / f"p{i:04}.csv").write_bytes(text(*rows(1, i)))
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    load(tmp_path / "a", folder, preexec_fn=limit)
    assert digest(tmp_path / "a") == whole


@pytest.mark.parametrize("stdin", [False, True])
def test_repeated_headers(stdin, whole, tmp_path):
    """cat a.csv b.csv c.csv: headers in the middle, one of them behind a byte order mark."""
    data = text(*rows(100)) + text(*rows(100, 100)) + b"\xef\xbb\xbf" + text(*rows(100, 200))
    for i, packed in enumerate((data, gzip.compress(data), data.replace(b"\n", b"\r\n"))):
        path = tmp_path / f"all{i}"
        path.write_bytes(packed)
        got = load(tmp_path / f"s{i}", "-", stdin=packed) if stdin else load(tmp_path / f"s{i}", path)
        assert (got["accepted"], got["rejected"], got["repeated_headers"]) == (300, 0, 2)
        assert digest(tmp_path / f"s{i}") == whole
    shown = expect("ingest", path, "--store", tmp_path / "t", stderr=r".*").stdout
    assert "2 lines were the header once more and are left out\n" in shown


def test_what_only_looks_like_the_header_is_rejected(tmp_path):
    other = HEADER.replace("Quantity", "quantity")
    (tmp_path / "a.csv").write_bytes(text(*rows(200), other))
    got = load(tmp_path / "s", tmp_path / "a.csv")
    assert (got["accepted"], got["rejected"], got["repeated_headers"]) == (200, 1, 0)
    with open(tmp_path / "rejects.csv", newline="") as file:
        assert [r["line"] for r in csv.DictReader(file)] == ["202"]


def test_cut_and_padded_gzip(tmp_path):
    packed = gzip.compress(text(*rows(200)))
    for name, data, code, message in (
            ("cut", packed[:-9], 3, r".*the gzip file is cut off\n"), ("flipped", packed[:99] + b"\0\0\0" + packed[102:], 3, r".*not a sound gzip file.*"),
            ("more", packed + b"more", 3, r".*something else follows the compressed data\n"), ("padded", packed + bytes(700), 0, r".*")):
        (tmp_path / name).write_bytes(data)
        expect("ingest", tmp_path / name, "--store", tmp_path / f"s-{name}", code=code, stderr=message)


def test_no_files(tmp_path):
    (tmp_path / "empty").mkdir()
    expect("ingest", tmp_path / "empty", "--store", tmp_path / "s", code=1, stderr=r".*is a directory without files\n")
    expect("ingest", tmp_path / "no*.csv", "--store", tmp_path / "s", code=1, stderr=r".*no file matches\n")


def test_zstd_frames_one_after_the_other_and_one_to_skip(whole, tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "shop.csv.zst"
    skipped = b"\x5e\x2a\x4d\x18\x04\0\0\0abcd"
    all_rows = text(*rows(300))
    path.write_bytes(skipped + zstandard.compress(all_rows[:5000]) + skipped + zstandard.compress(all_rows[5000:]))
    load(tmp_path / "a", path)
    assert digest(tmp_path / "a") == whole


@pytest.mark.parametrize("delimiter", ";,\t|")
def test_what_may_stand_before_the_header(delimiter, whole, tmp_path):
    path = tmp_path / "shop.csv"
    table = text(*rows(300)).replace(b",", delimiter.encode())
    for before in (b"\n\r\n", b"sep=" + delimiter.encode() + b"\r\n", b"\xef\xbb\xbf\nSEP=" + delimiter.encode() + b"\n"):
        path.write_bytes(before + table)
        load(tmp_path / "a", path)
        assert digest(tmp_path / "a") == whole
        path.write_bytes(before + table + b"1,2\n".replace(b",", delimiter.encode()))
        got = expect("ingest", path, "--store", tmp_path / "b", "--json", stderr=r".*")
        rejects = (tmp_path / "rejects.csv").read_text().splitlines()
        assert json.loads(got.stdout)["rejected"] == 1
        assert f",{before.count(bytes([10])) + 302}," in rejects[1], rejects
        for store in "ab":
            for file in (tmp_path / store).iterdir():
                file.unlink()
            (tmp_path / store).rmdir()
