"""Charts as inline SVG: no script, no style attribute, no font, nothing fetched. Every function gives one `<svg>`.

Colours are classes of the report's style sheet, so that light and dark are decided there. What a colour says, a shape, a
position or a word says too. Text from data is escaped by markupsafe. Sizes are user units; the page scales the drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10

from markupsafe import Markup

from assistant.evaluation.reporting.figures import number, one_line, percent, signed
from assistant.evaluation.reporting.tables import Part

SINGLE_BARS = 400
"""Topics up to which each has a bar of its own that can be followed; beyond, one outline shows them all."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One topic in a plot over topics: `target` is the id of its section in the report, empty where it has none."""

    name: str
    value: float
    target: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A curve: points in data units; `style` is the class of the run that it belongs to (`a` or `b`)."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: str = "a"


@dataclass(frozen=True, slots=True)
class Frame:
    """A plane of data units within the drawing."""

    width: int = 480
    height: int = 260
    left: int = 46
    right: int = 18
    top: int = 26
    bottom: int = 40
    x_low: float = 0.0
    x_high: float = 1.0
    y_low: float = 0.0
    y_high: float = 1.0

    def x(self, value: float) -> float:
        """Where a value lies from the left."""
        return self.left + (self.width - self.left - self.right) * (value - self.x_low) / (self.x_high - self.x_low)

    def y(self, value: float) -> float:
        """Where a value lies from the top."""
        return self.top + (self.height - self.top - self.bottom) * (self.y_high - value) / (self.y_high - self.y_low)


def element(name: str, *children: str, **attributes: object) -> Markup:
    """One element; `class_` and `font_size` become `class` and `font-size`, text is escaped, numbers have two places."""
    shown = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _plain(value))
        for key, value in attributes.items()
        if value is not None
    )
    opened = Markup("<{}{}>").format(Markup(name), shown)  # noqa: S704 - names are ours
    return opened + Markup("").join(children) + Markup("</{}>").format(Markup(name))  # noqa: S704


def drawing(
    width: int, height: int, title: str, description: str, *children: str, class_: str = "chart", sized: bool = False
) -> Markup:
    """An image with a name and a description for those who do not see it; `sized` drawings are not scaled by the page."""
    inside = (element("title", one_line(title)), element("desc", one_line(description)), *children)
    size = {"width": width, "height": height} if sized else {}
    label = f"{one_line(title)}. {one_line(description)}"
    return element("svg", *inside, viewBox=f"0 0 {width} {height}", **size, class_=class_, role="img", aria_label=label)


def stacked(parts: Sequence[Part], title: str) -> Markup:
    """One bar of parts side by side; the number stands in each part that is wide enough. It fills whatever width there is:
    places are shares of it, so that text keeps its size."""
    place, shapes = 0.0, []
    for part in parts:
        if part.share > 0:
            style = f"part {_name(part.name)}"
            box = element("rect", x=f"{place:.3%}", y=0, width=f"{part.share:.3%}", height="100%", class_=style)
            words = element("text", f"{part.count:,.0f}", x=f"{place + part.share / 2:.3%}", y="50%", dy=".36em", class_="on")
            tip = element("title", f"{part.title}: {part.count:,.0f} ({percent(part.share)})")
            shapes.append(element("g", tip, box, words if part.share > 0.06 else Markup("")))
        place += part.share
    said = ", ".join(f"{part.title} {part.count:,.0f}" for part in parts)
    inside = (element("title", one_line(title)), element("desc", said), *shapes)
    return element("svg", *inside, class_="stack", role="img", aria_label=f"{one_line(title)}. {said}")


def whisker(
    value: float | None, low: float | None, high: float | None, bounds: tuple[float, float] = (0.0, 1.0), style: str = "a"
) -> Markup:
    """A value with its interval on a line that all rows of a table share; a tick marks 0 where it lies inside."""
    frame = Frame(160, 20, 4, 4, 2, 2, bounds[0], bounds[1])
    shapes = [element("line", x1=4, x2=156, y1=10, y2=10, class_="track")]
    if bounds[0] < 0 < bounds[1]:
        shapes.append(element("line", x1=frame.x(0), x2=frame.x(0), y1=2, y2=18, class_="zero"))
    if low is not None and high is not None:
        left, right = (frame.x(min(max(end, bounds[0]), bounds[1])) for end in (low, high))
        shapes += [
            element("line", x1=left, x2=right, y1=10, y2=10, class_=f"whisker {style}"),
            *(element("line", x1=end, x2=end, y1=6, y2=14, class_=f"whisker {style}") for end in (left, right)),
        ]
    if value is not None:
        shapes.append(element("circle", cx=frame.x(min(max(value, bounds[0]), bounds[1])), cy=10, r=4, class_=f"dot {style}"))
    # The numbers stand beside it in the row: to a reader of the table the drawing adds nothing.
    return element("svg", *shapes, viewBox="0 0 160 20", class_="whiskers", aria_hidden="true")


def over_topics(bars: Sequence[Bar], title: str, *, difference: bool) -> Markup:
    """Values of topics, sorted, worst first: differences around 0 between two runs, or the scores of one (0-1)."""
    ordered = sorted(bars, key=lambda bar: (bar.value, bar.name))
    largest = max((abs(bar.value) for bar in ordered), default=0.0)
    # One of few round reaches, so that plots beside each other can be compared.
    reach = next((step for step in (0.05, 0.1, 0.25, 0.5, 1.0) if largest <= step), largest) if difference and largest else 1.0
    frame = Frame(480, 180, 54, 6, 10, 26, 0, max(len(ordered), 1), -reach if difference else 0.0, reach)
    ticks = (-reach, 0.0, reach) if difference else (0.0, 0.5, 1.0)
    grid = [shape for tick in ticks for shape in _level(frame, tick, signed(tick) if difference else number(tick))]
    shapes = _single_bars(frame, ordered) if len(ordered) <= SINGLE_BARS else [_outline(frame, ordered)]
    words = "no topic differs" if difference and not largest else "sorted"
    caption = element("text", f"{len(ordered):,} topics, {words}", x=frame.left, y=frame.height - 6, class_="tick")
    return drawing(frame.width, frame.height, title, _spread(ordered, difference), *grid, *shapes, caption)


def risk_coverage(lines: Sequence[Line]) -> Markup:
    """Risk of what is answered when only the most confident share of topics is answered. Lower is better."""
    top = max([0.1, *(y for line in lines for _, y in line.points)])
    frame = Frame(y_high=min(1.0, top * 1.1))
    shapes = [*_axes(frame, "share of topics answered", "risk"), *(shape for line in lines for shape in _curve(frame, line))]
    said = "; ".join(f"{line.name}: risk {number(line.points[-1][1])} when all are answered" for line in lines if line.points)
    return drawing(frame.width, frame.height, "Risk by coverage", said or "no confidence was recorded", *shapes)


def reliability(bins: Sequence[tuple[str, Sequence[Mapping[str, float]]]], up: str = "share right") -> Markup:
    """How often answers of a confidence were right. On the diagonal, a confidence means what it says."""
    frame = Frame()
    diagonal = element("line", x1=frame.x(0), y1=frame.y(0), x2=frame.x(1), y2=frame.y(1), class_="diagonal")
    shapes, said = [*_axes(frame, "confidence", up), diagonal], []
    for style, found in bins:
        full = [b for b in found if b.get("n") and b.get("confidence") is not None and b.get("right") is not None]
        points = tuple((b["confidence"], b["right"]) for b in full)
        shapes += [*_curve(frame, Line(style.upper(), points, f"{style} thin")), *(_bin(frame, b, full, style) for b in full)]
        said.append(f"{style.upper()}: " + ", ".join(f"{number(x)} is {number(y)}" for x, y in points))
    return drawing(frame.width, frame.height, "Reliability of the confidence", "; ".join(said), *shapes)


def _bin(frame: Frame, one: Mapping[str, float], all_bins: Sequence[Mapping[str, float]], style: str) -> Markup:
    """The larger the mark, the more answers."""
    tip = element("title", f"confidence {number(one['confidence'])}: {number(one['right'])} of {one['n']:,.0f}")
    size = 3 + 5 * (one["n"] / max(b["n"] for b in all_bins)) ** 0.5
    x, y = frame.x(one["confidence"]), frame.y(one["right"])
    if style == "a":
        return element("g", tip, element("circle", cx=x, cy=y, r=size, class_="dot a"))
    return element(
        "g", tip, element("rect", x=x - size * 0.9, y=y - size * 0.9, width=size * 1.8, height=size * 1.8, class_="dot b")
    )


def ecdf(lines: Sequence[tuple[str, Sequence[float], str]]) -> Markup:
    """Share of answers that came within a time (milliseconds, on a scale of powers of ten), one step curve a run."""
    exponents = [log10(max(value, 1.0)) for _, values, _ in lines for value in values]
    first = min(exponents, default=0.0)
    last = max([first + 0.3, *exponents])
    frame = Frame(x_low=first - 0.05, x_high=last + 0.05)
    ticks = [log10(step * 10**power) for power in range(7) for step in (1, 2, 5)]
    shapes = _axes(frame, "milliseconds", "share of answers", [tick for tick in ticks if frame.x_low <= tick <= frame.x_high])
    said = []
    for name, values, style in lines:
        ordered = sorted(log10(max(value, 1.0)) for value in values)
        steps = [(frame.x_low, 0.0)]
        for place, value in enumerate(ordered, start=1):
            steps += [(value, (place - 1) / len(ordered)), (value, place / len(ordered))]
        shapes += _curve(frame, Line(name, tuple([*steps, (frame.x_high, 1.0)]), style))
        if ordered:
            half = ordered[(len(ordered) - 1) // 2]
            said.append(f"{name}: half within {10**half:,.0f} ms, all within {10 ** ordered[-1]:,.0f} ms")
    return drawing(frame.width, frame.height, "Time to the whole answer", "; ".join(said) or "no times were recorded", *shapes)


def nugget_cells(states: Sequence[tuple[str, str]], name: str) -> Markup:
    """One topic's nuggets as squares: full = used, half = found but not stated, empty = not found, dot = stated only."""
    shapes = []
    for place, (nugget, state) in enumerate(states):
        x = place * 16 + 1
        tip = element("title", f"{nugget}: {state.replace('_', ' ')}")
        shapes.append(element("g", tip, *_cell(x, state)))
    said = ", ".join(f"{nugget} {state.replace('_', ' ')}" for nugget, state in states)
    return drawing(max(len(states), 1) * 16, 16, f"Nuggets of {name}", said, *shapes, class_="cells", sized=True)


def _cell(x: int, state: str) -> list[Markup]:
    box = element("rect", x=x, y=1, width=14, height=14, rx=2, class_=f"cell {_name(state)}")
    if state == "generator":
        return [box, element("path", d=f"M{x} 15V3L{x + 14} 15Z", class_="half")]
    if state == "self_knowledge":
        return [box, element("circle", cx=x + 7, cy=8, r=3.5, class_="inner")]
    return [box]


def _axes(frame: Frame, across: str, up: str, ticks: Sequence[float] | None = None) -> list[Markup]:
    """Axes of shares, or across with `ticks` as powers of ten."""
    shapes = [shape for part in range(5) for shape in _level(frame, frame.y_low + part / 4 * (frame.y_high - frame.y_low))]
    for value in (0.0, 0.25, 0.5, 0.75, 1.0) if ticks is None else ticks:
        tick = f"{10**value:,.0f}" if ticks else number(value)
        shapes.append(element("text", tick, x=frame.x(value), y=frame.height - 22, text_anchor="middle", class_="tick"))
    middle = (frame.left + frame.width - frame.right) / 2
    shapes.append(element("text", across, x=middle, y=frame.height - 5, text_anchor="middle", class_="axis"))
    shapes.append(element("text", up, x=frame.left, y=12, class_="axis"))
    return shapes


def _level(frame: Frame, value: float, shown: str | None = None) -> list[Markup]:
    y = frame.y(value)
    label = number(value) if shown is None else shown
    words = element("text", label, x=frame.left - 6, y=y + 4, text_anchor="end", class_="tick")
    ends = {"x1": frame.left, "x2": frame.width - frame.right}
    return [element("line", **ends, y1=y, y2=y, class_="zero" if value == 0 else "grid"), words]


def _curve(frame: Frame, line: Line) -> list[Markup]:
    if not line.points:
        return []
    points = " ".join(f"{frame.x(x):.1f},{frame.y(min(y, frame.y_high)):.1f}" for x, y in line.points)
    return [element("polyline", element("title", line.name), points=points, class_=f"curve {line.style}")]


def _single_bars(frame: Frame, bars: Sequence[Bar]) -> list[Markup]:
    shapes = []
    for place, bar in enumerate(bars):
        y, zero = frame.y(min(max(bar.value, frame.y_low), frame.y_high)), frame.y(0)
        tall = max(abs(zero - y), 1.5)
        tip = element("title", f"{bar.name}: {number(bar.value)}")
        wide = max(frame.x(place + 1) - frame.x(place) - (1 if len(bars) < 200 else 0), 0.8)
        top = min(y, zero - (tall <= 1.5))
        box = element("rect", tip, x=frame.x(place), y=top, width=wide, height=tall, class_=_tone(bar, frame))
        # Not a stop for the keyboard: the same topics are links in the list below.
        shapes.append(element("a", box, href=f"#{bar.target}", tabindex="-1", aria_hidden="true") if bar.target else box)
    return shapes


def _outline(frame: Frame, bars: Sequence[Bar]) -> Markup:
    points = [f"{frame.x(0):.1f},{frame.y(0):.1f}"]
    for place, bar in enumerate(bars):
        y = frame.y(min(max(bar.value, frame.y_low), frame.y_high))
        points += [f"{frame.x(place):.1f},{y:.1f}", f"{frame.x(place + 1):.1f},{y:.1f}"]
    points.append(f"{frame.x(len(bars)):.1f},{frame.y(0):.1f}")
    return element("polygon", points=" ".join(points), class_="bar same")


def _tone(bar: Bar, frame: Frame) -> str:
    if frame.y_low == 0:
        return "bar one"
    return f"bar {'up' if bar.value > 0 else 'down' if bar.value < 0 else 'same'}"


def _spread(bars: Sequence[Bar], difference: bool) -> str:
    if not bars:
        return "no topic has a value"
    if difference:
        up, down = sum(bar.value > 0 for bar in bars), sum(bar.value < 0 for bar in bars)
        return f"higher in {up}, lower in {down}, equal in {len(bars) - up - down} of {len(bars)} topics"
    middle = bars[(len(bars) - 1) // 2].value
    return f"{len(bars)} topics from {number(bars[0].value)} to {number(bars[-1].value)}, half at {number(middle)} or below"


def _plain(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _name(state: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in state)
