"""One method per endpoint of Sentry's API that is used, grouped by resource."""
