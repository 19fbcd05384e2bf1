// The machine and the versions of a run: figures of two machines are not comparable.
import { createRequire } from 'node:module'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { monotonicMs } from './clock.ts'
import type { Environment } from './environment.ts'
import { peerVersions } from './install.ts'
import { median } from './results.ts'

const require = createRequire(import.meta.url)
const versionOf = (name: string): string => require(`${name}/package.json`).version

export async function describeMachine(environment: Environment): Promise<Record<string, string>> {
  const { rows } = await environment.admin.query('show server_version')
  const { 'pg-boss': boss, 'graphile-worker': graphile } = peerVersions()
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}`,
    'load before': `${loadavg()[0]!.toFixed(2)} (a quiet machine: under 0.3)`,
    Postgres: `${rows[0].server_version}, fsync on; one commit takes ${(await commitMs(environment)).toFixed(2)} ms`,
    versions: `Node ${process.versions.node}, undici ${versionOf('undici')}, pg ${versionOf('pg')}, pg-boss ${boss}, graphile-worker ${graphile}`,
    date: new Date().toISOString(),
  }
}

/** The median of a hundred commits: shows how fast the disk is. */
async function commitMs({ admin }: Environment): Promise<number> {
  await admin.query('create table commits (n int)')
  const times: number[] = []
  for (let n = 0; n < 100; n++) {
    const start = monotonicMs()
    await admin.query('insert into commits values (1)')
    times.push(monotonicMs() - start)
  }
  await admin.query('drop table commits')
  return median(times)
}
