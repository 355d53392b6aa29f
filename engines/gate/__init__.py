"""What an engine must prove before anyone may use it."""
