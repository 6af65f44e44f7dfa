"""Topics to a run folder: every topic put to a system, each answer on disk before the next question.

A run that was broken off goes on where it stopped: a topic and repeat whose line is there, asked in the same words, is
not asked again. Errors and time-outs are lines like any other.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant import __version__
from assistant.errors import AssistantError, EvaluationError, ServerUnreachable, UsageError
from assistant.evaluation.records import AnswerRecord, Outcome, PostRecord, RunManifest
from assistant.evaluation.runs import (
    ANSWERS,
    MANIFEST,
    POSTS,
    TOPICS,
    LineWriter,
    RunFolder,
    json_text,
    line_of,
    read_lines,
    write_text,
)
from assistant.evaluation.systems.system import Observation, System, TimedOut
from assistant.evaluation.topics import Topic, TopicSet

Progress = Callable[[str, int, int], None]
"""Called with what is counted, how many answers there are and how many there will be."""
Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: `repeats` answers a topic, rankings of `depth` hits. `index` names what is asked, for the manifest."""

    topics: TopicSet
    repeats: int = 1
    depth: int = 10
    index: tuple[tuple[str, str], ...] = ()
    offline: bool = True


async def run(plan: Plan, system: System, out: Path, *, resume: bool = False, again_failed: bool = False,
              progress: Progress = lambda step, done, total: None) -> RunFolder:  # fmt: skip
    """Put every topic of the plan to the system and write the run in `out`; with `again_failed` also those topics again
    that ended in an error or a time-out.

    Raises ServerUnreachable where the first question finds no server (then nothing was measured), UsageError where `out`
    holds a run and `resume` was not said, EvaluationError where it holds another one.
    """
    manifest = _begin(plan, system, out, resume)
    done = _done(out, again_failed)
    posts, answers = LineWriter(out / POSTS), LineWriter(out / ANSWERS)
    known = {post.post for _, post in read_lines(out / POSTS, PostRecord)}
    total = plan.repeats * len(plan.topics.topics)
    asked = len(done)
    try:
        for number, (topic, repeat) in enumerate(_askings(plan), start=1):
            if (topic.id, repeat, topic.input_sha) not in done:
                seen = await _observation(system, topic, first=asked == 0)
                new = [post for post in seen.posts if post.post not in known]
                known.update(post.post for post in new)
                posts.write(new)
                answers.write([seen.record.model_copy(update={"rep": repeat, "cold": asked == len(done)})])
                asked += 1
            progress("topics", number, total)
    finally:
        posts.close()
        answers.close()
    write_text(out / MANIFEST, json_text(manifest.model_copy(update={"ended": _now()}).model_dump(mode="json")))
    return RunFolder(out)


def require_free(out: Path, *, resume: bool) -> None:
    """Raise UsageError unless `out` is empty, not there, or holds a run that is to be gone on with."""
    if (out / MANIFEST).exists():
        if not resume:
            raise UsageError(f"{out} holds a run already", hint="say --resume to go on with it, or name another --out")
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is not empty and holds no run", hint="name a folder of its own for the run")


def _askings(plan: Plan) -> Iterator[tuple[Topic, int]]:
    """Topics that leave out the same threads one after the other: their index is built once."""
    ordered = sorted(plan.topics.topics, key=lambda topic: topic.without)
    return ((topic, repeat) for repeat in range(plan.repeats) for topic in ordered)


async def _observation(system: System, topic: Topic, first: bool) -> Observation:
    started = time.perf_counter()
    try:
        return await system.ask(topic)
    except AssistantError as error:
        if first and isinstance(error, ServerUnreachable):
            raise
        # What fails for one topic is its outcome; the others are still asked. It took its time all the same.
        record = AnswerRecord(
            tid=topic.id, input_sha=topic.input_sha, error=error.message,
            status=Outcome.TIMEOUT if isinstance(error, TimedOut) else Outcome.ERROR,
            latency_ms={"total": 1000 * (time.perf_counter() - started)},
        )  # fmt: skip
        return Observation(record, ())


def _begin(plan: Plan, system: System, out: Path, resume: bool) -> RunManifest:
    path = out / MANIFEST
    manifest = _manifest(plan, system, out)
    require_free(out, resume=resume)
    if path.exists():
        _require_same(RunFolder(out).manifest, manifest)
        return RunFolder(out).manifest
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / TOPICS, "".join(line_of(topic) for topic in plan.topics.topics))
    write_text(path, json_text(manifest.model_dump(mode="json")))
    for name in (POSTS, ANSWERS):
        (out / name).touch()
    return manifest


def _manifest(plan: Plan, system: System, out: Path) -> RunManifest:
    topics = plan.topics
    return RunManifest(
        run_id=out.resolve().name, set_name=topics.name, set_sha256=topics.sha256, ids=topics.ids, task=topics.task,
        margins=dict(topics.margins), system=system.name, settings=system.describe(), index=dict(plan.index),
        version=__version__, python=platform.python_version(), platform=platform.platform(terse=True),
        repeats=plan.repeats, topics=len(topics.topics), depth=plan.depth, offline=plan.offline, started=_now(),
    )  # fmt: skip


def _require_same(begun: RunManifest, wanted: RunManifest) -> None:
    for name in ("set_sha256", "system", "settings", "index", "repeats", "depth", "version"):
        before, now = getattr(begun, name), getattr(wanted, name)
        if isinstance(before, dict):
            changed = [key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]
            before, now = ({key: values.get(key) for key in changed} for values in (before, now))
        if before != now:
            raise EvaluationError(
                f"the run was begun with another {name}: {before!r}, now {now!r}",
                hint="say what it was begun with, or name another --out",
            )


def _done(out: Path, again_failed: bool) -> set[Key]:
    # A torn last line is cut off before the rest is believed.
    LineWriter(out / ANSWERS).close()
    LineWriter(out / POSTS).close()
    records = [record for _, record in read_lines(out / ANSWERS, AnswerRecord)]
    if again_failed:
        records = [record for record in records if record.status is Outcome.OK]
        write_text(out / ANSWERS, "".join(map(line_of, records)))
    return {(record.tid, record.rep, record.input_sha) for record in records}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
