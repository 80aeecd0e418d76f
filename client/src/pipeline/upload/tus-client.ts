/**
 * One parcel over tus 1.0, to its last byte: creation, HEAD, PATCH with a checksum, and what to do about every answer in one table.
 *
 * Why not tus-js-client: it has no checksum for each PATCH (the gateway lets a damaged piece leave the offset where it was), no pieces
 * that follow the link, and its retries decide by status alone, where our problem codes tell a proxy's 413 from the gateway's.
 */
import { problemOf, Unreachable, type ApiClient, type ApiProblem } from '../../app/api-client.ts';
import { toBase64 } from '#shared/transfer/digest.ts';
import type { ParcelToSend } from '../queue/upload-queue.ts';
import { createBackOff, type Clock } from './clock.ts';

/** What to do after an answer. */
export type Step = 'done' | 'ask-offset' | 'create-anew' | 'smaller' | 'wait' | 'wait-for-room' | 'sign-in' | 'give-up';

interface Row {
  readonly status: number | 'other-4xx' | 'other-5xx';
  /** Only where the answer has, or has not, one of our problem codes. */
  readonly coded?: boolean;
  readonly step: Step;
  readonly because: string;
}

/** The first row that fits decides. */
const TABLE: readonly Row[] = [
  { status: 401, step: 'sign-in', because: 'the token was already renewed once' },
  { status: 404, step: 'create-anew', because: 'the upload expired, or the gateway lost its disk' },
  { status: 409, step: 'ask-offset', because: 'tus: the offset is not the one the gateway has' },
  { status: 410, step: 'create-anew', because: 'the upload expired' },
  { status: 413, coded: true, step: 'give-up', because: 'the gateway says that the parcel is too large' },
  { status: 413, step: 'smaller', because: 'a proxy between limits the size of a request' },
  { status: 423, step: 'wait', because: 'the connection that died still holds the lock' },
  { status: 429, step: 'wait', because: 'asked to slow down' },
  { status: 460, step: 'ask-offset', because: 'tus checksum: the piece was damaged, the offset stayed' },
  { status: 507, step: 'wait-for-room', because: 'the gateway has no room' },
  { status: 408, step: 'wait', because: 'the connection was too slow for somebody between' },
  { status: 'other-5xx', step: 'wait', because: 'the gateway or a proxy is not well' },
  { status: 'other-4xx', step: 'give-up', because: 'the same request will not succeed later' },
];

/** What to do about `status`; `isCoded`: the body was a problem of ours. */
export function stepFor(status: number, isCoded: boolean): Step {
  if (status >= 200 && status < 300) return 'done';
  const group = status >= 500 ? 'other-5xx' : 'other-4xx';
  const row = TABLE.find((each) => (each.status === status || each.status === group) && (each.coded === undefined || each.coded === isCoded));
  return row?.step ?? 'give-up';
}

/** The size of one PATCH, shared by all parcels of a device: it follows the link. */
export interface PieceSize {
  bytes(): number;
  measured(bytes: number, ms: number): void;
  halve(): void;
  /** No answer came: the next one is smaller, so that it gets through a link that hardly moves. */
  unanswered(): void;
}

/** 8 MiB in memory for each parcel under way is what a tablet spares; below 64 KiB the headers weigh more than the bytes. */
const PIECE_BYTES = { first: 2 * 1024 * 1024, least: 64 * 1024, most: 8 * 1024 * 1024 } as const;
/** A piece that takes 4 s shows progress on the slowest link and makes the pause between pieces small on the fastest. */
const PIECE_AIM_MS = 4_000;

export function createPieceSize(): PieceSize {
  let size: number = PIECE_BYTES.first;
  let ceiling: number = PIECE_BYTES.most;
  return {
    bytes: () => size,
    measured(bytes, ms) {
      if (bytes < size / 2) return;
      const fitting = (bytes / Math.max(1, ms)) * PIECE_AIM_MS;
      // At most doubled or halved at a time: one lucky or unlucky piece decides nothing.
      size = Math.round(Math.min(ceiling, Math.max(PIECE_BYTES.least, Math.min(size * 2, Math.max(size / 2, fitting)))));
    },
    halve() {
      ceiling = Math.max(PIECE_BYTES.least, Math.floor(size / 2));
      size = ceiling;
    },
    unanswered() {
      size = Math.max(PIECE_BYTES.least, Math.floor(size / 2));
    },
  };
}

export interface TusTools {
  readonly api: ApiClient;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly pieces: PieceSize;
  /** How long to go on without any success, in milliseconds. */
  readonly patienceMs: number;
  onCreated(location: string): Promise<void>;
  onForgotten(): Promise<void>;
  /** The gateway has acknowledged so many bytes of the parcel, and so many have left this device. */
  onProgress(acknowledged: number, left: number): void;
  onWaiting(because: 'no-answer' | 'storage-full' | null): void;
}

/** `upload-gone`: the gateway does not know the parcel or its upload any more: announced again, it says what it still needs. */
export type ParcelOutcome =
  | { readonly kind: 'sent' | 'upload-gone' | 'signed-out' }
  | { readonly kind: 'refused'; readonly problem: ApiProblem };

type Answer =
  | { readonly kind: 'answer'; readonly response: Response }
  | { readonly kind: 'step'; readonly step: Exclude<Step, 'done'>; readonly problem: ApiProblem | null };

const TUS_VERSION = { 'tus-resumable': '1.0.0' } as const;

/** Sends the parcel, from wherever an earlier attempt stopped. Throws Unreachable when patience is over, or the signal's reason. */
export async function sendParcel(parcel: ParcelToSend, uploadId: string, tools: TusTools, signal: AbortSignal): Promise<ParcelOutcome> {
  const backOff = createBackOff(tools.random);
  const pause = async (problem: ApiProblem | null): Promise<void> => {
    if (backOff.waited() > tools.patienceMs) throw new Unreachable(problem);
    await tools.clock.sleep(backOff.next(problem?.retryAfterMs), signal);
  };
  let { location } = parcel;
  let offset: number | null = null;
  let furthest = -1;
  for (;;) {
    const isNew = location === null;
    const answer: Answer = location === null ? await create(parcel, uploadId, tools, signal)
      : offset === null ? await ask(location, tools, signal)
      : await patch(parcel, location, offset, tools, signal);
    if (answer.kind === 'answer') {
      location ??= await noteLocation(answer.response, tools);
      // Where a creation was found again the gateway may be further: then it answers the first PATCH with 409, and is asked.
      const at: number = isNew && !answer.response.headers.has('upload-offset') ? 0 : offsetOf(answer.response);
      // Only bytes that are new count: a PATCH that fails for ever between two questions that succeed would never wear the patience out.
      if (at > furthest) backOff.reset();
      furthest = Math.max(furthest, at);
      const isStuck = at === offset;
      offset = at;
      tools.onWaiting(null);
      tools.onProgress(at, at);
      if (at === parcel.bytes) return { kind: 'sent' };
      // Somebody says "stored" and stores nothing: not to be asked as fast as it answers.
      if (isStuck) await pause(null);
      continue;
    }
    const { step, problem } = answer;
    // What was under way may be lost: it is safe here, not on its way.
    if (offset !== null) tools.onProgress(offset, offset);
    if (step === 'give-up' && problem !== null) return { kind: 'refused', problem };
    if (step === 'sign-in') return { kind: 'signed-out' };
    if (step === 'create-anew') {
      await tools.onForgotten();
      return { kind: 'upload-gone' };
    }
    if (step === 'smaller') tools.pieces.halve();
    tools.onWaiting(step === 'wait-for-room' ? 'storage-full' : problem === null ? 'no-answer' : null);
    await pause(problem);
    // After anything but a plain success only the gateway knows where it is.
    offset = null;
  }
}

async function noteLocation(response: Response, tools: TusTools): Promise<string> {
  const location = response.headers.get('location');
  if (location === null) throw new Error('the gateway created an upload without Location');
  await tools.onCreated(location);
  return location;
}

function offsetOf(response: Response): number {
  const offset = response.headers.get('upload-offset');
  if (offset === null || !/^[0-9]{1,15}$/.test(offset)) throw new Error('the gateway answered without Upload-Offset');
  return Number(offset);
}

async function request(tools: TusTools, path: string, init: RequestInit, onSent: (bytes: number) => void = () => undefined): Promise<Answer> {
  let response: Response;
  try {
    response = await tools.api.send(path, init, onSent);
  } catch (error) {
    if (error instanceof Unreachable) return { kind: 'step', step: 'wait', problem: null };
    throw error;
  }
  if (response.ok) {
    await response.body?.cancel();
    return { kind: 'answer', response };
  }
  const problem = await problemOf(response);
  const step = stepFor(response.status, problem.code !== null);
  return { kind: 'step', step: step === 'done' ? 'give-up' : step, problem };
}

function create(parcel: ParcelToSend, uploadId: string, tools: TusTools, signal: AbortSignal): Promise<Answer> {
  const encode = (text: string) => toBase64(new TextEncoder().encode(text));
  const headers = {
    ...TUS_VERSION,
    'upload-length': String(parcel.bytes),
    'upload-metadata': `upload ${encode(uploadId)},parcel ${encode(parcel.id)}`,
  };
  return request(tools, '/upload/files', { method: 'POST', headers, signal });
}

function ask(location: string, tools: TusTools, signal: AbortSignal): Promise<Answer> {
  return request(tools, tusPath(location), { method: 'HEAD', headers: TUS_VERSION, signal });
}

async function patch(parcel: ParcelToSend, location: string, offset: number, tools: TusTools, signal: AbortSignal): Promise<Answer> {
  const piece = await parcel.read(offset, Math.min(tools.pieces.bytes(), parcel.bytes - offset));
  const checksum = toBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', piece)));
  const headers = {
    ...TUS_VERSION,
    'upload-offset': String(offset),
    'content-type': 'application/offset+octet-stream',
    'upload-checksum': `sha256 ${checksum}`,
  };
  const startedAt = tools.clock.now();
  const answer = await request(tools, tusPath(location), { method: 'PATCH', headers, body: piece, signal }, (bytes) => tools.onProgress(offset, offset + bytes));
  if (answer.kind === 'answer') tools.pieces.measured(piece.length, tools.clock.now() - startedAt);
  else if (answer.problem === null) tools.pieces.unanswered();
  return answer;
}

/** Location is relative to the API's root, whether a prefix was removed on the way or not; only its last segment is ours to keep. */
function tusPath(location: string): string {
  const id = new URL(location, 'http://relay.invalid/upload/files/').pathname.split('/').at(-1) ?? '';
  return `/upload/files/${id}`;
}
