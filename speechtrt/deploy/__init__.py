"""Files that take engine sets from one machine to many."""
