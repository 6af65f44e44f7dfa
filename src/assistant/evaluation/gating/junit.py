"""A gate's report for a build server."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from assistant.evaluation.gating.types import Check, GateReport

# XML 1.0 has no way to write these, and a topic's id may hold them.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(report: GateReport) -> str:
    """One test case a check: a failure fails, what cannot be told is skipped. The stage stands in every failure."""
    failed = sum(check.passed is False for check in report.checks)
    skipped = sum(check.passed is None for check in report.checks)
    counts = {"tests": str(len(report.checks)), "failures": str(failed), "errors": "0", "skipped": str(skipped)}
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": _xml(f"gate of {report.run.run_id}"), **counts})
    for check in report.checks:
        _add_case(suite, check, report.stage.sentence if report.stage else "")
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _add_case(suite: ElementTree.Element, check: Check, stage: str) -> None:
    case = ElementTree.SubElement(suite, "testcase", {"classname": f"gate.{check.kind}", "name": _xml(check.name)})
    if check.passed is False:
        failure = ElementTree.SubElement(case, "failure", {"message": _xml(check.detail)})
        failure.text = _xml(
            "\n".join(line for line in (stage, "topics: " + ", ".join(check.tids) if check.tids else "") if line)
        )
    elif check.passed is None:
        ElementTree.SubElement(case, "skipped", {"message": _xml(f"cannot tell: {check.detail}")})
    else:
        ElementTree.SubElement(case, "system-out").text = _xml(check.detail)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
