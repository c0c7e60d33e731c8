"""A door that stays: ``python -m train.convert_weights`` is `fer_core.cli.convert_weights`."""

from fer_core.cli.convert_weights import main

if __name__ == "__main__":
    main()
