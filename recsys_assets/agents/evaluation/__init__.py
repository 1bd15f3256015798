"""Is an agent worth having? Sessions of people nothing was fitted on, beside strong policies that learn nothing."""
