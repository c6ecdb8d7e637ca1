"""What of files that move and of helpers waits for one user, as on the page of tasks."""

from __future__ import annotations

from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.selectors.helpers import amiss_counted
from admissions.selectors.moving import TO_SEND, TO_TAKE, counted
from organizations.models import Role, User
from organizations.permissions import holds
from organizations.sheets.waiting import Waiting


def waiting(user: User, *, on: date) -> list[Waiting]:
    """Return the kinds of which something waits for `user` on day `on`; at most 6 queries."""
    if not holds(user, Role.SECRETARY, Role.STAFF, on=on):
        return []
    moves = counted(user, [TO_SEND, TO_TAKE], on=on)
    where = reverse("move-list")
    helpers = reverse("helper-list")
    found = [
        Waiting(_("Files to take over from elsewhere"), moves[TO_TAKE], f"{where}?phan={TO_TAKE}"),
        Waiting(_("Files of people who moved, to send"), moves[TO_SEND], f"{where}?phan={TO_SEND}"),
        *(
            Waiting(title, count, f"{helpers}?phan={part}")
            for part, title, count in amiss_counted(user, on=on)
        ),
    ]
    return [one for one in found if one.count]
