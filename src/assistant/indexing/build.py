"""Sources to the next generation: read, resolve, cut, embed what is new, write, verify, switch.

Nothing of the generation in force is touched before the new one is whole. The order is that of the docstring, and each
step is a function below that hands on only what the next one needs.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from assistant import corpus
from assistant.errors import IndexMissing, IndexUnusable, SourceError
from assistant.indexing import manifest as manifests
from assistant.indexing import schema
from assistant.indexing.claims import add_claims, copy_claims, digest
from assistant.indexing.generation_writer import Progress, Written, write_generation
from assistant.indexing.generations import IndexFolder, remove
from assistant.indexing.manifest import Recipe
from assistant.indexing.resolve import resolve
from assistant.language.redaction.masking import masked
from assistant.types import NONE, Notice, Parts, RawPost, Skipped

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder

REPORT_EVERY = 50
MASKED_POSTS = "(SELECT DISTINCT identity, content FROM claims WHERE masked)"


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build found and did. `duplicates` counts claims of a post that another claim had brought already, `masked`
    the posts of the index of which something is masked; `without_posts` names the sources read that hold none."""

    generation: str
    posts: int
    threads: int
    chunks: int
    added: int
    changed: int
    removed: int
    unchanged: int
    duplicates: int
    masked: int
    embedded: int
    skipped: tuple[Skipped, ...]
    notices: tuple[Notice, ...]
    seconds: float
    embed_seconds: float
    without_posts: tuple[str, ...] = ()


@dataclass(slots=True)
class _Remarks:
    """What the readers had to say beside posts."""

    skipped: list[Skipped] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    without_posts: list[str] = field(default_factory=list)


class _Changes(NamedTuple):
    added: int
    changed: int
    removed: int
    unchanged: int


def build(
    folder: IndexFolder,
    embedder: Embedder,
    paths: Sequence[str],
    *,
    forget: Sequence[str] = (),
    fresh: bool = False,
    without: Parts = NONE,
    redact: bool = True,
    progress: Progress = lambda step, done, total: None,
) -> BuildReport:
    """Bring the index in `folder` up to date with `paths` (all known roots if empty), leave out the roots in `forget`.

    `fresh` takes nothing over from the generation in force, which may then be damaged; `without` switches parts off,
    `redact` masks secrets. Where the generation in force masks otherwise or is of another format, all known roots are read
    again. Generations that mask otherwise are not kept, but while somebody reads them, which is remarked on.

    Raises IndexLocked, SourceError (a named path that does not exist), EmbedderError, ServerUnreachable; the generation
    in force is untouched then.
    """
    started = time.perf_counter()
    recipe = Recipe.of(embedder.fingerprint, without, redact=redact)
    with folder.writer():
        previous = None if fresh else _previous(folder)
        outdated = previous is not None and not _claims_hold(previous, recipe)
        renewed = _renewed(previous, paths, forget, every=outdated)
        partial = folder.start_partial()
        remarks = _Remarks()
        try:
            with closing(schema.create(partial / "posts.sqlite")) as ledger:
                _read(ledger, None if outdated else previous, renewed, forget, remarks, progress, redact=redact)
                changes, claims, redacted = _changes(ledger, previous), _count(ledger, "claims"), _count(ledger, MASKED_POSTS)
                written = _unchanged(ledger, previous, recipe) or written_from(
                    folder, partial, ledger, embedder, progress, without, redact=redact
                )
            if partial.is_dir() and (partial / manifests.NAME).is_file():
                folder.publish(partial, written.manifest.generation)
            remarks.notices.extend(_outdated_removed(folder, recipe))
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    done = written.manifest
    return BuildReport(
        done.generation, done.posts, done.threads, done.chunks, *changes, claims - done.posts, redacted, written.embedded,
        tuple(remarks.skipped), tuple(remarks.notices), time.perf_counter() - started, written.embed_seconds,
        tuple(remarks.without_posts),
    )  # fmt: skip


def known_roots(folder: IndexFolder) -> list[str]:
    """The sources that the index in `folder` was built from, in order. Raises IndexMissing, IndexDamaged."""
    return _roots(folder.current() / "posts.sqlite")


def _roots(ledger: Path) -> list[str]:
    with closing(schema.open_read_only(ledger)) as connection:
        return [row["path"] for row in connection.execute("SELECT path FROM roots ORDER BY path")]


def _previous(folder: IndexFolder) -> Path | None:
    """The generation in force, None where there is no index yet. Raises IndexDamaged, IndexMismatch."""
    try:
        current = folder.current()
    except IndexMissing:
        return None
    manifests.read_manifest(current)
    return current


def _claims_hold(previous: Path, recipe: Recipe) -> bool:
    """Whether a build by `recipe` can take claims over from a generation."""
    try:
        made = manifests.read_manifest(previous).recipe
    except IndexUnusable:
        return False
    return (made.format, made.redaction) == (recipe.format, recipe.redaction)


def _outdated_removed(folder: IndexFolder, recipe: Recipe) -> Iterator[Notice]:
    """Remove the generations that mask otherwise than the one in force, which may hold what is to be masked; those that
    somebody reads are named."""
    for old in folder.generations():
        if old.name == folder.current_name() or _claims_hold(old, recipe):
            continue
        if not remove(old):
            yield Notice(str(old), 0, "still read, and not masked as the newer one is; the next `assistant index` removes it")


def _renewed(previous: Path | None, paths: Sequence[str], forget: Sequence[str], *, every: bool) -> list[str]:
    """The roots to read: those named, else all that are known; with `every` both, but for those to be forgotten. All are
    absolute."""
    named = [str(Path(path).expanduser().resolve()) for path in paths]
    known = _roots(previous / "posts.sqlite") if previous else []
    if every:
        for gone in (root for root in known if root not in forget and not Path(root).exists()):
            raise SourceError(
                f"all sources have to be read again, since masking or the format has changed: {gone} is gone",
                hint=f"bring it back, or drop it with its posts: `assistant sources remove {gone}`",
            )
        return sorted({*named, *known}.difference(forget))
    if named or forget:
        return named
    if not known:
        raise SourceError("no source was named and none is known", hint="name a file or folder: `assistant index PATH`")
    return known


def _read(
    ledger: sqlite3.Connection,
    previous: Path | None,
    renewed: Sequence[str],
    forget: Sequence[str],
    remarks: _Remarks,
    progress: Progress,
    *,
    redact: bool,
) -> None:
    """Claims of the roots to renew from their files, all others from the generation in force; then the posts."""
    if previous:
        copy_claims(ledger, previous / "posts.sqlite", without=[*renewed, *forget])
    for root in renewed:
        add_claims(ledger, root, _posts_only(root, remarks, progress, redact=redact), redact=redact)
    progress("posts", 0, 0)
    remarks.notices.extend(resolve(ledger))
    ledger.execute("DELETE FROM texts WHERE sha NOT IN (SELECT body_sha FROM claims)")
    ledger.commit()


def _posts_only(root: str, remarks: _Remarks, progress: Progress, *, redact: bool) -> Iterator[RawPost]:
    shown = masked if redact else str
    found = 0
    for item in corpus.read([root]):
        if isinstance(item, Skipped):
            remarks.skipped.append(replace(item, reason=shown(item.reason)))
        elif isinstance(item, Notice):
            remarks.notices.append(replace(item, message=shown(item.message)))
        else:
            found += 1
            if found % REPORT_EVERY == 0:
                progress("reading", found, 0)
            yield item
    if not found:
        remarks.without_posts.append(root)
    progress("reading", found, 0)


def _count(ledger: sqlite3.Connection, table: str) -> int:
    (count,) = ledger.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return int(count)


def _fields(ledger: sqlite3.Connection) -> dict[str, str]:
    """A hash of each post with all its fields, by post id."""
    query = """
        SELECT posts.*, (SELECT group_concat(path || ':' || line, '\n') FROM post_sources WHERE post_row = row) AS places
        FROM posts
    """
    return {row["post_id"]: digest(*(str(value) for value in tuple(row)[1:])) for row in ledger.execute(query)}


def _corpus_hash(ledger: sqlite3.Connection) -> str:
    roots = [row["path"] for row in ledger.execute("SELECT path FROM roots ORDER BY path")]
    return digest(*roots, *(f"{post_id}={fields}" for post_id, fields in sorted(_fields(ledger).items())))


def _changes(ledger: sqlite3.Connection, previous: Path | None) -> _Changes:
    new = _fields(ledger)
    if previous is None:
        return _Changes(len(new), 0, 0, 0)
    with closing(schema.open_read_only(previous / "posts.sqlite")) as connection:
        old = _fields(connection)
    common = new.keys() & old.keys()
    changed = sum(new[post_id] != old[post_id] for post_id in common)
    return _Changes(len(new.keys() - old.keys()), changed, len(old.keys() - new.keys()), len(common) - changed)


def _unchanged(ledger: sqlite3.Connection, previous: Path | None, recipe: Recipe) -> Written | None:
    """The generation in force, where it is made of these very posts in this very way."""
    if previous is None:
        return None
    manifest = manifests.read_manifest(previous)
    if manifest.recipe != recipe or manifest.corpus != _corpus_hash(ledger):
        return None
    whole = next(manifests.file_faults(previous, manifest), None) is None
    return Written(manifest) if whole else None


def written_from(
    folder: IndexFolder,
    partial: Path,
    ledger: sqlite3.Connection,
    embedder: Embedder,
    progress: Progress,
    without: Parts = NONE,
    *,
    redact: bool = True,
) -> Written:
    """The generation of a ledger of resolved posts, in `partial`; raises as `write_generation` does."""
    corpus_hash = _corpus_hash(ledger)
    identity = (folder.next_name(corpus_hash), corpus_hash)
    return write_generation(partial, ledger, embedder, folder.cache, identity, progress, without, redact=redact)
