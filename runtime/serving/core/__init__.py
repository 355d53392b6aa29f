"""What every protocol needs: models behind ports, admission, keys, figures."""
