// The files that `outbox init` writes. Each says in its first line what it is for.
import { version } from '../../delivery/version.ts'
import type { Answers } from './plan.ts'

export interface NewFile {
  readonly path: string
  readonly text: string
}

export function filesFor({ framework, tables, usesPrisma }: Answers): NewFile[] {
  const always = [
    { path: 'outbox/watch.sql', text: watchSql(tables, usesPrisma) },
    { path: 'outbox/Dockerfile', text: dockerfile },
    { path: 'outbox/compose.yaml', text: compose },
  ]
  if (framework === 'node') return always
  return [
    ...always,
    { path: 'outbox/worker.ts', text: worker },
    { path: 'outbox/wrangler.toml', text: wranglerToml },
  ]
}

function watchSql(tables: readonly string[], usesPrisma: boolean): string {
  const calls = tables.map(table => `outbox.watch(${literal(table)});`)
  const statements = calls.map(call => `SELECT ${call}\n`).join('')
  return `-- Which tables are captured. Run it after \`outbox migrate\`, best as a migration of your own, with drizzle-kit, Prisma,
-- Flyway, Rails or psql. Options (type, columns, condition, tenant …) are in docs/capture.md of Outbox.
${calls.length === 0 ? "-- SELECT outbox.watch('orders');\n" : usesPrisma ? exceptInShadowDatabase(calls) : statements}`
}

/** Prisma makes its table before it runs the first migration, but not in the shadow database. */
const exceptInShadowDatabase = (calls: readonly string[]) => `--
-- Prisma tries every migration on a shadow database, which has neither the outbox nor Prisma's own table.
DO $outbox$ BEGIN
  IF to_regnamespace('outbox') IS NOT NULL OR to_regclass('_prisma_migrations') IS NOT NULL THEN
${calls.map(call => `    PERFORM ${call}\n`).join('')}  ELSE
    RAISE NOTICE 'nothing is captured: the schema outbox is not here';
  END IF;
END $outbox$;
`

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

const dockerfile = `# The listener: the process that delivers. docker build -f outbox/Dockerfile -t outbox-listener outbox
FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# A tarball of the package that lies in this folder is installed; without one, npm's registry is asked.
COPY Dockerfile *.tgz ./
RUN npm install --ignore-scripts $(ls ./outbox-*.tgz 2>/dev/null || echo outbox@${version})
USER node
# Probes and Prometheus ask from outside the container. :: is every address, IPv4 included.
ENV OUTBOX_HEALTH_HOST=::
EXPOSE 9090
# SIGTERM finishes what is under way: allow OUTBOX_REQUEST_TIMEOUT_SECONDS and 10 s more.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \\
  CMD ["node", "-e", "fetch(\`http://127.0.0.1:\${process.env.OUTBOX_HEALTH_PORT || 9090}/livez\`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The two flags keep the heap small.
CMD ["node", "--max-semi-space-size=16", "--heap-growing-percent=40", "node_modules/outbox/dist/cli/main.js", "listener"]
`

const compose = `# The listener as a service: docker compose -f outbox/compose.yaml up. It takes its settings from .env.
services:
  outbox-listener:
    build: .
    env_file: ../.env
    restart: unless-stopped
    init: true
    stop_grace_period: 30s
`

/** In quotes line by line: what checks our imports reads text. */
const worker = [
  '// The outbox as a Worker: its API, and the cron function that redelivers. To mount it in an app of yours instead:',
  "//   app.route('/', outbox.app)  and  export default { fetch: app.fetch, scheduled: outbox.scheduled }",
  "import { createOutbox } from 'outbox/app'",
  '',
  'const outbox = createOutbox()',
  '',
  'export default { fetch: outbox.fetch, scheduled: outbox.scheduled }',
  '',
].join('\n')

const wranglerToml = `# npx wrangler deploy -c outbox/wrangler.toml. The secrets are those of .env:
# npx wrangler secret put DATABASE_URL -c outbox/wrangler.toml, and OUTBOX_MASTER_KEYS, OUTBOX_API_KEYS likewise.
name = "outbox"
main = "worker.ts"
compatibility_date = "2026-10-01"
compatibility_flags = ["nodejs_compat"]

# Redelivers what is due, and covers for the listener when there is none. In a Worker of your own, copy these two lines
# and the flag.
[triggers]
crons = ["* * * * *"]
`
