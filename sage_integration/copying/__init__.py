"""Copying a document to Sage by hand: the dialog's choices, what they mean, and what is done with them."""
