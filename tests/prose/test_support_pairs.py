"""The judged pairs of claim and post in `eval/support`: schema, kinds, balance, and that the halves stay apart."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "eval" / "support"
SUPPORTED = {"verbatim", "paraphrase", "compression", "two_sentences", "attribution", "synonym", "pronoun"}
WELL_FILLED_WRONG = {
    "negation",
    "antonym",
    "number",
    "version",
    "identifier",
    "swapped_roles",
    "cause_effect",
    "condition_dropped",
    "question_not_statement",
    "partial",
    "related_not_stated",
}
WRONG = WELL_FILLED_WRONG | {"name", "hedge_dropped", "other_subject", "temporal"}
DENIAL = re.compile(r"\b(not|no|never|cannot|without|unable|impossible|nothing|neither|none|nor)\b", re.IGNORECASE)

Pair = dict[str, Any]


def _pairs(split: str) -> list[Pair]:
    return [json.loads(line) for line in (FOLDER / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


def _post(pair: Pair) -> tuple[str, str]:
    return pair["post"]["title"], pair["post"]["body"]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_each_line_holds_to_the_schema(split: str) -> None:
    for pair in _pairs(split):
        assert list(pair) == ["id", "claim", "post", "supported", "kind"], pair["id"]
        assert list(pair["post"]) == ["title", "body"], pair["id"]
        texts = [pair["claim"], *_post(pair)]
        assert all(isinstance(text, str) and text == text.strip() and text for text in texts), pair["id"]
        assert re.fullmatch(split[0] + r"-\d{3}", pair["id"])
        assert isinstance(pair["supported"], bool), pair["id"]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_kind_belongs_to_one_label(split: str) -> None:
    for pair in _pairs(split):
        assert pair["kind"] in (SUPPORTED if pair["supported"] else WRONG), pair["id"]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_claim_is_one_sentence_without_markers(split: str) -> None:
    for pair in _pairs(split):
        assert "\n" not in pair["claim"], pair["id"]
        assert pair["claim"].endswith("."), pair["id"]
        assert not re.search(r"\[\d+\]|[.!?] [A-Z]", pair["claim"]), pair["id"]


def test_no_id_and_no_claim_stands_twice() -> None:
    pairs = _pairs("dev") + _pairs("test")
    assert len({pair["id"] for pair in pairs}) == len(pairs)
    assert len({pair["claim"].casefold() for pair in pairs}) == len(pairs)


def test_dev_and_test_share_no_post_and_no_product_name() -> None:
    dev, test = _pairs("dev"), _pairs("test")
    for part in (0, 1):
        assert not {_post(pair)[part] for pair in dev} & {_post(pair)[part] for pair in test}
    names = [{name for pair in split for name in _code_names(" ".join(_post(pair)))} for split in (dev, test)]
    assert not names[0] & names[1]


def _code_names(text: str) -> set[str]:
    """Names in mixed case such as `NMSession`: those of products and interfaces."""
    return set(re.findall(r"\b[A-Z]\w*[a-z]\w*[A-Z]\w*\b", text))


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_title_names_one_post_and_each_post_has_claims_of_both_labels(split: str) -> None:
    labels: dict[tuple[str, str], set[bool]] = {}
    for pair in _pairs(split):
        labels.setdefault(_post(pair), set()).add(pair["supported"])
    assert len({title for title, _ in labels}) == len(labels)
    assert all(both == {True, False} for both in labels.values())


def test_there_are_enough_pairs_of_each_kind() -> None:
    dev, test = _pairs("dev"), _pairs("test")
    kinds = Counter(pair["kind"] for pair in test)
    assert len(dev) >= 160
    assert len(test) >= 340
    assert all(kinds[kind] >= 15 for kind in WELL_FILLED_WRONG)
    assert all(kinds[kind] >= 25 for kind in ("paraphrase", "compression", "synonym", "two_sentences"))
    assert set(kinds) == SUPPORTED | WRONG


@pytest.mark.parametrize("split", ["dev", "test"])
def test_neither_label_nor_denials_nor_numbers_give_the_answer_away(split: str) -> None:
    pairs = _pairs(split)
    supported = [pair["claim"] for pair in pairs if pair["supported"]]
    wrong = [pair["claim"] for pair in pairs if not pair["supported"]]
    assert 0.40 <= len(supported) / len(pairs) <= 0.50
    for trait in (DENIAL, re.compile(r"\d")):
        shares = [sum(bool(trait.search(claim)) for claim in claims) / len(claims) for claims in (supported, wrong)]
        assert abs(shares[0] - shares[1]) < 0.15
        assert min(shares) > 0.15


def test_the_readme_counts_what_the_files_hold() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    counted = {split: Counter(pair["kind"] for pair in _pairs(split)) for split in ("dev", "test")}
    for kind in SUPPORTED | WRONG:
        assert re.search(rf"^\| `{kind}` \|.*\| {counted['dev'][kind]} \| {counted['test'][kind]} \|$", readme, re.MULTILINE), (
            kind
        )
    for split in ("dev", "test"):
        pairs = _pairs(split)
        figures = (len(pairs), len({_post(pair) for pair in pairs}), sum(pair["supported"] for pair in pairs))
        assert f"| `{split}.jsonl` | " + " | ".join(map(str, figures)) + " |" in readme
