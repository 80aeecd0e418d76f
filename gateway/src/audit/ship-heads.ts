/**
 * The place outside this machine that also keeps the heads (RELAY_AUDIT_URL): a file on a disk that the database's
 * owner cannot write, or a server that accepts each head as the body of a POST.
 */
import { fileURLToPath } from 'node:url';
import type { BlockList } from 'node:net';
import { gatherAll } from '../ports/pacs/multipart.ts';
import { createPacsAgent, fetchBy, PUBLIC_TLS } from '../ports/pacs/pacs-agent.ts';
import { openHeadFile, type HeadFile } from './head-file.ts';

export type HeadPlace = {
  /** The last head that the place has; null: it has none, or does not say. */
  last(signal?: AbortSignal): Promise<string | null>;
  /** The file with all heads; null if the place cannot be read. */
  readonly file: HeadFile | null;
  /** Sends the heads, the oldest first. Throws if the place does not accept one. */
  send(heads: readonly string[], signal?: AbortSignal): Promise<void>;
};

/** A server that takes longer gets the same head again when the next one is sent. */
const PATIENCE_MS = 10_000;
/** Media type of the JWS Compact Serialization (RFC 7515 §9.2.1). */
const MEDIA_TYPE = 'application/jose';
const HEAD_BYTES_LIMIT = 4_096;

export function openHeadPlace(url: URL, blocked: BlockList): HeadPlace {
  if (url.protocol === 'file:') {
    const file = openHeadFile(fileURLToPath(url));
    const last = async (): Promise<string | null> => (await file.last())?.jws ?? null;
    return { last, file, send: (heads) => file.append(heads) };
  }
  const fetch = fetchBy(createPacsAgent(PUBLIC_TLS, null, blocked));
  const { username, password } = url;
  const address = new URL(url);
  address.username = '';
  address.password = '';
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const headers: Record<string, string> = username
    ? { authorization: `Basic ${basic.toString('base64')}` }
    : {};
  const ask = (init: RequestInit, ended: AbortSignal[]): Promise<Response> => {
    const signal = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), ...ended]);
    return fetch(address, { ...init, redirect: 'error', signal });
  };
  return {
    async last(signal) {
      const answer = await ask({ headers }, signal ? [signal] : []);
      const bytes = answer.ok && answer.body ? await gatherAll(answer.body, HEAD_BYTES_LIMIT) : null;
      const text = new TextDecoder().decode(bytes ?? undefined).trim();
      return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text) ? text : null;
    },
    file: null,
    async send(heads, signal) {
      const init = { method: 'POST', headers: { ...headers, 'content-type': MEDIA_TYPE } };
      for (const body of heads) {
        const answer = await ask({ ...init, body }, signal ? [signal] : []);
        await answer.body?.cancel();
        if (!answer.ok) throw new Error(`the place of the heads answered ${answer.status}`);
      }
    },
  };
}
