// Runs before every test file, even when files share imported modules.
import { afterAll } from 'vitest'
import { endAll } from './cleanup.ts'

afterAll(endAll)
