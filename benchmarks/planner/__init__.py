"""Whether the capacity planner says what servers side by side carry."""
