"""A door that stays: ``python -m train.report`` is `fer_core.cli.report`."""

from fer_core.cli.report import main

if __name__ == "__main__":
    main()
