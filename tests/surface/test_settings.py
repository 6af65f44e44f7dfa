"""Settings: flags > environment > project file > user file > default, each with its origin, secrets masked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.settings import load, origins, user_file

LEVELS = ["default", "user file", "project file", "environment", "flag"]
VALUES = {"default": 10, "user file": 21, "project file": 32, "environment": 43, "flag": 54}


@pytest.fixture
def say(tmp_path, monkeypatch):
    """Says settings at a level."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def at(level, **values):
        if level == "environment":
            for name, value in values.items():
                monkeypatch.setenv(f"ASSISTANT_{name.upper()}", str(value))
            return
        path = Path("assistant.toml") if level == "project file" else user_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{name} = {value!r}\n" for name, value in values.items()))

    return at


@pytest.mark.parametrize("said", [LEVELS[1 : end + 1] for end in range(len(LEVELS))], ids=lambda said: (said or ["none"])[-1])
def test_the_nearest_level_wins_and_is_named(say, said):
    for level in said:
        if level != "flag":
            say(level, k=VALUES[level])
    flags = {"k": VALUES["flag"]} if "flag" in said else {}
    wanted = said[-1] if said else "default"
    value, origin = origins(flags)["k"]
    assert value == load(flags).k == VALUES[wanted]
    assert origin == {"project file": "assistant.toml", "user file": str(user_file())}.get(wanted, wanted)


def test_levels_that_say_unlike_things_add_up(say):
    say("user file", k=3, threads=1)
    say("project file", k=4)
    settings = load({"refuse_below": 0.25})
    assert (settings.k, settings.threads, settings.refuse_below) == (4, 1, 0.25)


def test_a_flag_that_was_not_said_hides_nothing(say):
    say("environment", k=7)
    assert load({"k": None}).k == 7


def test_the_command_shows_origins(run, say):
    say("environment", k=7)
    shown = json.loads(run("config", "show", "--origin", "--json", "--index", "elsewhere").stdout)
    assert shown["k"] == {"value": 7, "origin": "environment"}
    assert shown["index"] == {"value": "elsewhere", "origin": "flag"}
    assert shown["generator"] == {"value": "extractive", "origin": "default"}


def test_the_command_shows_values_alone_without_origin(run):
    shown = json.loads(run("config", "show", "--json").stdout)
    assert shown["k"] == 10
    assert set(shown) >= {"index", "embedder", "generator", "refuse_below", "openai_api_key"}


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ASSISTANT_OPENAI_API_KEY"])
@pytest.mark.parametrize("options", [[], ["--origin"], ["--json"], ["--origin", "--json"]], ids=" ".join)
def test_a_secret_is_never_shown(run, monkeypatch, variable, options):
    monkeypatch.setenv(variable, "sk-very-secret")
    result = run("config", "show", *options)
    assert result.exit_code == 0
    assert "sk-very-secret" not in result.output
    assert "(set)" in result.output


def test_a_secret_in_a_file_is_never_shown(run):
    Path("assistant.toml").write_text('openai_api_key = "sk-very-secret"\n')
    result = run("config", "show", "--origin")
    assert "openai_api_key = (set)    (assistant.toml)" in result.stdout
    assert "sk-very-secret" not in result.output


@pytest.mark.parametrize(
    ("values", "name"),
    [({"k": 0}, "k"), ({"k": "many"}, "k"), ({"refuse_below": 2}, "refuse_below"), ({"threads": 0}, "threads"),
     ({"max_characters": 1}, "max_characters"), ({"colour": "red"}, "colour")],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_named(say, values, name):
    say("project file", **values)
    with pytest.raises(SettingsError, match=name) as error:
        load({})
    assert "config show" in error.value.hint


def test_a_secret_of_the_wrong_kind_is_not_in_the_message(say):
    Path("assistant.toml").write_text('openai_api_key = ["sk-very-secret"]\n')
    with pytest.raises(SettingsError) as error:
        load({})
    assert "sk-very-secret" not in error.value.message


@pytest.mark.parametrize("content", [b"k = ", b"\xff\xfe", b"[a]\n[a]\n"])
def test_a_settings_file_that_is_no_toml_is_an_error_with_a_hint(say, content):
    Path("assistant.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"assistant\.toml is not TOML") as error:
        load({})
    assert error.value.hint


def test_a_settings_file_that_is_no_toml_is_named(say):
    say("user file", k=3)
    user_file().write_text("k = ")
    with pytest.raises(SettingsError) as error:
        load({})
    assert str(user_file()) in error.value.message


def test_settings_do_not_change_once_made():
    with pytest.raises(ValueError, match="frozen"):
        load({}).k = 3
