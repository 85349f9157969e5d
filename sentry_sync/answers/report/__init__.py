"""The weekly report: what a team reads on Monday, from the copy alone, as HTML and as Markdown.

``material`` asks the library and the verdicts, all in one moment of the store; ``compose`` and what it calls lay
that out as a :mod:`document <sentry_sync.answers.report.document>`, and say what is missing; ``html`` and
``markdown`` write it. No figure is worked out here.
"""
