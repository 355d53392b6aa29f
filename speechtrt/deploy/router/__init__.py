"""The router in front of a fleet: HAProxy, which keeps a stream on the server where it began."""
