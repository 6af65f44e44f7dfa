"""The check of sentences on hand-made pairs that nothing was fitted on: not worse than it was when it was measured."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from assistant.answering.support.check import Support
from assistant.indexing.minilm import MiniLM
from assistant.types import Verdict

ROOT = Path(__file__).resolve().parents[2]
MEASURED_PRECISION, MEASURED_RECALL = 0.591, 0.649
"""bench/support.py --test, 2026-11-22."""
SLACK = 0.03
"""int8 vectors differ a little from one processor to another."""


@pytest.fixture(scope="module")
def pairs_of() -> ModuleType:
    """What the measuring program takes its pairs, rarities and passages from."""
    spec = importlib.util.spec_from_file_location("support_pairs", ROOT / "bench" / "support_pairs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_precision_and_recall_on_held_back_pairs_have_not_fallen(pairs_of: ModuleType, embedder: MiniLM) -> None:
    pairs = pairs_of.hand_made(ROOT / "eval" / "support" / "test.jsonl")
    rarity = pairs_of.rarity_of(pairs)
    passages = {pair.post: pairs_of.passage_of(pair.post) for pair in pairs}
    support = Support(list(passages.values()), embedder, rarity)
    support.prepare()
    passed = [support.check(pair.claim, [passages[pair.post]])[0].verdict is Verdict.VERIFIED for pair in pairs]
    right = sum(pair.supported and one for pair, one in zip(pairs, passed, strict=True))
    assert len(pairs) >= 320
    assert right / sum(passed) >= MEASURED_PRECISION - SLACK
    assert right / sum(pair.supported for pair in pairs) >= MEASURED_RECALL - SLACK
