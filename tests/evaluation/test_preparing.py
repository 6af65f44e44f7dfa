"""What a run is put to: which settings win, and which index stands for a set's own posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant import pipeline
from assistant.errors import EvaluationError, SettingsError, UsageError
from assistant.evaluation.preparing import index_of, indexed, settings_for
from assistant.evaluation.sets.sources import required_sources
from assistant.evaluation.systems.in_process import InProcess
from assistant.evaluation.topics import Topic, TopicSet
from assistant.indexing import embedders
from assistant.indexing.generations import IndexFolder
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.types import INDEX_PARTS, NONE, Part


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_change_wins_over_the_file_and_a_flag_over_both(tmp_path: Path) -> None:
    config = written(tmp_path / "run.toml", 'refuse_below = 0.1\nk = 3\nindex = "of-the-file"\n')
    settings = settings_for(config, ["refuse_below=0.2", "index=changed"], {"index": Path("flag"), "k": None})
    assert (settings.refuse_below, settings.k, settings.index) == (0.2, 3, Path("flag"))


def test_what_is_not_said_comes_from_the_environment_and_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    written(Path("assistant.toml"), "refuse_below = 0.3\nk = 4\nmax_characters = 500\n")
    monkeypatch.setenv("ASSISTANT_K", "5")
    settings = settings_for(None, ["max_characters=400"], {})
    assert (settings.refuse_below, settings.k, settings.max_characters) == (0.3, 5, 400)


def test_the_last_of_two_changes_wins() -> None:
    assert settings_for(None, ["k=3", "k=7"], {}).k == 7


def test_parts_are_written_with_commas() -> None:
    assert settings_for(None, ["without=pairs,exact"], {}).without == frozenset({Part.PAIRS, Part.EXACT})
    assert settings_for(None, ["without="], {}).without == NONE


def test_a_value_may_have_an_equals_sign() -> None:
    assert settings_for(None, ["confidence_model=a=b.json"], {}).confidence_model == Path("a=b.json")


@pytest.mark.parametrize("change", ["colour=red", "refuse_below", "=1", ""])
def test_what_changes_no_setting_is_refused(change: str) -> None:
    with pytest.raises(UsageError, match="changes no setting") as error:
        settings_for(None, [change], {})
    assert "refuse_below" in error.value.hint


@pytest.mark.parametrize("change", ["refuse_below=much", "refuse_below=1.1", "without=parings", "k=0"])
def test_a_value_that_cannot_be_is_refused_with_its_name(change: str) -> None:
    with pytest.raises(SettingsError, match=change.partition("=")[0]):
        settings_for(None, [change], {})


@pytest.mark.parametrize("text", ["k = ", "k = 3\nk = 4\n"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"run\.toml"):
        settings_for(written(tmp_path / "run.toml", text), [], {})


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml"):
        settings_for(tmp_path / "none.toml", [], {})
    (tmp_path / "run.toml").write_bytes(b"k = '\xff'\n")
    with pytest.raises(UsageError, match=r"run\.toml"):
        settings_for(tmp_path / "run.toml", [], {})


def test_a_file_with_a_mistyped_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="refuse_bellow"):
        settings_for(written(tmp_path / "run.toml", "refuse_bellow = 0.1\n"), [], {})


@pytest.fixture
def widgets(jsonl: Any, tmp_path: Path) -> TopicSet:
    """A set with posts of its own."""
    posts = jsonl(
        "posts.jsonl", *({"id": str(n), "title": f"Widget{n}", "body": f"Widget{n} stalls at boot."} for n in range(4))
    )
    topic = {"id": "a", "turns": [{"role": "user", "content": "What stalls?"}], "answerable": True, "expect": "answer"}
    return TopicSet("widgets", tmp_path, (Topic.model_validate(topic),), sources=(posts,))


@pytest.fixture
def asked_of(hashing: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The embedder that builds are made with: counts what is asked of it."""
    made = hashing()
    for module in (embedders, pipeline):
        monkeypatch.setattr(module, "embedder_from", lambda settings: made)
    return made


def silent(step: str, done: int, total: int) -> None:
    pass


def own(tmp_path: Path, *without: Part) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", without=frozenset(without))


def test_a_set_is_indexed_once(tmp_path: Path, widgets: TopicSet, asked_of: Any) -> None:
    first = indexed(widgets, own(tmp_path), silent)
    embedded, generation = len(asked_of.texts), IndexFolder(first.index).current_name()
    assert embedded == 4
    again = indexed(widgets, own(tmp_path, Part.PAIRS), silent)
    assert (again.index, IndexFolder(again.index).current_name()) == (first.index, generation)
    assert len(asked_of.texts) == embedded


def test_posts_that_changed_are_brought_up_to_date(tmp_path: Path, widgets: TopicSet, asked_of: Any) -> None:
    first = indexed(widgets, own(tmp_path), silent)
    before = IndexFolder(first.index).current_name()
    with widgets.sources[0].open("a", encoding="utf-8") as stream:
        stream.write('{"id": "new", "title": "Gadget", "body": "Gadgets do not."}\n')
    again = indexed(widgets, own(tmp_path), silent)
    assert again.index == first.index
    assert IndexFolder(again.index).current_name() != before
    assistant = Assistant(again, asked_of)
    assert assistant.generation.manifest.posts == 5
    assistant.close()


@pytest.mark.parametrize("part", sorted(INDEX_PARTS))
def test_a_part_of_the_index_has_an_index_of_its_own(tmp_path: Path, widgets: TopicSet, asked_of: Any, part: Part) -> None:
    whole, other = indexed(widgets, own(tmp_path), silent), indexed(widgets, own(tmp_path, part, Part.DENSE), silent)
    assert whole.index != other.index
    for settings in (whole, other):
        assistant = Assistant(settings, asked_of)
        assert assistant.search("Widget2", 1)[0].post.source_id == "2"
        assistant.close()


def test_the_folder_hangs_on_sources_parts_and_embedder_alone(tmp_path: Path, widgets: TopicSet) -> None:
    settings = own(tmp_path)
    folder = index_of(widgets, settings, NONE)
    assert folder == index_of(replace(widgets, topics=()), settings.model_copy(update={"k": 3}), NONE)
    others: Sequence[Path] = [
        index_of(replace(widgets, sources=(tmp_path / "other.jsonl",)), settings, NONE),
        index_of(widgets, settings, frozenset({Part.CHUNKS})),
        index_of(widgets, settings.model_copy(update={"embedder": "openai:other"}), NONE),
    ]
    assert len({folder, *others}) == 4


def test_a_set_without_posts_cannot_be_indexed(tmp_path: Path, widgets: TopicSet) -> None:
    for sources in ((), (tmp_path / "gone.jsonl",), (Path("shared:data/none"),)):
        with pytest.raises(EvaluationError) as error:
            indexed(replace(widgets, sources=sources), own(tmp_path), silent)
        assert "--index" in error.value.hint
    assert required_sources(widgets) == widgets.sources


def corpus_at(folder: Path, text: str, settings: Settings) -> str:
    """What a run says of posts that lie in this folder."""
    folder.mkdir()
    (folder / "posts.jsonl").write_text(text, encoding="utf-8")
    system = InProcess(indexed(TopicSet("made", folder, (), sources=(folder / "posts.jsonl",)), settings, silent), 10, 10.0)
    found = system.index()["corpus"]
    system.close()
    return found


def test_a_run_names_the_same_posts_alike_wherever_they_lie(tmp_path: Path, widgets: TopicSet, asked_of: Any) -> None:
    text = widgets.sources[0].read_text(encoding="utf-8")
    other_body, other_title = text.replace("stalls", "stops", 1), text.replace('"Widget3"', '"Widget"', 1)
    texts = {"here": text, "there": "\n" + text, "changed": other_body, "titled": other_title}
    assert len(set(texts.values())) == 4
    found = {name: corpus_at(tmp_path / name, posts, own(tmp_path)) for name, posts in texts.items()}
    assert found["here"] == found["there"]
    assert len({found[name] for name in ("here", "changed", "titled")}) == 3
