"""Many requests in one batch: slots, scheduler, and the memory that slots are rows of."""
