"""What sensors measure and how it is packed for their streams. Lane invasion is computed by the client
itself."""
