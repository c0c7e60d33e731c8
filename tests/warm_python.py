"""A Python that has slow libraries loaded already: its processes are forks of one server.

Loading torch and timm is most of the time of a tiny command, and recipes start a dozen of them.
`WarmPython` starts the server; its ``program`` is an executable with the command line of Python
(-m, -c or a file) that sends its arguments, folder, environment and standard files to the server,
passes signals on and ends as the fork ends. A killed program takes its fork along.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path

CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect({address!r})
request = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: connection.send(str(number).encode()))
code = int(connection.recv(64) or 1)
if code < 0:
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""


class WarmPython:
    """The server, from its start to ``close``."""

    def __init__(self, folder: Path, *modules: str) -> None:
        """Start the server and wait until the modules are loaded; ``folder`` is for its files."""
        address = str(folder / "socket")
        self.program = folder / "python"
        self.program.write_text(CLIENT.format(python=sys.executable, address=address))
        self.program.chmod(0o755)
        self._process = subprocess.Popen(
            [sys.executable, __file__, address, str(self.program), *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout.readline() == b"ready\n"

    def close(self) -> None:
        """End the server."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def serve(address: str, program: str, *modules: str) -> None:
    """Load the modules and fork for each connection until the standard input ends."""
    sys.executable = program  # what the forks start is warm, too
    for name in modules:
        import_module(name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(address)
        server.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                _attend(connection)
            connection.close()


def _attend(connection: socket.socket) -> None:
    """Fork what was asked for, pass signals on to it and its exit code back; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request, files, *_ = socket.recv_fds(connection, 1 << 20, 3)
    child = os.fork()
    if child == 0:
        connection.close()
        _become(json.loads(request), files)
    for file in files:
        os.close(file)
    ended = os.pidfd_open(child)
    while ended not in select.select([ended, connection], [], [])[0]:
        number = connection.recv(64)
        os.kill(child, int(number or signal.SIGKILL))
        if not number:  # the program was killed
            break
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(BrokenPipeError):
        connection.send(str(code).encode())
    os._exit(0)


def _become(request: dict, files: list[int]) -> None:
    """Be the process that was asked for; never returns."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None  # it may be another now
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    code = 0
    try:
        _run(request["arguments"])
    except SystemExit as ending:
        code = ending.code or 0
        if not isinstance(code, int):
            sys.stderr.write(f"{code}\n")
            code = 1
    except BaseException as error:
        sys.excepthook(*sys.exc_info())
        code = 1 if isinstance(error, Exception) else 128 + signal.SIGINT
    threading._shutdown()
    sys.stdout.flush()
    os._exit(code)


def _run(arguments: list[str]) -> None:
    """What Python does with these arguments."""
    import runpy
    import warnings

    # A submodule that is run again as the main one is what forking makes of every command.
    warnings.filterwarnings("ignore", "'.*' found in sys.modules", RuntimeWarning)
    first, *rest = [word for word in arguments if word != "-u"]
    sys.path[0] = str(Path.cwd())
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = [first, *rest]
        sys.path[0] = str(Path(first).parent)
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    serve(*sys.argv[1:])
