// A Worker for tests: makes the calls of calls.ts inside workerd. `{name, args}` in, the result out.
import { calls } from './calls.ts'

export default {
  async fetch(request: Request): Promise<Response> {
    const { name, args } = await request.json<{ name: keyof typeof calls; args: never[] }>()
    const call = calls[name] as (...args: never[]) => unknown
    return Response.json((await call(...args)) ?? null)
  },
}
