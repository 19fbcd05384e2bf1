// The self-check of capture: the functions answer it, the listener measures it.
export { type CaptureHealthRow as CaptureCheck, captureHealth as readCaptureHealth } from './queries.gen.ts'
