"""A door that stays: ``python -m train.evaluate`` is `fer_core.cli.evaluate`."""

from fer_core.cli.evaluate import main

if __name__ == "__main__":
    main()
