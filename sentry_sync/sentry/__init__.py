"""The client of Sentry's API: endpoints, pages, errors, and the transports wrapped round each other."""
