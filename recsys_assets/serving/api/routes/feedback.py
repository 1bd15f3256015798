"""Feedback in, durable before it is acknowledged; and where it is on its way."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends

from recsys_assets.feedback import FeedbackEvent
from recsys_assets.feedback.status import feedback_files
from recsys_assets.serving.api.feedback_door import Verdict
from recsys_assets.serving.api.guard import GuardFirst, requires
from recsys_assets.serving.api.problems import ProblemError, responses
from recsys_assets.serving.api.routes.common import RequestId, TheService
from recsys_assets.serving.api.schemas.feedback import (
    EXAMPLE,
    RATING,
    BatchesAnswer,
    EventVerdict,
    FeedbackAnswer,
    FeedbackIn,
)

router = APIRouter(
    route_class=GuardFirst, prefix="/v1", tags=["feedback"], responses=responses(401, 403, 422, 429, 503)
)
EXAMPLES = {
    "one": {"summary": "One event", "value": EXAMPLE},
    "many": {"summary": "Several at once", "value": {"events": [EXAMPLE, RATING]}},
}


@router.post(
    "/feedback",
    status_code=202,
    summary="Send what people did",
    dependencies=[Depends(requires("feedback"))],
    responses=responses(400, 408, 413),
)
def feedback(
    service: TheService,
    request_id: RequestId,
    body: Annotated[FeedbackEvent | FeedbackIn, Body(openapi_examples=EXAMPLES)],
) -> FeedbackAnswer:
    """One event, or up to 1,000. The answer comes after they are on disk. An event whose id came in before counts once;
    one that is wrong is rejected with its reason and does not hold up the others. Where all are wrong the answer is a
    problem."""
    events = body.events if isinstance(body, FeedbackIn) else [body.model_dump(exclude_none=True)]
    try:
        verdicts = service.door.take(events)
    except OSError as error:
        detail = f"nothing of this was kept, send it again: the inbox cannot be written ({error.strerror})"
        raise ProblemError(503, "inbox-unavailable", detail, headers={"Retry-After": "5"}) from error
    answer = _counted(verdicts, request_id)
    for outcome in ("accepted", "duplicate", "rejected"):
        service.metrics.events.labels(outcome).inc(getattr(answer, outcome))
    if answer.rejected == len(verdicts):
        errors = [{"where": f"body.events.{n}", "what": v.reason} for n, v in enumerate(verdicts[:20])]
        detail = f"no event of {len(verdicts)} can be taken; the first: {verdicts[0].reason}"
        raise ProblemError(422, "invalid-request", detail, errors=errors)
    return answer


@router.get("/feedback/batches", summary="Feedback on its way", dependencies=[Depends(requires("read"))])
def batches(service: TheService) -> BatchesAnswer:
    """Sealed batches wait in the inbox until the pipeline's sensor takes them."""
    files = feedback_files(service.settings)
    return BatchesAnswer(
        waiting=list(files.waiting),
        open_segments=files.open_segments,
        accepted_batches=files.accepted_batches,
        rejected=files.rejected,
    )


def _counted(verdicts: list[Verdict], request_id: str) -> FeedbackAnswer:
    counts = {outcome: sum(v.outcome == outcome for v in verdicts) for outcome in ("accepted", "duplicate", "rejected")}
    events = [EventVerdict(event_id=v.event_id, outcome=v.outcome, reason=v.reason) for v in verdicts]
    return FeedbackAnswer(request_id=request_id, events=events, **counts)
