"""Forty held-out utterances that ship with the package, so that gates and tests need no synthesiser."""
