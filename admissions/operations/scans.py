"""Scans of papers: brought in by the cell's secretary, opened with a trace."""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from admissions import attachments
from admissions.cases import case_of
from admissions.models import Candidate, Paper, Scan, ScanReading, ScanVerdict
from admissions.permissions import Permission, Rights
from config import antivirus, clock, names
from config.errors import DomainError
from config.locks import Lock, hold_one
from organizations.operations.people import own_records

from .recording import locked

if TYPE_CHECKING:
    from organizations.models import User

logger = logging.getLogger(__name__)


def add_scan(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    paper: Paper,
    content: bytes,
    name: str,
    replaces: Scan | None = None,
) -> Scan:
    """Keep the scan `content` of `paper`, under its hash; `replaces` an earlier, worse one.

    What is let in is `attachments.checked`, which may take seconds: it looks before the file is
    locked, so that nobody waits for it. Raises PermissionDenied where `by` does not prepare the
    file, DomainError at `scan` for what is not taken: by kind, size, number a day, or twice.
    """
    _refuse_bringing(candidate, by=by, on=on)
    scanned = attachments.checked(content, name=name)
    return _kept(candidate, scanned, by=by, on=on, paper=paper, replaces=replaces)


def _refuse_bringing(file: Candidate, *, by: User, on: date) -> None:
    if not Rights.of(by, on=on, cells=[file.cell_id]).may(Permission.PREPARE, case_of(file, on=on)):
        raise PermissionDenied
    brought = Scan.objects.filter(entered_by=by, entered_at__date=clock.today()).count()
    if brought >= attachments.A_DAY:
        raise DomainError(
            fields={
                "scan": _("You have brought in %(number)s scans today; go on tomorrow.")
                % {"number": brought}
            }
        )


@transaction.atomic
def _kept(
    candidate: Candidate,
    scanned: attachments.Scanned,
    *,
    by: User,
    on: date,
    paper: Paper,
    replaces: Scan | None,
) -> Scan:
    file = locked(candidate, by=by, on=on)
    # Again, now that nothing of it changes any more.
    _refuse_bringing(file, by=by, on=on)
    if paper.candidate_id != file.pk or (replaces and replaces.paper_id != paper.pk):
        raise PermissionDenied
    if Scan.objects.filter(paper=paper, sha256=scanned.sha256).exists():
        raise DomainError(fields={"scan": _("This scan is with the paper already.")})
    held = Scan.objects.filter(paper__candidate=file).aggregate(held=Sum("size"))["held"] or 0
    if held + len(scanned.content) > attachments.FILE_BYTES:
        raise DomainError(
            fields={
                "scan": _("The scans of one file have at most %(most)s MB together.")
                % {"most": attachments.FILE_BYTES // attachments.MEGABYTE}
            }
        )
    if replaces and Scan.objects.filter(replaces=replaces).exists():
        raise DomainError(fields={"replaces": _("That scan is replaced already.")})
    hold_one(Lock.SCANS, scanned.sha256)  # not while the same content is being taken away
    attachments.keep(scanned)
    return Scan.objects.create(
        paper=paper,
        sha256=scanned.sha256,
        name=scanned.name,
        content_type=scanned.content_type,
        size=len(scanned.content),
        replaces=replaces,
        entered_by=by,
    )


def check_for_viruses() -> int:
    """Ask the virus check about the scans that have no verdict, the oldest first; return how many.

    Does nothing where none is set up (`CLAMAV_ADDRESS`). Safe twice, and at once. Where it does not
    answer, all that waits goes on waiting: nothing passes unlooked at.
    """
    if not settings.CLAMAV_ADDRESS:
        return 0
    done = 0
    for scan in Scan.objects.filter(verdict__isnull=True).order_by("pk").iterator():
        try:
            verdict = antivirus.ask(attachments.kept(scan.sha256), address=settings.CLAMAV_ADDRESS)
        except antivirus.Unreachable as failure:
            logger.warning("the virus check does not answer: %s", failure)
            return done
        except antivirus.Unanswered as failure:
            # It goes on waiting, and holds up none of those behind it.
            logger.warning("no verdict on scan %s: %s", scan.pk, failure)
            continue
        except (FileNotFoundError, ValueError):
            continue  # gone, or changed: it is not given out either
        _made, is_new = ScanVerdict.objects.get_or_create(
            scan=scan, defaults={"virus": verdict.virus}
        )
        done += is_new
    return done


def gives_a_reason(candidate: Candidate, *, by: User, on: date) -> bool:
    """Say whether `by` says why a scan is opened: all but those who keep the file do."""
    return candidate.cell_id not in Rights.of(by, on=on, cells=[candidate.cell_id]).prepares


@transaction.atomic
def read_scan(scan: Scan, *, by: User, on: date, reason: str = "") -> ScanReading:
    """Write down that `by` opens `scan`, before its content is given out.

    Raises PermissionDenied where `by` may not see the file, or it is their own; DomainError at
    `reason` where one is asked for and none is given, or where the scan is in quarantine.
    """
    file = Candidate.objects.visible_to(by, on=on).filter(papers__scans=scan).first()
    if file is None or file.person_id in own_records(by):
        raise PermissionDenied
    if scan.quarantine:
        raise DomainError(scan.quarantine)
    reason = names.written(reason)
    if not reason and gives_a_reason(file, by=by, on=on):
        raise DomainError(fields={"reason": _("Say why you open the scan; it is kept.")})
    return ScanReading.objects.create(scan=scan, reason=reason, entered_by=by)
