/** Runs a request in one of the places that its account may use. */
import { Problem } from '#shared/protocol/problem.ts';
import type { Places } from './places.ts';
import { callerOf, type GatewayContext } from './route.ts';

/** @throws Problem rate-limited; called-off when the caller has left meanwhile; errors of `work`. */
export async function oneOfFew<T>(c: GatewayContext, among: Places, work: () => Promise<T>): Promise<T> {
  const leave = await among.enter(callerOf(c).id, c.req.raw.signal);
  try {
    return await work();
  } catch (error) {
    throw c.req.raw.signal.aborted && !(error instanceof Problem) ? new Problem('called-off') : error;
  } finally {
    leave();
  }
}
