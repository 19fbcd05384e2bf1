// Completion, in the shells themselves: what they would offer where the cursor is.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outbox } from './command.ts'

const main = join(import.meta.dirname, '../../cli/main.ts')

let api: Api
let folder: string
let endpoint: string
beforeAll(async () => {
  api = await startApi()
  endpoint = (await api.post('/v1/endpoints', { url: 'https://example.com/hook' })).body.id
  folder = temporaryDirectory()
  mkdirSync(`${folder}/bin`)
  writeFileSync(`${folder}/bin/outbox`, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`)
  chmodSync(`${folder}/bin/outbox`, 0o755)
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(`${folder}/${shell}`, outbox(['completion', shell]).stdout)
})

/** By shell: what makes it complete a line, and prints the candidates. */
const askers: Record<string, (words: string[]) => string[]> = {
  bash: words => [
    '-c',
    `source "${folder}/bash"; COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}; _outbox; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  // Without a line editor: what would be described is printed.
  zsh: words => [
    '-fc',
    `compdef() { :; }; _files() { :; }; _describe() { print -l -- "\${(@P)2}"; }; source "${folder}/zsh"; words=(${words.map(quoted).join(' ')}); CURRENT=${words.length}; _outbox`,
  ],
  fish: words => ['--no-config', '-c', `source "${folder}/fish"; complete -C ${quoted(words.join(' '))}`],
}

const quoted = (text: string) => `'${text}'`
const isInstalled = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0

for (const [shell, argumentsFor] of Object.entries(askers)) {
  const complete = (...words: string[]): string[] => {
    const { stdout, stderr } = spawnSync(shell, argumentsFor(['outbox', ...words]), {
      encoding: 'utf8',
      env: {
        PATH: `${folder}/bin:${process.env.PATH}`,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        HOME: folder,
        TMPDIR: folder,
        OUTBOX_URL: api.worker.url,
        OUTBOX_API_KEY: 'dev',
      },
    })
    expect(stderr).toBe('')
    return stdout
      .split('\n')
      .filter(line => line !== '')
      .map(line => line.split(shell === 'zsh' ? ':' : '\t')[0]!)
  }

  test.skipIf(!isInstalled(shell))(
    `${shell} completes commands, options, choices, ids and types`,
    async () => {
      expect(complete('endp')).toEqual(['endpoints'])
      expect(complete('endpoints', '')).toContain('rotate')
      expect(complete('status', '--wat')).toEqual(['--watch'])
      expect(complete('deliveries', 'list', '--state', 'd')).toEqual(
        ['delivered', 'dead'].sort(byShell(shell)),
      )
      // It gives up after 300 ms, and this machine may be busy for a while.
      const patience = { timeoutMs: 120_000 }
      await eventually(() => expect(complete('endpoints', 'get', 'ep_')).toEqual([endpoint]), patience)
      await eventually(() => expect(complete('trigger', 'order.sh')).toEqual(['order.shipped']), patience)
    },
  )
}

/** fish sorts what it is given. */
const byShell = (shell: string) => (a: string, b: string) => (shell === 'fish' ? a.localeCompare(b) : 0)

test('what cannot be reached is not completed, and says nothing', () => {
  const env = { OUTBOX_URL: 'http://127.0.0.1:9', TMPDIR: folder }
  expect(outbox(['__complete', '--', 'endpoints', 'get', ''], { env })).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: '',
  })
})
