"""Audio as it travels: decoding what came in, encoding what goes out."""
