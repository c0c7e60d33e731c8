import logging

import pytest

from demo_app.serving.auth import VARIABLE, check_address, is_private, read_accounts
from tests.demo_app.conftest import free_port

LINES = "# who may come in\n\nada:one:two\n grace : pass word \n"
ACCOUNTS = [("ada", "one:two"), ("grace", " pass word ")]


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def test_accounts_come_from_a_file_or_from_the_environment(tmp_path):
    assert read_accounts(write(tmp_path / "accounts", LINES), {}) == ACCOUNTS
    assert read_accounts(None, {VARIABLE: LINES}) == ACCOUNTS
    assert read_accounts(None, {}) == []


def test_the_file_counts_where_there_are_both(tmp_path):
    file = write(tmp_path / "accounts", "ada:one")
    assert read_accounts(file, {VARIABLE: "eve:two"}) == [("ada", "one")]


@pytest.mark.parametrize("line", ["secret", ":secret", "ada:", " :secret"])
def test_a_line_that_is_no_account_is_named_but_not_shown(tmp_path, line):
    file = write(tmp_path / "accounts", f"a:b\n{line}\n")
    with pytest.raises(ValueError, match=f"line 2 of {file} is not an account") as caught:
        read_accounts(file, {})
    assert "secret" not in str(caught.value)


def test_an_account_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match="line 2 of FER_DEMO_AUTH names an account again"):
        read_accounts(None, {VARIABLE: "ada:one\nada:two"})


@pytest.mark.parametrize("text", ["", "# nobody\n"])
def test_an_empty_file_does_not_open_the_page_to_everybody(tmp_path, text):
    with pytest.raises(ValueError, match="holds no account: write one NAME:PASSWORD a line"):
        read_accounts(write(tmp_path / "accounts", text), {})


def test_a_variable_without_an_account_does_not_open_the_page_to_everybody():
    with pytest.raises(ValueError, match="FER_DEMO_AUTH holds no account"):
        read_accounts(None, {VARIABLE: "\n"})


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"cannot read the accounts in .*: No such file"):
        read_accounts(tmp_path / "absent", {})
    (tmp_path / "bytes").write_bytes(b"\xff:\xfe")
    with pytest.raises(ValueError, match="not UTF-8"):
        read_accounts(tmp_path / "bytes", {})


@pytest.mark.parametrize(("mode", "count"), [(0o600, 0), (0o640, 1), (0o604, 1)])
def test_a_file_that_others_can_read_gets_a_warning(tmp_path, caplog, mode, count):
    file = write(tmp_path / "accounts", "ada:secret", mode)
    with caplog.at_level(logging.WARNING):
        read_accounts(file, {})
    assert [f"chmod 600 {file}" in record.message for record in caplog.records] == [True] * count
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("host", "private"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("localhost", True), ("0.0.0.0", False)],
)
def test_only_loopback_addresses_are_private(host, private):
    check_address(host, free_port())
    assert is_private(host) == private
