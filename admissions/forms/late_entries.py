"""The third person's answer to a ceremony entered late."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from config.ui.forms import AgreeOrDeclineForm


class LateEntryAnswerForm(AgreeOrDeclineForm):
    answers = (
        ("agree", _("Let it count from the day of the ceremony")),
        ("decline", _("Decline")),
    )
