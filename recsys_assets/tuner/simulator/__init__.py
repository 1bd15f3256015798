"""Pipelines in closed form, for machines that are not at hand: 16-128 cores, thousands at once."""
