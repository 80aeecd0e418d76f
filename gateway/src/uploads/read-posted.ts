/**
 * Reads the large JSON bodies of an upload. They may come as gzip (RFC 9110 §8.4.1.3): a manifest has a line
 * for each instance, and a slow link carries a sixth of it. An account has a few bodies on their way at once,
 * each with a limit of bytes and of time; what they say is read in a thread.
 */
import { MANIFEST_BYTES_LIMIT } from '#shared/protocol/manifest.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { joinBytes } from '../http/gather-bytes.ts';
import { readLimited } from '../http/read-multipart.ts';
import { createTurns } from '../http/take-turns.ts';
import { giving, keepThread, ThreadEnded } from '../threads/thread.ts';
import { parsePosted, type Posted, type PostedKind, type PostedOutcome } from './parse-posted.ts';

export type PostedTalk = {
  readonly task: {
    readonly kind: PostedKind;
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly isGzip: boolean;
  };
  readonly question: never;
  readonly reply: never;
  readonly answer: PostedOutcome;
};

/** Two devices of one account that announce studies, and one whose connection hangs. */
const BODIES_AT_ONCE = 3;
/** A manifest of 20 000 instances has 2 MB in gzip: four minutes at 64 kbit/s. */
const TIMES = { quietMs: 30_000, totalMs: 300_000 };
/** A million values, and what the schema says of each of them, need 200 MB. */
const HEAP_MB = 320;

/**
 * Throws Problem: `unsupported-media-type`, `body-too-large`, `bad-request`, `invalid-request`,
 * `too-many-instances`.
 */
export type ReadPosted = <K extends PostedKind>(
  kind: K,
  request: Request,
  accountId: string,
) => Promise<Posted<K>>;

type Parse = (task: PostedTalk['task'], signal: AbortSignal) => Promise<PostedOutcome>;

export function createPostedReader(): ReadPosted {
  const thread = keepThread<PostedTalk>(new URL('./posted.worker.ts', import.meta.url), { heapMb: HEAP_MB });
  const asksNothing = (): Promise<never> => Promise.reject(new Error('nothing is asked about a body'));
  return readWith((task, signal) => thread.do(giving(task, task.bytes.buffer), asksNothing, signal));
}

/** Without a thread, for tests that start many. */
export const readPostedHere = (): ReadPosted =>
  readWith(({ kind, bytes, isGzip }) => parsePosted(kind, bytes, isGzip));

function readWith(parse: Parse): ReadPosted {
  const turns = createTurns(BODIES_AT_ONCE);
  return async <K extends PostedKind>(kind: K, request: Request, accountId: string) => {
    const isGzip = requireForm(request.headers);
    const bytes = await turns(accountId, request.signal, () => joinBytes(bodyOf(request)));
    const outcome = await parse({ kind, bytes, isGzip }, request.signal).catch((error: unknown) => {
      throw error instanceof ThreadEnded ? new Problem('body-too-large') : error;
    });
    if (outcome.kind === 'problem') throw new Problem(outcome.code, outcome.detail);
    return outcome.value as Posted<K>;
  };
}

/** Whether the body is gzip. RFC 9110 §15.5.16: 415 for a type or a coding that is not taken. */
function requireForm(headers: Headers): boolean {
  const coding = headers.get('content-encoding') ?? 'identity';
  const type = headers.get('content-type') ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type) || (coding !== 'identity' && coding !== 'gzip'))
    throw new Problem('unsupported-media-type');
  return coding === 'gzip';
}

async function* bodyOf({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* readLimited(body, { ...TIMES, bytes: MANIFEST_BYTES_LIMIT });
}
