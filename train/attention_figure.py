"""A door that stays: ``python -m train.attention_figure`` is `fer_core.cli.attention_figure`."""

from fer_core.cli.attention_figure import main

if __name__ == "__main__":
    main()
