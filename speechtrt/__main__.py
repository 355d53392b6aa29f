"""`python -m speechtrt`."""

from speechtrt.cli import main

if __name__ == "__main__":
    main()
