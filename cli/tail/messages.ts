// The messages of one answer, as server-sent events have them.

export interface Message {
  /** Where to go on behind it; null = it does not say. */
  readonly id: string | null
  /** null = it only says where the tail is. */
  readonly data: string | null
}

export async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  let rest = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) yield messageOf(block)
  }
}

function messageOf(block: string): Message {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const [, name, value] = /^(\w+): ?(.*)$/s.exec(line) ?? []
    if (name !== undefined) fields.set(name, value!)
  }
  return { id: fields.get('id') ?? null, data: fields.get('data') ?? null }
}
