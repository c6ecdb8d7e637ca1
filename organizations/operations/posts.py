"""Posts: who signs for an organisation, from which day, until which."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from config.periods import between, contains
from organizations.models import Membership, Organization, Person, Post, Role
from organizations.permissions import acts

from .people import is_own_record, locked_person

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def give_post(
    person: Person,
    *,
    by: User,
    on: date,
    organization: Organization,
    title: str,
    since: date,
    until: date | None = None,
) -> Post:
    """Record that `person` holds `title` in `organization` from day `since`.

    `until` is the first day on which they do not, if known. Raises PermissionDenied where `by` is
    neither secretary nor staff over the organisation, or it is their own record; DomainError where
    the person is no official member on that day, the organisation is not there, or they hold that
    post already.
    """
    person = locked_person(person)
    if is_own_record(by, person) or not acts(
        by, Role.SECRETARY, Role.STAFF, over=organization, on=on
    ):
        raise PermissionDenied
    title = names.written(title)
    if not title:
        raise DomainError(fields={"title": _("Enter the title of the post.")})
    if until is not None and until <= since:
        raise DomainError(fields={"until": _("The last day lies before the first.")})
    there = Organization.objects.get(pk=organization.pk)
    if not contains(there.period, since) or there.period.upper is not None:
        raise DomainError(
            fields={
                "organization": _("%(under)s does not exist on %(day)s, or ends later.")
                % {"under": there, "day": f"{since:%d/%m/%Y}"}
            }
        )
    # Probationary members neither stand nor are elected (Charter; domain 1.3).
    if not Membership.objects.on(since).official().filter(person=person).exists():
        raise DomainError(
            fields={
                "since": _("%(person)s is no official member on %(day)s.")
                % {"person": person, "day": f"{since:%d/%m/%Y}"}
            }
        )
    try:
        with transaction.atomic():
            return Post.objects.create(
                person=person, organization=there, title=title, period=between(since, until)
            )
    except IntegrityError as error:
        raise DomainError(
            fields={"title": _("%(person)s holds this post already.") % {"person": person}}
        ) from error


@transaction.atomic
def end_post(post: Post, *, by: User, on: date, until: date) -> Post:
    """End `post`: `until` is the first day on which it is not held.

    Raises PermissionDenied where `by` is neither secretary nor staff over its organisation, or it
    is their own record; DomainError where it has ended, and at `until` for a day before its second.
    """
    person = locked_person(post.person)
    held = (
        Post.objects.select_for_update(of=("self",)).select_related("organization").get(pk=post.pk)
    )
    if is_own_record(by, person) or not acts(
        by, Role.SECRETARY, Role.STAFF, over=held.organization, on=on
    ):
        raise PermissionDenied
    if held.period.upper is not None and held.period.upper <= on:
        raise DomainError(_("This post has ended already."))
    if until <= held.period.lower:
        raise DomainError(
            fields={
                "until": _("The post began on %(day)s: it has at least one day.")
                % {"day": f"{held.period.lower:%d/%m/%Y}"}
            }
        )
    if held.period.upper is not None and until > held.period.upper:
        raise DomainError(fields={"until": _("It ends before that day already.")})
    held.period = between(held.period.lower, until)
    held.save(update_fields=["period"])
    return held
