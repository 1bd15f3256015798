"""What people wrote: cleaned, read for sentiment and aspects, stored beside what they stated."""

from recsys_assets.feedback.texts.clean import clean
from recsys_assets.feedback.texts.reading import Reading, read_text

__all__ = ["Reading", "clean", "read_text"]
