"""The back door: what somebody types at a terminal (``shuke …``)."""
