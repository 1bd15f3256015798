"""People made of data: what they feel about a movie in a session, and when they leave."""
