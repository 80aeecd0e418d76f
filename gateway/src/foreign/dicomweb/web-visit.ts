/**
 * One request of a caller for content of the primary destination, by DICOMweb. It takes a place until its answer has
 * been sent; while others wait, it must keep a minimum pace. If the caller leaves, the request to the PACS ends too.
 */
import { ServerResponse } from 'node:http';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { isAlwaysAnonymised } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordReading } from '../../audit/record-reading.ts';
import type { Db } from '../../database/database.ts';
import { primaryDestination } from '../../destinations/destination.store.ts';
import type { Destinations } from '../../destinations/destinations.ts';
import type { Holder, PacedPlaces } from '../../http/paced-places.ts';
import { callerOf, type Caller, type GatewayContext } from '../../http/route.ts';
import { describeError, type Log } from '../../observability/log.ts';
import { PacsUnreachable, type DicomWeb, type WebAnswer } from '../../ports/pacs/pacs.ts';
import { webAddress } from './own-addresses.ts';
import type { RememberSight } from './remember-sight.ts';
import { sightOf, type Sight } from './sight.ts';

export type VisitTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly log: Log;
  readonly destinations: Pick<Destinations, 'of'>;
  readonly publicUrl: string;
  readonly places: PacedPlaces;
  /**
   * For answers with large Data Sets. Such a Data Set is held as text and as objects, which takes several times its
   * bytes.
   */
  readonly largePlaces: PacedPlaces;
  readonly remember: RememberSight;
  /** The caller is the built-in viewer, which searches only in its one study. */
  readonly isViewer?: boolean;
  /** How long a caller may stop reading its answer. */
  readonly stalledMs?: number;
};

/**
 * A place is held until an answer has been sent, and an account has only a few, so a caller who never reads would
 * block them. With a shorter time, a caller on a poor link who waits for a picture would be cut off.
 */
const STALLED_MS = 60_000;

export type Visit = {
  /** Null: the caller may read everything in the PACS. */
  readonly sight: Sight | null;
  /** The caller must not get pictures that may hold a name. */
  readonly hidesNames: boolean;
  readonly signal: AbortSignal;
  /** The address of `/dicom-web`, used for the addresses in the answer. */
  readonly address: string;
  /** The account, for fair turns where threads read the PACS's answers. */
  readonly from: string;
  readonly isViewer: boolean;
  /** @throws Problem pacs-without-dicomweb. */
  web(): DicomWeb;
  /** Returns an answer of 200 or 204. @throws Problem for any other status; PacsUnreachable. */
  get(path: string, accept: string, notThere?: 'not-found' | 'pacs-without-dicomweb'): Promise<WebAnswer>;
  /** Returns a picture of this media type. @throws as `get`, and PacsUnreachable if the PACS sends another type. */
  getPicture(path: string, type: string): Promise<ReadableStream<Uint8Array>>;
  /** Takes a place for the rest of the request, before a large Data Set is held. @throws Problem rate-limited. */
  enterLarge(): Promise<void>;
  /** Records for the audit trail that a search found the study, before anything of it is sent. */
  recordFound(studyInstanceUID: string, withName: boolean): Promise<void>;
};

/** `pieces`: none of them is sent before the reading of `study` is recorded. */
export type Served = {
  readonly type: string;
  /** The value of the Warning header. */
  readonly warning?: string;
  readonly pieces: AsyncGenerator<Uint8Array>;
  readonly study?: string;
  /** The only instance of the study in the answer, if there is only one. */
  readonly instance?: string | undefined;
};

/** Answers the request with what `work` returns. @throws Problem */
export async function serveVisit(
  c: GatewayContext,
  tools: VisitTools,
  work: (visit: Visit) => Promise<Served>,
): Promise<Response> {
  const caller = callerOf(c);
  const { signal } = c.req.raw;
  const ended = new AbortController();
  const reader = new Reader(caller.id, AbortSignal.any([signal, ended.signal]));
  const end = (): void => ended.abort();
  await reader.enter(tools.places);
  try {
    const visit = await openVisit(c, tools, reader);
    const { type, pieces, study, instance, warning } = await work(visit);
    const first = await pieces.next();
    if (study !== undefined)
      await recordReading(tools, caller, study, { kind: 'images', subject: instance ?? '' });
    const headers = { 'Content-Type': type, ...(warning !== undefined && { Warning: warning }) };
    if (first.done === true) {
      end();
      return c.body(null, 204);
    }
    if (c.req.method === 'HEAD') {
      // Hono drops the body of this answer, so nobody would read it to its end.
      end();
      return c.body(null, 200, headers);
    }
    const { log, stalledMs = STALLED_MS } = tools;
    const body = bodyOf(c, { first, pieces, end, log, stalledMs, reader });
    return c.body(body, 200, headers);
  } catch (error) {
    end();
    throw asProblem(error, signal);
  }
}

/**
 * The caller as the reader of an answer. However the request ends, its signal reports that, and the places are freed.
 */
export class Reader {
  readonly signal: AbortSignal;
  readonly #account: string;
  readonly #places = new Map<PacedPlaces, Holder>();
  /** Aborts the answer, once there is one. */
  lose: () => void = () => undefined;

  constructor(account: string, signal: AbortSignal) {
    this.#account = account;
    this.signal = signal;
  }

  /** @throws Problem rate-limited; called-off. */
  async enter(places: PacedPlaces): Promise<void> {
    if (this.#places.has(places)) return;
    const { signal } = this;
    const holder = await places.enter({ account: this.#account, signal, size: 1, lose: () => this.lose() });
    this.#places.set(places, holder);
    if (signal.aborted) holder.leave();
    else signal.addEventListener('abort', holder.leave, { once: true });
  }

  /** Starts the time in which the answer waits for its reader. */
  wait(): void {
    for (const holder of this.#places.values()) holder.wait();
  }

  took(bytes: number): void {
    for (const holder of this.#places.values()) holder.moved(bytes);
  }
}

async function openVisit(c: GatewayContext, tools: VisitTools, reader: Reader): Promise<Visit> {
  const { signal } = reader;
  const { db, destinations, remember, publicUrl } = tools;
  const caller = callerOf(c);
  const row = await primaryDestination(db, caller.siteId);
  if (row === undefined) throw new Problem('pacs-without-dicomweb');
  const pacs = destinations.of(row);
  const web = (): DicomWeb => {
    if (pacs.web === undefined) throw new Problem('pacs-without-dicomweb');
    return pacs.web;
  };
  const sight = sightOf(caller, { db, destination: row.id, pacs });
  const who = `${rightsOf(caller)} ${row.id} ${row.version}`;
  const get: Visit['get'] = async (path, accept, notThere = 'not-found') => {
    const answer = await web().get(path, accept, signal);
    if (answer.status === 200 || answer.status === 204) return answer;
    await answer.body.cancel();
    throw refusalOf(answer.status, notThere);
  };
  return {
    sight: sight && remember(who, sight),
    hidesNames: isAlwaysAnonymised(caller.roles),
    signal,
    address: webAddress(c, publicUrl),
    from: caller.id,
    isViewer: tools.isViewer === true,
    web,
    get,
    async getPicture(path, type) {
      const { contentType, body } = await get(path, type);
      const [said = ''] = contentType.toLowerCase().split(';');
      if (said.trim() === type) return body;
      await body.cancel();
      throw new PacsUnreachable('the PACS answered with no such picture', null);
    },
    enterLarge: () => reader.enter(tools.largePlaces),
    recordFound(study, withName) {
      const search = withName ? 'named-searches' : 'searches';
      return recordReading(tools, caller, study, tools.isViewer ? 'viewer' : search);
    },
  };
}

/** Identifies the caller's rights: when roles change, so does the account's epoch. */
const rightsOf = ({ id, epoch }: Caller): string => `${id} ${epoch}`;

function refusalOf(status: number, notThere: 'not-found' | 'pacs-without-dicomweb'): Problem {
  if (status === 404 || status === 410) return new Problem(notThere);
  if (status === 406 || status === 415) return new Problem('not-acceptable');
  if (status === 405 || status === 501) return new Problem('pacs-without-dicomweb');
  return new Problem('pacs-declined');
}

function asProblem(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof Problem) return error;
  if (signal.aborted) return new Problem('called-off');
  return error instanceof PacsUnreachable ? new Problem('pacs-unreachable') : error;
}

type Pieces = {
  readonly first: IteratorResult<Uint8Array>;
  readonly pieces: AsyncGenerator<Uint8Array>;
  readonly end: () => void;
  readonly log: Log;
  readonly stalledMs: number;
  readonly reader: Reader;
};

/** A large piece is sent in slices of this size, so that the reader's progress is visible. */
const SLICE_BYTES = 64 * 1024;

async function* inSlices(
  first: IteratorResult<Uint8Array>,
  pieces: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (let next = first; next.done !== true; next = await pieces.next())
    for (let at = 0; at < next.value.length; at += SLICE_BYTES)
      yield next.value.subarray(at, at + SLICE_BYTES);
}

/**
 * If the body breaks off, the connection is aborted, so that the caller does not take it for complete. The same
 * happens if the caller stops reading for too long, or reads too slowly while others wait.
 */
export function bodyOf(
  c: GatewayContext,
  { first, pieces, end, log, stalledMs, reader }: Pieces,
): ReadableStream<Uint8Array> {
  const slices = inSlices(first, pieces);
  let given = 0;
  let stalled: NodeJS.Timeout | undefined;
  const breakOff = (controller: ReadableStreamDefaultController, error: unknown): void => {
    clearTimeout(stalled);
    end();
    const { outgoing } = c.env ?? {};
    if (outgoing instanceof ServerResponse) outgoing.destroy();
    else controller.error(error);
  };
  const waitForReader = (controller: ReadableStreamDefaultController): void => {
    reader.wait();
    stalled = setTimeout(() => breakOff(controller, new Problem('called-off')), stalledMs).unref();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        reader.lose = () => breakOff(controller, new Problem('rate-limited'));
        waitForReader(controller);
      },
      async pull(controller) {
        // Now we wait for the PACS, not for the caller.
        clearTimeout(stalled);
        reader.took(given);
        try {
          const { done, value } = await slices.next();
          given = value?.length ?? 0;
          if (done !== true) {
            waitForReader(controller);
            return controller.enqueue(value);
          }
          end();
          controller.close();
        } catch (error) {
          const isExpected = error instanceof PacsUnreachable || error instanceof Problem;
          if (!isExpected && !c.req.raw.signal.aborted)
            log({ event: 'unexpected-error', where: 'request', ...describeError(error) });
          breakOff(controller, error);
        }
      },
      cancel() {
        clearTimeout(stalled);
        end();
        void ignoreFailure(pieces.return(undefined), 'a piece on its way fails by the signal');
      },
    },
    { highWaterMark: 0 },
  );
}
