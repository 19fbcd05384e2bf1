// Names that have broken generated SQL: quoted, long, reserved, equal to what the outbox calls things inside.
import type { Random } from '../../../dev/random.ts'

const plain = ['id', 'status', 'total', 'note', 'created_at', 'customer']
const reserved = ['select', 'user', 'order', 'table', 'from', 'where', 'end', 'null', 'row', 'record']
const internal = [
  ...['old', 'new', 'tg_op', 'tg_relid', 'captured', 'changed', 'operation', 'data', 'key', 'tenant', 'type'],
  ...[
    'outbox_data',
    'outbox_key',
    'outbox_changed',
    'outbox_state',
    'outbox',
    'relation',
    'options',
    'wanted',
  ],
  ...[
    'base',
    'indexed',
    'member',
    'passes',
    'problem',
    'filter',
    'ctid_',
    'events',
    'fanout',
    'watches',
    'sqlstate',
  ],
]
const quoted = [
  ...[
    'Mixed Case',
    'quo"te',
    "ap'os",
    'über',
    'a.b',
    '%s',
    '$1',
    '1st',
    '$json$',
    '$body$',
    'back\\slash',
    'new.x',
  ],
  ...[
    'tab\tname',
    'line\nbreak',
    '',
    ' ',
    '日本',
    '--',
    '/*',
    '*/',
    ';',
    '"',
    "'",
    '""',
    'x'.repeat(63),
    'é'.repeat(31),
  ],
].filter(name => name !== '')

const all = [plain, reserved, internal, quoted]

/** A name that is not taken. */
export function freshName(random: Random, taken: readonly string[]): string {
  const free = all[random.between(0, all.length - 1)]!.filter(name => !taken.includes(name))
  return free.length > 0 ? random.pick(free, 1)[0]! : `spare_${taken.length}_${random.between(0, 1e9)}`
}

export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
export const literal = (text: string | null) =>
  text === null
    ? 'null'
    : text.includes('\\')
      ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
      : `'${text.replaceAll("'", "''")}'`
