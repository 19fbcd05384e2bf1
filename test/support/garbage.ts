// Collects garbage now, to see what is still referred to. Node has this function only with a flag, which can be set late.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
export const collectGarbage: () => void = runInNewContext('gc')
