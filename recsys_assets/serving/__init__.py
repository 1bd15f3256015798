"""Answers from exported champions; what the command line, and later the API and the app, are made of."""
