"""One file a page; each only lays out what facts and figures give it."""
