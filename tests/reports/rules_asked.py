"""What addresses of rules and open questions name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from admissions.models import RuleSet
from admissions.open_questions import AGE_READING, MENTORING_MONTHS, QUESTIONS
from admissions.operations.rule_sets import ask_rule_change, ask_setting
from admissions.parameters import PARAMETERS
from organizations.models import User
from tests.makers import DAY, World
from tests.reports.people_asked import Asked

NOT_THERE = {"missing": 987_654_321}
WAITING, FREE = "ceremony_days", "send_up_days"


def asked_of_rules(here: World) -> Asked:
    """Return what these addresses name: the rules are everybody's, a change of each waits."""
    rules = RuleSet.objects.in_force(on=DAY)
    [change] = ask_rule_change(
        rules, PARAMETERS[WAITING], by=here.staff2, on=DAY, new="45", source="CV 1",
        certainty="M", reason="Hỏi lại",
    )  # fmt: skip
    ask_setting(QUESTIONS[AGE_READING], by=here.staff2, on=DAY, value="exact", reason="Hỏi lại")
    return {
        ("", "rules"): {"own": rules.pk, **NOT_THERE},
        ("", "parameter"): {"own": FREE, "missing": "khong-co"},
        ("", "change"): {"own": change.pk, **NOT_THERE},
        ("open-question-ask", "question"): {"own": MENTORING_MONTHS, "missing": "khong-co"},
        ("open-question-answer", "question"): {"own": AGE_READING, "missing": "khong-co"},
        ("open-question-withdraw", "question"): {"own": AGE_READING, "missing": "khong-co"},
    }


def forms_of_rules(here: World, asked: Asked) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for each of these forms."""
    rules, change = asked["", "rules"]["own"], asked["", "change"]["own"]
    told = {"source": "CV 1", "certainty": "M", "reason": "Hỏi lại"}
    yield here.staff2, reverse("rule-change-ask", args=[rules, FREE]), {"new": "7", **told}
    share = reverse("rule-change-ask", args=[rules, "cell_vote"])
    yield here.approver, share, {"new": "3/4", **told}
    yield here.approver, reverse("rule-change-answer", args=[change]), {"answer": "approve"}
    yield here.approver, reverse("day-off-new"), {
        "day": "31/05/2021", "kind": "off", "source": "TB 9/TB-VPCP",
    }  # fmt: skip
    ask = reverse("open-question-ask", args=[MENTORING_MONTHS])
    yield here.staff2, ask, {"value": "6", "reason": "Hỏi lại"}
    yield here.staff2, reverse("rule-change-withdraw", args=[change]), {}
    yield here.staff2, reverse("open-question-withdraw", args=[AGE_READING]), {}
    answer = reverse("open-question-answer", args=[AGE_READING])
    yield here.approver, answer, {"answer": "refuse"}
