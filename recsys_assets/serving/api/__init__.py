"""The HTTP service (FastAPI lives in this folder only): `recsys serve`. Routes under /v1, problems by RFC 9457."""
