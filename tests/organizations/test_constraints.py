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
    Competence,
    Designation,
    FormReceipt,
    Installation,
    Job,
    Membership,
    Organization,
    Outbox,
    Person,
    Placement,
    Post,
)
from tests.database import OwnerRole
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
    return Placement(
        **{
            "organization": unit("duoi", top),
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
    ("membership_one_cell_on_any_day", second_membership),
    ("membership_begins_on_some_day", lambda: membership(period=EMPTY)),
    ("post_held_once_by_a_person_on_any_day", second_post),
    ("post_begins_on_some_day", lambda: post(period=EMPTY)),
    ("appointment_once_in_a_role_on_any_day", second_appointment),
    ("appointment_begins_on_some_day", lambda: appointment(period=EMPTY)),
    ("appointment_not_granted_to_oneself", lambda: to_oneself("granted_by")),
    ("appointment_not_approved_by_its_holder", lambda: to_oneself("approved_by")),
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
]


@pytest.mark.parametrize(
    ("name", "broken"), BROKEN, ids=[f"{name}-{n}" for n, (name, _row) in enumerate(BROKEN)]
)
def test_the_database_refuses_the_row_that_breaks(name: str, broken: Callable[[], Any]) -> None:
    row = broken()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row.save(force_insert=True)


def test_every_constraint_of_the_app_is_tried() -> None:
    tried = {name for name, _row in BROKEN}

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
    "User",
    "Competence",
    "Installation",
    "Job",
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
        "User": lambda: account("an"),
        "Competence": lambda: saved(competence()),
        "Installation": lambda: Installation.objects.create(mode="real"),
        "Job": lambda: saved(job()),
    }
    return makers[model]()


def saved(row: Any) -> Any:
    row.save()
    return row


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


@pytest.mark.parametrize("model", KEPT)
def test_the_product_itself_may_not_delete(model: str) -> None:
    row = one_of(model)

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        type(row)._default_manager.filter(pk=row.pk)._raw_delete(using="default")


def test_the_list_of_kept_tables_is_whole() -> None:
    # Derived, carrying on, or naming no person: may go. Histories have a test of their own.
    others = {"Ancestry", "Outbox", "OrganizationKind", "FormReceipt"}

    models = {
        model.__name__
        for model in apps.get_app_config("organizations").get_models()
        if not model.__name__.endswith("Event")
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


@pytest.mark.parametrize("model", ["Placement", "Appointment", "Outbox", "FormReceipt"])
def test_the_day_of_entry_cannot_be_forged(model: str) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    makers: dict[str, Callable[[], Any]] = {
        "Placement": lambda: placed(entered_at=long_ago),
        "Appointment": lambda: appointment(entered_at=long_ago),
        "Outbox": lambda: outbox(entered_at=long_ago),
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
