"""What the frame of every page needs. Lazy: a page that is not framed asks the database nothing."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .acting import acting
from .display import SIZES, THEMES, Display
from .navigation import links, search


def _installation() -> Any:
    return apps.get_model("organizations", "Installation")._default_manager.first()


def _audit_mark() -> str:
    heads: Any = apps.get_model("organizations", "AuditHead")
    mark: str = heads.mark()
    return mark


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give `installation` (None before the first start), `acting`, `nav` and how to display.

    `audit_mark` is printed on papers: a hash of the audit's chain that only they keep.
    """
    return {
        "installation": SimpleLazyObject(_installation),
        "acting": SimpleLazyObject(lambda: acting(request)),
        "nav": SimpleLazyObject(lambda: links(request)),
        "search_url": SimpleLazyObject(lambda: search(request)),
        "display": Display.of(request),
        "display_sizes": SIZES,
        "display_themes": THEMES,
        "audit_mark": SimpleLazyObject(_audit_mark),
        "support_contact": settings.SUPPORT_CONTACT,
    }
