"""A door that stays: ``python -m train.align`` is `fer_core.cli.align`."""

from fer_core.cli.align import main

if __name__ == "__main__":
    main()
