"""Start codes: with one somebody sets a password of their own, at first or when it is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .guards import NEVER_DELETED, stays_once

HOURS = 24
"""How long a start code is taken, by the database's clock."""

ISSUED = """
    NEW.issued_at := now();
    NEW.used_at := NULL;
    -- From this moment nobody signs in with the password there was.
    UPDATE organizations_user SET password = '!' || md5(random()::text || clock_timestamp())
    WHERE id = NEW.user_id;
    RETURN NEW;
"""
USED = f"""
    IF NEW.used_at IS NOT NULL THEN
        IF clock_timestamp() >= OLD.issued_at + interval '{HOURS} hours' THEN
            RAISE EXCEPTION 'this start code is no longer taken'
                USING ERRCODE = '23514', CONSTRAINT = 'start_code_is_used_in_time';
        END IF;
        NEW.used_at := clock_timestamp();
    END IF;
    RETURN NEW;
"""
PASSWORD_WAITS = """
    IF NEW.password NOT LIKE '!%' AND EXISTS (SELECT 1 FROM organizations_startcode
        WHERE user_id = NEW.id AND used_at IS NULL AND NOT is_replaced) THEN
        RAISE EXCEPTION 'this account gets a password by its start code alone'
            USING ERRCODE = '23514', CONSTRAINT = 'password_waits_for_the_start_code';
    END IF;
    RETURN NEW;
"""
SET_BY_ITS_CODE = pgtrigger.Trigger(
    name="set_by_its_start_code",
    operation=pgtrigger.UpdateOf("password"),  # type: ignore[no-untyped-call]
    when=pgtrigger.Before,
    func=PASSWORD_WAITS,
)
"""Put on the account: while a code is open, nothing else sets the password."""


class StartCodeQuerySet(models.QuerySet["StartCode"]):
    def open(self) -> StartCodeQuerySet:
        """Keep those that were neither used nor replaced by a newer one, too old ones too."""
        return self.filter(used_at=None, is_replaced=False)

    def taken(self) -> StartCodeQuerySet:
        """Keep those of `open` that are still taken, by the database's real clock."""
        return self.open().filter(issued_at__gt=Now() - timedelta(hours=HOURS))


class StartCode(models.Model):
    """An administrator let `user` begin with a password of their own; the code is kept hashed.

    Its row takes the password away at once. The code is taken once and for `HOURS`, and opens
    nothing but the form that sets a password; a second proof stays what it is.
    """

    code = ""
    """The code itself, on the row that was just made; never stored."""

    fixed = frozenset({"user", "code_hash", "reason", "issued_by", "issued_at"})

    user = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="start_codes", verbose_name=_("account")
    )
    code_hash = models.CharField(max_length=128)
    reason = models.TextField(_("reason"), max_length=500, blank=True)
    issued_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(db_default=Now(), editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    is_replaced = models.BooleanField(default=False)

    objects = StartCodeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="start_code_is_not_issued_to_oneself", condition=~Q(user=F("issued_by"))
            ),
            models.CheckConstraint(
                name="start_code_is_kept_hashed", condition=Q(code_hash__contains="$")
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(used_at__isnull=True, is_replaced=False),
                name="start_code_open_once",
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            pgtrigger.Trigger(
                name="issued_and_the_password_gone",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=ISSUED,
            ),
            pgtrigger.Trigger(
                name="used_in_time", operation=pgtrigger.Update, when=pgtrigger.Before, func=USED
            ),
            stays_once(
                "(OLD.used_at IS NOT NULL OR OLD.is_replaced)",
                name="start_code_used_once",
                trigger="answered_rows_stay",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.issued_at}"
