"""Who follows a member that moves: apps above are told of an official transfer, and go along.

This ground floor knows nothing of theirs: each registers a `Follower` when it is ready.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from organizations.models import Transfer, User


class Follower(Protocol):
    """What an app above does when a transfer is accepted, in the same transaction."""

    def keep(self, transfer: Transfer) -> None:
        """Lock what will follow, before the person is locked: so both wait in one order."""

    def follow(self, transfer: Transfer, *, by: User, on: date) -> None:
        """Go along with a transfer that was just accepted; DomainError stops it."""


followers: list[Follower] = []
"""Called in order of registration."""


def register(follower: Follower) -> None:
    """Let `follower` go along with every transfer that is accepted."""
    followers.append(follower)
