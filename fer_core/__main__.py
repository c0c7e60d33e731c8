"""``python -m fer_core`` is `fer-core`."""

from fer_core.cli import main

if __name__ == "__main__":
    main()
