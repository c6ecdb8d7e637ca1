"""Who did and who read what: append-only, chained by hash, verified by `manage.py audit_verify`.

An event names its record by kind and public id and says what was done in words of the page, never
a person's name, a field's value or what was typed. Triggers stamp what the application could get
wrong, the lock of the chain is taken at the commit, and nothing but the trigger writes links.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pgtrigger
from axes.helpers import get_client_ip_address
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from config import clock

from .appointment import Appointment, Role
from .guards import APPEND_ONLY, NEVER_DELETED, EnteredAt, stays_once
from .organization import Organization
from .placement import Placement

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .user import User

SAID = """jsonb_build_array(
    {0}.id, (extract(epoch FROM {0}.entered_at) * 1000000)::bigint, {0}.actor_id, {0}.roles,
    {0}.kind, {0}.action, {0}.words, {0}.object, {0}.reference, {0}.organization_id,
    host({0}.address), {0}.context, {0}.payload)::text"""
"""What is hashed of an event, as SQL: the same text whatever the session's settings."""

READ_SAID = """jsonb_build_array(
    {0}.id, (extract(epoch FROM {0}.entered_at) * 1000000)::bigint, {0}.actor_id, {0}.roles,
    {0}.action, {0}.words, {0}.object, {0}.reference, {0}.organization_id,
    host({0}.address))::text"""
"""The same of one reading."""

STAMPED = """
    NEW.entered_at := app_now();
    NEW.roles := coalesce((
        SELECT string_agg(role || ':' || organization_id, ' ' ORDER BY id)
        FROM organizations_appointment
        WHERE user_id = NEW.actor_id
            AND period @> (NEW.entered_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date), '');
    IF NEW.organization_id IS NULL AND NEW.object = 'organizations.person' THEN
        SELECT cell_id INTO NEW.organization_id
        FROM organizations_membership AS membership
        JOIN organizations_person AS person ON person.id = membership.person_id
        WHERE person.public_id = NEW.reference::uuid
        ORDER BY membership.period DESC LIMIT 1;
    END IF;
    IF NEW.organization_id IS NULL AND {within} THEN
        -- No organisation's own: it belongs where whoever did it acts.
        NEW.organization_id := substring(NEW.roles FROM ':([0-9]+)')::bigint;
    END IF;
    {more}
    RETURN NEW;
"""
WRITTEN_UNTOLD = gettext_noop("Records were written")
"""What the trigger says of a transaction that wrote history and told nothing of itself."""

CONTEXT = "NEW.context := nullif(current_setting('pghistory.context_id', true), '')::uuid;"


def stamped(*, within: str, more: str = "") -> pgtrigger.Trigger:
    """Return the trigger that says when, in which roles, and for which organisation."""
    return pgtrigger.Trigger(
        name="says_when_and_as_what",
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        func=STAMPED.format(within=within, more=more),
    )


ROWS = "rows"
"""In the place of a record's kind: a list was read, and its reference is how many rows it had."""
TOLD = "is_reading_told"


def is_reading_told(request: HttpRequest) -> bool:
    """Say whether the audit was told already what `request` reads."""
    return vars(request).get(TOLD, False) is True


def kind_of(record: models.Model) -> str:
    return record._meta.label_lower


def reference_of(record: models.Model) -> str:
    """Return what names `record` outside the database, its key where nothing does."""
    for name in ("public_id", "slug"):
        if value := getattr(record, name, None):
            return str(value)
    return str(record.pk)


def organization_of(record: models.Model) -> int | None:
    """Return the organisation whose record it is, where the row itself says so."""
    if isinstance(record, Organization):
        return record.pk
    for name in ("cell_id", "organization_id", "owner_id", "destination_id"):
        if value := getattr(record, name, None):
            return int(value)
    return None


def action_of(request: HttpRequest) -> str:
    """Return the page's name, with the step that its address names."""
    match = request.resolver_match
    if match is None:
        return ""
    return " ".join(filter(None, [match.url_name, match.kwargs.get("code")]))[:80]


def untranslated(words: str | Promise) -> str:
    """Return `words` as they stand in the source, to be spoken in each reader's language."""
    with translation.override(None):  # type: ignore[arg-type]
        return str(words)[:160]


class ToldQuerySet(models.QuerySet[Any]):
    """What events and readings have in common: who sees them, and how a page writes one."""

    def visible_to(self, user: User | AnonymousUser, *, on: date | None = None) -> Self:
        """Keep what belongs to the organisations where `user` checks or keeps records.

        What belongs to none is for an auditor of a whole tree alone.
        """
        on = on or clock.today()
        seen = self._of_checking(user, on=on)
        if self._at_a_top(user, Role.AUDITOR, on=on):
            seen |= Q(organization__isnull=True)
        return self.filter(seen | self._of_administrators(user, on=on))

    def _of_checking(self, user: User | AnonymousUser, *, on: date) -> Q:
        return self._within(user, Role.STAFF, Role.APPROVER, Role.AUDITOR, on=on)

    def _of_administrators(self, user: User | AnonymousUser, *, on: date) -> Q:
        return Q()

    def _within(self, user: User | AnonymousUser, *roles: Role, on: date) -> Q:
        within = Appointment.objects.organizations_of(user, roles=roles, on=on)
        return Q(organization__in=within.values("pk"))

    def _at_a_top(self, user: User | AnonymousUser, role: Role, *, on: date) -> bool:
        tops = Placement.objects.filter(parent__isnull=True, period__contains=on)
        held = Appointment.objects.of(user, on=on, roles=[role])
        return held.filter(organization__in=tops.values("organization")).exists()

    def about(self, *records: models.Model) -> Self:
        """Keep what was done with any of `records`, or read of it."""
        asked = Q(pk__in=[])
        for one in records:
            asked |= Q(object=kind_of(one), reference=reference_of(one))
        return self.filter(asked)

    def note(
        self,
        request: HttpRequest,
        *,
        words: str | Promise,
        record: Any = None,
        within: Organization | None = None,
        **more: Any,
    ) -> Any:
        """Write what the user of `request` did with `record` on this page; one statement.

        It belongs to the organisation that the record names, else to `within`, else (by the
        trigger) to the person's cell, or to where the user acts.
        """
        if isinstance(record, list | tuple):
            record = next(iter(record), None)
        if within:
            more["organization_id"] = within.pk
        if isinstance(record, models.Model):
            more["object"], more["reference"] = kind_of(record), reference_of(record)
            if (unit := organization_of(record)) is not None:
                more["organization_id"] = unit
        more.setdefault("action", action_of(request))
        if more.get("kind", AuditEvent.Kind.READ) == AuditEvent.Kind.READ:
            vars(request)[TOLD] = True
        user = request.user
        return self.create(
            actor_id=user.pk if user.is_authenticated else None,
            words=untranslated(words),
            address=get_client_ip_address(request),
            **more,
        )


class Told(models.Model):
    """Who did what, as which roles, with which record, from which address; written once.

    No `actor`: a job or a command. `roles` are the appointments in force, "role:organisation" each.
    `action` names the page, else what happened; `words` is what it calls itself, in English;
    `object` is the label of the record's model in lower case, `reference` its public id, else its
    key; of a list that was read, `ROWS` and how many.
    """

    entered_at = EnteredAt()
    actor = models.ForeignKey(
        "organizations.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    roles = models.TextField(blank=True)
    action = models.CharField(max_length=80)
    words = models.CharField(max_length=160, blank=True)
    object = models.CharField(max_length=60, blank=True)
    reference = models.CharField(max_length=64, blank=True)
    organization = models.ForeignKey(
        "organizations.Organization",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.pk} {self.action} {self.object} {self.reference}".strip()


class AuditEventQuerySet(ToldQuerySet):
    def carried_out(
        self,
        request: HttpRequest,
        *,
        words: str | Promise,
        record: Any = None,
        within: Organization | None = None,
        kind: str = "write",
        payload: Mapping[str, Any] | None = None,
    ) -> AuditEvent:
        """Write that a page's action was carried out, in the action's own transaction."""
        event: AuditEvent = self.note(
            request, words=words, record=record, within=within, kind=kind, payload=payload or {}
        )
        return event

    def _of_checking(self, user: User | AnonymousUser, *, on: date) -> Q:
        """When colleagues sign in is for those who check or keep accounts, not for staff."""
        works = self._within(user, Role.STAFF, Role.APPROVER, on=on)
        checks = self._within(user, Role.AUDITOR, on=on)
        return checks | (works & ~Q(kind=AuditEvent.Kind.SIGN_IN))

    def _of_administrators(self, user: User | AnonymousUser, *, on: date) -> Q:
        """What was done with the accounts they keep; at a top also tries with unknown names."""
        kept = self._within(user, Role.ADMINISTRATOR, on=on)
        if self._at_a_top(user, Role.ADMINISTRATOR, on=on):
            kept |= Q(organization__isnull=True)
        return kept & Q(kind__in=[AuditEvent.Kind.SECURITY, AuditEvent.Kind.SIGN_IN])


class AuditEvent(Told):
    """One thing that was done, refused or sealed; linked into the chain when it is committed.

    `context` stands in each row that this request wrote into a history too.
    """

    append_only = True

    class Kind(models.TextChoices):
        WRITE = "write", _("Written")
        READ = "read", _("Read")
        DENIED = "denied", _("A page refused")
        SECURITY = "security", _("Accounts and roles")
        SIGN_IN = "sign_in", _("Signing in")
        SEAL = "seal", _("Readings sealed")

    kind = models.CharField(max_length=8, choices=Kind)
    context = models.UUIDField(null=True, blank=True)
    payload = models.JSONField(default=dict, blank=True)

    objects: ClassVar[Any] = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["object", "reference"], name="audit_event_of_a_record"),
            models.Index(fields=["entered_at"], name="audit_event_entered_at"),
            # What one account read, or was refused, within an hour or a day.
            models.Index(
                fields=["actor", "-entered_at"],
                condition=Q(kind__in=["read", "denied"]),
                name="audit_event_read_or_refused",
            ),
        ]
        triggers = [
            *APPEND_ONLY,
            stamped(within="NEW.kind <> 'seal'", more=CONTEXT),
        ]


class AccessEvent(Told):
    """One opening of somebody's data; sealed with others by one event of the chain."""

    fixed = frozenset(
        {
            "id",
            "entered_at",
            "actor",
            "roles",
            "action",
            "words",
            "object",
            "reference",
            "organization",
            "address",
        }
    )

    sealed_by = models.ForeignKey(
        AuditEvent, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )

    objects: ClassVar[Any] = ToldQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["object", "reference"], name="access_event_of_a_record"),
            models.Index(fields=["entered_at"], name="access_event_entered_at"),
            models.Index(
                fields=["id"], condition=Q(sealed_by__isnull=True), name="access_event_unsealed"
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            stamped(within="true", more="NEW.sealed_by_id := NULL;"),
            stays_once(
                "true",
                name="access_event_is_never_rewritten",
                besides=("sealed_by_id",),
                trigger="only_the_seal_is_added",
            ),
            stays_once(
                "OLD.sealed_by_id IS NOT NULL",
                name="access_event_sealed_once",
                trigger="sealed_once",
            ),
        ]


class AuditLink(models.Model):
    """The place of `event` in the chain: `hash` is over the hash before, `seq` and what is said."""

    written_by_triggers = True

    seq = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, models.PROTECT, related_name="link")
    prev = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        triggers = [*APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.seq} {bytes(self.hash).hex()[:12]}"


class AuditHead(models.Model):
    """The last link, one row: who commits an event locks it, so that no two follow the same."""

    written_by_triggers = True

    id = models.SmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        constraints = [models.CheckConstraint(name="audit_head_is_one_row", condition=Q(id=1))]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return f"{self.seq} {bytes(self.hash).hex()[:12]}"

    @staticmethod
    def mark() -> str:
        """Return the first 12 hex digits of the last hash: printed, it anchors the chain."""
        return bytes(AuditHead.objects.values_list("hash", flat=True).get()).hex()[:12]
