/** For tests: the real API client with answers supplied by the test, and its requests. */
import { setImmediate as turn } from 'node:timers/promises';
import { PATIENCE_MS } from '#testing/environment.ts';
import { createApiClient, type ApiClient } from '../net/api-client.ts';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Headers;
};
export type Answering = (asked: Asked) => Response | Promise<Response>;
export type TestApi = { readonly api: ApiClient; readonly asked: Asked[] };

export const json = (body: unknown, status = 200): Response => Response.json(body, { status });
export const refusal = (status: number, code: string): Response =>
  new Response(
    JSON.stringify({ type: 'about:blank', title: 'Not so.', status, code, correlationId: 'c-1' }),
    { status, headers: { 'content-type': 'application/problem+json' } },
  );
export const unreachable = (): never => {
  throw new TypeError('fetch failed');
};

/** Waits until the answers have been read, which takes some turns of the event loop; false: they never were. */
export async function untilRead(isOver: () => boolean): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (!isOver() && performance.now() < end) await turn();
  return isOver();
}

/** Gives an answer that must change nothing the turns of the event loop in which it would. */
export async function giveTurns(): Promise<void> {
  for (let turns = 0; turns < 1_000; turns += 1) await turn();
}

/** `account`: whose session it is at that moment. */
export function openTestApi(answer: Answering, account: () => string | null = () => null): TestApi {
  const asked: Asked[] = [];
  const api = createApiClient({
    baseUrl: '/api',
    tokens: {
      accessToken: async () => 'token',
      renew: async () => null,
      user: {
        peek() {
          const id = account();
          return id === null ? null : { id };
        },
      },
    },
    async fetch(url, init) {
      init?.signal?.throwIfAborted();
      const { body } = init ?? {};
      const one = {
        method: init?.method ?? 'GET',
        path: String(url).slice('/api'.length),
        body: typeof body === 'string' ? JSON.parse(body) : body,
        headers: new Headers(init?.headers),
      };
      asked.push(one);
      return answer(one);
    },
  });
  return { api, asked };
}
