"""How sessions are kept: the engine that settings name as `SESSION_ENGINE`.

What a session holds is sealed: names in messages, a form that waits for a proof, a secret that is
being set up are not readable in its row, nor in a copy of it.

The one query that reads a session also says whether it may go on, and what a page would otherwise
ask at each request: whether a second proof is missing. So what changes (a role given, an
authenticator taken away) counts from the next request on.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from config import clock, vault

DEVICE = "device"
ADDRESS = "address"
KEY = re.compile(r"[a-z0-9]{32}")
"""How Django makes the keys of sessions."""
SEEN_ANEW = timedelta(seconds=60)
"""A session is written as seen at most so often."""
WRITTEN = ["session_data", "expire_date", "user", "device", "address"]


class SessionStore(DatabaseStore):
    """A session in the database, with what its row says of whoever it belongs to."""

    must_enrol = False
    """They hold a role that asks for a second proof, and have given themselves none."""
    is_demonstration = False
    was_seen_long_ago = False
    began_at: datetime | None = None
    """When the session began that this one goes on under a new key."""

    @classmethod
    def get_model_class(cls) -> Any:
        # Here, as settings name this module before any model is loaded.
        from organizations.models import OpenSession  # noqa: PLC0415

        return OpenSession

    def _validate_session_key(self, key: str | None) -> bool:
        """Say whether `key` is one that sessions have: whatever else a cookie says is none."""
        return key is not None and KEY.fullmatch(key) is not None

    def _get_session_from_db(self) -> Any:
        try:
            row = _with_knowledge(self.model.objects.alive()).get(session_key=self.session_key)
        except ObjectDoesNotExist:
            self._session_key = None
            return None
        self.must_enrol, self.is_demonstration = row.must_enrol, row.is_demonstration
        self.was_seen_long_ago = row.was_seen_long_ago
        return row

    def encode(self, session_dict: dict[str, Any]) -> str:
        hidden = vault.seal_passing(super().encode(session_dict), about=self._about())
        return b64encode(hidden).decode()

    def decode(self, session_data: str) -> dict[str, Any]:
        """Return what a session of this key holds; nothing where it was sealed as another's."""
        try:
            opened = vault.unseal_passing(b64decode(session_data), about=self._about())
        except ValueError:
            return {}
        held: dict[str, Any] = super().decode(opened)
        return held

    def _about(self) -> str:
        return f"session {self.session_key}"

    def renew_key(self) -> None:
        """Go on under a new key; the old one is nobody's, and when the session began stays."""
        began = self.model.objects.filter(session_key=self.session_key)
        self.began_at = began.values_list("started_at", flat=True).first()
        self.cycle_key()

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row = super().create_model_instance(data)
        row.user_id = data.get("_auth_user_id")
        if self.began_at is not None:
            row.started_at = self.began_at  # of a new row alone: never written anew
        row.device, row.address = data.get(DEVICE, ""), data.get(ADDRESS, "")
        return row

    def save(self, must_create: bool = False) -> None:
        """Write what the session holds; when it began stays as it is.

        Raises CreateError where the key is taken, UpdateError where the session has ended
        meanwhile: a request under way does not open it again.
        """
        if self.session_key is None:
            return self.create()
        row = self.create_model_instance(self._get_session(no_load=must_create))
        try:
            with transaction.atomic():
                if must_create:
                    row.save(force_insert=True)
                else:
                    row.save(update_fields=WRITTEN)
        except IntegrityError:
            if must_create:
                raise CreateError from None
            raise
        except DatabaseError:
            if not must_create:
                raise UpdateError from None
            raise
        return None

    def seen(self) -> None:
        """Note that somebody is at it, if that was not noted within the last minute."""
        if self.was_seen_long_ago:
            self.model.objects.filter(session_key=self.session_key).update(last_seen_at=Now())


def _with_knowledge(rows: QuerySet[Any]) -> QuerySet[Any]:
    from organizations.models import Appointment, Installation  # noqa: PLC0415 - as above

    is_demonstration = Exists(Installation.objects.filter(mode=Installation.Mode.DEMONSTRATION))
    asked = Appointment.objects.filter(
        user=OuterRef("user"), role__in=settings.MFA_REQUIRED_FOR, period__contains=clock.today()
    )
    proofs = Authenticator.objects.filter(user=OuterRef("user"))
    return rows.annotate(
        is_demonstration=is_demonstration,
        must_enrol=Exists(asked) & ~Exists(proofs) & ~is_demonstration,
        was_seen_long_ago=Q(last_seen_at__lt=Now() - SEEN_ANEW),
    )
