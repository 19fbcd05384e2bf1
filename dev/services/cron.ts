// The minute timer. On Cloudflare the platform fires the cron function; `wrangler dev` does not.
import { say } from '../say.ts'

/** Returns the function that stops it. */
export function startCron(functionsUrl: string, report = reportTrouble): () => void {
  let timer: NodeJS.Timeout
  const untilNextMinute = () => 60_000 - (Date.now() % 60_000)
  const tick = () => {
    timer = setTimeout(tick, untilNextMinute())
    void fireCron(functionsUrl).then(report)
  }
  timer = setTimeout(tick, untilNextMinute())
  return () => clearTimeout(timer)
}

function reportTrouble(outcome: string): void {
  if (outcome !== 'ok') say('cron', `the cron function ended with: ${outcome}`)
}

/** Fires the cron function and waits for its end. Returns `ok`, or what went wrong. */
export async function fireCron(functionsUrl: string): Promise<string> {
  try {
    const url = `${functionsUrl}/cdn-cgi/local/scheduled?cron=*+*+*+*+*&time=${Date.now()}&format=json`
    const answer = await fetch(url, { signal: AbortSignal.timeout(120_000) })
    const { outcome } = (await answer.json()) as { outcome: string }
    return outcome
  } catch (error) {
    return (error as Error).message
  }
}
