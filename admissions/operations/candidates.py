"""Logging somebody as a candidate, correcting the file, closing it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from admissions import open_questions
from admissions.cases import case_of
from admissions.models import Candidate, Group, Milestone, RuleSet, Special
from admissions.rules import full_years, is_within_oldest_age
from admissions.stages import OPEN_STAGES, Level, Stage, Step
from config import names
from config.errors import ConflictError, DomainError, KnownAlready
from config.locks import Lock, hold
from config.periods import between
from config.rows import beyond_scope
from organizations.models import Membership, Organization, Particulars, Person, Role
from organizations.models.person import name_columns
from organizations.operations.brakes import brake_tries
from organizations.operations.particulars import write_particulars
from organizations.operations.people import own_records, register_person
from organizations.permissions import acts

from .recording import before_birth, begin, in_the_future, locked, record, rules_on, tell_stage

if TYPE_CHECKING:
    from organizations.models import User

YEARS_AHEAD = 2
"""How long before the youngest age somebody may already be logged: the class may be attended
before. The age itself is a column of the rules."""

PERSON_COLUMNS = (
    "full_name",
    "sex",
    "ethnicity",
    "education",
    "occupation",
    "is_youth_union_member",
)
"""What may be corrected of the person; the date of birth may not (HD 06-HD/TW 2025, 9)."""

SEALED_COLUMNS = ("religion", "residence")
"""Of these, what is sealed (`organizations.models.Particulars`)."""


SPECIAL_COLUMNS = ("special", "left_on", "was_cleared")
"""What makes a case need further papers, consents or waits (domain.md 2.4)."""


@transaction.atomic
def log_candidate(
    cell: Organization,
    *,
    by: User,
    on: date,
    full_name: str,
    born_on: date,
    sex: str,
    occupation: str,
    identified_on: date | None = None,
    groups: Collection[str] = (),
    ethnicity: str = "",
    education: str = "",
    residence: str = "",
    is_youth_union_member: bool = False,
    over_age: bool = False,
) -> Candidate:
    """Open a file for somebody whom `cell` identified on `identified_on` (day `on` unless given).

    Return the file, with its number. Raises PermissionDenied where `by` is not secretary over the
    cell, and DomainError at the argument that is impossible: a day in the future, an age that is
    out of the rules, somebody who has an open file or is a member already, wherever that is. Past
    the oldest age it is OverAge, unless `over_age` says that the exception is meant.
    """
    if not acts(by, Role.SECRETARY, over=cell, on=on):
        raise PermissionDenied
    identified_on = identified_on or on
    if identified_on > on:
        raise in_the_future(identified_on, field="identified_on")
    if identified_on < cell.period.lower:
        raise DomainError(fields={"identified_on": _("The cell did not exist on that day.")})
    rules = rules_on(identified_on, field="identified_on")
    refusals = {}
    if not names.written(occupation):
        refusals["occupation"] = _("Enter the occupation.")
    if refusal := _refusal_of_age(born_on, on=on, rules=rules):
        refusals["born_on"] = refusal
    elif not over_age and _is_over_age(born_on, on=on, rules=rules):
        raise OverAge(fields=refusals | {"born_on": _over_age(born_on, on=on, rules=rules)})
    if refusals:
        raise DomainError(fields=refusals)
    # Also keeps two people from logging the same person at once: each sees the other's row.
    hold(Lock.FILE_NUMBERS)
    _refuse_ended(cell, on=on)
    _refuse_known(full_name, born_on, by=by, on=on)
    person = register_person(
        full_name=full_name,
        born_on=born_on,
        sex=sex,
        on=on,
        occupation=occupation,
        ethnicity=names.written(ethnicity),
        education=names.written(education),
        residence=names.written(residence),
        is_youth_union_member=is_youth_union_member,
    )
    candidate = Candidate.objects.create(
        number=_next_number(on),
        person=person,
        cell=cell,
        rules=rules,
        groups=_known_groups(groups),
        stage=Stage.SOURCE,
        stage_since=identified_on,
        identified_on=identified_on,
        entered_by=by,
    )
    Milestone.objects.create(
        candidate=candidate, step=Step.IDENTIFY, on=identified_on, entered_by=by
    )
    tell_stage(candidate, was=None, on=identified_on)
    return candidate


def _refuse_ended(cell: Organization, *, on: date) -> None:
    """Refuse a cell that has ended; locked, so that none ends while a file is opened in it."""
    period = Organization.objects.select_for_update(no_key=True).get(pk=cell.pk).period
    if period.upper is not None and period.upper <= on:
        raise DomainError(
            _("%(cell)s has ended: the file is opened by the cell that took it over.")
            % {"cell": cell}
        )


def _refusal_of_age(born_on: date, *, on: date, rules: RuleSet) -> str | None:
    if born_on > on:
        return _("The date of birth lies in the future.")
    age = full_years(born_on, on)
    if age < rules.min_age_years - YEARS_AHEAD:
        return _(
            "This person is only %(age)s years old. A file is opened from %(open)s years on; the"
            " cell considers people of full %(youngest)s years (Charter, article 1; %(rules)s)."
        ) % {
            "age": age,
            "open": rules.min_age_years - YEARS_AHEAD,
            "youngest": rules.min_age_years,
            "rules": rules.code,
        }
    return None


class OverAge(DomainError):
    """Somebody past the oldest age: a file is opened only where the exception is meant."""


def _is_over_age(born_on: date, *, on: date, rules: RuleSet) -> bool:
    reading = open_questions.value(open_questions.AGE_READING, on)
    return not is_within_oldest_age(born_on, on, rules, reading=reading)


def _over_age(born_on: date, *, on: date, rules: RuleSet) -> str:
    return _(
        "This person is %(age)s years old. The cell considers people up to %(oldest)s"
        " (Charter, article 1; %(rules)s). Beyond that only with the written consent of the"
        " standing committee of the province: confirm below that this exception is meant."
    ) % {"age": full_years(born_on, on), "oldest": rules.max_age_years, "rules": rules.code}


@beyond_scope()
def _refuse_known(
    full_name: str, born_on: date, *, by: User, on: date, besides: Person | None = None
) -> None:
    """Refuse somebody who has an open file or is a member, without saying where.

    `besides` is whose own record is corrected. Raises KnownAlready at `full_name`, TriedTooOften
    where `by` was told so too often.
    """
    brake_tries(by)
    alike = Person.objects.filter(name_search=names.search_key(full_name), born_on=born_on)
    if besides is not None:
        alike = alike.exclude(pk=besides.pk)
    # Found first: as a subquery, the planner may read every membership of the day instead.
    same = list(alike.values_list("pk", flat=True))
    has_file = Candidate.objects.filter(person__in=same, stage__in=OPEN_STAGES)
    belongs = Membership.objects.on(on).filter(person__in=same)
    if same and (has_file.exists() or belongs.exists()):
        raise KnownAlready(
            fields={
                "full_name": _(
                    "There is an open file or a membership already for somebody of the same name"
                    " and date of birth. Ask your superior committee."
                )
            }
        )


@beyond_scope()
def _next_number(on: date) -> str:
    """Return the next file number of the year, under the lock of file numbers."""
    prefix = f"KC-{on.year}-"
    last = (
        Candidate.objects.filter(number__startswith=prefix)
        .order_by(Length("number").desc(), "-number")
        .values_list("number", flat=True)
        .first()
    )
    number = int(last.removeprefix(prefix)) + 1 if last else 1
    return f"{prefix}{number:04d}"


def _known_groups(groups: Collection[str]) -> list[str]:
    wanted = set(groups)
    if unknown := wanted - set(Group.values):
        raise DomainError(
            fields={"groups": _("There is no such group: %(name)s.") % {"name": min(unknown)}}
        )
    return [group for group in Group.values if group in wanted]


@transaction.atomic
def edit_candidate(
    candidate: Candidate, *, by: User, on: date, version: int, **changes: Any
) -> Candidate:
    """Correct the file and what is known of its person; return the file with its new version.

    `changes` are columns of the person (`PERSON_COLUMNS`, `SEALED_COLUMNS`), `groups`, and what
    makes the case a special one: `special`, with `left_on` and `was_cleared` for a readmission.
    All stay as the cell had them before it while its resolution counts, and a name is refused as
    when logging.
    Raises PermissionDenied where `by` is not secretary over the cell, ConflictError where the file
    is no longer at `version`, DomainError at a value that is impossible or no longer changed, or
    where the file is closed.
    """
    if "full_name" in changes:
        # As in logging, and before the file, as nobody who holds it may wait for a file.
        hold(Lock.FILE_NUMBERS)
    file = locked(candidate, by=by, on=on)
    if not acts(by, Role.SECRETARY, over=file.cell, on=on) or file.person_id in own_records(by):
        raise PermissionDenied
    if file.version != version:
        raise ConflictError(_("Somebody changed the file in the meantime."))
    if file.stage not in OPEN_STAGES:
        raise DomainError(_("The file is closed; it is no longer changed."))
    if unknown := set(changes) - {*PERSON_COLUMNS, *SEALED_COLUMNS, "groups", *SPECIAL_COLUMNS}:
        raise TypeError(f"not columns of a file: {sorted(unknown)}")
    person = Person.objects.select_for_update().get(pk=file.person_id)
    texts = {name: names.written(changes[name]) for name in SEALED_COLUMNS if name in changes}
    kept = Particulars.objects.opened(person) if texts else {}
    before = _said(file, person) | {name: kept[name] for name in texts}
    if "groups" in changes:
        file.groups = _known_groups(changes["groups"])
    _set_special(file, changes, on=on)
    columns = _person_columns({name: changes[name] for name in PERSON_COLUMNS if name in changes})
    is_renamed = columns.get("name_search", person.name_search) != person.name_search
    for name, value in columns.items():
        setattr(person, name, value)
    _refuse_after_the_resolution(file, before, _said(file, person) | texts, on=on)
    if is_renamed:
        _refuse_known(person.full_name, person.born_on, by=by, on=on, besides=person)
    if columns:
        person.save(update_fields=list(columns))
    if texts:
        write_particulars(person, **texts)
    file.person = person
    file.version += 1
    file.save(update_fields=["groups", *SPECIAL_COLUMNS, "version"])
    return file


def _set_special(file: Candidate, changes: dict[str, Any], *, on: date) -> None:
    """Set what makes the case special; only a readmission says when they left, and why so long."""
    for name in SPECIAL_COLUMNS:
        if name in changes:
            setattr(file, name, changes[name])
    wanted = set(file.special)
    if unknown := wanted - set(Special.values):
        raise DomainError(
            fields={"special": _("There is no such case: %(name)s.") % {"name": min(unknown)}}
        )
    if Special.NO_UNION in wanted:
        wanted.discard(Special.NO_YOUTH_UNION)  # which would ask for the trade union's resolution
    file.special = [one for one in Special.values if one in wanted]
    if Special.READMISSION not in wanted:
        file.left_on, file.was_cleared = None, False
    elif file.left_on is None:
        raise DomainError(
            fields={"left_on": _("Enter the day on which the person left the Party.")}
        )
    elif file.left_on > on:
        raise in_the_future(file.left_on, field="left_on")
    elif file.left_on <= file.person.born_on:
        raise before_birth(file.left_on, field="left_on")


def _said(file: Candidate, person: Person) -> dict[str, Any]:
    """Return what the file says that may be corrected, {column: value} without order."""
    said: dict[str, Any] = {name: getattr(person, name) for name in PERSON_COLUMNS}
    said |= {name: getattr(file, name) for name in SPECIAL_COLUMNS}
    return said | {"groups": set(file.groups), "special": set(file.special)}


def _refuse_after_the_resolution(
    file: Candidate, before: dict[str, Any], after: dict[str, Any], *, on: date
) -> None:
    """Refuse to change whom, and by what, the cell has judged (trust.md c.2: until sent up)."""
    changed = [name for name in after if after[name] != before[name]]
    resolved = case_of(file, on=on).passed(Level.CELL) if changed else None
    if resolved is None:
        return
    sentence = _(
        "The cell resolved on %(day)s by what the file said then: it is changed only after the"
        " file was returned to before that resolution."
    ) % {"day": f"{resolved.held_on:%d/%m/%Y}"}
    raise DomainError(fields=dict.fromkeys(changed, sentence))


def _person_columns(changes: dict[str, Any]) -> dict[str, Any]:
    columns = {
        name: names.written(value) if isinstance(value, str) else value
        for name, value in changes.items()
    }
    refusals = {}
    if "full_name" in columns:
        if not columns["full_name"]:
            refusals["full_name"] = _("Enter the full name.")
        columns.update(name_columns(columns["full_name"]))
    if "occupation" in columns and not columns["occupation"]:
        refusals["occupation"] = _("Enter the occupation.")
    if "sex" in columns and columns["sex"] not in Person.Sex.values:
        refusals["sex"] = _("Choose one.")
    if refusals:
        raise DomainError(fields=refusals)
    return columns


@transaction.atomic
def close_candidate(
    candidate: Candidate, *, by: User, on: date, closed_on: date, reason: str
) -> Milestone:
    """Close the file on `closed_on` without an admission; the person may have a new one later.

    Raises PermissionDenied where `by` is not secretary over the cell, DomainError where a decision
    has been issued, without a reason, or before something that the file records already.
    """
    case = begin(candidate, Step.CLOSE, by=by, on=on, happened_on=closed_on)
    file = case.candidate
    reason = names.written(reason)
    if not reason:
        raise DomainError(fields={"reason": _("Say why the file is closed.")})
    latest = max(one.on for one in file.milestones.all())
    if closed_on < latest:
        raise DomainError(
            fields={
                "closed_on": _("The file records something on a later day, %(day)s.")
                % {"day": f"{latest:%d/%m/%Y}"}
            }
        )
    for helping in case.mentorships:
        if helping.period.upper is None and helping.period.lower < closed_on:
            helping.period = between(helping.period.lower, closed_on)
            helping.save(update_fields=["period"])
    file.closed_on, file.closed_reason = closed_on, reason
    milestone = Milestone(candidate=file, step=Step.CLOSE, on=closed_on, entered_by=by, note=reason)
    record(file, [milestone], announced_on=closed_on, also=["closed_on", "closed_reason"])
    return milestone
