"""Refusals that a user can act on."""

from collections.abc import Mapping
from typing import ClassVar

from django.utils.translation import gettext_noop


class DomainError(Exception):
    """A rule refused what was asked; the message is a translated sentence for the user.

    `fields` gives the sentences that belong at one field of the form that asked:
    {operation argument: sentence}. What is at no field is `sentence`.
    """

    action: ClassVar[str] = ""
    """What the audit calls the refusal, where it is told of at all; `told_as` in words."""
    told_as: ClassVar[str] = ""

    def __init__(self, sentence: str = "", *, fields: Mapping[str, str] | None = None) -> None:
        self.sentence = str(sentence)
        self.fields = {name: str(text) for name, text in (fields or {}).items()}
        super().__init__(" ".join([self.sentence, *self.fields.values()]).strip())


class KnownAlready(DomainError):
    """Somebody is known here already: an answer that is told, as it may answer a guess."""

    action = "identity.tried"
    told_as = gettext_noop("Was told that somebody is known")


class ConflictError(DomainError):
    """The record was changed after its reader saw it; answered with 409, not with 422."""
