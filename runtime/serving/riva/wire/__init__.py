"""Messages on the wire, generated from messages.proto by `make protos`."""
