"""How sure error rates and their differences are. Knows neither models nor audio."""
