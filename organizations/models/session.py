"""Sessions: who is signed in where, since when, and when they were last seen there."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .guards import APPEND_ONLY, EnteredAt, entered_now

if TYPE_CHECKING:
    from .user import User

# What a browser says of itself has the names of others in it: the first that fits.
BROWSERS = (
    *(("coc_coc", "Cốc Cốc"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox")),
    *(("Chrome/", "Chrome"), ("Safari/", "Safari")),
)
MACHINES = (
    *(("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad")),
    *(("Mac OS", "Mac"), ("Linux", "Linux")),
)


class OpenSessionQuerySet(models.QuerySet["OpenSession"]):
    def alive(self) -> OpenSessionQuerySet:
        """Keep those that were neither left alone nor open for too long, by the database's clock.

        The real one, also where a demonstration stands on another day.
        """
        return self.filter(
            last_seen_at__gt=Now() - timedelta(seconds=settings.SESSION_IDLE_SECONDS),
            started_at__gt=Now() - timedelta(seconds=settings.SESSION_COOKIE_AGE),
        )

    def of(self, user: User) -> OpenSessionQuerySet:
        return self.filter(user=user.pk)


class OpenSession(AbstractBaseSession):
    """One browser's session; of nobody until they sign in, which begins a new one.

    Carries the session's content on from request to request; deleted when it ends.
    """

    user = models.ForeignKey(
        "organizations.User", models.PROTECT, null=True, related_name="sessions"
    )
    device = models.CharField(_("device"), max_length=200, blank=True)
    address = models.CharField(_("address"), max_length=45, blank=True)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    last_seen_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OpenSessionQuerySet.as_manager()  # type: ignore[assignment,misc]

    fixed = frozenset({"started_at"})

    def __str__(self) -> str:
        return f"{self.user_id}: {self.device}"

    @property
    def mark(self) -> str:
        """Return what names this session on a page: its key opens it, and is never shown."""
        return hashlib.sha256(f"mark {self.session_key}".encode()).hexdigest()[:16]

    @property
    def device_told(self) -> str:
        """Return what browser on what machine this is, in a few words; "" where nobody can tell."""
        found = (
            next((name for sign, name in names if sign in self.device), "")
            for names in (BROWSERS, MACHINES)
        )
        return " · ".join(filter(None, found))


class ProofReset(models.Model):
    """An administrator took away the second proofs of somebody who had lost theirs."""

    user = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="proof_resets", verbose_name=_("account")
    )
    reset_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"), max_length=500)
    entered_at = EnteredAt()

    append_only = True

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="proofs_are_not_reset_by_their_holder",
                condition=~Q(user=models.F("reset_by")),
            ),
            models.CheckConstraint(
                name="proofs_are_reset_for_a_reason", condition=Q(reason__regex=r"\S")
            ),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.reason}"
