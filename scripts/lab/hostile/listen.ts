/** The stream of events of one account, kept open for a whole run: everything that it was told. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Door } from './door.ts';

export type Listener = { heard(): string; close(): void };

/** Resolves when the stream is open. */
export async function listenAt({ api, token }: Door): Promise<Listener> {
  const left = new AbortController();
  const answer = await fetch(`${api}/events`, {
    signal: left.signal,
    headers: { authorization: `Bearer ${token}` },
  });
  const told: string[] = [];
  const listen = async (): Promise<void> => {
    const text = answer.body?.pipeThrough(new TextDecoderStream()) ?? [];
    for await (const piece of text) told.push(piece);
  };
  void ignoreFailure(listen(), 'it ends when it is closed, or with the gateway');
  return { heard: () => told.join(''), close: () => left.abort() };
}
