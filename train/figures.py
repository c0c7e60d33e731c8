"""A door that stays: ``python -m train.figures`` is `fer_core.cli.figures`."""

from fer_core.cli.figures import main

if __name__ == "__main__":
    main()
