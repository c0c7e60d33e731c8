"""A door that stays: ``python -m fer_core.maps`` is `fer_core.cli.maps`."""

from fer_core.cli.maps import main

if __name__ == "__main__":
    main()
