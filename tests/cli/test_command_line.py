"""The command line itself: commands, options, help, versions, where output goes."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from cli_support import RCX, SOURCE, environment, expect, run


def test_version_is_one_line():
    expect("--version", stdout=run("--version").stdout)
    assert re.fullmatch(r"rcx \d+\.\d+\.\d+\n", run("--version").stdout)


def test_version_tells_more_when_asked():
    lines = run("--version", "-v").stdout.splitlines()
    assert lines[0].startswith("rcx ")
    names = [line.split()[0] for line in lines[1:]]
    assert names[:4] == ["cpu", "compiler", "libyaml", "xxhash"]
    assert {"zstd", "gzip"} <= set(names[4:])
    assert json.loads(run("--version", "--json").stdout)["schema"] == "rcx.version/1"


@pytest.mark.parametrize("level", ["v1", "v3", "v4"])
def test_the_cpu_level_can_only_be_lowered(level):
    rank = {"v1": 1, "v3": 3, "v4": 4}
    have = json.loads(run("--version", "--json").stdout)["cpu"]
    got = json.loads(run("--version", "--json", env={"RCX_CPU": level}).stdout)["cpu"]
    assert rank[got] == min(rank[have], rank[level])


def test_an_unknown_cpu_level_is_refused():
    expect("--version", env={"RCX_CPU": "v9"}, code=2, stdout="",
           stderr=r"rcx: error: environment RCX_CPU: 'v9' is not a level; expected auto, v1, v3 or v4\n")


def test_help_lists_every_command_and_option():
    text = expect("help").stdout
    assert text == run("--help").stdout == run("-h").stdout
    for word in ["  config  ", "  help  ", "--config FILE", "--set KEY=VALUE", "--threads N",
                 "--memory-limit SIZE", "--seed N", "--log FILE", "-v, --verbose", "-q, --quiet",
                 "--json", "-h, --help", "--version"]:
        assert word in text, word


def commands():
    section = run("help").stdout.split("commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in section.splitlines()]


def test_every_command_explains_itself():
    for command in commands():
        text = expect("help", command).stdout
        assert text.startswith(f"usage: rcx {command} ")
        assert text == expect(command, "--help").stdout
        assert "options of every command:" in text


@pytest.mark.parametrize("arguments, message", [
    ([], "no command given"),
    (["confg"], "there is no command 'confg'; did you mean 'config'? 'rcx help' lists them"),
    (["help", "hlep"], "there is no command 'hlep'; did you mean 'help'? 'rcx help' lists them"),
    (["qqqqqqqq"], "there is no command 'qqqqqqqq'; 'rcx help' lists them"),
    (["config", "list", "--thread", "2"], "there is no option '--thread'; did you mean '--threads'?"),
    (["--stoer", "x"], "there is no option '--stoer'; options of a command stand behind its name"),
    (["config", "list", "-x"], "there is no option '-x'"),
    (["config", "list", "--seed"], "option '--seed' needs N"),
    (["config", "list", "-c"], "option '-c' needs FILE"),
    (["config", "list", "--json=yes"], "option '--json' takes no argument"),
    (["config"], "'rcx config' needs list [KEY] | get KEY | check FILE | defaults"),
    (["config", "get", "a", "b"], "'rcx config' does not take 'b'; it takes list [KEY] | get KEY | check FILE | defaults"),
    (["config", "sho"], "there is no action 'sho'; 'rcx config' knows list, get, check and defaults"),
    (["config", "get"], "'rcx config get' needs KEY"),
])
def test_a_bad_command_line_is_exit_2_with_a_hint(arguments, message):
    expect(*arguments, code=2, stdout="", stderr=re.escape(f"rcx: error: {message}\n") + r"see 'rcx help[a-z ]*'\n")


def test_options_stand_anywhere_and_in_every_form():
    want = expect("config", "get", "runtime.threads", "--threads", "3").stdout
    assert want == "3\n"
    for arguments in (["--threads=3", "config", "get", "runtime.threads"],
                      ["config", "--threads", "3", "get", "runtime.threads"],
                      ["config", "get", "--threads=3", "--", "runtime.threads"]):
        expect(*arguments, stdout=want)
    expect("-vq", "config", "get", "log.level", stdout="error\n")
    expect("config", "get", "log.level", "-v", stdout="debug\n")


@pytest.mark.parametrize("option, key, value", [
    ("--threads", "runtime.threads", "2"),
    ("--memory-limit", "runtime.memory_limit", "256MiB"),
    ("--seed", "runtime.seed", "77"),
    ("--log", "log.file", "/tmp/x.log"),
])
def test_options_of_keys_give_them_their_value_and_origin(option, key, value):
    expect("config", "get", key, option, value, stdout=value + "\n")
    got = json.loads(run("config", "get", key, option, value, "--json").stdout)
    assert (got["schema"], got["key"], got["origin"]) == ("rcx.config.get/1", key, option)


def test_a_full_disk_is_exit_1():
    with open("/dev/full", "wb") as full:
        result = subprocess.run([RCX, "config", "defaults"], stdout=full, stderr=subprocess.PIPE, env=environment())
    assert result.returncode == 1
    assert result.stderr == b"rcx: error: standard output: No space left on device\n"


def test_a_closed_pipe_is_exit_1_and_no_signal():
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run([RCX, "config", "list"], stdout=write, stderr=subprocess.PIPE, env=environment())
    os.close(write)
    assert result.returncode == 1
    assert result.stderr == b"rcx: error: standard output: Broken pipe\n"


def test_no_colour_where_nobody_looks_and_none_when_unwanted():
    assert "\033" not in run("nonsense").stderr


def on_terminal(*arguments, env=None):
    """What rcx writes to a standard error that is a terminal."""
    import pty
    leader, follower = pty.openpty()
    subprocess.run([RCX, *arguments], stdout=subprocess.PIPE, stderr=follower, env=environment(env), cwd="/")
    os.close(follower)
    seen = b""
    try:
        while chunk := os.read(leader, 65536):
            seen += chunk
    except OSError:  # the other side is closed
        pass
    os.close(leader)
    return seen.decode()


def test_colour_on_a_terminal_respects_no_color():
    assert "\033[31m" in on_terminal("nonsense")
    assert "\033" not in on_terminal("nonsense", env={"NO_COLOR": "1"})
    assert "\033" in on_terminal("nonsense", env={"NO_COLOR": ""})


def test_waiting_threads_sleep():
    """The program starts itself once more with OMP_WAIT_POLICY=passive, and keeps a policy that is set."""
    # some OpenMP libraries show their settings when the first thread starts only
    script = f"exec -a rcx {RCX} generate --rows 100000 --threads 2 -o /dev/null"
    for given in (None, "active"):
        env = environment({"OMP_DISPLAY_ENV": "true", **({"OMP_WAIT_POLICY": given} if given else {})})
        result = subprocess.run(["bash", "-c", script], env=env, capture_output=True, cwd="/")
        shown = re.findall(r"OMP_WAIT_POLICY\s*=\s*'(\w+)'", result.stderr.decode())
        assert shown and shown[-1] == (given or "passive").upper()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_exit_130_and_leaves_nothing(number, tmp_path):
    process = subprocess.Popen([RCX, "generate", "--rows", "30000000", "-o", tmp_path / "shop.csv"], env=environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")
    wait_for(lambda: any(file.stat().st_size > 0 for file in tmp_path.iterdir()))
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"rcx: error: " in stderr and b"interrupted" in stderr
    assert list(tmp_path.iterdir()) == []


def wait_for(condition, seconds=30):
    for _ in range(seconds * 50):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("waited too long")


# --- the manual --------------------------------------------------------------------------------------

def test_the_manual_names_every_command_and_option():
    text = expect("help", "--markdown").stdout
    with open(f"{SOURCE}/docs/cli.md", encoding="utf-8") as file:
        assert text == file.read(), "run scripts/generate"
    page = expect("help", "--man").stdout
    for command in re.findall(r"^## rcx (.+)$", text, re.MULTILINE):
        assert f'.SS "rcx {command}' in page
        for option in re.findall(r"--[a-z-]+", "".join(re.findall(r"^  .{22}", run("help", *command.split()).stdout, re.MULTILINE))):
            assert option in text and option.replace("-", "\\-") in page, (command, option)
    expect("help", "--man", "run", code=2, stdout="", stderr=r".*--man and --markdown.*\n.*")
    expect("help", "--man", "--markdown", code=2, stdout="", stderr=r".*each print the manual.*\n.*")


@pytest.mark.skipif(shutil.which("groff") is None, reason="skipped: no groff")
def test_groff_accepts_the_page():
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=run("help", "--man").stdout, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "rcx gbdt train" in done.stdout and "--set" in done.stdout


def test_installation(tmp_path):
    done = subprocess.run(["cmake", "--install", os.environ["RCX_BUILD"], "--prefix", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    installed = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert installed == ["bin/rcx", "share/bash-completion/completions/rcx", "share/fish/vendor_completions.d/rcx.fish", "share/man/man1/rcx.1",
                         "share/zsh/site-functions/_rcx"]
    assert subprocess.run([tmp_path / "bin/rcx", "--version"], capture_output=True, text=True).stdout == run("--version").stdout
    assert (tmp_path / "share/man/man1/rcx.1").read_text() == run("help", "--man").stdout
