"""Speech and text for clients that other people wrote."""
