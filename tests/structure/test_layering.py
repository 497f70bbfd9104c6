"""Who may include whom, and where each third-party library is at home."""

import re
from fnmatch import fnmatch

import pytest
from tree import FOLDERS, PEERS, ROOT, code, files, includes, line_of, text

# base <- config <- storage <- engine <- bench <- cli;  base <- config <- ml <- bench <- cli
MAY_INCLUDE = {
    "base": {"base"},
    "config": {"base", "config"},
    "storage": {"base", "config", "storage"},
    "engine": {"base", "config", "storage", "engine"},
    "ml": {"base", "config", "ml"},
    "bench": {"base", "config", "storage", "engine", "ml", "bench"},
    "cli": {"base", "config", "storage", "engine", "ml", "bench", "cli"},
}
# Within storage: the store and the formats do not know each other, the codecs know neither.
STRANGERS = {
    "storage/format/": ("storage/store/", "storage/ingest/"),
    "storage/store/": ("storage/format/", "storage/ingest/"),
    "storage/encoding/": ("storage/store/", "storage/format/", "storage/ingest/"),
}
# Third-party headers and their only home.
HOMES = {
    "zstd.h": "storage/encoding/codec_*.c",
    "zstd_errors.h": "storage/encoding/codec_*.c",
    "zdict.h": "storage/encoding/codec_*.c",
    "snappy-c.h": "storage/encoding/codec_*.c",
    "jansson.h": "base/json_read.c",
    "zlib.h": "storage/encoding/codec_*.c",
    "lz4*.h": "storage/encoding/codec_*.c",
    "xxhash.h": "base/hash.c",
    "yaml.h": "config/*.c",
    "omp.h": "base/parallel.c",
    "zip.h": "storage/format/xlsx*.c",
    "expat.h": "storage/format/xlsx*.c",
    "sanitizer/*.h": "base/parallel.c",
    "cmocka.h": "tests/*",
}
# Everything else in <> is the C library, POSIX or Linux; a new third-party header needs a home.
SYSTEM = set("""
    assert.h ctype.h errno.h float.h inttypes.h limits.h math.h setjmp.h signal.h stdalign.h
    stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h time.h
    dirent.h fcntl.h fnmatch.h glob.h libgen.h locale.h poll.h pthread.h sched.h unistd.h
    sys/file.h sys/mman.h sys/random.h sys/resource.h sys/sendfile.h sys/stat.h sys/statvfs.h
    sys/syscall.h sys/sysinfo.h sys/time.h sys/types.h sys/uio.h sys/utsname.h sys/wait.h
    sys/ioctl.h sys/prctl.h sys/vfs.h linux/fs.h
    cpuid.h immintrin.h x86intrin.h
    charconv cmath cstring system_error
""".split())
PRODUCT = files(*FOLDERS)


def test_there_is_something_to_check():
    assert len(PRODUCT) > 20


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_include_only_what_lies_below(folder):
    wrong = []
    for path in files(folder):
        for line, local, name in includes(path):
            if local and name.split("/")[0] not in MAY_INCLUDE[folder]:
                wrong.append(f"{path}:{line}: {folder} may not include {name}")
    assert not wrong, "\n".join(wrong)


def test_strangers_within_storage():
    wrong = []
    for path in files("storage"):
        for home, strangers in STRANGERS.items():
            if str(path).startswith(home):
                wrong += [f"{path}:{line}: {home} may not include {name}"
                          for line, local, name in includes(path)
                          if local and name.startswith(strangers)]
    assert not wrong, "\n".join(wrong)


def test_our_headers_in_quotes_by_full_path_the_rest_in_brackets():
    wrong = []
    for path in files(*FOLDERS, PEERS, "tests"):
        for line, local, name in includes(path):
            if local and not (ROOT / name).is_file():
                wrong.append(f"{path}:{line}: no file {name} below the root")
            if not local and (ROOT / name).is_file():
                wrong.append(f"{path}:{line}: <{name}> is ours, quotes please")
    assert not wrong, "\n".join(wrong)


def test_each_third_party_header_stays_at_home():
    wrong = []
    for path in files(*FOLDERS, PEERS, "tests"):
        for line, local, name in includes(path):
            if local:
                continue
            homes = [home for pattern, home in HOMES.items() if fnmatch(name, pattern)]
            if homes and not fnmatch(str(path), homes[0]):
                wrong.append(f"{path}:{line}: <{name}> belongs into {homes[0]}")
            if not homes and name not in SYSTEM and not str(path).startswith("tests/"):
                wrong.append(f"{path}:{line}: <{name}> is neither of the system nor has a home")
    assert not wrong, "\n".join(wrong)


def test_openmp_and_threads_have_one_home():
    wrong = []
    for path in PRODUCT:
        for match in re.finditer(r"#\s*pragma\s+omp|\b(pthread|thrd)_create\b", code(path)):
            if str(path) != "base/parallel.c":
                wrong.append(f"{path}:{line_of(code(path), match.start())}: {match.group()}")
    assert not wrong, "\n".join(wrong)


def test_targets_link_what_folders_may_include():
    """CMakeLists.txt and MAY_INCLUDE tell the same story."""
    cmake = text("CMakeLists.txt")
    for folder in FOLDERS:
        call = re.search(rf"rcx_library\({folder}\b([^)]*)\)", cmake)
        assert call, f"no rcx_library({folder})"
        public = re.search(r"(?<!_)LIBS((?:\s+rcx_\w+)*)", call.group(1))
        linked = set(re.findall(r"rcx_(\w+)", public.group(1))) if public else set()
        assert linked == MAY_INCLUDE[folder] - {folder}
