"""Sealing what is most personal about somebody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction

from organizations.models import Particulars
from organizations.models.particulars import LABELS

if TYPE_CHECKING:
    from organizations.models import Person


def sealed(person: Person, texts: dict[str, str]) -> Particulars:
    """Return new particulars of `person` with `texts`, not saved."""
    made = Particulars(person=person)
    for name, text in texts.items():
        made.write(name, text)
    return made


def seal_all(people: Iterable[tuple[Person, dict[str, str]]]) -> None:
    """Seal the texts of many new people at once; those with nothing get no row."""
    Particulars.objects.bulk_create(
        (sealed(person, texts) for person, texts in people if any(texts.values())), batch_size=2000
    )


@transaction.atomic
def write_particulars(person: Person, **texts: str) -> None:
    """Seal `texts`, {name of LABELS: text}, in the place of what was there; others stay.

    Called by operations that have checked who may. What is the same is not written again, so that
    the history shows changes alone. Of somebody who was erased nothing is written any more: the
    database refuses it.
    """
    if unknown := set(texts) - set(LABELS):
        raise TypeError(f"not sealed: {sorted(unknown)}")
    found = Particulars.objects.select_for_update().filter(person=person).first()
    if found is None:
        seal_all([(person, texts)])
        return
    changed = [name for name, text in texts.items() if found.read(name) != text]
    for name in changed:
        found.write(name, texts[name])
    if changed:
        found.save(update_fields=changed)
