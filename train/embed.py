"""A door that stays: ``python -m train.embed`` is `fer_core.cli.bundle`."""

from fer_core.cli.bundle import main

if __name__ == "__main__":
    main()
