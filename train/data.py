"""A door that stays: ``python -m train.data`` is `fer_core.cli.data`."""

from fer_core.cli.data import main

if __name__ == "__main__":
    main()
