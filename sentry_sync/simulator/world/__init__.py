"""The truth a simulated Sentry answers from: projects, issues, one index of events, releases."""
