"""Criteo's answers: the envelope, and one way to say no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

import orjson

Problem = dict[str, Any]


class ProblemType(StrEnum):
    """Criteo's classes of problems, as far as the sandbox uses them."""

    AUTHENTICATION = "authentication"
    AUTHORIZATION = "authorization"
    AVAILABILITY = "availability"
    DEPRECATION = "deprecation"
    QUOTA = "quota"
    VALIDATION = "validation"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


class Refusal(Exception):  # noqa: N818
    """Ends a call with an answer that is not the one hoped for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return JSON."""
    return Answer(orjson.dumps(content), status, headers or {})


def envelope(data: object, *, errors: Sequence[Problem] = (), meta: Mapping[str, int] | None = None) -> Answer:
    """Return data in Criteo's envelope; a bulk call's failures go beside it, with status 200."""
    content = {"data": data, "errors": list(errors), "warnings": []}
    return json_answer({"meta": meta, **content} if meta is not None else content)


def problem(
    kind: ProblemType, code: str, *, title: str, instance: str, detail: str = "", source: str | None = None
) -> Problem:
    """Describe one problem; ``source`` points into the body that was sent."""
    trace = str(uuid4())
    return {
        "traceId": trace,
        "traceIdentifier": trace,
        "type": kind,
        "code": code,
        "instance": instance,
        "title": title,
        "detail": detail or title,
        **({"source": {"pointer": source}} if source is not None else {}),
    }


def refusal(status: int, *problems: Problem, headers: Mapping[str, str] | None = None) -> Refusal:
    """Return the exception that answers with problems and no data."""
    return Refusal(json_answer({"errors": problems, "warnings": []}, status=status, headers=headers))


def audience_not_found(list_id: str) -> Refusal:
    """Return what a call on an unknown list gets."""
    return refusal(
        404,
        problem(
            ProblemType.VALIDATION,
            "audience-invalid",
            title="Audience is invalid",
            detail="No audience segment of type contact list has this id.",
            instance=f"/audience/{list_id}",
        ),
    )


def consent_missing(advertiser_id: str) -> Refusal:
    """Return what a call for an advertiser without consent gets; the code is ours, Criteo's is not known."""
    return refusal(
        403,
        problem(
            ProblemType.AUTHORIZATION,
            "advertiser-consent-missing",
            title="Forbidden",
            detail="The application has no consent for this advertiser.",
            instance=f"/advertisers/{advertiser_id}",
        ),
    )


def permission_missing(domain: str, instance: str) -> Refusal:
    """Return what a call gets that the application may not make; the code is ours, Criteo's is not known."""
    return refusal(
        403,
        problem(
            ProblemType.AUTHORIZATION,
            "permission-missing",
            title="Forbidden",
            detail=f"The application has no permission to {domain}.",
            instance=instance,
        ),
    )


def rate_exceeded(instance: str, headers: Mapping[str, str]) -> Answer:
    """Return what a call over the limit gets."""
    return refusal(
        429,
        problem(ProblemType.QUOTA, "rate-limit-exceeded", title="Too many calls a minute", instance=instance),
        headers=headers,
    ).answer
