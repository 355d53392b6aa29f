"""The Wyoming protocol of voice assistants, through the library of that name."""
