"""The pages of the connection to Sage."""
