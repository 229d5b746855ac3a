"""One class a Sage resource, typed in and out."""
