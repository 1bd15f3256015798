"""Human feedback on its way in: events, the inbox they are made durable in, sealed batches and what texts say."""

from recsys_assets.feedback.events import ACTIONS, EventError, FeedbackEvent, parse_event
from recsys_assets.feedback.inbox import Inbox, Receipt, seal_orphans

__all__ = ["ACTIONS", "EventError", "FeedbackEvent", "Inbox", "Receipt", "parse_event", "seal_orphans"]
