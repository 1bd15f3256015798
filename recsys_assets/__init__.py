"""A movie-recommendation platform run as Dagster software-defined assets."""
