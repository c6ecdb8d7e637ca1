"""What the pages of reorganisations stand for and a quiet demonstration has none of."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import PASSWORD, Product
from tests.browser.visits import Reader


def leave_reorganization_open(browser: Any, product: Product) -> None:
    """Leave a split of tomorrow, drafted and previewed but not confirmed."""
    staff = Reader(browser, product.address)
    staff.open("/")
    staff.sign_in("canbo", PASSWORD)
    staff.go_to("/sap-xep/")
    staff.go_to("/sap-xep/moi/")
    staff.fill(
        number="299-QĐ/ĐU",
        signed_on="20/05/2021",
        signer="Nguyễn Văn Bình",
        effective_on="29/05/2021",
    )
    staff.send()
    page = staff.path
    staff.open(f"{page}them/?loai=split")
    new = "Chi bộ Trạm Y tế Mới; Y tế Mới"
    staff.fill(whole="[khe-cham-tram-y-te]", stays="1", parts=new, kind="cell")
    staff.send()
    staff.page.locator("main tbody tr").first.locator("input").last.check()
    staff.page.select_option("[name=rest]", index=1)
    staff.follow("button[name=all]")
    staff.open(f"{page}dong/1/lua-chon/")
    if staff.path.endswith("/lua-chon/"):
        staff.page.check('main input[value="split"]')
        staff.send()
    staff.open(page)
    staff.follow("section.next .btn.pri")
    staff.close()
