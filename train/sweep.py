"""A door that stays: ``python -m train.sweep`` is `fer_core.cli.sweep`."""

from fer_core.cli.sweep import main

if __name__ == "__main__":
    main()
