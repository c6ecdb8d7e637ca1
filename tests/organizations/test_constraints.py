"""Every constraint and trigger of the ground floor, each tried by a row that breaks it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from psycopg.types.range import DateRange

from config.periods import between, since
from organizations.models import (
    Ancestry,
    Appointment,
    AppointmentProposal,
    Burst,
    Competence,
    DeclaredRelative,
    Departure,
    Designation,
    FormReceipt,
    Handover,
    Installation,
    Job,
    Membership,
    Organization,
    Outbox,
    Person,
    PersonMerge,
    Placement,
    Post,
    ProofReset,
    Seal,
    StartCode,
    TemporaryStay,
    Transfer,
)
from tests.database import OwnerRole
from tests.organizations import broken_decisions
from tests.organizations.makers import (
    BEGINNING,
    DAY,
    account,
    appointed,
    cell,
    member,
    officer,
    person,
    unit,
)

pytestmark = pytest.mark.django_db

EMPTY = DateRange(DAY, DAY)
WITHOUT_FIRST_DAY = DateRange(None, DAY)


def designation(**columns: Any) -> Designation:
    organization = columns.pop("organization", None) or unit("khac")
    return Designation(
        **{
            "organization": organization,
            "name": "Tên",
            "short_name": "Tên",
            "name_search": "ten",
            "name_order": "ten",
            "kind_id": "grassroots",
            "period": between(date(2020, 1, 1), date(2020, 2, 1)),
            **columns,
        }
    )


def job(**columns: Any) -> Job:
    return Job(
        **{
            "kind": "recompute",
            "subject": "2021",
            "started_at": datetime(2021, 5, 28, tzinfo=UTC),
            **columns,
        }
    )


def seal(*people: str, **columns: Any) -> Seal:
    """A closed year asked for by `an`; each of `people` names columns that `binh` fills."""
    made = {
        "organization": columns.pop("organization", None) or unit("tren"),
        "kind": "year",
        "period": between(date(2020, 1, 1), date(2021, 1, 1)),
        "entered_by": columns.pop("entered_by", None) or account("an"),
        **columns,
    }
    second = account("binh") if people else None
    for name in people:
        made[f"{name}_by"] = second
        if name != "lift_asked":
            made[f"{name}_at"] = datetime(2021, 5, 28, tzinfo=UTC)
    return Seal(**made)


def approved_by_who_asked() -> Seal:
    row = seal("approved")
    row.approved_by = row.entered_by
    return row


def lifted_by_another(**columns: Any) -> Seal:
    """A seal that `an` asked to lift and `binh` lifted, with `columns` over it."""
    row = seal("approved", "lifted", lift_reason="Sót")
    row.lift_asked_by = row.entered_by
    for name, value in columns.items():
        setattr(row, name, value)
    return row


def lifted_by_who_asked() -> Seal:
    return seal("approved", "lifted", "lift_asked", lift_reason="Sót")


def sealed_twice() -> Seal:
    first = saved(seal())
    return seal(organization=first.organization, entered_by=first.entered_by)


def transfer(**columns: Any) -> Transfer:
    """Somebody who goes from here to outside, asked for by `an`."""
    return Transfer(
        **{
            "person": columns.get("person") or person(),
            "kind": "official",
            "origin": None if "origin" in columns else unit("di"),
            "destination_place": "Hải Dương",
            "requested_on": DAY,
            "entered_by": columns.get("entered_by") or account("an"),
            **columns,
        }
    )


def accepted(**columns: Any) -> Transfer:
    """A transfer that `an` released and `binh` accepted, with `columns` over it."""
    who = account("an")
    told = {"released_by": who, "answered_by": account("binh"), "effective_on": DAY}
    return transfer(entered_by=who, state="accepted", **{**told, **columns})


def accepted_by_who_released() -> Transfer:
    row = accepted()
    row.answered_by = row.released_by
    return row


def to_itself() -> Transfer:
    place = unit("di")
    return transfer(origin=place, destination=place, destination_place="")


def second_transfer() -> Transfer:
    first = saved(transfer())
    return transfer(person=first.person, origin=first.origin, entered_by=first.entered_by)


def stay(**columns: Any) -> TemporaryStay:
    made = columns.get("transfer") or saved(accepted(kind="temporary"))
    told = {"person": made.person, "host": made.origin, "transfer": made, "period": since(DAY)}
    return TemporaryStay(**{**told, **columns})


def second_stay() -> TemporaryStay:
    first = saved(stay())
    again = first.transfer
    again.pk, again.public_id = None, uuid.uuid4()
    return stay(transfer=saved(again))


def departed(**columns: Any) -> Departure:
    row = departure(**columns)
    Membership.objects.filter(pk=row.membership_id).update(
        period=between(row.membership.period.lower, row.on)
    )
    return row


def departure(**columns: Any) -> Departure:
    return Departure(
        **{
            "membership": member(cell("a", unit("tren"))),
            "reason": "expelled",
            "on": DAY,
            "decided_on": DAY,
            "decision_number": "7-QĐ",
            "entered_by": account("an"),
            **columns,
        }
    )


def proofs_reset(*, by: str = "quan-tri", reason: str = "Mất điện thoại") -> ProofReset:
    holder = account("an")
    reset_by = holder if by == "an" else account(by)
    return ProofReset(user=holder, reset_by=reset_by, reason=reason)


def start_code(*, by: str = "quan-tri", code_hash: str = "argon2$x") -> StartCode:
    holder = account("an")
    return StartCode(
        user=holder, issued_by=holder if by == "an" else account(by), code_hash=code_hash
    )


def start_code_again() -> StartCode:
    first = saved(start_code())
    return StartCode(user=first.user, issued_by=first.issued_by, code_hash="argon2$y")


def burst_again(*, whose: str = "") -> Burst:
    user = account(whose) if whose else None
    saved(Burst(action="access.denied", account=user))
    return Burst(action="access.denied", account=user)


def handover(**columns: Any) -> Handover:
    return Handover(
        **{
            "organization": columns.get("organization") or unit("tren"),
            "outgoing": columns.get("outgoing") or account("an"),
            "on": DAY,
            **columns,
        }
    )


def handed_to_oneself() -> Handover:
    one = account("an")
    return handover(outgoing=one, incoming=one)


def second_handover() -> Handover:
    first = saved(handover())
    return handover(organization=first.organization, outgoing=first.outgoing)


def merge(**columns: Any) -> PersonMerge:
    return PersonMerge(
        **{
            "kept": person(),
            "duplicate": columns.get("duplicate") or person(),
            "reason": "Nhập hai lần",
            "decision_number": "9-QĐ",
            "decided_on": DAY,
            "entered_by": columns.get("entered_by") or account("an"),
            **columns,
        }
    )


def merge_of_one_record() -> PersonMerge:
    one = person()
    return merge(kept=one, duplicate=one)


def merge_answered_by_who_asked() -> PersonMerge:
    who = account("an")
    told = {"answered_by": who, "answered_at": datetime(2021, 5, 28, tzinfo=UTC)}
    return merge(entered_by=who, state="approved", **told)


def second_merge() -> PersonMerge:
    first = saved(merge())
    return merge(duplicate=first.duplicate, entered_by=first.entered_by)


def merge_the_other_way() -> PersonMerge:
    first = saved(merge())
    return merge(kept=first.duplicate, duplicate=first.kept, entered_by=first.entered_by)


def merged_into_itself() -> Person:
    one = a_name()
    one.pk = 77
    one.merged_into_id = 77
    return one


def line(**columns: Any) -> Ancestry:
    top = unit("tren")
    return Ancestry(
        **{
            "ancestor": top,
            "descendant": unit("duoi", top),
            "depth": 1,
            "valid_from": date(2020, 1, 1),
            "valid_to": date(2020, 2, 1),
            **columns,
        }
    )


def placed(**columns: Any) -> Placement:
    top = unit("tren")
    below = unit("duoi", top)
    # Both are older than their first placement, so that an earlier one is free.
    Organization.objects.update(period=since(date(2019, 1, 1)))
    return Placement(
        **{
            "organization": below,
            "parent": top,
            "period": between(date(2020, 1, 1), date(2020, 2, 1)),
            **columns,
        }
    )


def itself() -> Placement:
    top = unit("tren")
    return Placement(
        organization=top, parent=top, period=between(date(2020, 1, 1), date(2020, 2, 1))
    )


def second_membership() -> Membership:
    first = member(cell("a", unit("tren")))
    other = cell("b", Organization.objects.get(slug="tren"))
    return Membership(
        person=first.person,
        cell=other,
        status="official",
        period=since(DAY),
        reason_in="transferred",
    )


def membership(**columns: Any) -> Membership:
    return Membership(
        **{
            "person": person(),
            "cell": cell("a", unit("tren")),
            "status": "official",
            "period": since(DAY),
            "reason_in": "admitted",
            **columns,
        }
    )


def appointment(**columns: Any) -> Appointment:
    return Appointment(
        **{
            "user": columns.get("user") or account("an"),
            "organization": columns.get("organization") or unit("tren"),
            "role": "staff",
            "period": since(DAY),
            **columns,
        }
    )


def to_oneself(column: str) -> Appointment:
    user = account("an")
    return appointment(user=user, **{column: user})


def writing_auditor() -> Appointment:
    held = appointed(account("an"), unit("tren"), "auditor")
    return appointment(user=held.user, organization=unit("khac"), role="secretary")


def proposal(**columns: Any) -> AppointmentProposal:
    return AppointmentProposal(
        **{
            "user": columns.get("user") or account("an"),
            "organization": columns.get("organization") or unit("tren"),
            "role": "staff",
            "period": since(DAY),
            "entered_by": columns.get("entered_by") or account("quan-tri"),
            **columns,
        }
    )


def second_proposal() -> AppointmentProposal:
    first = saved(proposal())
    return proposal(user=first.user, organization=first.organization, entered_by=first.entered_by)


def proposed_to_oneself() -> AppointmentProposal:
    one = account("an")
    return proposal(user=one, entered_by=one)


def answered(by: str | None, **columns: Any) -> AppointmentProposal:
    """A proposal declined by who stands in column `by`, or by a third person."""
    made = proposal(
        **{
            "state": "declined",
            "reason": "Không đúng người",
            "answered_at": datetime(2021, 5, 28, tzinfo=UTC),
            **columns,
        }
    )
    made.answered_by = getattr(made, by) if by else account("can-bo")
    return made


def relative(**columns: Any) -> DeclaredRelative:
    return DeclaredRelative(
        **{
            "user": columns.get("user") or account("an"),
            "person": columns.get("person") or person(),
            "kind": "child",
            **columns,
        }
    )


def second_relative() -> DeclaredRelative:
    first = saved(relative())
    return relative(user=first.user, person=first.person)


def second_appointment() -> Appointment:
    first = appointed(account("an"), unit("tren"), "staff")
    return appointment(user=first.user, organization=first.organization)


def post(**columns: Any) -> Post:
    return Post(
        **{
            "person": person(),
            "organization": columns.get("organization") or unit("tren"),
            "title": "Bí thư",
            "period": since(DAY),
            **columns,
        }
    )


def second_post() -> Post:
    first = post()
    first.save()
    return post(person=first.person, organization=first.organization)


def competence(**columns: Any) -> Competence:
    return Competence(
        **{
            "organization": columns.get("organization") or unit("tren"),
            "kind": "superior",
            "period": since(DAY),
            "decision_number": "1-QĐ",
            **columns,
        }
    )


def second_competence() -> Competence:
    first = competence()
    first.save()
    return competence(organization=first.organization, kind="entrusted")


def second_receipt() -> FormReceipt:
    first = FormReceipt.objects.create(user=account("an"), key=uuid.uuid4(), result_url="/")
    return FormReceipt(user=first.user, key=first.key, result_url="/")


def same_line() -> Ancestry:
    first = Ancestry.objects.filter(descendant=unit("tren")).get()
    first.pk = None
    return first


def outbox(**columns: Any) -> Outbox:
    return Outbox(**{"kind": "x", "fact": 1, "organization": unit("tren"), "on": DAY, **columns})


def a_name(**columns: Any) -> Person:
    return Person(
        **{
            "full_name": "Nguyễn An",
            "name_search": "x",
            "name_order": "x",
            "born_on": date(1990, 1, 1),
            "sex": "female",
            **columns,
        }
    )


DECOMPOSED = "Nguye\u0302\u0303n An"

BROKEN: list[tuple[str, Callable[[], Any]]] = [
    ("organization_exists_from_some_day", lambda: Organization(slug="x", period=EMPTY)),
    ("organization_exists_from_some_day", lambda: Organization(slug="x", period=WITHOUT_FIRST_DAY)),
    (
        "designation_one_name_on_any_day",
        lambda: designation(organization=unit("tren"), period=since(DAY)),
    ),
    ("designation_period_begins_on_some_day", lambda: designation(period=EMPTY)),
    ("designation_name_is_written_in_nfc", lambda: designation(name=DECOMPOSED)),
    ("designation_name_is_written_in_nfc", lambda: designation(name="")),
    ("placement_one_parent_on_any_day", lambda: placed(period=since(DAY))),
    ("placement_not_under_itself", itself),
    ("placement_begins_on_some_day", lambda: placed(period=WITHOUT_FIRST_DAY)),
    ("ancestry_said_once", same_line),
    ("ancestry_holds_on_some_day", lambda: line(valid_to=date(2020, 1, 1))),
    ("ancestry_depth_not_negative", lambda: line(depth=-1)),
    ("person_name_is_written_in_nfc", lambda: a_name(full_name=DECOMPOSED)),
    ("person_name_is_written_in_nfc", lambda: a_name(full_name=" An")),
    ("person_name_is_written_in_nfc", lambda: a_name(full_name="")),
    ("person_born_after_1900", lambda: a_name(born_on=date(1899, 12, 31))),
    ("person_merged_into_another", merged_into_itself),
    (
        "person_official_after_admission",
        lambda: a_name(admitted_on=DAY, official_on=DAY - timedelta(days=1)),
    ),
    ("transfer_leaves_or_reaches_a_cell_here", lambda: transfer(origin=None, origin_place="X")),
    ("transfer_names_the_place_outside", lambda: transfer(destination_place="")),
    (
        "transfer_names_the_place_outside",
        lambda: transfer(origin=None, destination=unit("den"), destination_place=""),
    ),
    ("transfer_goes_somewhere_else", to_itself),
    ("transfer_accepted_after_its_release_by_another_person", accepted_by_who_released),
    (
        "transfer_accepted_after_its_release_by_another_person",
        lambda: accepted(released_by=None),
    ),
    (
        "transfer_accepted_after_its_release_by_another_person",
        lambda: accepted(effective_on=None),
    ),
    ("transfer_refused_with_a_reason", lambda: transfer(state="refused")),
    ("transfer_one_open_per_person", second_transfer),
    ("temporary_stay_in_one_place_on_any_day", second_stay),
    ("temporary_stay_begins_on_some_day", lambda: stay(period=EMPTY)),
    ("departure_by_a_decision_unless_by_death", lambda: departure(decision_number="")),
    ("departure_by_a_decision_unless_by_death", lambda: departure(decided_on=None)),
    (
        "departure_decided_before_it_happened",
        lambda: departure(decided_on=DAY + timedelta(days=1)),
    ),
    ("person_merge_of_two_records", merge_of_one_record),
    ("person_merge_answered_by_a_second_person", merge_answered_by_who_asked),
    ("person_merge_answered_by_a_second_person", lambda: merge(state="refused")),
    ("person_merge_names_its_decision", lambda: merge(decision_number="")),
    ("person_merge_names_its_decision", lambda: merge(reason="")),
    ("person_merge_once_per_duplicate", second_merge),
    ("person_merge_once_per_pair", merge_the_other_way),
    ("handover_between_two_people", handed_to_oneself),
    (
        "handover_acknowledged_by_somebody",
        lambda: handover(acknowledged_at=datetime(2021, 5, 28, tzinfo=UTC)),
    ),
    ("handover_one_open_per_secretary", second_handover),
    ("membership_one_cell_on_any_day", second_membership),
    ("membership_begins_on_some_day", lambda: membership(period=EMPTY)),
    ("post_held_once_by_a_person_on_any_day", second_post),
    ("post_begins_on_some_day", lambda: post(period=EMPTY)),
    ("appointment_once_in_a_role_on_any_day", second_appointment),
    ("appointment_begins_on_some_day", lambda: appointment(period=EMPTY)),
    ("appointment_not_granted_to_oneself", lambda: to_oneself("granted_by")),
    ("appointment_not_approved_by_its_holder", lambda: to_oneself("approved_by")),
    (
        "appointment_not_approved_by_who_granted_it",
        lambda: appointment(**dict.fromkeys(["granted_by", "approved_by"], account("quan-tri"))),
    ),
    (
        "appointment_not_approved_by_who_granted_it",
        lambda: appointment(approved_by=account("can-bo")),
    ),
    ("appointment_of_an_auditor_beside_none_that_writes", writing_auditor),
    ("proposed_appointment_begins_on_some_day", lambda: proposal(period=EMPTY)),
    ("appointment_proposed_once_at_a_time", second_proposal),
    ("appointment_not_proposed_to_oneself", proposed_to_oneself),
    ("proposed_appointment_answered_by_a_third_person", lambda: answered("entered_by")),
    ("proposed_appointment_answered_by_a_third_person", lambda: answered("user")),
    (
        "proposed_appointment_answered_by_a_third_person",
        lambda: proposal(state="declined", reason="Nhầm"),
    ),
    ("proposed_appointment_answered_as_its_state_says", lambda: answered(None, reason="")),
    ("proposed_appointment_answered_as_its_state_says", lambda: answered(None, state="confirmed")),
    ("relative_declared_once", second_relative),
    ("relative_is_of_a_known_kind", lambda: relative(kind="x")),
    ("competence_held_once_on_any_day", second_competence),
    ("competence_begins_on_some_day", lambda: competence(period=WITHOUT_FIRST_DAY)),
    ("installation_is_one_row", lambda: Installation(id=2, mode="real")),
    (
        "installation_has_its_own_day_only_in_a_demonstration",
        lambda: Installation(mode="real", day=DAY),
    ),
    ("job_done_not_beyond_its_total", lambda: job(done=2, total=1)),
    ("job_finished_when_not_running", lambda: job(state="done")),
    (
        "job_finished_when_not_running",
        lambda: job(state="running", finished_at=datetime(2021, 5, 28, tzinfo=UTC)),
    ),
    ("outbox_sign_is_plus_or_minus_one", lambda: outbox(sign=2)),
    ("form_accepted_once", second_receipt),
    ("seal_covers_some_day", lambda: seal(period=EMPTY)),
    ("seal_covers_some_day", lambda: seal(period=WITHOUT_FIRST_DAY)),
    ("seal_once_on_a_period", sealed_twice),
    ("seal_approved_by_a_second_person", approved_by_who_asked),
    (
        "seal_approved_by_a_second_person",
        lambda: seal(approved_at=datetime(2021, 5, 28, tzinfo=UTC)),
    ),
    ("seal_withdrawn_only_before_it_is_approved", lambda: seal("approved", "withdrawn")),
    (
        "seal_withdrawn_only_before_it_is_approved",
        lambda: seal(withdrawn_at=datetime(2021, 5, 28, tzinfo=UTC)),
    ),
    ("seal_lifted_by_a_second_person_with_a_reason", lifted_by_who_asked),
    (
        "seal_lifted_by_a_second_person_with_a_reason",
        lambda: lifted_by_another(approved_at=None, approved_by=None),
    ),
    ("seal_lifted_by_a_second_person_with_a_reason", lambda: lifted_by_another(lift_reason="")),
    ("seal_lifted_by_a_second_person_with_a_reason", lambda: lifted_by_another(lift_asked_by=None)),
    ("seal_lifted_by_a_second_person_with_a_reason", lambda: lifted_by_another(lifted_by=None)),
    ("proofs_are_not_reset_by_their_holder", lambda: proofs_reset(by="an")),
    ("proofs_are_reset_for_a_reason", lambda: proofs_reset(reason=" ")),
    ("start_code_is_not_issued_to_oneself", lambda: start_code(by="an")),
    ("start_code_is_kept_hashed", lambda: start_code(code_hash="9f86d081")),
    ("start_code_open_once", start_code_again),
    ("burst_counted_in_one_row", lambda: burst_again(whose="an")),
    ("burst_of_nobody_counted_in_one_row", burst_again),
    *broken_decisions.BROKEN,
]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("name", "broken"), BROKEN, ids=[f"{name}-{n}" for n, (name, _row) in enumerate(BROKEN)]
)
def test_the_database_refuses_the_row_that_breaks(name: str, broken: Callable[[], Any]) -> None:
    row = broken()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row.save(force_insert=True)


def test_every_constraint_of_the_app_is_tried() -> None:
    tried = {name for name, _row in BROKEN}
    # In test_particulars.py; and of a row that the product's role may not write at all.
    tried |= {"particulars_erased_with_their_key", "audit_head_is_one_row"}

    named = {
        constraint.name
        for model in apps.get_app_config("organizations").get_models()
        for constraint in model._meta.constraints
    }

    assert tried == named


# ---------------------------------------------------------------- nothing is deleted or forged

KEPT = [
    "Organization",
    "Designation",
    "Placement",
    "Person",
    "Membership",
    "Post",
    "Appointment",
    "AppointmentProposal",
    "DeclaredRelative",
    "User",
    "Competence",
    "Installation",
    "Job",
    "Seal",
    "Transfer",
    "TemporaryStay",
    "Departure",
    "PersonMerge",
    "Handover",
    "ProofReset",
    "StartCode",
    *broken_decisions.KEPT,
]


def one_of(model: str) -> Any:
    makers: dict[str, Callable[[], Any]] = {
        "Organization": lambda: unit("tren"),
        "Designation": lambda: unit("tren").designations.get(),
        "Placement": lambda: unit("tren").placements.get(),
        "Person": person,
        "Membership": lambda: member(cell("a", unit("tren"))),
        "Post": lambda: saved(post()),
        "Appointment": lambda: appointed(account("an"), unit("tren")),
        "AppointmentProposal": lambda: saved(proposal()),
        "DeclaredRelative": lambda: saved(relative()),
        "User": lambda: account("an"),
        "Competence": lambda: saved(competence()),
        "Installation": lambda: Installation.objects.create(mode="real"),
        "Job": lambda: saved(job()),
        "Seal": lambda: saved(seal()),
        "Transfer": lambda: saved(transfer()),
        "TemporaryStay": lambda: saved(stay()),
        "Departure": lambda: saved(departed()),
        "PersonMerge": lambda: saved(merge()),
        "Handover": lambda: saved(handover()),
        "ProofReset": lambda: saved(proofs_reset()),
        "StartCode": lambda: saved(start_code()),
        **broken_decisions.KEPT,
    }
    return makers[model]()


def saved(row: Any) -> Any:
    row.save()
    return row


@pytest.mark.sweep
@pytest.mark.parametrize("model", KEPT)
def test_a_row_is_never_deleted_not_even_by_the_owner(model: str, owner_role: OwnerRole) -> None:
    row = one_of(model)

    with (
        pytest.raises(DatabaseError, match="Cannot delete rows"),
        transaction.atomic(),
        owner_role() as cursor,
    ):
        cursor.execute(f'DELETE FROM "{row._meta.db_table}"')  # noqa: S608 - a table's own name

    assert type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.sweep
@pytest.mark.parametrize("model", KEPT)
def test_the_product_itself_may_not_delete(model: str) -> None:
    row = one_of(model)

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        type(row)._default_manager.filter(pk=row.pk)._raw_delete(using="default")


def test_the_list_of_kept_tables_is_whole() -> None:
    # Derived, carrying on, or naming no person: may go. Histories have a test of their own.
    others = {"Ancestry", "Outbox", "OrganizationKind", "FormReceipt", "OpenSession", "Burst"}
    # In test_audit_chain.py and test_particulars.py.
    others |= {"AccessEvent", "AuditEvent", "AuditHead", "AuditLink"}
    others |= {"Particulars", "ParticularsReading"}

    models = {
        model.__name__
        for model in apps.get_app_config("organizations").get_models()
        if not hasattr(model, "pgh_tracked_model")
    }

    assert models == {*KEPT, *others}


@pytest.mark.parametrize("change", ["UPDATE {} SET pgh_label = 'x'", "DELETE FROM {}"])
@pytest.mark.parametrize("model", ["Person", "Membership", "Post", "Appointment", "User"])
def test_history_is_written_and_never_changed(
    model: str, change: str, owner_role: OwnerRole
) -> None:
    row = one_of(model)
    events = apps.get_model("organizations", f"{model}Event")

    with (
        pytest.raises(DatabaseError, match="Cannot update or delete rows"),
        transaction.atomic(),
        owner_role() as cursor,
    ):
        cursor.execute(change.format(events._meta.db_table))

    written = events._default_manager.filter(pgh_obj_id=row.pk)
    assert list(written.values_list("pgh_label", flat=True)) == ["insert"]


def test_history_sees_changes_that_go_round_the_models() -> None:
    known = person("Nguyễn An")

    with connection.cursor() as cursor:
        cursor.execute("UPDATE organizations_person SET occupation = 'Thợ lò'")

    events = apps.get_model("organizations", "PersonEvent")._default_manager
    written = events.filter(pgh_obj_id=known.pk).order_by("pgh_id")
    assert list(written.values_list("pgh_label", "occupation")) == [
        ("insert", ""),
        ("update", "Thợ lò"),
    ]


def test_the_password_is_in_no_history() -> None:
    account("an")

    events = apps.get_model("organizations", "UserEvent")

    assert "password" not in {column.name for column in events._meta.fields}


@pytest.mark.parametrize(
    "model",
    [
        "Placement",
        "Appointment",
        "Outbox",
        "FormReceipt",
        "Transfer",
        "Departure",
        "PersonMerge",
        "Seal",
    ],
)
def test_the_day_of_entry_cannot_be_forged(model: str) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    makers: dict[str, Callable[[], Any]] = {
        "Placement": lambda: placed(entered_at=long_ago),
        "Appointment": lambda: appointment(entered_at=long_ago),
        "Outbox": lambda: outbox(entered_at=long_ago),
        "Transfer": lambda: transfer(entered_at=long_ago),
        "Departure": lambda: departed(entered_at=long_ago),
        "PersonMerge": lambda: merge(entered_at=long_ago),
        "Seal": lambda: seal(entered_at=long_ago),
        "FormReceipt": lambda: FormReceipt(
            user=account("an"), key=uuid.uuid4(), result_url="/", entered_at=long_ago
        ),
    }
    row = makers[model]()

    row.save(force_insert=True)
    row.refresh_from_db(fields=["entered_at"])

    assert datetime.now(UTC) - row.entered_at < timedelta(minutes=5)


def test_the_day_of_entry_is_the_demonstrations_own() -> None:
    Installation.objects.create(mode="demonstration", day=DAY)

    row = placed()
    row.save()
    row.refresh_from_db(fields=["entered_at"])

    assert (row.entered_at + timedelta(hours=7)).date() == DAY


# ---------------------------------------------------------------- what an installation is


@pytest.mark.parametrize(("made", "wanted"), [("real", "demonstration"), ("demonstration", "real")])
def test_an_installation_stays_what_it_was_made(made: str, wanted: str) -> None:
    Installation.objects.create(mode=made)

    with pytest.raises(IntegrityError, match="stays what it was made"), transaction.atomic():
        Installation.objects.update(mode=wanted)


def test_a_real_installation_takes_no_day_of_its_own() -> None:
    Installation.objects.create(mode="real")

    with (
        pytest.raises(IntegrityError, match="own_day_only_in_a_demonstration"),
        transaction.atomic(),
    ):
        Installation.objects.update(day=DAY)


def test_probation_ends_on_the_day_official_membership_begins() -> None:
    first = member(cell("a", unit("tren")), until=DAY, status="probationary")

    second = Membership.objects.create(
        person=first.person,
        cell=first.cell,
        status="official",
        period=since(DAY),
        reason_in="recognised",
    )

    assert list(Membership.objects.on(DAY)) == [second]
    assert list(Membership.objects.on(DAY - timedelta(days=1))) == [first]


def test_an_officer_acts_from_the_first_day() -> None:
    user = officer("an", unit("tren"))

    assert Appointment.objects.of(user, on=BEGINNING).exists()
    assert not Appointment.objects.of(user, on=BEGINNING - timedelta(days=1)).exists()
