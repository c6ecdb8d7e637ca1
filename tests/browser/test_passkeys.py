"""Second proofs in a browser: an app and a passkey are given, used, lost and taken away."""

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.browser.conftest import PASSWORD, Product
from tests.browser.visits import Reader

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECURITY = "/tai-khoan/bao-mat/"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def open_account(administrator: Reader, username: str) -> str:
    """Open an account; return its start code."""
    administrator.open("/")
    administrator.sign_in("quantri", PASSWORD)
    administrator.open("/quan-tri/nguoi-dung/them/")
    administrator.fill(full_name="Vũ Thị Khóa", username=username)
    administrator.send()
    return administrator.start_code()


def give_a_fingerprint(reader: Reader) -> None:
    """Let the reader's computer have a passkey reader that always recognises them."""
    devices = reader.context.new_cdp_session(reader.page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def sign_out(reader: Reader) -> None:
    reader.open("/tai-khoan/dang-xuat/")
    reader.follow("main .btn.pri")


def looked_at(reader: Reader) -> list[str]:
    """Return what is wrong with the page on a desk and on a telephone."""
    said = []
    for width, height in ((1440, 1000), (320, 640)):
        reader.page.set_viewport_size({"width": width, "height": height})
        said += [f"{reader.path} at {width}: {one}" for one in reader.amiss() + reader.overflow()]
    reader.page.set_viewport_size({"width": 1440, "height": 1000})
    return said


def test_an_app_and_a_passkey_sign_in_until_an_administrator_takes_them_away(
    product: Product, opened: Callable[..., Reader]
) -> None:
    administrator, username = opened(product), f"khoa{int(time.time())}"
    code = open_account(administrator, username)
    said = looked_at(administrator)
    # Browsers give passkeys to a name alone, not to a number.
    named = Product(product.address.replace("127.0.0.1", "localhost"), product.folder, product.pid)
    reader = opened(named)
    give_a_fingerprint(reader)
    reader.open("/tai-khoan/dang-nhap/")
    said += looked_at(reader)
    reader.go_to("/tai-khoan/dang-nhap/dat-mat-khau/")
    said += looked_at(reader)
    reader.set_password(username, code, PASSWORD)
    reader.sign_in(username, PASSWORD)

    reader.page.click("summary.me")
    reader.go_to(SECURITY)
    reader.go_to(f"{SECURITY}ung-dung/")
    said += looked_at(reader)
    secret = reader.page.inner_text(".secret").replace(" ", "")
    reader.fill(code=code_of(secret))
    reader.send()
    codes = reader.page.locator(".codes li").all_inner_texts()
    said += looked_at(reader)
    reader.go_to(SECURITY)
    reader.go_to(f"{SECURITY}khoa/them/")
    said += looked_at(reader)
    reader.fill(name="Máy ở cơ quan", passwordless="on")
    reader.follow("main [data-ask]")
    said += looked_at(reader)
    assert len(codes) == 10
    assert "Máy ở cơ quan" in reader.words

    sign_out(reader)
    reader.follow("main [data-ask]")  # nothing typed: the passkey says who it is
    assert "dang-nhap" not in reader.path
    sign_out(reader)
    reader.fill(login=username, password=PASSWORD)
    reader.follow("main .btn.pri")
    said += looked_at(reader)
    assert reader.path == "/tai-khoan/dang-nhap/xac-nhan/"
    reader.follow("main [data-ask]")
    assert "dang-nhap" not in reader.path
    for address in ("ma/", "khoa/"):
        reader.open(f"/tai-khoan/xac-nhan/{address}?next=/tro-giup/")
        said += looked_at(reader)
    reader.follow("main [data-ask]")
    assert reader.path == "/tro-giup/"
    reader.open(SECURITY)
    kept = re.search(r"khoa/(\d+)/bo", reader.page.content())[1]  # type: ignore[index]
    for address in (f"khoa/{kept}/ten/", f"khoa/{kept}/bo/", "ung-dung/bo/", "ma-du-phong/tao/"):
        reader.open(SECURITY + address)
        said += looked_at(reader)

    administrator.open(f"/quan-tri/nguoi-dung/{username}/trang/")
    administrator.go_to(f"/quan-tri/nguoi-dung/{username}/phien/")
    said += looked_at(administrator)
    administrator.open(f"/quan-tri/nguoi-dung/{username}/trang/")
    administrator.go_to(f"/quan-tri/nguoi-dung/{username}/mat-khau/")
    said += looked_at(administrator)
    administrator.open(f"/quan-tri/nguoi-dung/{username}/trang/")
    administrator.go_to(f"/quan-tri/nguoi-dung/{username}/xac-thuc/")
    said += looked_at(administrator)
    administrator.fill(reason="Mất điện thoại")
    administrator.send()
    assert "chỉ bằng mật khẩu" in administrator.words
    reader.open(SECURITY)
    assert "dang-nhap" in reader.path
    reader.sign_in(username, PASSWORD)
    assert said == []
