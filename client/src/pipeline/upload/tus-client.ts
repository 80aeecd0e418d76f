/**
 * One parcel over tus 1.0, to its last byte: creation with the first piece in it, HEAD, PATCH. What each
 * answer means is tus-answers.ts, how large a piece is pace.ts. A cut costs what was in the air: the gateway
 * keeps the bytes of a request that did not reach its end.
 *
 * Why not tus-js-client: it has no checksum for each PATCH, no pieces that follow the link, and its retries
 * decide by status alone, where our problem codes tell a proxy's 413 from the gateway's.
 */
import { problemOf, Unreachable, type ApiClient, type ApiProblem } from '../../net/api-client.ts';
import { toBase64 } from '#shared/transfer/digest.ts';
import { CopyUnreadable, type ParcelToSend } from '../queue/upload-queue.ts';
import { createBackOff, type Clock } from './clock.ts';
import type { Pace } from './pace.ts';
import { mayBeTheBody, speakerOf, stepFor, type Step } from './tus-answers.ts';

export interface TusTools {
  readonly api: ApiClient;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly pace: Pace;
  /** Shared by all parcels of a device. */
  readonly way: Way;
  /**
   * The gateway said that it has a beginning of this parcel: it is asked where that ends before a byte is
   * sent.
   */
  readonly isBegun: boolean;
  /** How long to go on without any success, in milliseconds. */
  readonly patienceMs: number;
  /** Before each piece: here somebody who goes first may be let by. */
  giveWay(): Promise<void>;
  onCreated(location: string): Promise<void>;
  onForgotten(): Promise<void>;
  /** The gateway has acknowledged so many bytes of the parcel, and so many have left this device. */
  onProgress(acknowledged: number, left: number): void;
  /** The last piece is on its way: `true` until its answer is anything but the end. */
  onLastPiece(isUnderWay: boolean): void;
  onWaiting(because: 'no-answer' | 'storage-full' | null): void;
}

/** What is learned of the way to the gateway from its answers. */
export interface Way {
  /** Somebody between refuses a creation that has a body. */
  isCreationPlain: boolean;
  /** The gateway had no room: pieces are no larger than this, and grow again while they are taken. */
  probeBytes: number | null;
}

/**
 * `upload-gone`: the gateway does not know the parcel or its upload any more: announced again, it says what
 * it still needs.
 */
export type ParcelOutcome =
  | { readonly kind: 'sent' | 'upload-gone' | 'signed-out' }
  | { readonly kind: 'refused'; readonly problem: ApiProblem };

type Answer =
  | { readonly kind: 'answer'; readonly offset: number; readonly location: string | null }
  | { readonly kind: 'step'; readonly step: Exclude<Step, 'done'>; readonly problem: ApiProblem | null };

const TUS_VERSION = { 'tus-resumable': '1.0.0' } as const;
const PIECE_TYPE = { 'content-type': 'application/offset+octet-stream' } as const;
/**
 * The first piece after the gateway had no room: what is refused again is little, for hours and for every
 * parcel; taken, it is as large as any other after five.
 */
const PROBE_BYTES = 1024;
const PROBE_GROWTH = 8;
/** Damage on the way is not at the same record three times: what was sealed here does not hold. */
const DAMAGED_LIMIT = 3;
/** Statuses with which somebody between ends a request that takes too long. */
const ENDED_BETWEEN = new Set([408, 502, 504]);

/**
 * Sends the parcel, from wherever an earlier attempt stopped. Throws CopyUnreadable, Unreachable when
 * patience is over, or the signal's reason.
 */
export async function sendParcel(
  parcel: ParcelToSend,
  uploadId: string,
  tools: TusTools,
  signal: AbortSignal,
): Promise<ParcelOutcome> {
  const road = createRoad(parcel, uploadId, tools, signal);
  const backOff = createBackOff(tools.random);
  const pause = async (problem: ApiProblem | null): Promise<void> => {
    if (backOff.waited() > tools.patienceMs) throw new Unreachable(problem);
    await tools.clock.sleep(backOff.next(problem?.retryAfterMs), signal);
  };
  let offset: number | null = null;
  let [furthest, damaged] = [-1, 0];
  for (;;) {
    if (road.location !== null && offset !== null) await tools.giveWay();
    const answer: Answer =
      road.location === null
        ? await road.create()
        : offset === null
          ? await road.ask()
          : await road.patch(offset);
    if (answer.kind === 'answer') {
      // Only bytes that are new count: a PATCH that fails for ever between two questions that succeed would
      // never wear the patience out.
      const isNews = answer.offset > furthest;
      if (isNews) [furthest, damaged] = [answer.offset, 0];
      if (isNews) backOff.reset();
      const isStuck = answer.offset === offset;
      offset = answer.offset;
      tools.onWaiting(null);
      tools.onProgress(offset, offset);
      if (offset === parcel.bytes) return { kind: 'sent' };
      // Somebody says "stored" and stores nothing: not to be asked as fast as it answers.
      if (isStuck) await pause(null);
      continue;
    }
    const { step, problem } = answer;
    // What was under way may be lost: it is safe here, not on its way.
    if (offset !== null) tools.onProgress(offset, offset);
    if (problem?.status === 460) damaged += 1;
    if (step === 'copy-unreadable' || (damaged >= DAMAGED_LIMIT && parcel.seal !== null))
      throw new CopyUnreadable(problem);
    if (step === 'refused' && problem !== null) return { kind: 'refused', problem };
    if (step === 'renew-right') return { kind: 'signed-out' };
    if (step === 'create-anew') {
      await tools.onForgotten();
      return { kind: 'upload-gone' };
    }
    const isSilent = problem === null || step === 'not-believed';
    if (step === 'wait-for-room') tools.way.probeBytes = PROBE_BYTES;
    tools.onWaiting(step === 'wait-for-room' ? 'storage-full' : isSilent ? 'no-answer' : null);
    await pause(problem);
    // After anything but a plain success only the gateway knows where it is.
    offset = null;
  }
}

/** The three requests of one parcel, and what is learned of the way beside their answers. */
function createRoad(parcel: ParcelToSend, uploadId: string, tools: TusTools, signal: AbortSignal) {
  let { location } = parcel;
  /**
   * After a creation that got no answer the gateway may have it: then it is found again, without sending a
   * byte twice.
   */
  let isUnsure = tools.isBegun;
  let died: { readonly from: number; tell(kept: number | null): void } | null = null;

  async function request(
    path: string,
    init: RequestInit,
    at: number,
    piece: Uint8Array<ArrayBuffer> | null,
  ): Promise<Answer> {
    const ended = tools.pace.begin();
    let left: number | null = null;
    const onSent = (bytes: number): void => {
      left = bytes;
      tools.onProgress(at, at + bytes);
    };
    const isLast = piece !== null && at + piece.length === parcel.bytes;
    let answer: Answer | null = null;
    try {
      const asking = asked(
        path,
        { ...init, redirect: 'manual', signal, ...(piece === null ? {} : { body: piece }) },
        piece === null ? () => undefined : onSent,
      );
      // Behind the request itself: whoever hears of it may ask for what this piece completes.
      if (isLast) tools.onLastPiece(true);
      answer = await asking;
      return answer;
    } finally {
      const taken = answer?.kind === 'answer' && piece !== null ? Math.max(0, answer.offset - at) : 0;
      if (taken > 0) tools.way.probeBytes = grown(tools.way.probeBytes, tools.pace);
      if (answer?.kind === 'answer') ended.answered(taken);
      const isDeath =
        answer?.kind === 'step' &&
        (answer.problem === null ||
          (answer.problem.code === null && ENDED_BETWEEN.has(answer.problem.status)));
      const tell =
        answer?.kind === 'answer'
          ? null
          : isDeath
            ? ended.died({ bytes: piece?.length ?? 0, left })
            : (ended.answered(0), null);
      // What the gateway has of it is known only when the very next question is answered.
      if (answer?.kind === 'answer') died?.tell(Math.max(0, answer.offset - died.from));
      else died?.tell(null);
      died = tell !== null && piece !== null ? { from: at, tell } : null;
      if (isLast && !(answer?.kind === 'answer' && answer.offset === parcel.bytes)) tools.onLastPiece(false);
      if (piece !== null && answer?.kind === 'step' && answer.step === 'smaller')
        tools.pace.tooLarge(piece.length);
    }
  }

  async function asked(path: string, init: RequestInit, onSent: (bytes: number) => void): Promise<Answer> {
    let response: Response;
    try {
      response = await tools.api.send(path, init, onSent);
    } catch (error) {
      // A browser that loses the link may call it an abort (WebKit does): only our own signal is one.
      if (error instanceof Unreachable) return { kind: 'step', step: 'wait', problem: null };
      throw error;
    }
    const answer = await readAnswer(response, parcel.bytes);
    tools.pace.foreign(answer.kind === 'step' && answer.step === 'not-believed');
    if (
      answer.kind === 'step' &&
      init.method === 'POST' &&
      init.body !== undefined &&
      mayBeTheBody(
        response.status,
        speakerOf(response.status, response.headers, answer.problem?.code ?? null),
      )
    ) {
      tools.way.isCreationPlain = true;
    }
    return answer;
  }

  async function pieceAt(offset: number): Promise<Uint8Array<ArrayBuffer>> {
    return parcel.read(
      offset,
      Math.min(
        tools.pace.pieceBytes(parcel.bytes - offset),
        tools.way.probeBytes ?? Number.POSITIVE_INFINITY,
      ),
    );
  }

  return {
    get location() {
      return location;
    },
    async create(): Promise<Answer> {
      const piece = isUnsure || tools.way.isCreationPlain ? null : await pieceAt(0);
      const headers = {
        ...TUS_VERSION,
        'upload-length': String(parcel.bytes),
        'upload-metadata': metadataOf(parcel, uploadId),
        ...(piece === null ? {} : await headersOf(parcel, piece)),
      };
      isUnsure = true;
      const answer = await request('/upload/files', { method: 'POST', headers }, 0, piece).finally(() =>
        giveBack(piece),
      );
      if (answer.kind === 'step') return answer;
      if (answer.location === null) return { kind: 'step', step: 'not-believed', problem: null };
      location = answer.location;
      await tools.onCreated(location);
      return answer;
    },
    ask(): Promise<Answer> {
      return request(tusPath(location!), { method: 'HEAD', headers: TUS_VERSION }, 0, null);
    },
    async patch(offset: number): Promise<Answer> {
      const piece = await pieceAt(offset);
      const headers = {
        ...TUS_VERSION,
        'upload-offset': String(offset),
        ...(await headersOf(parcel, piece)),
      };
      return request(tusPath(location!), { method: 'PATCH', headers }, offset, piece).finally(() =>
        giveBack(piece),
      );
    },
  };
}

/** Its memory, at once: the engine would find time for it when some of these 16 MiB lie about. */
function giveBack(piece: Uint8Array<ArrayBuffer> | null): void {
  if (piece !== null && !piece.buffer.detached) structuredClone(null, { transfer: [piece.buffer] });
}

/** After a piece that was taken; null where it is as large as any other. */
function grown(probeBytes: number | null, pace: Pace): number | null {
  const next = (probeBytes ?? Number.POSITIVE_INFINITY) * PROBE_GROWTH;
  return next >= pace.pieceBytes(Number.POSITIVE_INFINITY) ? null : next;
}

/** What is answered is believed when it is tus: a success has its offset, a creation its Location. */
async function readAnswer(response: Response, bytes: number): Promise<Answer> {
  const notBelieved: Answer = { kind: 'step', step: 'not-believed', problem: null };
  if (response.ok) {
    // A body that breaks off does not unsay the headers.
    await response.body?.cancel().catch(() => undefined);
    const location = response.headers.get('location');
    const said = response.headers.get('upload-offset') ?? (location === null ? '' : '0');
    const isTus =
      speakerOf(response.status, response.headers, null) === 'tus' &&
      /^[0-9]{1,15}$/.test(said) &&
      Number(said) <= bytes;
    return isTus ? { kind: 'answer', offset: Number(said), location } : notBelieved;
  }
  const problem = await problemOf(response);
  const step = stepFor(
    response.status,
    speakerOf(response.status, response.headers, problem.code),
    problem.code,
  );
  return step === 'done' ? notBelieved : { kind: 'step', step, problem };
}

/**
 * `Upload-Metadata` (tus 1.0, Creation): keys with values in base64; the encapsulated key has that form
 * already.
 */
function metadataOf({ id, seal }: ParcelToSend, uploadId: string): string {
  const inBase64 = (text: string): string => toBase64(new TextEncoder().encode(text));
  const named = `upload ${inBase64(uploadId)},parcel ${inBase64(id)}`;
  return seal === null ? named : `${named},seal ${inBase64(seal.keyId)},enc ${seal.enc}`;
}

/** Of a request that carries a piece. A sealed one needs no checksum: each of its records proves itself. */
async function headersOf(
  parcel: ParcelToSend,
  piece: Uint8Array<ArrayBuffer>,
): Promise<Record<string, string>> {
  if (parcel.seal !== null) return PIECE_TYPE;
  return {
    ...PIECE_TYPE,
    'upload-checksum': `sha256 ${toBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', piece)))}`,
  };
}

/**
 * Location is relative to the API's root, whether a prefix was removed on the way or not; only its last
 * segment is ours to keep.
 */
function tusPath(location: string): string {
  const id = new URL(location, 'http://relay.invalid/upload/files/').pathname.split('/').at(-1) ?? '';
  return `/upload/files/${id}`;
}
