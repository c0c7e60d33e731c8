"""A door that stays: ``python -m train.publish_results`` is `fer_core.cli.publish_results`."""

from fer_core.cli.publish_results import main

if __name__ == "__main__":
    main()
