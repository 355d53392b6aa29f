"""Two result documents side by side: what differs, and how sure one can be."""
