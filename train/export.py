"""A door that stays: ``python -m train.export`` is `fer_core.cli.export`."""

from fer_core.cli.export import main

if __name__ == "__main__":
    main()
