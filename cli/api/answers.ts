// What the API answers, as its own schemas describe it. The schemas stay out of the command: only their types come in.

export type Answer<Schema extends { readonly _output: unknown }> = Schema['_output']
