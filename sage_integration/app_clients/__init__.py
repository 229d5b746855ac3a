"""Clients as the connected app has them: matched with ours, linked, imported, or left alone."""
