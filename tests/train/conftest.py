import pytest


@pytest.fixture
def call_command(monkeypatch, capsys):
    """Runs a command's main in this process; gives the exit code or error, output and errors."""

    def call(module, *arguments):
        monkeypatch.setattr("sys.argv", [module.__name__, *map(str, arguments)])
        code = 0
        try:
            module.main()
        except SystemExit as ended:
            code = ended.code
        output = capsys.readouterr()
        return code, output.out, output.err

    return call
