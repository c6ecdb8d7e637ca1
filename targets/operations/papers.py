"""The papers that give targets: one row for each, its number used once in a year."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from organizations.models import Organization, User
from targets.models import Cycle, Reason, TargetDecision

from . import refusals


def paper(
    organization: Organization,
    *,
    by: User,
    on: date,
    number: str,
    decided_on: date | None,
    signer: str = "",
    issuer: str = "",
    reasons: Collection[str] = (),
    note: str = "",
    difference: str = "",
    cycle: Cycle | None = None,
) -> TargetDecision:
    """Return the decision of that number: entered now, or earlier with the same day.

    `organization` issues it, unless `issuer` names somebody outside. A decision that issues a
    `cycle` is always a new one. One entered earlier stays as it is: another `signer` is refused,
    `reasons` and `note` are kept by the target itself. The caller asks who may. Raises DomainError
    at `decision_number`, `decided_on`, `signer`, `issuer`, `reasons`, `note`, `difference`.
    """
    written = {
        "number": names.written(number),
        "signer": names.written(signer),
        "issuer": names.written(issuer),
        "note": names.written(note),
        "difference": names.written(difference),
    }
    refused = refusals.found(
        decision_number=refusals.of_text(
            written["number"], limit=40, missing=_("Enter the number of the decision.")
        ),
        decided_on=refusals.of_day(decided_on, on=on),
        signer=refusals.of_text(written["signer"], limit=120),
        issuer=refusals.of_text(written["issuer"], limit=160),
        note=refusals.of_text(
            written["note"],
            limit=300,
            missing=_("Write down the other reason.") if Reason.OTHER in reasons else None,
        ),
        difference=refusals.of_text(written["difference"], limit=300),
        reasons=None if set(reasons) <= set(Reason.values) else _("There is no such reason."),
    )
    if refused or decided_on is None:
        raise DomainError(fields=refused)
    # Two people who enter the same number wait for each other.
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    known = TargetDecision.objects.filter(
        organization=organization,
        issuer__iexact=written["issuer"],
        number__iexact=written["number"],
        decided_on__year=decided_on.year,
    ).first()
    if known and (cycle or known.cycle_id or known.decided_on != decided_on):
        raise DomainError(
            fields={
                "decision_number": _("The number %(number)s was used on %(day)s already.")
                % {"number": known.number, "day": f"{known.decided_on:%d/%m/%Y}"}
            }
        )
    if known:
        if sentence := _another_signer(known, written["signer"]):
            raise DomainError(fields={"signer": sentence})
        return known
    return TargetDecision.objects.create(
        organization=organization,
        cycle=cycle,
        decided_on=decided_on,
        reasons=sorted(set(reasons)),
        entered_by=by,
        **written,
    )


def _another_signer(known: TargetDecision, signer: str) -> str | None:
    """Refuse a signer that is not the one with whom the decision was entered; none asks nothing."""
    if not signer or signer.casefold() == known.signer.casefold():
        return None
    if not known.signer:
        return _("Decision %(number)s was entered without a signer: leave this empty.") % {
            "number": known.number
        }
    return _("Decision %(number)s was entered as signed by %(signer)s.") % {
        "number": known.number,
        "signer": known.signer,
    }
