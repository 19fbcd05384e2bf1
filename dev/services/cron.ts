// The minute timer: on Cloudflare the platform fires the cron function, `wrangler dev` leaves it to us.
import { say } from '../say.ts'

/** Returns the function that stops it. */
export function startCron(functionsUrl: string): () => void {
  let timer: NodeJS.Timeout
  const untilNextMinute = () => 60_000 - (Date.now() % 60_000)
  const tick = () => {
    timer = setTimeout(tick, untilNextMinute())
    void fire(functionsUrl)
  }
  timer = setTimeout(tick, untilNextMinute())
  return () => clearTimeout(timer)
}

async function fire(functionsUrl: string): Promise<void> {
  try {
    const url = `${functionsUrl}/cdn-cgi/local/scheduled?cron=*+*+*+*+*&time=${Date.now()}&format=json`
    const answer = await fetch(url, { signal: AbortSignal.timeout(120_000) })
    const { outcome } = (await answer.json()) as { outcome: string }
    if (outcome !== 'ok') say('cron', `the cron function ended with: ${outcome}`)
  } catch (error) {
    say('cron', `the cron function could not be fired: ${(error as Error).message}`)
  }
}
