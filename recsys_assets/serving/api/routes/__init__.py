"""Routes by subject; each translates HTTP into one call and its result into a schema."""
