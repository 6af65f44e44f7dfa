"""Files -> raw posts: one reader per layout, and a sniffer that says why it chose.

`read(paths)` and `explain(paths)` are the way in; both stream, in an order that depends on names only. What cannot be
read for sure is a `Skipped` with path, line and reason; what was read with a limitation has a `Notice` beside it.
"""

from assistant.corpus.layouts import Found, Layout
from assistant.corpus.reading import Explained, explain, read
from assistant.corpus.sniff import Verdict, sniff
from assistant.corpus.text import canonical, fold

__all__ = ["Explained", "Found", "Layout", "Verdict", "canonical", "explain", "fold", "read", "sniff"]
