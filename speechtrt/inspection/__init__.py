"""`speechtrt inspect`: what a bundle or an engine set is, on a terminal or as one HTML page."""
