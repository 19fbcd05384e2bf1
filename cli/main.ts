#!/usr/bin/env node
// The command `outbox` of the npm package.
import { runProgram } from './program.ts'

process.exitCode = await runProgram(process.argv.slice(2))
