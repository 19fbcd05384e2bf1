// One JSON line for each thing an operator should know.

export function log(
  message: string,
  fields: Readonly<Record<string, string | number | boolean | null>> = {},
) {
  console.log(JSON.stringify({ message, ...fields }))
}
