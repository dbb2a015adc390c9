"""The comment at a pull request, against a server that answers as GitHub's API does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

SCRIPT = Path(__file__).parents[2] / "ci/comment.py"
MARKER = "<!-- gaterun:report:p -->"


class Api:
    """Comments of one pull request."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.denied = 0
        self.tokens: set[str] = set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def add(self, body: str, kind: str = "User") -> dict[str, Any]:
        number = len(self.comments) + 1
        comment = {
            "id": number,
            "body": body,
            "user": {"type": kind},
            "html_url": f"https://example.invalid/{number}",
        }
        self.comments.append(comment)
        return comment

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = urlsplit(self.path)
                assert address.path == "/repos/o/r/issues/7/comments"
                query = parse_qs(address.query)
                size, page = int(query["per_page"][0]), int(query["page"][0])
                self._answer(api.comments[(page - 1) * size : page * size])

            def do_POST(self) -> None:
                assert self.path == "/repos/o/r/issues/7/comments"
                body = self._body()
                self._answer(None if api.denied else api.add(body, "Bot"))

            def do_PATCH(self) -> None:
                comment = api.comments[int(self.path.rpartition("/")[2]) - 1]
                assert self.path == f"/repos/o/r/issues/comments/{comment['id']}"
                body = self._body()
                if not api.denied:
                    comment["body"] = body
                self._answer(comment)

            def _body(self) -> str:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                text: str = json.loads(data)["body"]
                return text

            def _answer(self, value: object) -> None:
                api.tokens.add(self.headers["Authorization"])
                writes = self.command != "GET"
                self.send_response(api.denied if api.denied and writes else 200)
                data = json.dumps(value).encode()
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def api() -> Iterator[Api]:
    found = Api()
    yield found
    found.close()


def comment(
    api: Api, folder: Path, text: str | None, event: str = '{"pull_request": {"number": 7}}'
) -> subprocess.CompletedProcess[str]:
    (folder / "event.json").write_text(event)
    report = folder / "report.md"
    if text is not None:
        report.write_text(text, "utf-8")
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(report)],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "GITHUB_TOKEN": "t0k3n",
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_API_URL": f"http://127.0.0.1:{api.server.server_port}",
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
        },
    )


def test_the_first_report_is_a_comment_and_the_second_takes_its_place(
    api: Api, tmp_path: Path
) -> None:
    api.add("LGTM")
    done = comment(api, tmp_path, f"{MARKER}\none é\n")
    assert (done.returncode, done.stdout) == (0, "wrote https://example.invalid/2\n")
    done = comment(api, tmp_path, f"{MARKER}\ntwo\n")
    assert (done.returncode, done.stdout) == (0, "updated https://example.invalid/2\n")
    assert [each["body"] for each in api.comments] == ["LGTM", f"{MARKER}\ntwo\n"]
    assert api.tokens == {"Bearer t0k3n"}


def test_it_is_found_on_a_later_page_whatever_its_line_ends(api: Api, tmp_path: Path) -> None:
    for number in range(130):
        api.add(f"comment {number}")
    ours = api.add(f"{MARKER}\r\nold\r\n", "Bot")
    assert "updated" in comment(api, tmp_path, f"{MARKER}\nnew\n").stdout
    assert ours["body"] == f"{MARKER}\nnew\n"


def test_a_planted_marker_and_another_phase_are_left_alone(api: Api, tmp_path: Path) -> None:
    api.add(f"{MARKER}\nmine")
    api.add("<!-- gaterun:report:p2 -->\nother", "Bot")
    assert "wrote" in comment(api, tmp_path, f"{MARKER}\nnew\n").stdout
    assert [each["body"].split("\n")[1] for each in api.comments] == ["mine", "other", "new"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_without_permission_it_is_said_and_nothing_fails(
    api: Api, tmp_path: Path, status: int
) -> None:
    api.denied = status
    done = comment(api, tmp_path, f"{MARKER}\none\n")
    assert done.returncode == 0
    assert f"::notice::the token may not comment here (HTTP {status})" in done.stdout
    assert api.comments == []


def test_another_failure_is_one(api: Api, tmp_path: Path) -> None:
    api.denied = 500
    assert comment(api, tmp_path, f"{MARKER}\none\n").returncode == 1


def test_what_is_no_report_is_not_commented(api: Api, tmp_path: Path) -> None:
    assert comment(api, tmp_path, None).returncode == 0
    assert comment(api, tmp_path, "hello\n").returncode == 1
    assert comment(api, tmp_path, f"{MARKER}\n", event="{}").returncode == 0
    assert api.comments == []
