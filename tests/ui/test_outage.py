"""What a visitor is told while the database is away."""

import pytest
from django.db import connection
from django.test import Client

from tests.database import Copy


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_a_page_says_so_and_when_to_try_again(
    database_copy: Copy,
) -> None:
    visitor = Client(raise_request_exception=False)
    database = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = "there_is_no_such_database"
    try:
        answer = visitor.get("/tai-khoan/dang-nhap/")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = database

    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert "Cơ sở dữ liệu hiện không trả lời" in answer.content.decode()
