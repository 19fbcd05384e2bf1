// The options that both tails have.
import type { Command } from 'commander'
import { wholeNumber } from '../parse.ts'

export const addTailOptions = (command: Command): Command =>
  command
    .option('--resume <file>', 'remember there how far it came, and go on from there the next time')
    .option('--limit <n>', 'end after so many', wholeNumber)
