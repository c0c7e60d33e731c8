"""A door that stays: ``python -m train.collect`` is `fer_core.cli.collect`."""

from fer_core.cli.collect import main

if __name__ == "__main__":
    main()
