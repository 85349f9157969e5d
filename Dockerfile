FROM python:3.13-slim-trixie AS build

WORKDIR /src
# What the wheel is made of and nothing else: a change of tests or documents builds nothing anew.
COPY pyproject.toml README.md LICENSE ./
# Locked with their hashes (`make lock`): the same image whenever it is built, of files that nobody has exchanged.
COPY deploy/image deploy/image
COPY sentry_sync sentry_sync
COPY migrations migrations
COPY queries queries
# Into an environment without pip: what installs programs is of no use to one that only runs.
RUN pip install --no-cache-dir --require-hashes -r deploy/image/build.txt \
    && pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist . \
    && python -m venv --without-pip /opt/sentry-sync \
    && pip --python /opt/sentry-sync/bin/python install --no-cache-dir --require-hashes -r deploy/image/requirements.txt \
    && pip --python /opt/sentry-sync/bin/python install --no-cache-dir --no-deps /dist/*.whl

FROM python:3.13-slim-trixie

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sentry-sync" \
      org.opencontainers.image.description="A local copy of your Sentry organization, answered over MCP and SQL" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim-trixie"

COPY --from=build /opt/sentry-sync /opt/sentry-sync
# A new named volume takes its owner and mode from here. It is not declared as a VOLUME: each container that was
# given none would leave a nameless copy of the organization behind.
RUN install -d -o 10001 -g 10001 -m 0700 /data

ENV PATH=/opt/sentry-sync/bin:$PATH \
    HOME=/tmp \
    SENTRY_SYNC_STORE=/data \
    SENTRY_SYNC_LOG_FORMAT=json

# A number, so that Kubernetes can see that it is not root's.
USER 10001:10001
WORKDIR /data
EXPOSE 8000
STOPSIGNAL SIGTERM

# http.client, since urllib would go through the HTTP_PROXY that a container may be given.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]

ENTRYPOINT ["sentry-sync"]
# Beyond loopback it starts with SENTRY_SYNC_MCP_TOKEN or SENTRY_SYNC_MCP_TOKEN_FILE only.
CMD ["serve", "--http", "0.0.0.0:8000"]
