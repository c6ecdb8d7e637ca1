"""What a closed file tells of an erasure: asked for, answered, done; and where one goes for it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.cases import Case
from admissions.models import Erasure
from admissions.permissions import Rights
from admissions.stages import Stage
from organizations.models import User
from organizations.permissions import accounts_of_human


@dataclass(frozen=True)
class ErasureTold:
    """The request made last, if any, with where the reader goes on: `words` of a link to `url`.

    Who may do nothing there has no link.
    """

    asked: Erasure | None
    words: str = ""
    url: str = ""


def erasure_told(case: Case, rights: Rights, user: User) -> ErasureTold | None:
    """Return what is told of it on the file's page; one query for a closed file, else None."""
    file = case.candidate
    if file.stage != Stage.CLOSED:
        return None
    asked = file.erasures.select_related("entered_by").order_by("pk").last()
    if rights.are_of_their_own(file.person_id):
        return ErasureTold(asked)
    waits = asked is not None and asked.answered_at is None
    may_answer = waits and file.cell_id in rights.approves
    if asked and may_answer and asked.entered_by_id not in accounts_of_human(user):
        url = reverse("erasure-answer", args=[asked.public_id])
        return ErasureTold(asked, _("Agree to the erasure, or decline it"), url)
    if file.cell_id not in rights.asks_erasure:
        return ErasureTold(asked)
    words = _("Erase the personal data")
    if asked:
        is_declined = bool(asked.declined_because)
        words = _("Ask for the erasure again") if is_declined else _("See the request to erase")
    return ErasureTold(asked, words, reverse("candidate-erase", args=[file.public_id]))
