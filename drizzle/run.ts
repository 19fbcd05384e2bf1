// The one thing the statements ask of a connection. The listener hands in pg, the functions Neon's driver over HTTP.

/** Runs one statement and gives its rows as arrays, in the order of its columns. Dates and bigints come as text. */
export type Run = (
  statement: { readonly name: string; readonly text: string },
  parameters: readonly unknown[],
) => Promise<unknown[][]>
