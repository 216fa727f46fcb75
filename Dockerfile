# One image for every process: the web server by default; `node apps/worker/dist/cli.js worker` is a worker.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/messages/package.json packages/messages/
COPY packages/jobs/package.json packages/jobs/
COPY packages/runtime/package.json packages/runtime/
COPY packages/blog/package.json packages/blog/
COPY apps/web/package.json apps/web/
COPY apps/worker/package.json apps/worker/
# No dependency needs its install script (see allowScripts in package.json).
RUN npm ci --ignore-scripts
COPY . .
# What is only needed to build and to test stays behind.
RUN node node_modules/typescript/bin/tsc --build \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/.cache packages/*/src packages/*/test apps/*/src apps/*/test

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/packages ./packages
COPY --from=build /app/apps ./apps
COPY --from=build /app/docker/health-check.mjs ./docker/
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 CMD ["node", "docker/health-check.mjs"]
CMD ["node", "apps/web/dist/server.js"]
