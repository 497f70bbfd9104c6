"""The source tree as the structure tests see it: files, includes, and code without comments."""

import functools
import os
import re
from pathlib import Path

ROOT = Path(os.environ.get("RCX_SOURCE") or Path(__file__).resolve().parents[2])
FOLDERS = ("base", "config", "storage", "engine", "ml", "bench", "cli")
PEERS = "bench/peers"  # programs of their own beside the library rcx_bench
SOURCES = (".c", ".h", ".cc", ".def")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.MULTILINE)
COMMENT_OR_TEXT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def files(*folders, suffixes=SOURCES):
    """The files below the folders, as paths relative to the root, sorted; PEERS only when asked for."""
    found = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in suffixes and path.is_file() and (folder == PEERS or ROOT / PEERS not in path.parents):
                found.add(path.relative_to(ROOT))
    return sorted(found)


@functools.lru_cache(maxsize=None)
def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


@functools.lru_cache(maxsize=None)
def code(path):
    """The file with comments and texts blanked; line numbers stay."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    includes_kept = []
    for line in text(path).split("\n"):
        includes_kept.append("" if INCLUDE.match(line) else line)
    return COMMENT_OR_TEXT.sub(blank, "\n".join(includes_kept))


def includes(path):
    """(line, is_local, name) for each #include."""
    source = text(path)
    for match in INCLUDE.finditer(source):
        if not match.group(2).endswith(".inc"):  # bytes of a file, made by the build (rcx_embed)
            yield source.count("\n", 0, match.start()) + 1, match.group(1) == '"', match.group(2)


def line_of(source, offset):
    return source.count("\n", 0, offset) + 1
