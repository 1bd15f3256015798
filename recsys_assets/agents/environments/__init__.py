"""Sessions as gymnasium environments, one at a time or many in columns."""
