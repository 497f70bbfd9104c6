"""rcx completion: the scripts are valid and offer what the tables say."""
import re
import shutil
import subprocess

import pytest

from cli_support import RCX, expect, run


def complete(*words):
    """What bash offers for the last word."""
    script = (f"source <({RCX} completion bash); COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _rcx; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, cwd="/")
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_offers_commands_options_and_keys():
    assert complete("rcx", "conf") == ["config"]
    assert complete("rcx", "config", "--mark") == ["--markdown"]
    assert complete("rcx", "config", "list", "--thr") == ["--threads"]
    assert complete("rcx", "config", "get", "features.obs") == ["features.observation_days"]
    assert complete("rcx", "config", "--set", "store.z") == ["store.zstd_level="]
    assert complete("rcx", "help", "comple") == ["completion"]


ZSH = """source <("$1" completion zsh); shift
compadd() { [[ $1 == -S ]] && shift 2; print -l -- ${(P)@[-1]} }
_describe() { print -l -- ${${(P)@[-1]}%%:*} }
_files() { print files }
words=("$@"); CURRENT=$#; PREFIX=$words[-1]; _rcx"""


@pytest.mark.skipif(not shutil.which("zsh"), reason="skipped: no zsh")
@pytest.mark.parametrize("words, offered, not_offered", [
    (["conf"], {"config", "run"}, {"--threads"}),
    (["config", "--mark"], {"--markdown", "--threads"}, {"config"}),
    (["gbdt", ""], {"train", "predict"}, {"config"}),
    (["gbdt", "train", "--"], {"--label", "--seed"}, {"train"}),
    (["run", "--set", ""], {"store.zstd_level"}, {"--force"}),
    (["config", "get", ""], {"features.observation_days"}, {"files"}),
    (["run", "shop"], {"files"}, {"config"})])
def test_zsh_offers_the_same(words, offered, not_offered):
    done = subprocess.run(["zsh", "-f", "-c", "compdef() { }; " + ZSH, "zsh", RCX, "rcx", *words], capture_output=True, text=True, cwd="/")
    found = set(done.stdout.split("\n"))
    assert done.stderr == "" and offered <= found and not found & not_offered


@pytest.mark.skipif(not shutil.which("fish"), reason="skipped: no fish")
@pytest.mark.parametrize("line, offered", [("rcx conf", "config"), ("rcx gbdt tr", "train"), ("rcx run --thr", "--threads")])
def test_fish_offers_the_same(line, offered):
    done = subprocess.run(["fish", "--no-config", "-c", f"{RCX} completion fish | source; complete -C '{line}'"], capture_output=True, text=True, cwd="/")
    assert offered in [text.split("\t")[0] for text in done.stdout.splitlines()], done.stdout + done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_accept_their_script(shell):
    script = expect("completion", shell).stdout
    assert "config" in script and "markdown" in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True).returncode == 0


def test_every_command_is_there():
    section = run("help").stdout.split("commands:\n")[1].split("\n\n")[0]
    for line in section.splitlines():
        name = line.split()[0]
        for shell in ("bash", "zsh", "fish"):
            assert re.search(rf"\b{name}\b", run("completion", shell).stdout)


def test_an_unknown_shell_is_exit_2():
    expect("completion", "bsh", code=2, stdout="",
           stderr=r"rcx: error: there is no completion for 'bsh'; did you mean 'bash'\? there are bash, zsh and fish\n"
                  r"see 'rcx help completion'\n")
