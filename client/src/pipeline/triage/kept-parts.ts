/**
 * The runtime and the models, stored on this device. Each is fetched once, under the digest in its card, and then
 * read from a separate cache, also without a network. The cache is not the shell's, so an app update that does not
 * change the models does not fetch them again, and the installation does not wait for them.
 *  Bytes with another digest are never returned and never stored: a damaged copy is fetched again, and a hotel's
 * login page is a fault.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';

export interface Part {
  readonly name: string;
  /** An address on the app's own origin. */
  readonly url: string;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

/** Thrown if a part is missing and cannot be fetched, or has the wrong content. */
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
   * Fetches missing parts, one after the other, and deletes those that are no longer listed. Throws like `read`, and
   * PartMissing if a part cannot be stored.
   */
  keep(parts: readonly Part[], signal?: AbortSignal): Promise<void>;
}

interface KeptPartsTools {
  /** Undefined on a plain-http address, where each worker fetches what it needs. */
  readonly caches: Pick<CacheStorage, 'open'> | undefined;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

const CACHE = 'relaypacs-models';
/** An address that is never requested, because the digest names the copy. */
const keyOf = ({ digest }: Part): string => `/kept/${digest}`;

/** How many parts are stored on this device. */
export async function countKeptParts(caches: CacheStorage | undefined): Promise<number> {
  if (!(await caches?.has(CACHE))) return 0;
  const cache = await caches!.open(CACHE);
  return (await cache.keys()).length;
}

export function createKeptParts({ caches, fetch }: KeptPartsTools): KeptParts {
  // A browser that forbids storage has no cache (private windows). Everything then works from the network.
  const open = async (): Promise<Cache | null> => (await caches?.open(CACHE).catch(() => null)) ?? null;

  async function fetchPart(
    part: Part,
    cache: Cache | null,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    // If it cannot be stored here, the browser's own cache may still have it. The priority is low so that no upload
    // waits for it.
    const answer = await fetch(part.url, {
      cache: 'default',
      priority: 'low',
      ...(signal && { signal }),
    }).catch(() => null);
    signal?.throwIfAborted();
    if (!answer?.ok) throw new PartMissing(part.name, 'not-fetched');
    // A connection that breaks midway also counts as a fault of the network.
    const held = await answer.arrayBuffer().catch(() => null);
    signal?.throwIfAborted();
    if (held === null) throw new PartMissing(part.name, 'not-fetched');
    const bytes = new Uint8Array(held);
    if ((await digestOf(bytes)) !== part.digest) throw new PartMissing(part.name, 'another-digest');
    // Without space on the disk it is not stored, but is still used this time.
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
        // The disk is full, so fetching the rest would be in vain, and would be repeated for the next image.
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
