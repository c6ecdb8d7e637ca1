"""`manage.py translations`: keep the Vietnamese catalogue complete, without GNU gettext."""

import ast
import io
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

KEYWORDS: dict[str, Any] = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
BEGAN_AT = datetime(2026, 11, 21, tzinfo=UTC)
"""A fixed date in the header: the file changes only when a message does."""

APPS = ("config", "organizations", "admissions", "targets", "reports")


class Command(BaseCommand):
    help = "Bring the catalogue up to date with the source; with --check only say what is missing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail if not done")
        parser.add_argument(
            "--add", nargs="*", default=[], metavar="PO", help="take translations from these files"
        )

    def handle(self, *args: Any, check: bool, add: list[str], **options: Any) -> None:
        path = Path(settings.LOCALE_PATHS[0], "vi", "LC_MESSAGES", "django.po")
        known = _read(path)
        for extra in add:
            for message in _read(Path(extra)):
                if message.id and _is_done(message):
                    # Babel would keep the empty string of an entry that is there already.
                    known.delete(message.id, context=message.context)
                    known[message.id] = message
        wanted = _extract()
        missing = []
        for message in wanted:
            if not message.id:
                continue
            found = known.get(message.id, context=message.context)
            if found is not None and _is_done(found):
                message.string = found.string
            else:
                missing.append(message.id)
        unused = [
            message.id
            for message in known
            if message.id and wanted.get(message.id, context=message.context) is None
        ]
        if not check:
            buffer = io.BytesIO()
            write_po(buffer, wanted, width=100, omit_header=False, sort_output=True,
                     no_location=True)  # fmt: skip
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(buffer.getvalue())
        for message_id in missing:
            self.stderr.write(f"not translated: {message_id!r}")
        if check:
            for message_id in unused:
                self.stderr.write(f"no longer used: {message_id!r}")
        if missing or (check and unused):
            raise CommandError(f"{len(missing)} not translated, {len(unused)} no longer used")
        self.stdout.write(f"{len(wanted)} messages, all translated")


def _is_done(message: Message) -> bool:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return all(strings) and not message.fuzzy


def _read(path: Path) -> Catalog:
    if not path.exists():
        return _empty()
    with path.open("rb") as file:
        return read_po(file, locale="vi")


def _empty() -> Catalog:
    return Catalog(
        locale="vi",
        project="Kết nạp",
        creation_date=BEGAN_AT,
        revision_date=BEGAN_AT,
        fuzzy=False,
    )


def _extract() -> Catalog:
    catalog = _empty()
    for source in _sources():
        for _line, found, _comments, context in extract(
            "python", io.BytesIO(source.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            catalog.add(found, context=context)
    return catalog


def _sources() -> Iterator[str]:
    for app in APPS:
        for path in sorted(Path(settings.BASE_DIR, app).rglob("*.py")):
            if "migrations" not in path.parts:
                source = path.read_text()
                if hidden := list(_within_f_strings(source)):
                    raise CommandError(f"{path}: no message is found within an f-string: {hidden}")
                yield source
    for path in sorted(Path(settings.BASE_DIR, "templates").rglob("*.html")):
        marked = templatize(path.read_text(), origin=str(path))
        # What is left of the markup is no Python; indentation would end the reading.
        yield "\n".join(line.strip() for line in marked.splitlines())


def _within_f_strings(source: str) -> Iterator[str]:
    """Yield the messages that Babel overlooks, so that a page would show them in English."""
    for text in ast.walk(ast.parse(source)):
        if isinstance(text, ast.JoinedStr):
            for call in ast.walk(text):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") in KEYWORDS:
                    yield ast.unparse(call)
