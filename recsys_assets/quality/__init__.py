"""Great Expectations over the warehouse, derived from the declarations. Importing this does not load it."""

from recsys_assets.quality.rules import Rule, rules_of
from recsys_assets.quality.validate import RuleResult, TableReport, validate, validate_tables

__all__ = ["Rule", "RuleResult", "TableReport", "rules_of", "validate", "validate_tables"]
