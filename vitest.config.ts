// How the tests run: one Postgres for all of them, and a last line that says how it went.
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import LongestFirst from './test/support/longest-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup.ts'],
    setupFiles: ['test/support/each-file.ts'],
    // Files of one worker share what they import: importing wrangler and compiling schemas again costs more than many tests.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/support/reporter.ts'],
    // Most of a test's time is waiting, for processes to start and for sockets: more files at a time than there are cores.
    maxWorkers: 4,
    // CI's machine is shared, and starved at times: there a test may fail once. Here it may not: mend it.
    retry: process.env.CI ? 1 : 0,
    // They only end what hangs: how long something may take is for `eventually` and the bench to say.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    env: {
      // As run.mjs sets it, for who calls vitest without npm: the tests start hundreds of processes.
      NODE_COMPILE_CACHE:
        process.env.NODE_COMPILE_CACHE ?? join(import.meta.dirname, 'node_modules/.cache/node'),
      WRANGLER_SEND_METRICS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false', // or it looks for Cloudflare's network on every start
      CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'false', // a developer's .env is no part of the tests
      NODE_EXTRA_CA_CERTS: '', // nor are the certificates of a company, which each Worker would be given one by one
    },
  },
})
