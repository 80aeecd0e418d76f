/**
 * The runtime and the models, kept on this device: each is fetched once, under the digest that its card
 * names, and then read from a cache of its own, also without a network. It is separate from the shell's
 * cache: an update of the app that does not change the models does not fetch them, and its installation does
 * not wait for them.
 *
 * Bytes with another digest are never returned and never kept: a damaged copy is fetched again, and a hotel's
 * login page is a fault.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';

export interface Part {
  readonly name: string;
  /** On the app's own origin. */
  readonly url: string;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

/** A part that is missing and cannot be fetched, or has the wrong content. */
class PartMissing extends Error {
  constructor(part: string, because: 'not-fetched' | 'another-digest' | 'not-kept') {
    super(`${part}: ${because}`);
    this.name = 'PartMissing';
  }
}

export interface KeptParts {
  /** Throws PartMissing, or the signal's reason. */
  read(part: Part, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Fetches missing parts, one after the other, and drops those that nothing names any more. Throws as `read`
   * does, and PartMissing where one cannot be written.
   */
  keep(parts: readonly Part[], signal?: AbortSignal): Promise<void>;
}

interface KeptPartsTools {
  /** Undefined on a plain-http address: there each worker fetches what it needs. */
  readonly caches: Pick<CacheStorage, 'open'> | undefined;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

const CACHE = 'relaypacs-models';
/** An address that is never requested: the digest names the copy. */
const keyOf = ({ digest }: Part): string => `/kept/${digest}`;

/** How many parts are kept on this device. */
export async function countKeptParts(caches: CacheStorage | undefined): Promise<number> {
  if (!(await caches?.has(CACHE))) return 0;
  const cache = await caches!.open(CACHE);
  return (await cache.keys()).length;
}

export function createKeptParts({ caches, fetch }: KeptPartsTools): KeptParts {
  // A browser that forbids its storage has none (private windows); everything works from the network then.
  const open = async (): Promise<Cache | null> => (await caches?.open(CACHE).catch(() => null)) ?? null;

  async function fetchPart(
    part: Part,
    cache: Cache | null,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    // If it cannot be kept here the browser's own cache may still have it; and no upload waits for it.
    const answer = await fetch(part.url, {
      cache: 'default',
      priority: 'low',
      ...(signal && { signal }),
    }).catch(() => null);
    signal?.throwIfAborted();
    if (!answer?.ok) throw new PartMissing(part.name, 'not-fetched');
    // A link that is cut in the middle is the network's fault as well.
    const held = await answer.arrayBuffer().catch(() => null);
    signal?.throwIfAborted();
    if (held === null) throw new PartMissing(part.name, 'not-fetched');
    const bytes = new Uint8Array(held);
    if ((await digestOf(bytes)) !== part.digest) throw new PartMissing(part.name, 'another-digest');
    // Without space on the disk it is not cached, but still used this time.
    if (cache)
      await ignoreFailure(cache.put(keyOf(part), new Response(bytes)), 'a full disk; used this time only');
    return bytes;
  }

  return {
    async read(part, signal) {
      const cache = await open();
      const kept = await cache?.match(keyOf(part));
      if (kept) {
        const bytes = new Uint8Array(await kept.arrayBuffer());
        if ((await digestOf(bytes)) === part.digest) return bytes;
        await cache!.delete(keyOf(part));
      }
      return fetchPart(part, cache, signal);
    },
    async keep(parts, signal) {
      const cache = await open();
      if (cache === null) return;
      for (const part of parts) {
        if (await cache.match(keyOf(part))) continue;
        await fetchPart(part, cache, signal);
        // A full disk: the rest would be fetched in vain, and again for the next image.
        if (!(await cache.match(keyOf(part)))) throw new PartMissing(part.name, 'not-kept');
      }
      const wanted = new Set(parts.map(keyOf));
      for (const { url } of await cache.keys())
        if (!wanted.has(new URL(url).pathname)) await cache.delete(url);
    },
  };
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
