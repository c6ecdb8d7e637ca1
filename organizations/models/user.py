"""Accounts. What an account may do is in its appointments, never in the account."""

from typing import ClassVar

import pghistory
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from .guards import NEVER_DELETED, stays_once
from .start_code import SET_BY_ITS_CODE

LINKED_ONCE = stays_once(
    "OLD.person_id IS NOT NULL AND NEW.person_id IS DISTINCT FROM OLD.person_id",
    name="account_stays_with_its_person",
    trigger="linked_once",
)
"""Whoever could unlink an account from its person would then act on their own record."""


@pghistory.track(append_only=True, exclude=["password", "last_login"])
class User(AbstractUser):
    """Somebody who signs in; linked to a person, so that no one acts on their own record.

    Whoever confirms a role says who it is. Two accounts of one person are one human being.
    `is_superuser` gives nothing in the product's pages.
    """

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("email address"), blank=True)
    full_name = models.CharField(_("full name"), max_length=120)
    person = models.ForeignKey(
        "organizations.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="accounts",
        verbose_name=_("person"),
    )

    objects: ClassVar[DjangoUserManager["User"]] = DjangoUserManager()  # type: ignore[assignment]

    REQUIRED_FIELDS = ["full_name"]

    class Meta(AbstractUser.Meta):
        triggers = [*NEVER_DELETED, LINKED_ONCE, SET_BY_ITS_CODE]

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)
