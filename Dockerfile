# syntax=docker/dockerfile:1

# npm brings the runtime, pinned in package.json like every other dependency.
FROM node:20-bookworm-slim AS install
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund \
 && cp -L node_modules/.bin/bun /usr/local/bin/bun \
 && bun --version \
 && rm -rf node_modules/.bin node_modules/bun node_modules/@oven

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --user-group --no-create-home guildhall \
 && install -d -o guildhall -g guildhall /data
WORKDIR /app
COPY --from=install /usr/local/bin/bun /usr/local/bin/bun
COPY --from=install /app/node_modules ./node_modules
COPY package.json tsconfig.json bunfig.toml LICENSE ./
COPY src ./src

USER guildhall
ENV GUILDHALL_DATA_DIR=/data GUILDHALL_PORT=8080
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Any worker answers. A port that is given by a flag instead of the environment is not asked.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
  CMD ["bun", "-e", "const { ok } = await fetch(`http://127.0.0.1:${process.env.GUILDHALL_PORT}/health`); process.exit(ok ? 0 : 1)"]
CMD ["bun", "src/main.ts", "serve"]
