"""The whole product in its own processes, as `make run` starts it, with a browser before it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.environment import BASE_DIR

PASSWORD = "Mot-mat-khau-de-thu-86"  # noqa: S105
READY_WITHIN = 180  # seconds, beside the other tests on two cores


@dataclass
class Product:
    """One run of the product: where it answers, what it printed, how its data are reached."""

    address: str
    folder: Path
    environment: dict[str, str]
    process: "subprocess.Popen[str]"
    said: list[str]

    def manage(self, *arguments: str) -> str:
        """Run a management command against this product's data; return what it printed."""
        ran = subprocess.run(
            [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
            env=self.environment,
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[Product]:
    port = _free_port()
    # Servers of its own, whatever the tests themselves use.
    outer = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "APP_DATABASE_URL", "CELERY_BROKER_URL", "SCENARIO"}
        and not name.startswith(("PYTEST_", "DJANGO_"))
    }
    environment = {
        **outer,
        "APP_VAR": str(folder),
        "PORT": str(port),
        "DEMO_PASSWORD": PASSWORD,
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        **variables,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "config.embedded.supervisor"],
        env=environment,
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    try:
        assert process.stdout is not None
        deadline = time.monotonic() + READY_WITHIN
        for line in process.stdout:
            said.append(line.rstrip())
            if line.startswith("Ready: "):
                break
            assert time.monotonic() < deadline, said
        assert said, "the product said nothing"
        assert said[-1].startswith("Ready: "), "\n".join(said)
        yield Product(
            address=said[-1].removeprefix("Ready: ").rstrip("/"),
            folder=folder,
            environment=environment,
            process=process,
            said=said,
        )
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The default demonstration, loaded and served."""
    with running(tmp_path_factory.mktemp("demonstration")) as served:
        yield served


@pytest.fixture
def empty_product(tmp_path: Path) -> Iterator[Product]:
    """A product without any data: its first start."""
    with running(tmp_path, DEMO="0") as served:
        yield served


SignIn = Callable[..., Any]


@pytest.fixture
def sign_in(browser: Any, product: Product) -> Iterator[SignIn]:
    """`sign_in("bithu")` opens a browser of its own, signed in; returns its page."""
    contexts = []

    def enter(username: str, *, width: int = 1440, height: int = 1000, **options: Any) -> Any:
        context = browser.new_context(
            base_url=product.address,
            viewport={"width": width, "height": height},
            locale="vi-VN",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/tai-khoan/dang-nhap/")
        page.fill("[name=login]", username)
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_load_state()
        assert "dang-nhap" not in page.url, page.inner_text("main")
        return page

    yield enter
    for context in contexts:
        context.close()
