// The egress guard with production settings in its own network namespace, where real services listen on the forbidden
// addresses. None of them is contacted, whatever the URL looks like and however it got into the table.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { allowedAddress, forbiddenAddresses } from './namespace/addresses.ts'

const canUnshare = spawnSync('unshare', ['--net', '--mount', 'ip', 'link']).status === 0

test.skipIf(!canUnshare)(
  'no forbidden address is contacted at creation, update, test, send, retry, replay or by cron (needs root and iproute2)',
  async () => {
    const seen = await runInNamespace()
    expect(seen.accepted).toEqual([])
    expect(seen.contacts).toEqual([])
    // Both senders have tried, and each delivery is dead for a reason that tells a tenant nothing about the target.
    expect(seen.senders).toEqual(['cron', 'listener'])
    expect(seen.deadBeforeReplay).toBeGreaterThan(80)
    expect(seen.errors).toEqual(['blocked_address', 'invalid_endpoint'])
    expect(seen.rebound).toEqual({ delivered: 500, hosts: ['rebind.test'] })
  },
)

async function runInNamespace() {
  const resolvConf = join(mkdtempSync(join(tmpdir(), 'outbox-resolv-')), 'resolv.conf')
  writeFileSync(resolvConf, 'nameserver 127.0.0.1\n')
  const setUp = [
    'set -e',
    `mount --bind ${resolvConf} /etc/resolv.conf`,
    'ip link set lo up',
    ...[...forbiddenAddresses, allowedAddress]
      .filter(address => address !== '127.0.0.1' && address !== '::1')
      .map(address => `ip addr add ${address}/${address.includes(':') ? '128 nodad' : 32} dev lo`),
    `exec ${process.execPath} ${join(import.meta.dirname, 'namespace/inside.ts')}`,
  ]
  const child = spawn(
    'unshare',
    ['--net', '--mount', '--kill-child', '--fork', 'sh', '-c', setUp.join('\n')],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const last = out.trim().split('\n').at(-1) ?? ''
  if (!last.startsWith('{"contacts"'))
    throw new Error(`the program in the namespace failed: ${out.slice(-500)} ${errors.slice(-2000)}`)
  return JSON.parse(last)
}
