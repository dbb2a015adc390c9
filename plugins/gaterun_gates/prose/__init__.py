"""Reading of what people write: Markdown, changelogs, release notes, mentions of versions."""
