"""A door that stays: ``python -m train.publish`` is `fer_core.cli.publish`."""

from fer_core.cli.publish import main

if __name__ == "__main__":
    main()
