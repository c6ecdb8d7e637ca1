"""Who may set and answer for figures: the superior sets, the organisation itself declares."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Exists, Q
from django.utils.translation import gettext_lazy as _

from organizations.models import Ancestry, Appointment, Organization, Placement, Role, User
from organizations.permissions import accounts_of_human, acts, acts_at, holds
from organizations.rights import OWN_AND_BENEATH, Right

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from targets.models import FollowUp


SET_FIGURES = Right(
    _("Set targets, correct the members on 1 January"),
    (Role.STAFF,),
    _("the units directly beneath, never their own but at the top"),
)
DECLARE = Right(
    _("Enter what a unit declares: forecast, no source left"),
    (Role.SECRETARY, Role.STAFF),
    OWN_AND_BENEATH,
)
SPEAK = Right(
    _("Speak for the unit: members on 1 January, admitted by a month's end, target noted"),
    (Role.SECRETARY, Role.STAFF),
    _("the unit itself"),
)
CONFIRM_FIGURES = Right(
    _("Confirm a correction of the members on 1 January"),
    (Role.STAFF, Role.APPROVER),
    _("the unit and those above it; never who asked"),
    by_two=True,
)
FREEZE = Right(
    _("Ask that the members on 1 January be frozen"), (Role.STAFF,), OWN_AND_BENEATH, by_two=True
)
APPROVE_FREEZE = Right(_("Approve the freeze"), (Role.STAFF, Role.APPROVER), OWN_AND_BENEATH)
FOLLOW_UP = Right(
    _("Send somebody after a unit, record visits"), (Role.STAFF,), _("the units directly beneath")
)
READ_DRAFTS = Right(
    _("Read drafts of targets before they are issued"),
    (Role.STAFF, Role.APPROVER, Role.LEADER),
    _("the organisation itself"),
)
RECOMPUTE = Right(
    _("Have a year computed anew"),
    (Role.STAFF, Role.ADMINISTRATOR),
    _("everywhere: it changes nothing that is right"),
)
SEE_RECOMPUTES = Right(
    _("See the recomputes of years and what had differed"),
    (Role.STAFF, Role.AUDITOR, Role.ADMINISTRATOR),
    _("everywhere; the units named are those one sees"),
)
RIGHTS = (
    SET_FIGURES,
    DECLARE,
    SPEAK,
    CONFIRM_FIGURES,
    FREEZE,
    APPROVE_FREEZE,
    FOLLOW_UP,
    READ_DRAFTS,
    RECOMPUTE,
    SEE_RECOMPUTES,
)


def superior_of(organization: Organization, *, on: date) -> Organization | None:
    """Return the organisation directly above on day `on`, or None at the top of the tree."""
    placement = (
        Placement.objects.filter(organization=organization, period__contains=on)
        .select_related("parent")
        .first()
    )
    return placement.parent if placement else None


def sets_figures_of(user: User | AnonymousUser, organization: Organization, *, on: date) -> bool:
    """Say whether `user` sets the targets and baseline of `organization` on day `on`.

    Staff of the organisation directly above do, nobody of the organisation itself. The target of
    the top of the tree comes from outside and is entered by its own staff.
    """
    return acts_at(
        user, *SET_FIGURES.roles, at=superior_of(organization, on=on) or organization, on=on
    )


def declares_for(user: User | AnonymousUser, organization: Organization, *, on: date) -> bool:
    """Say whether `user` enters what `organization` says of itself: its secretary or staff, or
    staff above who take it down for it."""
    return acts(user, *DECLARE.roles, over=organization, on=on)


def confirm_figures_of(organization: Organization, *, by: User, on: date) -> QuerySet[User]:
    """Return who may confirm, as a second person, what `by` corrects of `organization` on day `on`.

    Staff and approvers at it or above it whose account is open; never `by`.
    """
    above = Ancestry.objects.on(on).filter(descendant=organization.pk).values("ancestor")
    held = Appointment.objects.filter(
        organization__in=above, role__in=CONFIRM_FIGURES.roles, period__contains=on
    )
    return User.objects.filter(pk__in=held.values("user"), is_active=True).exclude(
        pk__in=accounts_of_human(by)
    )


def speaks_for(user: User | AnonymousUser, organization: Organization, *, on: date) -> bool:
    """Say whether `user` speaks for `organization` itself: how many members it had on 1 January,
    how many it admitted by a month's end, that it took note of its target."""
    return acts_at(user, *SPEAK.roles, at=organization, on=on)


def freezes_openings_of(
    user: User | AnonymousUser, organization: Organization, *, on: date
) -> bool:
    """Say whether `user` asks to freeze the members on 1 January of `organization` and beneath."""
    return acts(user, *FREEZE.roles, over=organization, on=on)


def approves_openings_of(
    user: User | AnonymousUser, organization: Organization, *, on: date
) -> bool:
    """Say whether `user` may be the second person of a freeze at `organization`."""
    return acts(user, *APPROVE_FREEZE.roles, over=organization, on=on)


def follows_up(user: User | AnonymousUser, unit: Organization, *, on: date) -> bool:
    """Say whether `user` sends somebody after `unit` and records visits there: staff directly
    above it."""
    superior = superior_of(unit, on=on)
    return superior is not None and acts_at(user, *FOLLOW_UP.roles, at=superior, on=on)


def assignees_for(superior: Organization, unit: Organization, *, on: date) -> QuerySet[User]:
    """Return who may be given the task to see after `unit`: all who act at it or at `superior`,
    and see its figures."""
    held = Appointment.objects.filter(
        organization__in=[superior.pk, unit.pk], role__in=Role.sees_figures(), period__contains=on
    )
    users = User.objects.filter(pk__in=held.values("user"), is_active=True)
    return users.order_by("full_name", "pk")


def reads_follow_ups(user: User | AnonymousUser, *, on: date) -> Q:
    """Return the condition of the follow-ups that `user` reads: of units in their scope, given by
    organisations in it, and their own, wherever the unit has gone; nobody without a post any."""
    roles = Role.sees_figures()
    scope = Appointment.objects.organizations_of(user, roles=roles, on=on).values("pk")
    mine = Q(Exists(Appointment.objects.of(user, on=on, roles=roles)), assignee=user.pk)
    return Q(unit__in=scope) | Q(organization__in=scope) | mine


def closes_follow_up(user: User | AnonymousUser, follow_up: FollowUp, *, on: date) -> bool:
    """Say whether `user` closes `follow_up`: its assignee, who still acts somewhere, and staff of
    the organisation that gave it; once that has ended, staff directly above the unit."""
    giver, mine = follow_up.organization, follow_up.assignee_id
    if acts_at(user, Role.STAFF, at=giver, on=on):
        return True
    if mine is not None and mine == user.pk and holds(user, *Role.sees_figures(), on=on):
        return True
    ended = giver.period.upper
    return ended is not None and ended <= on and follows_up(user, follow_up.unit, on=on)


def reads_drafts_of(user: User | AnonymousUser, organization: Organization, *, on: date) -> bool:
    """Say whether `user` sees what `organization` drafts for those beneath before it is issued:
    its own staff, approvers and leaders; nobody above, beneath or beside it."""
    return acts_at(user, *READ_DRAFTS.roles, at=organization, on=on)


def sees_recomputes(user: User | AnonymousUser, *, on: date) -> bool:
    """Say whether `user` reads how recomputes went; an auditor does, and has none made."""
    return holds(user, *SEE_RECOMPUTES.roles, on=on)


def may_recompute(user: User | AnonymousUser, *, on: date) -> bool:
    """Say whether `user` may have a year computed anew: it changes nothing that is right."""
    return holds(user, *RECOMPUTE.roles, on=on)
