"""A small world in the product's own database, and its clock moved on, for tests by pages alone."""

import os
import subprocess
import sys
from datetime import date

import psycopg

from config.database import DATABASE
from config.embedded.postgres import OWNER, socket_folder
from config.environment import BASE_DIR
from tests.browser.conftest import Product
from tests.browser.screens import reduce
from tests.browser.visits import Reader

BEFORE = "import django; django.setup(); from datetime import date; from tests.makers import *; "


def arrange(product: Product, code: str) -> None:
    """Run `code` with the makers of tests in the database of `product`."""
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "DJANGO_", "DATABASE_", "APP_"))
        },
        "APP_VAR": str(product.folder),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + code],
        env=environment, cwd=BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def begin(product: Product, day: date, *, slug: str = "kc") -> None:
    """Two cells under a committee under the body that decides, a political centre beside them."""
    arrange(
        product,
        f"w = world(day=date.fromisoformat('{day}'), number=9, slug='{slug}'); "
        f"officer('{slug}-trungtam', w.top, Role.CENTRE)",
    )


def photograph(reader: Reader, name: str) -> None:
    """Keep what `reader` sees as `name`.png in the folder $SCREENS, where one is asked for."""
    if folder := os.environ.get("SCREENS"):
        whole = reader.page.evaluate("document.documentElement.scrollHeight")
        width = reader.page.viewport_size["width"]
        kept = reader.page.viewport_size
        # As high as the page, so that the bars at its foot lie there and not across it.
        reader.page.set_viewport_size({"width": width, "height": max(whole, kept["height"])})
        picture = BASE_DIR / folder / f"{name}.png"
        reader.page.screenshot(path=picture, full_page=True)
        reader.page.set_viewport_size(kept)
        reduce(picture)


def stand_on(product: Product, day: date) -> None:
    """Let the clock of `product` stand on `day`."""
    folder = socket_folder(product.folder / "postgres")
    with psycopg.connect(host=str(folder), user=OWNER, dbname=DATABASE) as connection:
        connection.execute("UPDATE organizations_installation SET day = %s", [day])
