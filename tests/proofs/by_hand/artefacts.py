"""Gate `build`: the artefacts of one `cargo build`, from its own JSON."""

from __future__ import annotations

from collections.abc import Iterator

from by_hand.rows import Clone, Row
from by_hand.tools import messages, metadata, output

HOW = "`cargo build --workspace --all-targets --keep-going --message-format=json`"


def rows(clone: Clone) -> Iterator[Row]:
    members = metadata(clone.root)["packages"]
    text = output(
        clone.root,
        *("cargo", "build", "--workspace", "--all-targets", "--keep-going"),
        *("--message-format=json", f"--target-dir={clone.scratch / 'build'}"),
        codes=(0, 101),
    )
    ids = {package["id"] for package in members}
    built = {
        (message["package_id"], message["target"]["name"], tuple(message["target"]["kind"]))
        for message in messages(text)
        if message["reason"] == "compiler-artifact" and message["package_id"] in ids
    }
    yield Row(
        gate="build",
        metric="members",
        gaterun=clone.report.value("build", "members"),
        by_hand=len(members),
        how="`cargo metadata`",
    )
    yield Row(
        gate="build",
        metric="built",
        gaterun=clone.report.value("build", "built"),
        by_hand=len(built),
        how=HOW,
    )
    features = {package["id"]: set(package["features"].get("default", ())) for package in members}
    wanted = {
        (package["id"], target["name"], tuple(target["kind"]))
        for package in members
        for target in package["targets"]
        if set(target.get("required-features", ())) <= features[package["id"]]
    }
    yield Row(
        gate="build",
        metric="failed",
        gaterun=clone.report.value("build", "failed"),
        by_hand=len(wanted - built),
        how="targets of `cargo metadata` less those artefacts",
    )
    errors = {
        message["message"]["rendered"]
        for message in messages(text)
        if message["reason"] == "compiler-message"
        and message["message"]["level"] == "error"
        and message["message"]["spans"]
    }
    yield Row(
        gate="build",
        metric="errors",
        gaterun=clone.report.value("build", "errors"),
        by_hand=len(errors),
        how="rendered texts of messages of the level `error`",
    )
