"""Jobs of files: doors to operations. Safe twice."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.utils import translation
from django.utils.translation import gettext as _

from admissions.operations import deadlines, digests, erasures, scans
from admissions.selectors.digest import DigestRow, digest
from config import clock
from organizations.models import User
from organizations.operations import jobs

logger = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def scan_deadlines() -> None:
    """Mark the terms that are near or missed. By beat, every ten minutes; any time will do."""
    now = clock.now()
    deadlines.scan(on=now.date(), at=now)


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def carry_out_erasures() -> None:
    """Erase what two people agreed to erase. By beat, every hour; any time will do."""
    erasures.carry_out_erasures()


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def check_for_viruses() -> None:
    """Ask the virus check about the scans that wait for it. By beat, while one is set up."""
    scans.check_for_viruses()


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def send_digests() -> None:
    """Send the week to those who have an address and something in it; only with `EMAIL_DIGEST`.

    By beat, on Monday mornings. The mail has no names: it says how many, and which terms. Sent
    once a week to each: a redelivery goes on with those who did not get it.
    """
    if not settings.EMAIL_DIGEST:
        return
    today = clock.today()
    for user in User.objects.filter(is_active=True).exclude(email="").order_by("pk"):
        with translation.override(settings.LANGUAGE_CODE):
            week = digest(user, on=today)
            if week is None or not (week.due or week.missed):
                continue
            subject = _("%(due)s fall due, %(missed)s are missed and still open") % {
                "due": week.due_in_all,
                "missed": week.missed_in_all,
            }
            lines = [_line(row) for row in [*week.missed, *week.due]]
        receipt = digests.claim(user, on=today)
        if receipt is None:
            continue
        try:
            send_mail(subject, "\n".join(lines), None, [user.email])
        except (SMTPException, OSError) as failure:
            # The others get theirs; the text of the server may quote an address.
            logger.error("week not sent to account %s: %s", user.pk, type(failure).__name__)
            jobs.fail(receipt, type(failure).__name__)
        else:
            jobs.finish(receipt)


def _line(row: DigestRow) -> str:
    """A line of the mail: it travels outside, so the file's number stands for the person."""
    return f"{row.due_on:%d/%m/%Y} ({row.left}) {row.term}: {row.number}"
