// Prints the last line of a test run: `N passed, N failed`. What could not even run counts as failed.
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'

export default class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]) {
    // When not even one file was come to, it was the setup that failed, or there is nothing to run.
    const count = { passed: 0, failed: unhandled.length || (modules.length === 0 ? 1 : 0), skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        count[state === 'pending' ? 'failed' : state]++ // pending: it never came to an end
      }
      // An import that fails, or a hook: no test of it is marked, yet something is broken.
      for (const suite of [module, ...module.children.allSuites()]) count.failed += brokenBy(suite)
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
    console.log(`${count.passed} passed, ${count.failed} failed${skipped}`)
    if (count.failed > 0) process.exitCode = 1
  }
}

const brokenBy = (suite: TestModule | TestSuite) => (suite.errors().length > 0 ? 1 : 0)
