"""Gate rows as JUnit XML, the form in which CI systems show checks."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from speechtrt.engine_set import GateRow


def junit_xml(name: str, rows: Iterable[GateRow], seconds: float) -> bytes:
    """One test case per row, in a suite called `name`."""
    checks = list(rows)
    failed = sum(not row.passed for row in checks)
    suite = Element("testsuite", name=name, tests=str(len(checks)), failures=str(failed), time=f"{seconds:.3f}")
    for row in checks:
        case = SubElement(suite, "testcase", classname=f"{name}.{row.stage}", name=row.metric)
        if not row.passed:
            SubElement(case, "failure", message=_failure(row)).text = row.note
        elif row.note:
            SubElement(case, "system-out").text = row.note
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    document: bytes = tostring(suites, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _failure(row: GateRow) -> str:
    value = "not finite" if row.value is None else f"{row.value:.6g}"
    return f"{row.metric} is {value}, its limit is {row.limit:g}"
