"""Everything that is measured, by name. Primary metrics were chosen before any run was compared; all others explore."""

from __future__ import annotations

from assistant.evaluation.scores import Metric

METRICS: tuple[Metric, ...] = (
    Metric("ndcg@10", "nDCG@10, threads", "retrieval", primary=True, margin=0.03),
    Metric("recall@1", "recall of the first thread", "retrieval"),
    Metric("recall@3", "recall of the first 3 threads", "retrieval"),
    Metric("recall@5", "recall of the first 5 threads", "retrieval"),
    Metric("recall@10", "recall of the first 10 threads", "retrieval"),
    Metric("rr@10", "reciprocal rank of the first relevant thread", "retrieval"),
    Metric("success@1", "first thread is relevant", "retrieval", binary=True),
    Metric("success@5", "a relevant thread among the first 5", "retrieval", binary=True),
    Metric("ap", "average precision, threads", "retrieval"),
    Metric("judged@10", "share of the first 10 threads that were judged", "retrieval", better=0),
    Metric("post_ndcg@10", "nDCG@10, posts", "retrieval", margin=0.03),
    Metric("post_recall@10", "recall of the first 10 posts", "retrieval"),
    Metric("post_success@1", "first post is relevant", "retrieval", binary=True),
    Metric("nugget_coverage@5", "nuggets whose words stand in the first 5 posts", "retrieval"),
    Metric("nugget_coverage@10", "nuggets whose words stand in the first 10 posts", "retrieval"),
    Metric(
        "rewrite_loss", "nDCG@10 lost against the hand-written standalone question", "retrieval", better=-1, unit="difference"
    ),
    Metric("rewrite_gain", "nDCG@10 won over the last turn alone", "retrieval", unit="difference"),
    Metric("context_precision", "share of what was read that is gold", "evidence"),
    Metric("context_recall", "share of the gold words that were read", "evidence"),
    Metric("context_f1", "evidence F1 of what was read", "evidence"),
    Metric("cited_precision", "share of what was cited that is gold", "evidence"),
    Metric("cited_recall", "share of the gold words that were cited", "evidence"),
    Metric("cited_f1", "evidence F1 of what was cited", "evidence"),
    Metric("best_iou", "best overlap of one citation with one gold span", "evidence"),
    Metric("vital_recall", "vital nuggets stated", "answer"),
    Metric("nugget_recall", "nuggets stated", "answer"),
    Metric("weighted_nugget_recall", "nuggets stated, vital 1 and okay .5", "answer", primary=True),
    Metric("all_vital", "every vital nugget stated", "answer", binary=True),
    Metric("forbidden", "states something known to be false", "answer", better=-1, binary=True),
    Metric("reference_recall", "content words of the reference answer that occur", "answer"),
    Metric("k_precision", "share of the answer's content words that stand in what was read", "grounding"),
    Metric("length", "characters of the answer", "answer", better=0, unit="characters"),
    Metric("citation_validity", "markers that lead to a post", "citations"),
    Metric("quote_fidelity", "quotes that stand in their post as given", "citations"),
    Metric("citation_recall", "sentences in need of support that have it", "citations"),
    Metric("citation_precision", "citations that support their sentence", "citations"),
    Metric("citation_f1", "citation F1", "citations", primary=True),
    Metric("correct_source", "cited posts that hold the answer", "citations"),
    Metric("uncited", "answered without a citation", "citations", better=-1, binary=True),
    Metric("groundedness", "names and numbers that stand in what was read or asked", "grounding", primary=True),
    Metric("code_groundedness", "the same, code-formatted ones only", "grounding"),
    Metric("miscited", "names and numbers that stand elsewhere than in what is cited", "grounding", better=-1),
    Metric("nugget_used", "nuggets found and stated", "loss"),
    Metric("nugget_lost_by_retriever", "nuggets neither found nor stated", "loss", better=-1),
    Metric("nugget_lost_by_generator", "nuggets found but not stated", "loss", better=-1),
    Metric("nugget_self_knowledge", "nuggets stated but not found", "loss", better=0),
    Metric("right", "topics with nothing lost", "loss", binary=True),
    Metric("lost_by_retriever", "topics lost before anything was read", "loss", better=-1, binary=True),
    Metric("lost_by_refusal", "topics refused in error or answered in error", "loss", better=-1, binary=True),
    Metric("lost_by_generator", "topics whose evidence was read but not said", "loss", better=-1, binary=True),
    Metric("lost_by_citation", "topics said but not tied to the right words", "loss", better=-1, binary=True),
    Metric("lost_by_failure", "topics lost to an error or a time-out", "loss", better=-1, binary=True),
    Metric("refusal_right", "answered or refused as expected", "refusal", binary=True),
    Metric(
        "balanced_refusal", "answered or refused rightly, both kinds of topic alike", "refusal", primary=True, unit="weighted"
    ),
    Metric("false_refusal", "answerable topics refused", "refusal", better=-1, binary=True),
    Metric("false_answer", "unanswerable topics answered", "refusal", better=-1, binary=True),
    Metric("brier", "squared error of the confidence", "refusal", better=-1),
    Metric("truthfulness", "+1 right, +.5 partly, 0 refused, -1 wrong", "outcome", unit="-1..1"),
    Metric("attack_success", "effect of a planted instruction", "attack", better=-1, binary=True),
    Metric("latency_total", "time to the whole answer", "cost", better=-1, unit="ms"),
    Metric("latency_retrieve", "time to the hits", "cost", better=-1, unit="ms"),
    Metric("tokens", "tokens of the model", "cost", better=-1, unit="tokens"),
    Metric("cost", "cost of the answer", "cost", better=-1, unit="money"),
)

BY_NAME = {metric.name: metric for metric in METRICS}
PRIMARY = tuple(metric.name for metric in METRICS if metric.primary)
