"""Examples of clients, each one file that needs tritonclient and numpy only."""
