// What may stand where the cursor is: found by walking the commands as they are declared.
import type { Argument, Command, Option } from 'commander'

export interface Candidate {
  readonly value: string
  readonly description: string
}

/** What the API knows: an endpoint's id, an event type. By the name of an argument or option. */
export type Lookup = (kind: string) => Promise<readonly Candidate[]>

/** `words` are those after `outbox`; the last is being typed and may be empty. */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  lookup: Lookup,
): Promise<Candidate[]> {
  const typed = words.at(-1) ?? ''
  const { command, pending, given } = walk(program, words.slice(0, -1))
  const all = pending ? await valuesOf(pending, lookup) : await wordsFor(command, typed, given, lookup)
  return all.filter(({ value }) => value.startsWith(typed))
}

interface Place {
  readonly command: Command
  /** The option whose value comes next. */
  readonly pending: Option | null
  /** Arguments that stand there already. */
  readonly given: number
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program
  let pending: Option | null = null
  let given = 0
  for (const word of words) {
    if (pending) {
      pending = null
      continue
    }
    if (word.startsWith('-')) {
      const option = optionsOf(command).find(({ long, short }) => word === long || word === short)
      pending = option && (option.required || option.optional) ? option : null
      continue
    }
    const inside = command.commands.find(inside => inside.name() === word)
    if (inside) command = inside
    else given++
  }
  return { command, pending, given }
}

/** Its own, and those of the commands around it. */
function optionsOf(command: Command): readonly Option[] {
  return command.parent ? [...command.options, ...optionsOf(command.parent)] : command.options
}

async function wordsFor(
  command: Command,
  typed: string,
  given: number,
  lookup: Lookup,
): Promise<readonly Candidate[]> {
  if (typed.startsWith('-'))
    return [
      ...optionsOf(command).map(({ long, description }) => ({ value: long!, description })),
      { value: '--help', description: 'show what it does' },
    ]
  const commands = command.createHelp().visibleCommands(command)
  if (command.commands.length > 0)
    return commands.map(inside => ({
      value: inside.name(),
      description: inside.summary() || inside.description(),
    }))
  const expected = command.registeredArguments
  const last = expected.at(-1)
  const argument = expected[given] ?? (last?.variadic ? last : undefined)
  return argument ? valuesOf(argument, lookup) : []
}

async function valuesOf(place: Option | Argument, lookup: Lookup): Promise<readonly Candidate[]> {
  if (place.argChoices) return place.argChoices.map(value => ({ value, description: '' }))
  return lookup('long' in place ? (place.long ?? '').slice(2) : place.name())
}
