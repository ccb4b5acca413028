# syntax=docker/dockerfile:1

# npm brings the runtime, pinned in package.json like every other dependency; the build puts it into the executable.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY tsconfig.json bunfig.toml ./
COPY .ci/build.ts ./.ci/
COPY src ./src
RUN npm run build && install -d -m 700 data

# The C library and nothing else: no shell, no packages.
FROM gcr.io/distroless/base-debian12
COPY --from=build /app/dist/guildhall /usr/bin/guildhall
COPY --from=build --chown=10001:10001 /app/data /data
COPY LICENSE /usr/share/doc/guildhall/

USER 10001:10001
ENV GUILDHALL_DATA_DIR=/data GUILDHALL_PORT=8080
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# It asks the server on the data directory, whatever port that has. A data directory that is given by a flag instead of the environment is not asked.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 CMD ["guildhall", "health"]
ENTRYPOINT ["guildhall"]
CMD ["serve"]
