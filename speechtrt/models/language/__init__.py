"""The n-gram language model for beam decoding: counting, modified Kneser-Ney, ARPA files."""
