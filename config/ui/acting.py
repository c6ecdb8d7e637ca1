"""For which organisation, and in which role, somebody acts on this page.

One account may hold several appointments; pages never mix them. The one acted under is chosen in
the account menu and kept in the session; it decides only the frame (name, landing page,
navigation). What may be seen and done is asked of the database by every page for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Prefetch
from django.http import HttpRequest

from config import clock

if TYPE_CHECKING:
    from organizations.models import Appointment

SESSION_KEY = "acting_appointment"
# Of several, the most usual work first.
ORDER = ["secretary", "staff", "approver", "leader", "auditor", "administrator", "centre"]


@dataclass(frozen=True)
class Acting:
    """The appointments in force, and the one acted under (None: an account without any)."""

    appointments: tuple[Appointment, ...] = ()
    current: Appointment | None = None

    @property
    def others(self) -> list[Appointment]:
        return [one for one in self.appointments if one != self.current]


def acting(request: HttpRequest) -> Acting:
    """Return how the user of `request` acts today; asked once for a request (two queries)."""
    kept: Acting | None = getattr(request, "_acting", None)
    if kept is not None:
        return kept
    found = _look_up(request)
    request._acting = found  # type: ignore[attr-defined]
    return found


def _look_up(request: HttpRequest) -> Acting:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Acting()
    # By its name: this ground floor of the web may not import the app above it.
    appointments: Any = apps.get_model("organizations", "Appointment")._default_manager
    today = clock.today()
    organizations: Any = apps.get_model("organizations", "Organization")._default_manager
    held = (
        appointments.of(user, on=today)
        .prefetch_related(Prefetch("organization", organizations.called(on=today)))
        .order_by("pk")
    )
    rows = tuple(sorted(held, key=lambda one: ORDER.index(one.role)))
    chosen = request.session.get(SESSION_KEY)
    current = next((one for one in rows if one.pk == chosen), rows[0] if rows else None)
    return Acting(rows, current)
