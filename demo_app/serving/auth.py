"""Who may open the page: from which computers, and with which names and passwords."""

import ipaddress
import logging
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

logger = logging.getLogger(__name__)
VARIABLE = "FER_DEMO_AUTH"
SHAPE = "one NAME:PASSWORD a line"

Accounts = list[tuple[str, str]]


def read_accounts(file: Path | None, environment: Mapping[str, str] = os.environ) -> Accounts:
    """Names and passwords; none when everybody may come in.

    They are in a file or in the environment, never on the command line, which every user of the
    computer can read.

    Args:
        file: with one ``NAME:PASSWORD`` a line; empty lines and lines that start with ``#`` are
            left out. A warning is logged when other users of the computer can read it.
        environment: asked for FER_DEMO_AUTH, with the same lines, where there is no file.

    Raises:
        ValueError: when the file cannot be read, holds no account, or a line is none; the message
            never shows the line.
    """
    if file is None:
        text, source = environment.get(VARIABLE, ""), VARIABLE
        if not text:
            return []
    else:
        text, source = _read(file), str(file)
    accounts: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, password = line.partition(":")
        if not (name.strip() and colon and password):
            raise ValueError(f"line {number} of {source} is not an account: write {SHAPE}")
        if name.strip() in accounts:
            raise ValueError(f"line {number} of {source} names an account again: write {SHAPE}")
        accounts[name.strip()] = password
    if not accounts:
        raise ValueError(f"{source} holds no account: write {SHAPE}")
    return list(accounts.items())


def check_address(host: str, port: int) -> None:
    """See that one can listen on the address, before anything slow begins.

    Raises:
        ValueError: when the port is taken or out of range, or the host is not this computer's.
    """
    if not 1 <= port <= 65535:
        raise ValueError(f"port must be in [1, 65535], got {port}")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(address)
    except OSError as error:
        raise ValueError(
            f"cannot listen on {host}:{port} ({error.strerror}): choose another with --port"
        ) from error


def is_private(host: str) -> bool:
    """Whether only this computer can reach an address that `check_address` has seen."""
    found = {entry[4][0] for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    return all(ipaddress.ip_address(str(address)).is_loopback for address in found)


def _read(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
        mode = file.stat().st_mode
    except OSError as error:
        raise ValueError(f"cannot read the accounts in {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"the accounts in {file} are not UTF-8 text") from error
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
        logger.warning("Other users of this computer can read %s: chmod 600 %s", file, file)
    return text
