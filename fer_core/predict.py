"""A door that stays: ``python -m fer_core.predict`` is `fer_core.cli.predict`."""

from fer_core.cli.predict import main

if __name__ == "__main__":
    main()
