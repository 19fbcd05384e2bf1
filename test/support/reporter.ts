// Prints the last line of a test run: `N passed, N failed`. A test that could not run counts as failed.
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'

export default class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]) {
    // Without any file, the setup has failed or there is nothing to run.
    const count = { passed: 0, failed: unhandled.length || (modules.length === 0 ? 1 : 0), skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        count[state === 'pending' ? 'failed' : state]++ // pending: it did not end
      }
      // A failing import or hook marks no test, so it is counted here.
      for (const suite of [module, ...module.children.allSuites()]) count.failed += brokenBy(suite)
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
    console.log(`${count.passed} passed, ${count.failed} failed${skipped}`)
    if (count.failed > 0) process.exitCode = 1
  }
}

const brokenBy = (suite: TestModule | TestSuite) => (suite.errors().length > 0 ? 1 : 0)
