"""Running the program in tests: exact output, exit code, standard error."""
import os
import re
import subprocess

RCX = os.environ.get("RCX", "build/dev/rcx")
SOURCE = os.environ.get("RCX_SOURCE", os.getcwd())


def environment(extra=None):
    """The caller's environment without anything that configures rcx."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RCX_") and k != "NO_COLOR"}
    kept.update(extra or {})
    return kept


def run(*arguments, env=None, cwd=None, stdin=b"", **options):
    """Runs rcx; the result has text in stdout and stderr. No ./rcx.yaml is around unless cwd has one."""
    result = subprocess.run([RCX, *map(str, arguments)], env=environment(env), cwd=cwd or "/",
                            input=stdin, capture_output=True, timeout=120, **options)
    result.stdout = result.stdout.decode()
    result.stderr = result.stderr.decode()
    return result


def expect(*arguments, stdout=None, stderr="", code=0, **options):
    """Runs rcx and compares: stdout exactly (None: not looked at), stderr as a pattern of the whole."""
    result = run(*arguments, **options)
    what = f"rcx {' '.join(map(str, arguments))}\n{result.stdout}{result.stderr}"
    assert result.returncode == code, what
    if stdout is not None:
        assert result.stdout == stdout, what
    assert re.fullmatch(stderr, result.stderr, re.DOTALL), what
    return result
