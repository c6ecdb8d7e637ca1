"""Make docs/screens/ anew, on the default demonstration: `python -m tests.browser.screens`.

Needs Chromium and pngquant, which brings the pictures down to few colours.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from config.environment import BASE_DIR
from tests.browser.conftest import PASSWORD, running
from tests.browser.visits import Reader

SCREENS = BASE_DIR / "docs" / "screens"
WIDTHS = {1440: 1000, 390: 844}
# Where a page names a row of the demonstration: the page that leads there, and the link.
PAGES = {
    "viec": ("bithu", "/viec/"),
    "ho-so": ("bithu", ""),
    "du-bi": ("bithu", '/ho-so/?tinh_trang=ket-nap #results th a[href^="/ho-so/"]'),
    "sinh-hoat": ("bithu", '/sinh-hoat/ main a[href^="/sinh-hoat/"]'),
    "so-sanh-quy-dinh": ("canbo2", "/quy-dinh/so-sanh/"),
    "dot-ket-nap": ("canbo2", "/dot-ket-nap/"),
    "giao-chi-tieu": ("canbo", "/chi-tieu/2021/giao/"),
    "tong-quan": ("lanhdao", "/tong-quan/2021/"),
    "to-chuc": ("lanhdao", "/to-chuc/khe-cham/"),
}


def a_file(reader: Reader) -> str:
    """Return the address of a file whose papers are being gathered."""
    links = reader.page.locator('a[href$="/buoc/giay-to/"]')
    return re.sub(r"buoc/.*", "", links.first.get_attribute("href") or "")


def take(address: str) -> None:
    """Photograph the pages of the demonstration at `address`."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width, height in WIDTHS.items():
            for name, (username, path) in PAGES.items():
                reader = Reader(browser, address, width=width, height=height)
                reader.open("/")
                reader.sign_in(username, PASSWORD)
                path, _blank, link = path.partition(" ")
                reader.open(path or a_file(reader))
                if link:
                    reader.follow(link)
                # As high as the page, so that the bars at its foot lie there and not across it.
                whole = reader.page.evaluate("document.documentElement.scrollHeight")
                reader.page.set_viewport_size({"width": width, "height": max(whole, height)})
                screen = SCREENS / f"{name}-{width}.png"
                reader.page.screenshot(path=screen, full_page=True)
                reduce(screen)
                reader.close()
        browser.close()


def reduce(picture: Path) -> None:
    """Bring `picture` down to 64 colours; flat pages lose nothing that is seen."""
    command = ["pngquant", "--force", "--nofs", "--strip", "--ext", ".png", "64", str(picture)]
    subprocess.run(command, check=True)


def main() -> None:
    """Photograph a demonstration of its own, or the one whose address is given."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    if sys.argv[1:]:
        take(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as product:
        take(product.address)


if __name__ == "__main__":
    main()
