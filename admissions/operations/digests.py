"""The week that goes out by mail: who has it already, so that nobody gets it twice."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction

from config.locks import Lock, hold
from organizations.models import Job
from organizations.operations import jobs

if TYPE_CHECKING:
    from organizations.models import User

KIND = "digest"


@transaction.atomic
def claim(user: User, *, on: date) -> Job | None:
    """Return the receipt of the mail of the week of `on` to `user`; None where another has it.

    Written before the mail is sent and ended after: a worker that is killed between the two sends
    it to nobody rather than twice. One that failed is claimed anew.
    """
    hold(Lock.DIGESTS)
    year, week, _day = on.isocalendar()
    subject = f"{year}-W{week:02} {user.pk}"
    has_it = Job.objects.filter(kind=KIND, subject=subject).exclude(state=Job.State.FAILED)
    return None if has_it.exists() else jobs.begin(KIND, subject, total=1)
