"""What ./dev does. Until `setup` has made the virtual environment, only the standard library is there."""
