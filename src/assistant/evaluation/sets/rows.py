"""Lines of JSON and of tab-separated values, plain or gzip, each with the place (`file:line`) that an error names.

Raises EvaluationError for what is not there, is not UTF-8, is damaged or is not of the form.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from assistant.errors import EvaluationError

JsonObject = dict[str, Any]


def either(folder: Path, name: str) -> Path | None:
    """The file `name` or `name.gz` of a folder, None where there is neither."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def text_of(path: Path) -> str:
    """The whole text of a file."""
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.name.endswith(".gz") else data).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise EvaluationError(f"there is no {path}", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 ({error.reason} at byte {error.start})", hint="save it as UTF-8") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise EvaluationError(f"{path} is no whole gzip file ({error})", hint="get the file anew") from error


def numbered(path: Path) -> Iterator[tuple[str, str]]:
    """Place and text of each line that is not blank."""
    # Not splitlines(): U+2028 and its like may stand inside a JSON text.
    for number, line in enumerate(text_of(path).split("\n"), start=1):
        if line.strip():
            yield f"{path}:{number}", line.removesuffix("\r")


def objects(path: Path) -> Iterator[tuple[str, JsonObject]]:
    """Place and JSON object of each line."""
    for place, line in numbered(path):
        yield place, object_of(line, place)


def object_of(text: str, place: str) -> JsonObject:
    """The JSON object that a text is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"{place}: not JSON ({error})", hint="correct this place") from error
    if not isinstance(value, dict):
        raise EvaluationError(f"{place}: {type(value).__name__} where an object is expected", hint="correct this place")
    return value


def field(row: JsonObject, key: str, kind: type, place: str) -> Any:
    """The value of a key that has to be there, of this type."""
    value = row.get(key)
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        said = "is missing" if key not in row else f"is {type(value).__name__}, not {kind.__name__}"
        raise EvaluationError(f"{place}: {key!r} {said}", hint="correct this place")
    return value


def listed(row: JsonObject, key: str, place: str) -> list[Any]:
    """A list under a key, empty where the key is missing or null."""
    return [] if row.get(key) is None else list(field(row, key, list, place))


def whole_number(text: str, place: str) -> int:
    """A grade, as an integer."""
    try:
        return int(text)
    except ValueError as error:
        raise EvaluationError(f"{place}: {text!r} is no whole number", hint="correct this line") from error


def json_lines(rows: Iterable[JsonObject]) -> str:
    """Objects as lines of JSON, keys in the order given."""
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
