// Text of any code points, also such as no keyboard has.
import fc from 'fast-check'

/** Made once: fast-check looks at all 1.1 million of them when it makes one. */
export const anyText = fc.string({ unit: 'binary' })
