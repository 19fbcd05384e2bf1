// Text of any code points, also such as no keyboard has.
import fc from 'fast-check'

/** Not fc's own `binary` unit: making that looks at all 1.1 million code points, for a second. */
const codePoint = fc
  .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0x10ffff }))
  .map(code => String.fromCodePoint(code))

export const anyText = fc.array(codePoint).map(codePoints => codePoints.join(''))
