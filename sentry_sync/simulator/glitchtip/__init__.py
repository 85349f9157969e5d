"""GlitchTip: an independent server of Sentry's API, with the differences seen on a running one."""
