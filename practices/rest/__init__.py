"""What every resource of the REST API shares: the door, paging, filters, errors, the schema."""
