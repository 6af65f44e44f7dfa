"""Where a text holds an address that a program or a person could follow, however it is written.

Addresses are sought in a shadow of the text: entities, escapes and percent signs decoded, invisible characters dropped, letters
of other scripts and wide forms led back to the plain ones they look like. Dotted names (`foo.js`, `com.example.app`) are none.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from assistant.language.segments import Span

# What looks like an ASCII letter or mark and is another character; NFKC leads back wide and styled forms, not these.
_LOOKALIKES = {
    ord(pair[0]): pair[1]
    for pair in (
        "аa еe оo рp сc уy хx іi јj ѕs һh ԁd ԛq ԝw вb кk мm нh тt гr ԍg αa οo νv ιi ρp τt υu χx κk εe ʜh ɑa ɡg ıi "
        "꞉: ː: ∶: ։: ∕/ ⁄/ ⧸/ ╱/ 。. ǃ!"
    ).split()
}
_CODED = re.compile(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,31});?|\\u\{?[0-9a-fA-F]{4,6}\}?|\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}"
    r"|\\[!-/:-@\[-`{-~]|[\s\S]"
)
_PLAIN = re.compile(r"[\w .,;:!?()/@+#='\"\[\]<>|`\n-]*+", re.ASCII)
# Marks of emphasis may stand inside an address without breaking what a reader sees.
_UNSEEN = frozenset({"Cf", "Cc", "Mn", "Me"})
_DROPPED = "*\u3164\uffa0\u115f\u1160\u2800"

# Nor is a place that the caller keeps for a marker (private use) part of an address.
_END = r"[^\s<>\"`|「」『』（）、，！？｡\ue000-\uf8ff]"
_HOST = r"(?:[^\W_][\w-]{0,62}\.)+"
LEFT_OUT = "(address left out)"
"""What stands where an address stood."""
# Top-level domains that no extension, method or English word shares: these make a bare host of a dotted word.
_TOP = (
    "com org net edu gov mil biz example invalid onion xyz online club shop website icu top ru cn jp uk eu nl "
    "cz br ir ua kr tw hk io ai dev de fr arpa pф"
)
# With a path behind them more are told from file names.
_MORE_TOP = (
    f"{_TOP} ch co tk gq site space tech info name link click live store blog cloud page pro int test local localhost us ca au "
    "nz se no dk fi es it at be pt gr hu ro bg sk il in id sg my ph th vn za mx ar cl pe tr sa ae me tv cc ws fm ly gg to im "
    "sx st ga cf ml is mp work vip gl be xyz top online fun icu rest lol wtf win bid loan trade party review date stream "
    "download men cam buzz monster cyou sbs cfd quest bond lat pics mom skin world today life media agency digital email "
    "services network support zone social chat codes page ink"
)
_BOUND = r"(?<![\w.@/\\-])"
_TAIL = rf"(?::\d{{1,5}}(?!\d))?(?:[/?#]{_END}*)?"
_FOUND = re.compile(
    "|".join(
        (
            # Any scheme with its slashes, spelled with letters or not; hxxp carries the address to a reader's eye.
            rf"(?<![a-z0-9+.])(?:h(?:tt|xx)ps?|ftps?|wss?)\s?:\s?[/\\]{{1,3}}(?=[^\s/\\]){_END}+",
            rf"(?:(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{{0,31}})?://(?=[^\s/]){_END}+",
            rf"(?<![a-z0-9+.-])https?:(?=[a-z0-9-]+\.){_END}+",
            # Schemes that need no slashes. Behind a space the word is prose: "JavaScript: the good parts".
            rf"(?<![\w+.-])(?:javascript|vbscript|livescript|mailto|blob|view-source|magnet|sms|intent):(?=[^\s]){_END}*",
            rf"(?<![\w+.-])data:(?:[a-z]+/[a-z0-9.+-]+|(?=[;,]))(?:[;,]{_END}*)",
            rf"(?<![\w+.-])file:[/\\]{_END}+",
            r"(?<![\w+.-])tel:\+?\d[\d()-]{2,}",
            rf"(?<![\w.-])www\d?\.(?=[^\W_]){_END}+",
            rf"(?<![\w.+-])[\w.+%-]{{1,64}}@{_HOST}[a-z][a-z0-9-]{{1,62}}(?![\w@])(?:[:/?]{_END}+)?",
            rf"(?<![\w:/\\])//{_HOST}(?:(?:{'|'.join(_MORE_TOP.split())})(?![\w.(-])|[a-z]{{2,}}(?=[/?#:])){_END}*",
            rf"(?<![\w:/\\])//(?:localhost|\d{{1,3}}(?:\.\d{{1,3}}){{3}})(?![\w.]){_END}*",
            rf"{_BOUND}{_HOST}(?:{'|'.join(_MORE_TOP.split())})(?::\d{{1,5}})?[/?#](?=[\w?#%~.]){_END}*",
            rf"{_BOUND}{_HOST}(?:{'|'.join(_MORE_TOP.split())}):\d{{2,5}}(?![\w.])",
            rf"{_BOUND}\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d{{1,5}})?/(?=[a-z?#]){_END}+",
            rf"{_BOUND}{_HOST}(?:{'|'.join(_TOP.split())})(?![\w(=]|-\w|\.\w){_TAIL}",
            # A point in brackets is how addresses are written that nobody shall click on.
            rf"{_BOUND}[a-z0-9-]{{1,63}}(?:(?:\[\.\]|\(\.\)|\[dot\]|\(dot\))[a-z0-9-]{{1,63}})+{_TAIL}",
        )
    )
)
# Names that are spelled like hosts, and the order in which programs, not hosts, are named: com.example.app.
_NAMES = frozenset("asp.net vb.net ado.net ml.net java.net java.io java.nio socket.io system.io system.net std.io".split())
_REVERSED = re.compile(r"(?:com|org|net|io|dev|edu|gov|co|de|uk|fr|jp|ru|cn)(?:\.[a-z0-9_-]+)+\.?")
_TRAILING = ".,;:!?'’”)]}*_~>…"


def _shadow(text: str) -> tuple[str, list[Span] | None]:
    """The text in small, plain letters, and for each of its characters the place in `text` that it stands for; None where both
    run alike."""
    if _PLAIN.fullmatch(text):
        return text.lower(), None
    shadow: list[str] = []
    places: list[Span] = []
    for match in _CODED.finditer(text):
        plain = _decoded(match[0])
        shadow.append(plain)
        places.extend([Span(*match.span())] * len(plain))
    return "".join(shadow), places


@lru_cache(maxsize=4096)
def _decoded(written: str) -> str:
    """One character as written, perhaps in code, as the plain characters that a reader takes it for."""
    # White space in code is what programs leave out of an address before they follow it.
    character = _character(written).strip() if len(written) > 1 else written
    kept = (one for one in character if one in "\n\t" or not (one in _DROPPED or unicodedata.category(one) in _UNSEEN))
    return unicodedata.normalize("NFKC", "".join(kept)).lower().translate(_LOOKALIKES)


def _character(written: str) -> str:
    if written[0] == "&":
        return html.unescape(written)
    if written[0] == "%" or written[1] in "ux":
        code = int(written[1:].strip("ux{}"), 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
    return written[1]


def addresses(text: str) -> Iterator[Span]:
    """Where `text` holds addresses, left to right, without the punctuation that follows them. Takes time linear in the text."""
    shadow, places = _shadow(text)
    for match in _FOUND.finditer(shadow):
        found = match[0].rstrip(_TRAILING)
        if not found or _is_name(found):
            continue
        start, end = match.start(), match.start() + len(found)
        yield Span(start, end) if places is None else Span(places[start].start, places[end - 1].end)


def _is_name(found: str) -> bool:
    return found in _NAMES or _REVERSED.fullmatch(found) is not None
