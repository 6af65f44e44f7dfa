"""Where the posts come from, as a program says it."""

from __future__ import annotations

from pathlib import Path

from assistant.pipeline import Assistant
from assistant.settings import Settings, load

Index = Assistant | Settings | Path | str
"""An assistant, the settings of one, or the folder of an index."""


def assistant_of(index: Index) -> Assistant:
    """The assistant itself, or one that is made; all other settings of a folder come from where they always come from.

    Raises SettingsError. Whether there is an index shows when it is asked.
    """
    if isinstance(index, Assistant):
        return index
    return Assistant(index if isinstance(index, Settings) else load({"index": Path(index)}))
