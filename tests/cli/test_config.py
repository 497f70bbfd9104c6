"""rcx config, the generated files, and every kind of mistake in a configuration."""
import json
import os
import re

import pytest

from cli_support import SOURCE, expect, run


def read(*parts):
    with open(os.path.join(SOURCE, *parts), encoding="utf-8") as file:
        return file.read()


def test_the_default_file_is_the_generated_one():
    expect("config", "defaults", stdout=read("config", "rcx.yaml"))


def test_the_document_is_the_generated_one():
    expect("config", "defaults", "--markdown", stdout=read("docs", "config.md"))


def test_the_default_file_sets_every_key_to_its_default():
    path = os.path.join(SOURCE, "config", "rcx.yaml")
    keys = json.loads(run("config", "list", "--json").stdout)["keys"]
    expect("config", "check", path, stdout=f"{path}: right, sets {len(keys)} of {len(keys)} keys\n")
    loaded = json.loads(run("config", "list", "--json", "-c", path).stdout)["keys"]
    assert [(k["key"], k["value"]) for k in loaded] == [(k["key"], k["value"]) for k in keys]


def test_parity_selects_the_original_definitions():
    path = os.path.join(SOURCE, "config", "parity.yaml")
    expect("config", "get", "features.definitions", "-c", path, stdout="original\n")
    expect("config", "get", "features.definitions", stdout="standard\n")


def test_every_listed_key_is_complete_and_can_be_got():
    keys = json.loads(run("config", "list", "--json").stdout)
    assert keys["schema"] == "rcx.config.list/1"
    for key in keys["keys"]:
        assert key["meaning"] and key["type"] and key["origin"] == "default"
        got = json.loads(run("config", "get", key["key"], "--json").stdout)
        assert got["value"] == key["value"]


def test_the_list_shows_value_origin_meaning_and_range():
    expect("config", "list", "churn.gap_days", "--set", "churn.gap_days=9", stdout=(
        "churn.gap_days: 9  (--set)\n"
        "    days between the snapshot and the horizon [whole number, 0 to 3650 days; default 0]\n"))
    lines = run("config", "list", "cleaning.outliers").stdout.splitlines()
    assert lines and all(line.startswith(("cleaning.outliers.", "    ")) for line in lines)


def test_precedence(tmp_path):
    (tmp_path / "rcx.yaml").write_text("runtime:\n  threads: 2\n")
    (tmp_path / "other.yaml").write_text("runtime:\n  threads: 3\n")
    get = ["config", "get", "runtime.threads"]
    env = {"RCX_RUNTIME__THREADS": "4"}
    expect(*get, stdout="auto\n")
    expect(*get, cwd=tmp_path, stdout="2\n")
    expect(*get, "-c", "other.yaml", cwd=tmp_path, stdout="3\n")
    expect(*get, "-c", "other.yaml", cwd=tmp_path, env=env, stdout="4\n")
    expect(*get, "-c", "other.yaml", "--set", "runtime.threads=5", cwd=tmp_path, env=env, stdout="5\n")
    expect(*get, "-c", "other.yaml", "--set", "runtime.threads=5", "--threads", "6", cwd=tmp_path, env=env, stdout="6\n")
    origin = json.loads(run(*get, "--json", cwd=tmp_path).stdout)["origin"]
    assert origin == "rcx.yaml:2:12"


MISTAKES = [
    ("misspelt key", "features:\n  observation_dayz: 90\n",
     "2:3: there is no key 'features.observation_dayz'; did you mean 'features.observation_days'?"),
    ("unknown key", "whatever: 1\n", "1:1: there is no key 'whatever'; 'rcx config list' shows all keys"),
    ("out of range", "churn:\n  horizon_days: 0\n",
     "2:17: churn.horizon_days: 0 is out of range; expected whole number, 1 to 3650 days (default 90)"),
    ("text for a number", "churn:\n  horizon_days: ninety\n",
     "2:17: churn.horizon_days: 'ninety' does not fit; expected whole number, 1 to 3650 days (default 90)"),
    ("quoted number", "churn:\n  horizon_days: '90'\n",
     "2:17: churn.horizon_days: '90' does not fit (a quoted text; remove the quotes); expected whole number, "
     "1 to 3650 days (default 90)"),
    ("fraction for a whole number", "churn:\n  horizon_days: 90.5\n",
     "2:17: churn.horizon_days: '90.5' does not fit; expected whole number, 1 to 3650 days (default 90)"),
    ("list for a number", "churn:\n  horizon_days: [90]\n",
     "2:17: churn.horizon_days: found a list; expected whole number, 1 to 3650 days (default 90)"),
    ("mapping for a number", "churn:\n  horizon_days: {a: 90}\n",
     "2:17: churn.horizon_days: found a mapping; expected whole number, 1 to 3650 days (default 90)"),
    ("number for a list", "cleaning:\n  service_codes: 3\n",
     "2:18: cleaning.service_codes: found a single value; expected list of texts (default POST, DOT, D, M, C2, "
     "BANK CHARGES, AMAZONFEE, CRUK, S, B, PADS)"),
    ("nothing for a number", "churn:\n  horizon_days:\n",
     "2:16: churn.horizon_days: has no value; expected whole number, 1 to 3650 days (default 90)"),
    ("yes for true", "store:\n  sync: yes\n",
     "2:9: store.sync: 'yes' does not fit; expected true or false (default true)"),
    ("no value of the key", "features:\n  definitions: orignal\n",
     "2:16: features.definitions: 'orignal' is not a value of this key (did you mean 'original'?); expected one of "
     "standard, original (default standard)"),
    ("a value for a section", "features: 3\n",
     "1:11: 'features' is a group of keys: found a single value, expected 'key: value' lines below it"),
    ("twice", "store:\n  sync: true\n  sync: false\n", "3:3: store.sync is there twice; first in line 2"),
    ("damaged", "store: {sync: true\n", "2:1: not valid YAML: did not find expected ',' or '}', while parsing a flow mapping"),
    ("tabs", "store:\n\tsync: true\n",
     "2:1: not valid YAML: found character that cannot start any token, while scanning for the next token"),
    ("a list", "- sync\n", "1:1: found a list, expected sections such as 'features:'"),
    ("two documents", "store: {}\n---\nstore: {}\n", "3:1: a second YAML document begins; there must be one"),
    ("contradiction", "features:\n  observation_days: 90\n",
     "2:21: features.windows: 'very_long' is 180 days, longer than the observation window "
     "(features.observation_days: 90); shorten it or lengthen the observation window"),
    ("no multiple of 30", "features:\n  observation_days: 200\n",
     "2:21: features.observation_days: 200 is not a multiple of 30; the nearest are 180 and 210"),
]


@pytest.mark.parametrize("name, text, message", MISTAKES, ids=[m[0] for m in MISTAKES])
def test_mistakes_in_a_file_are_exit_2_with_line_and_column(tmp_path, name, text, message):
    (tmp_path / "rcx.yaml").write_text(text)
    pattern = re.escape(f"rcx: error: rcx.yaml:{message}\n")
    expect("config", "check", "rcx.yaml", cwd=tmp_path, code=2, stdout="", stderr=pattern)
    expect("config", "list", cwd=tmp_path, code=2, stdout="", stderr=pattern)


def test_all_mistakes_of_all_sources_come_at_once(tmp_path):
    (tmp_path / "rcx.yaml").write_text("a: 1\nstore:\n  zstd_level: 77\n")
    expect("config", "list", "--set", "b=1", "--threads", "none", env={"RCX_C__D": "1"}, cwd=tmp_path, code=2, stdout="", stderr=(
        r"rcx: error: rcx.yaml:1:1: there is no key 'a'; 'rcx config list' shows all keys\n"
        r"rcx: error: rcx.yaml:3:15: store.zstd_level: 77 is out of range; expected whole number, 1 to 19 \(default 1\)\n"
        r"rcx: error: environment RCX_C__D: there is no key 'c.d'; 'rcx config list' shows all keys\n"
        r"rcx: error: --set: there is no key 'b'; 'rcx config list' shows all keys\n"
        r"rcx: error: --threads: runtime.threads: 'none' does not fit; expected auto or a whole number, 1 to 1024 \(default auto\)\n"))


@pytest.mark.parametrize("arguments, message", [
    (["config", "get", "features.observation_day"],
     "there is no key 'features.observation_day'; did you mean 'features.observation_days'? 'rcx config list' shows all keys"),
    (["config", "get", "features"], "'features' is a group of keys; 'rcx config list features' shows them"),
    (["config", "list", "featurs"], "there is no key 'featurs'; 'rcx config list' shows all keys"),
    (["config", "list", "--set", "store.sync"], "--set: 'store.sync' is not of the form section.key=value"),
])
def test_wrong_keys_on_the_command_line(arguments, message):
    expect(*arguments, code=2, stdout="", stderr=re.escape(f"rcx: error: {message}\n"))


def test_a_missing_file_is_exit_1_only_when_named(tmp_path):
    expect("config", "list", "store", "-c", "none.yaml", cwd=tmp_path, code=1, stdout="",
           stderr=r"rcx: error: none\.yaml: cannot open: No such file or directory\n")
    expect("config", "list", "store", cwd=tmp_path)
    expect("config", "check", tmp_path, code=1, stdout="", stderr=r"rcx: error: .*: .*directory\n")
