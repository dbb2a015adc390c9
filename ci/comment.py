"""Keep one comment at a pull request current: ``comment.py REPORT.md`` in a job of GitHub.

The report's first line is a marker, by which the comment is found again. Only a comment that a
bot wrote is replaced, so that nobody can plant one. Where the token may not comment, as in a
fork's pull request, that is said and nothing fails: the summary has the same text.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Characters, GitHub's own limit of a comment.
LONGEST = 65_536

_PAGE = 100
_DENIED = frozenset({401, 403, 404})


def main(arguments: list[str]) -> int:
    """Write the comment; returns the exit status."""
    (path,) = arguments
    if not Path(path).is_file():
        print("::notice::there is no report to comment with")
        return 0
    text = Path(path).read_text("utf-8")
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
    number = event.get("pull_request", {}).get("number")
    if number is None:
        print("::notice::this is no pull request, so nothing is commented")
        return 0
    try:
        print(put(int(number), text))
    except urllib.error.HTTPError as error:
        if error.code not in _DENIED:
            raise
        print(
            f"::notice::the token may not comment here (HTTP {error.code}): "
            "the job needs pull-requests: write, which a fork's pull request never has"
        )
    return 0


def put(number: int, text: str) -> str:
    """Create or replace the comment of a pull request; says which."""
    marker = text.partition("\n")[0]
    if not (marker.startswith("<!-- gaterun:") and marker.endswith("-->")):
        raise SystemExit(f"the report does not begin with a marker: {marker[:80]}")
    repository = os.environ["GITHUB_REPOSITORY"]
    body = text if len(text) <= LONGEST else text[: LONGEST - 20] + "\n\n[…]"
    for comment in _comments(f"/repos/{repository}/issues/{number}/comments"):
        ours = comment["user"]["type"] == "Bot" and comment["body"].partition("\n")[0] == marker
        if ours:
            place = f"/repos/{repository}/issues/comments/{comment['id']}"
            return f"updated {_ask('PATCH', place, {'body': body})['html_url']}"
    place = f"/repos/{repository}/issues/{number}/comments"
    return f"wrote {_ask('POST', place, {'body': body})['html_url']}"


def _comments(place: str) -> Iterator[dict[str, Any]]:
    page = 1
    while True:
        found = _ask("GET", f"{place}?per_page={_PAGE}&page={page}")
        for comment in found:
            comment["body"] = (comment["body"] or "").replace("\r\n", "\n")
            yield comment
        if len(found) < _PAGE:
            return
        page += 1


def _ask(method: str, place: str, content: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the runner says where its API is
        os.environ.get("GITHUB_API_URL", "https://api.github.com") + place,
        method=method,
        data=None if content is None else json.dumps(content).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
