/**
 * Films through the gateway's own door: `POST /predict`, each for the first time, and each again, answered
 * from what was kept.
 */
import { openBenchSystem } from '../system.ts';
import type { Times } from './measure-models.ts';

const FILMS = 30;
/** Until the engine's process, its models and the thread are there. */
const WARM_UP = 3;

/** Another film for each number: its last pixel differs. */
function filmOf(frame: Uint8Array, nth: number): Blob {
  const bytes = Uint8Array.from(frame);
  bytes[bytes.length - 2] = nth;
  return new Blob([bytes]);
}

export async function askGateway(frame: Uint8Array): Promise<Times> {
  const system = await openBenchSystem();
  try {
    const { api } = system.gateway;
    const signedIn = await fetch(`${api}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: system.password }),
    });
    const authorization = `Bearer ${((await signedIn.json()) as { accessToken: string }).accessToken}`;
    const ask = async (nth: number, isKnown: boolean): Promise<number> => {
      const body = new FormData();
      body.set('file', filmOf(frame, nth));
      const began = performance.now();
      const answer = await fetch(`${api}/predict`, { method: 'POST', headers: { authorization }, body });
      const said = (await answer.json()) as { cached?: boolean };
      const ms = performance.now() - began;
      if (!answer.ok || said.cached !== isKnown)
        throw new Error(`POST /predict: status ${answer.status}, cached ${said.cached}`);
      return ms;
    };
    for (let nth = 0; nth < WARM_UP; nth += 1) await ask(255 - nth, false);
    const times = { predict: [] as number[], 'predict-cached': [] as number[] };
    for (let nth = 0; nth < FILMS; nth += 1) times.predict.push(await ask(nth, false));
    for (let nth = 0; nth < FILMS; nth += 1) times['predict-cached'].push(await ask(nth, true));
    return times;
  } finally {
    await system.close();
  }
}
