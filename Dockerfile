# One image per service: `docker build --target gateway .` (dispatcher, porterctl, receiver).
#
# Each holds its program, the libraries it is linked with, the authorities of certificates and a list of what
# is in it (/usr/share/porter/sbom.cdx.json); no shell, no package manager. It runs as user 65532, needs nothing to
# be writable, and its health check is the program itself. docs/containers.md says more.
# Versions are the base image's Debian release: pinning packages would only break when it is mended.
# hadolint global ignore=DL3008
ARG BASE=docker.io/library/debian:12-slim

FROM ${BASE} AS build
ENV DEBIAN_FRONTEND=noninteractive
WORKDIR /src
COPY scripts/ scripts/
RUN scripts/lib/image packages \
    && scripts/install-civetweb /opt/civetweb
COPY services/dashboard/package.json services/dashboard/package-lock.json services/dashboard/
RUN scripts/install-dashboard
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake/ cmake/
COPY proto/ proto/
COPY db/ db/
COPY libs/ libs/
COPY services/ services/
COPY tests/ tests/
COPY bench/ bench/
RUN CIVETWEB_DIR=/opt/civetweb cmake --preset release \
    && cmake --build --preset release --target gateway dispatcher porterctl receiver
ARG VERSION=0.1.0
RUN for name in gateway dispatcher porterctl receiver; do \
        scripts/lib/image root "build/release/bin/$name" "/root-of/$name" "$VERSION" || exit 1; \
    done && install -d -m 755 /root-of/state

# What docker-compose.yml runs once: a password, a key, a certificate. Not part of a deployment.
FROM ${BASE} AS setup
RUN apt-get -q update \
    && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install openssl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 65532 --no-create-home --home-dir /nonexistent porter \
    && install -d -o porter -g porter -m 755 /run/secrets/porter
COPY scripts/lib/common.sh scripts/lib/tls scripts/lib/secrets /porter/scripts/lib/
USER 65532:65532
ENTRYPOINT ["/porter/scripts/lib/secrets", "/run/secrets/porter"]

FROM scratch AS empty
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.vendor="Porter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
STOPSIGNAL SIGTERM

FROM empty AS receiver
LABEL org.opencontainers.image.title="porter-receiver" \
      org.opencontainers.image.description="An endpoint for webhooks, for demonstrations and tests"
COPY --from=build /root-of/receiver/ /
EXPOSE 8444
ENTRYPOINT ["/usr/bin/receiver"]

FROM empty AS porterctl
LABEL org.opencontainers.image.title="porter-porterctl" \
      org.opencontainers.image.description="Porter's administration: migrations, topics, organizations, keys"
COPY --from=build /root-of/porterctl/ /
# For a volume, which is then its user's: what --state-file names.
COPY --from=build --chown=65532:65532 /root-of/state/ /state/
ENTRYPOINT ["/usr/bin/porterctl"]

FROM empty AS dispatcher
LABEL org.opencontainers.image.title="porter-dispatcher" \
      org.opencontainers.image.description="Delivers Porter's events as signed webhooks"
COPY --from=build /root-of/dispatcher/ /
EXPOSE 9091
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/usr/bin/dispatcher", "--ready"]
ENTRYPOINT ["/usr/bin/dispatcher"]

FROM empty AS gateway
LABEL org.opencontainers.image.title="porter-gateway" \
      org.opencontainers.image.description="Porter's REST API over HTTPS, and its outbox relay"
COPY --from=build /root-of/gateway/ /
EXPOSE 8443 8080 9090
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/usr/bin/gateway", "--ready"]
ENTRYPOINT ["/usr/bin/gateway"]
