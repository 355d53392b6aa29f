"""A resumable training loop: a task names its model, its batches and its loss."""
