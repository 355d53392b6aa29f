"""The server under load: real sockets, its own process, other people's protocols."""
