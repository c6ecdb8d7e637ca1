"""Who may be considered: the conditions of a person and of the cell, as guards and as warnings.

A guard answers with the sentence that refuses, or None; a warning is said and refuses nothing.
Sources: Charter, article 1 and 3; HD 06-HD/TW 2025, point 3 (domain.md 2.4). Every number is a
column of the rule set of the day; what the texts leave open is a value of `open_questions`.
"""

from __future__ import annotations

import re
from datetime import date
from enum import IntEnum

from django.utils.translation import gettext as _

from admissions import open_questions
from admissions.cases import Case
from admissions.models import Admission, Introducer, Special, Verification
from admissions.rules import (
    add_months,
    full_years,
    is_old_enough,
    is_within_oldest_age,
    may_be_readmitted_from,
    readings_of_age_differ,
)
from config import names
from config.rows import beyond_scope
from organizations.models import Departure, Person


def _shown(day: date) -> str:
    return f"{day:%d/%m/%Y}"


# ---------------------------------------------------------------- age


def of_age(case: Case) -> str | None:
    """Refuse who has not the youngest age; past the oldest a consent is asked for, not here."""
    reading = case.settings[open_questions.AGE_READING]
    born_on = case.candidate.person.born_on
    if is_old_enough(born_on, case.on, case.rules, reading=reading):
        return None
    return _(
        "On %(day)s the person is %(age)s years old; the cell considers people from"
        " %(youngest)s to %(oldest)s (Charter, article 1; %(rules)s)."
    ) % {
        "day": _shown(case.on),
        "age": full_years(born_on, case.on),
        "youngest": case.rules.min_age_years,
        "oldest": case.rules.max_age_years,
        "rules": case.rules.code,
    }


def is_over_age(case: Case) -> bool:
    """Say whether the person is past the oldest age, or was so when the cell considered."""
    considered = case.passed("cell")
    on = considered.held_on if considered else case.on
    reading = case.settings[open_questions.AGE_READING]
    return not is_within_oldest_age(case.candidate.person.born_on, on, case.rules, reading=reading)


def past_the_oldest_age(case: Case) -> str | None:
    """Warn that a special consent is needed before the decision."""
    if not is_over_age(case):
        return None
    return _(
        "The person is past full %(oldest)s years: only with health and standing, where there is"
        " no Party organisation or a special need, and with the written consent of the standing"
        " committee of the province before the decision (%(rules)s)."
    ) % {"oldest": case.rules.max_age_years, "rules": case.rules.code}


def age_hangs_on_the_reading(case: Case) -> str | None:
    """Warn where reckoning the age by the month and by the day gives different answers."""
    if not readings_of_age_differ(case.candidate.person.born_on, case.on, case.rules):
        return None
    return _(
        "Whether the age fits on %(day)s hangs on how months are reckoned, which the regulations"
        " leave open: by the month and by the exact day the answers differ. Ask the committee"
        " above before the meeting."
    ) % {"day": _shown(case.on)}


# ---------------------------------------------------------------- schooling


class Schooling(IntEnum):
    """General education, as far as what was written down can be understood."""

    BELOW_PRIMARY = 0
    PRIMARY = 1
    LOWER_SECONDARY = 2


# (years of the general school, years of lower secondary and of primary): the school of 12 years,
# and that of 10 years before 1981 (north). A fact of the school, not of a regulation.
SCHOOLS = {12: (9, 5), 10: (7, 4)}


def schooling(education: str) -> Schooling | None:
    """Return what `education`, as it was written down, amounts to; None where it does not say.

    >>> schooling("9/12"), schooling("7/10"), schooling("Tiểu học"), schooling("Kỹ sư mỏ")
    (<Schooling.LOWER_SECONDARY: 2>, <Schooling.LOWER_SECONDARY: 2>, <Schooling.PRIMARY: 1>, None)
    """
    text = names.search_key(education)
    if grade := re.search(r"\b(\d{1,2})\s*/\s*(10|12)\b", education):
        lower, primary = SCHOOLS[int(grade[2])]
        reached = int(grade[1])
        if reached >= lower:
            return Schooling.LOWER_SECONDARY
        return Schooling.PRIMARY if reached >= primary else Schooling.BELOW_PRIMARY
    if re.search(r"\b(thcs|thpt|trung hoc)\b", text):
        return Schooling.LOWER_SECONDARY
    if re.search(r"\btieu hoc\b", text):
        return Schooling.PRIMARY
    if re.search(r"\b(biet doc|biet chu|chua hoc|xoa mu)\b", text):
        return Schooling.BELOW_PRIMARY
    return None


def schooled(case: Case) -> str | None:
    """Refuse who has not finished the lower secondary school, where less is not enough."""
    found = schooling(case.candidate.person.education)
    if found is None or found >= Schooling.LOWER_SECONDARY:
        return None
    if Special.LOW_SCHOOLING in case.candidate.special:
        return None
    return _(
        "The schooling noted is “%(education)s”: a lower secondary diploma is needed, unless the"
        " file says that the area is one where less is enough (Charter, article 1; %(rules)s)."
    ) % {"education": case.candidate.person.education, "rules": case.rules.code}


def schooling_to_be_checked(case: Case) -> str | None:
    """Warn where no schooling is noted, or where a village elder needs a consent for it."""
    education = case.candidate.person.education
    if not education:
        return _("The schooling is not noted: a lower secondary diploma is needed (%(rules)s).") % {
            "rules": case.rules.code
        }
    if (
        Special.LOW_SCHOOLING in case.candidate.special
        and schooling(education) == Schooling.BELOW_PRIMARY
    ):
        return _(
            "Without the primary school, only elders and people of standing who read and write"
            " Vietnamese, with the consent of the standing committee of the province (%(rules)s)."
        ) % {"rules": case.rules.code}
    return None


# ---------------------------------------------------------------- the cell


def enough_members(case: Case) -> str | None:
    """Refuse a cell with too few official members to meet and decide.

    A cell none of whose members is recorded is not judged: how many it has is not known.
    """
    number = case.members_of_cell
    if not 0 < number < case.rules.smallest_cell:
        return None
    return _(
        "On %(day)s the cell has %(number)s official members; with fewer than %(smallest)s it"
        " cannot meet and decide (%(rules)s). The committee above names another cell."
    ) % {
        "day": _shown(case.on),
        "number": number,
        "smallest": case.rules.smallest_cell,
        "rules": case.rules.code,
    }


def helped_long_enough(case: Case) -> str | None:
    """Refuse before the least time of being helped, where two people set one; 0 by default."""
    months = int(case.settings[open_questions.MENTORING_MONTHS])
    begun = [
        one.period.lower
        for one in case.candidate.mentorships.all()
        if not one.on_probation and one.period.lower <= case.on
    ]
    if not months or not begun or add_months(min(begun), months) <= case.on:
        return None
    return _(
        "The person is helped since %(since)s; the cell considers after %(months)s months, from"
        " %(from)s on (a setting of the top unit)."
    ) % {
        "since": _shown(min(begun)),
        "months": months,
        "from": _shown(add_months(min(begun), months)),
    }


# ---------------------------------------------------------------- readmission


@beyond_scope()
def _same_person(person: Person) -> list[int]:
    """Return the ids of the records of one person: merged, or of the same name and birth date."""
    return list(
        Person.objects.filter(name_search=person.name_search, born_on=person.born_on).values_list(
            "pk", flat=True
        )
    )


def readmission(case: Case) -> str | None:
    """Refuse a readmission before its time, after the last one allowed, or one not named so."""
    if Special.READMISSION not in case.candidate.special:
        return _not_named_a_readmission(case)
    return _too_early(case) or _too_often(case)


def _not_named_a_readmission(case: Case) -> str | None:
    left_on = case.last_departure
    if left_on is None:
        return None
    return _(
        "The person left the Party on %(day)s: the file must say that it is a readmission, and"
        " since when (Charter, article 3; %(rules)s)."
    ) % {"day": _shown(left_on), "rules": case.rules.code}


def _too_early(case: Case) -> str | None:
    file = case.candidate
    if file.left_on is None:
        return _("The file does not say on which day the person left the Party.")
    # What was typed does not shorten the wait after a departure that is recorded.
    left_on = max(file.left_on, case.last_departure or file.left_on)
    first = may_be_readmitted_from(left_on, case.rules, was_cleared=file.was_cleared)
    if case.on >= first:
        return None
    months = (
        case.rules.readmission_cleared_months if file.was_cleared else case.rules.readmission_months
    )
    return _(
        "The person left the Party on %(left)s and is considered again after %(months)s months,"
        " from %(first)s on (Charter, article 3; %(rules)s)."
    ) % {
        "left": _shown(left_on),
        "months": months,
        "first": _shown(first),
        "rules": case.rules.code,
    }


def _too_often(case: Case) -> str | None:
    before = Admission.objects.standing().filter(
        person__in=_same_person(case.candidate.person),
        is_readmission=True,
        ceremony_on__lte=case.on,
    )
    number = before.exclude(candidate=case.candidate).count()
    if number < case.rules.readmissions:
        return None
    return _(
        "The person was readmitted %(number)s times already; %(most)s is allowed in a life"
        " (Charter, article 3; %(rules)s)."
    ) % {"number": number, "most": case.rules.readmissions, "rules": case.rules.code}


def left_at_their_own_request(case: Case) -> str | None:
    """Warn of a readmission of somebody who resigned: excluded but for a special hardship."""
    if Special.READMISSION not in case.candidate.special:
        return None
    resigned = Departure.objects.filter(
        membership__person__in=_same_person(case.candidate.person),
        reason=Departure.Reason.RESIGNED,
        on__lte=case.on,
    )
    if not resigned.exists():
        return None
    return _(
        "The person left the Party at their own request: readmission only where a special hardship"
        " was the reason (Charter, article 3; %(rules)s)."
    ) % {"rules": case.rules.code}


# ---------------------------------------------------------------- introducers


def is_of_youth_age(case: Case, *, on: date | None = None) -> bool:
    """Say whether the person is of youth age on the day, of the case unless given.

    A cadre of the Union is longer so.
    """
    cadre = Special.UNION_CADRE in case.candidate.special
    oldest = case.rules.union_cadre_age_years if cadre else case.rules.youth_age_years
    return full_years(case.candidate.person.born_on, on or case.on) <= oldest


def introducers_needed(case: Case) -> tuple[int, Introducer.Kind | None]:
    """Return how many official members, and which union, must introduce the person on the day.

    Past youth age two members; of youth age the Youth Union and one, where there is none the trade
    union and one, where there is neither two members (domain.md 2.4; the last of certainty M).
    """
    special = case.candidate.special
    if not is_of_youth_age(case) or Special.NO_UNION in special:
        return 2, None
    if Special.NO_YOUTH_UNION in special:
        return 1, Introducer.Kind.TRADE_UNION
    return 1, Introducer.Kind.YOUTH_UNION


def introducers_on(case: Case) -> list[Introducer]:
    """Return who introduces the person on the day."""
    return [
        one
        for one in case.candidate.introducers.all()
        if one.named_on <= case.on and (one.ended_on is None or one.ended_on > case.on)
    ]


def introduced(case: Case) -> str | None:
    """Refuse where the introducers named are too few, of the wrong kind, or do not qualify.

    Their forms (3-KNĐ, and 4-KNĐ of a union) do not stand for them: who introduces is responsible
    by name, and never approves the decision (`guards_of_separation.part_taken`).
    """
    return " ".join(_lacking_introducers(case)) or None


def must_join_the_union(case: Case) -> str | None:
    """Refuse who is of youth age, where there is a Youth Union, and is not its member."""
    _number, union = introducers_needed(case)
    if union != Introducer.Kind.YOUTH_UNION or case.candidate.person.is_youth_union_member:
        return None
    return _(
        "Of youth age, where there is a Youth Union, the person must be its member (%(rules)s)."
    ) % {"rules": case.rules.code}


def union_unsaid(case: Case) -> str | None:
    """Warn where the rules expect the union and the file says nothing of it.

    Form 4-KNĐ would else be passed over in silence until the vote refuses.
    """
    if not must_join_the_union(case):
        return None
    return _(
        "It is not said whether the person is a member of the Youth Union, which introduces at this"
        " age (%(rules)s): tick it, or that there is no such union, among the person's data."
    ) % {"rules": case.rules.code}


def union_of(case: Case) -> Introducer.Kind | None:
    """Return which union can introduce the person, None where none can.

    Somebody of youth age when identified, by then or by a vote that is entered late; whether it
    must is asked by `introducers_needed`, of the day on which the cell considers.
    """
    special = case.candidate.special
    young = is_of_youth_age(case, on=case.candidate.identified_on)
    if Special.NO_UNION in special or not young:
        return None
    no_youth_union = Special.NO_YOUTH_UNION in special
    return Introducer.Kind.TRADE_UNION if no_youth_union else Introducer.Kind.YOUTH_UNION


def _lacking_introducers(case: Case) -> list[str]:
    standing = introducers_on(case)
    members = [one for one in standing if one.kind == Introducer.Kind.MEMBER]
    number, union = introducers_needed(case)
    told = []
    if len(members) < number:
        told.append(
            _("On %(day)s %(found)s official members introduce; %(number)s must (%(rules)s).")
            % {
                "day": _shown(case.on),
                "found": len(members),
                "number": number,
                "rules": case.rules.code,
            }
        )
    if union and not any(one.kind == union for one in standing):
        told.append(
            _("A resolution of the union is needed: %(union)s (%(rules)s).")
            % {"union": union.label, "rules": case.rules.code}
        )
    if sentence := must_join_the_union(case):
        told.append(sentence)
    for one in members:
        told += _lacking_of(case, one, is_official=one.person_id in case.official_cells)
    if case.settings[open_questions.SPOUSE_INTRODUCER] == "refuse":
        told += [
            _("%(person)s is named as a relative in a verification and may not introduce"
              " (a setting of the top unit).") % {"person": one.person}
            for one in related_introducers(case)
        ]  # fmt: skip
    return told


def _lacking_of(case: Case, introducer: Introducer, *, is_official: bool) -> list[str]:
    told = []
    if not is_official:
        told.append(
            _("%(person)s is no official member on %(day)s.")
            % {"person": introducer.person, "day": _shown(case.on)}
        )
    if (
        introducer.replaces_id is None
        and case.taken_over is None
        and introducer.together_since is not None
        and add_months(introducer.together_since, case.rules.introducer_months) > case.on
    ):
        told.append(
            _(
                "%(person)s is together with the candidate since %(since)s; %(months)s months are"
                " needed (%(rules)s)."
            )
            % {
                "person": introducer.person,
                "since": _shown(introducer.together_since),
                "months": case.rules.introducer_months,
                "rules": case.rules.code,
            }
        )
    return told


def related_introducers(case: Case) -> list[Introducer]:
    """Return the introducers who bear the name of a relative in a verification of the file."""
    relatives = {
        names.search_key(one.subject)
        for one in case.candidate.verifications.all()
        if one.relation != Verification.Relation.APPLICANT
    }
    return [
        one
        for one in introducers_on(case)
        if one.person is not None and one.person.name_search in relatives
    ]


def introduced_by_a_relative(case: Case) -> str | None:
    """Warn of introducers who are relatives: no rule was found either way."""
    if not (related := related_introducers(case)):
        return None
    return _(
        "%(people)s bears the name of a relative in the verifications: no rule was found on"
        " relatives as introducers. Ask the committee above."
    ) % {"people": ", ".join(str(one.person) for one in related)}


# ---------------------------------------------------------------- together

FOR_PERMISSION = (schooled, readmission)
"""Guards of the permission to do the procedure (step 5), beside the age that will be reached."""

FOR_THE_CELL = (of_age, *FOR_PERMISSION, enough_members, helped_long_enough, introduced)
"""Guards of the cell's resolution (step 12)."""

WARNINGS = (
    past_the_oldest_age,
    age_hangs_on_the_reading,
    schooling_to_be_checked,
    union_unsaid,
    left_at_their_own_request,
    introduced_by_a_relative,
)


def warnings(case: Case) -> list[str]:
    """Return what is to be looked at before the cell considers, and refuses nothing."""
    return [words for warning in WARNINGS if (words := warning(case))]
