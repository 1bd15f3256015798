"""Who decides: rules, models, search and what was learned, all behind one protocol and one memory shield."""
