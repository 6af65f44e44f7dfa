"""What a model writes, made inert before it is shown.

The Markdown that `without_foreign` gives holds no raw HTML, no image, no link but to an allowed address: what could open one
is escaped, so nothing hangs on whether it was recognised. To recognise a link or a tag only decides what is left out with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from assistant.answering.defusing.addresses import LEFT_OUT, addresses
from assistant.language.code import code_spans
from assistant.language.controls import without_controls

PASSES = 8
"""To take something out may join what stood beside it; a text that has not come to rest by then is left out whole."""
# An address of a post is data too: one that could be read as more than an address is none that may be shown.
_TRUSTED = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+")
# What `without_controls` leaves: soft hyphens, fillers, tags and selectors, in which text can be hidden.
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0000-\U000e0fff\U000f0000-\U0010fffd]"
    r"|(?<![©®\u2000-\u3299\U0001f000-\U0001faff#*0-9])[\ufe00-\ufe0f]"
)
_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`\n]*$)|~{3,})[^\n]*", re.MULTILINE)
_CONTAINER = re.compile(r"[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))")
_DESTINATION = r"\(\s*(?P<{0}><[^<>\n]*+>|[^\s()<>]*+(?:\([^\s()<>]*+\)[^\s()<>]*+)*+)(?:\s+(?:\"[^\"]*+\"|'[^']*+'))?\s*\)"
_CONSTRUCT = re.compile(
    rf"(?<!\\)!?\[(?P<words>[^\[\]\\]*+)\]{_DESTINATION.format('to')}|(?<!\\)\]{_DESTINATION.format('rest')}"
    r"|(?<!\\)<[A-Za-z][^<>]*+>"
)
_REACHES = re.compile(
    r"\b(?:src|srcset|href|style|action|formaction|data|poster|background|cite|ping|on\w+)\s*=", re.IGNORECASE
)
_ACTIVE = re.compile(r"\\[!-/:-@\[-`{-~]|<(?=[A-Za-z/!?])|\](?=[(:])[(:]|`")
_TILDES = re.compile(r"^([ \t>*+.)\d-]*)(?=~~~)", re.MULTILINE)
_OPEN_END = re.compile(r"(?<!\\)(?:\\\\)*+\\\Z")


def without_foreign(text: str, allowed: Collection[str], lead: str = "") -> str:
    """The Markdown of one sentence (or one block of code) without what could fetch, link or run.

    Each foreign address leaves `LEFT_OUT`; the words of a link stay. Exactly the `allowed` addresses may stand, bare or as a
    link's. `lead` is the layout in front of the text: a fence in a list or a quotation is code only as long as its lines belong
    to that. Idempotent; takes time linear in the text.
    """
    own = frozenset(address for address in allowed if _TRUSTED.fullmatch(address))
    text = _INVISIBLE.sub("", without_controls(text))
    for _ in range(PASSES):
        before, text = text, _once(text, own, lead)
        if text == before:
            return text
    return LEFT_OUT


def _once(text: str, own: frozenset[str], lead: str) -> str:
    code, closing = _code_at(text, lead)
    head = _plain(text[:code], own)
    if closing:
        # A fence left open would take in all that follows.
        head = f"{head.rstrip(chr(10))}\n{closing}"
    prose = _TILDES.sub(r"\1\\", _prose(text[code:], own))
    if _OPEN_END.search(prose):
        prose += "\\"
    return _tidied(head + prose)


def _tidied(text: str) -> str:
    note = re.escape(LEFT_OUT)
    text = re.sub(rf"\((?:{note})\)", LEFT_OUT, text)
    text = re.sub(rf"{note}(?:[ \t]*{note})+", LEFT_OUT, text)
    return re.sub(rf"(?<=[\w\]).,:;!?])(?={note})", " ", re.sub(rf"(?<={note})(?=\w)", " ", text))


def _code_at(text: str, lead: str) -> tuple[int, str]:
    """Where the block of code ends that the text begins with, and the line that closes it where it is open; 0 where the text
    begins with none, or not for sure."""
    opening, before = _FENCE.match(text), lead.rpartition("\n")[2]
    inside = _CONTAINER.match(before) is not None
    if opening is None or not (inside or lead == "" or ("\n" in lead and not before.strip())):
        return 0, ""
    # Lines of a list are indented, those of a quotation have its mark; where one is not, the block has ended before it.
    prefix = re.sub(r"[^>\s]", " ", before)
    stem = prefix.rstrip() if ">" in before else prefix
    # Deeper than its block a fence closes or does not, as the list around it has it: then nothing here is taken for code.
    deepest = 4 if ">" in before else 0 if prefix else 3
    closing = re.compile(rf"( *){re.escape(opening[2][0])}{{{len(opening[2])},}}[ \t]*")
    end = opening.end()
    for line in text.split("\n")[1:]:
        if line.strip() and not line.startswith(stem):
            return 0, ""
        end += 1 + len(line)
        if found := closing.fullmatch(line, min(len(stem), len(line))):
            if len(found[1]) <= deepest:
                return end, ""
            if prefix:
                return 0, ""
    return len(text), prefix + opening[2]


def _plain(text: str, own: frozenset[str]) -> str:
    """Code: nothing in it links or runs, but a reader may follow an address."""
    return "".join(kept for kept, _ in _by_address(text, own))


def _by_address(text: str, own: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """The text in pieces: what is no address, and for each address itself where it is allowed (True), else `LEFT_OUT`."""
    last = 0
    for span in addresses(text):
        yield text[last : span.start], False
        address = text[span.start : span.end]
        yield (address, True) if address in own else (LEFT_OUT, False)
        last = span.end
    yield text[last:], False


def _prose(text: str, own: frozenset[str]) -> str:
    done, last = [], 0
    for start, end in code_spans(text):
        done += [_constructs(text[last:start], own), _code_span(text[start:end], own)]
        last = end
    return "".join([*done, _constructs(text[last:], own)])


def _code_span(text: str, own: frozenset[str]) -> str:
    # In a table a bar ends the cell even inside code, and with it the code.
    return _escaped(text, own, keep="`") if "|" in text else _plain(text, own)


def _constructs(text: str, own: frozenset[str]) -> str:
    done, last = [], 0
    for match in _CONSTRUCT.finditer(text):
        done += [_escaped(text[last : match.start()], own), _construct(match, own)]
        last = match.end()
    return "".join([*done, _escaped(text[last:], own)])


def _construct(match: re.Match[str], own: frozenset[str]) -> str:
    """A link without its foreign address, a tag without what it reaches for; escaped where it holds nothing of either."""
    whole, words = match[0], match["words"]
    target = (match["to"] if words is not None else match["rest"]) or ""
    if whole[0] == "<":
        inner = whole[1:-1]
        if inner in own:
            return whole
        if _REACHES.search(whole) or any(span.start == 0 for span in addresses(inner)):
            return LEFT_OUT
        return _escaped(whole, own)
    if target in own and words is not None and whole[0] == "[":
        return f"[{_escaped(words, own)}]({target})"
    if not any(True for _ in addresses(target.strip("<>"))):
        return _escaped(whole, own)
    return f"{_escaped(words, own)} {LEFT_OUT}".lstrip() if words is not None else f"] {LEFT_OUT}"


def _escaped(text: str, own: frozenset[str], keep: str = "") -> str:
    """Prose without foreign addresses, and with a backslash before all that could open a link, a tag or code."""
    return "".join(piece if is_own else _ACTIVE.sub(lambda m: _backslashed(m[0], keep), piece)
                   for piece, is_own in _by_address(text, own))  # fmt: skip


def _backslashed(found: str, keep: str) -> str:
    if found[0] == "\\" or found == keep:
        return found
    return f"]\\{found[1]}" if found[0] == "]" else f"\\{found}"
