"""A door that stays: ``python -m train.run`` is `fer_core.cli.train`."""

from fer_core.cli.train import main

if __name__ == "__main__":
    main()
