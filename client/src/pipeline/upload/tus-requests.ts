/**
 * The three requests about one parcel (creation, HEAD, PATCH), and what their answers reveal about the connection. A
 * success is accepted only if it follows tus.
 */
import { toBase64 } from '#shared/transfer/digest.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { problemOf, Unreachable, type ApiClient, type ApiProblem } from '../../net/api-client.ts';
import type { ParcelToSend } from '../queue/upload-queue.ts';
import type { WaitingBecause } from './ask-until-answered.ts';
import type { Clock } from '../../net/clock.ts';
import type { Ended, Pace } from './pace.ts';
import { mayBeTheBody, speakerOf, stepFor, type Step } from './tus-answers.ts';

export interface TusTools {
  readonly api: ApiClient;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly pace: Pace;
  /** Facts about the connection, shared by all parcels of a device. */
  readonly way: Way;
  /**
   * Whether the gateway said that it has the beginning of this parcel. In that case it is asked how much before a
   * byte is sent.
   */
  readonly isBegun: boolean;
  /** How long to continue without any success, in milliseconds. */
  readonly patienceMs: number;
  /** Called before each piece, so that a parcel with priority can go first. */
  giveWay(): Promise<void>;
  onCreated(location: string): Promise<void>;
  onForgotten(): Promise<void>;
  /**
   * Reports the bytes of the parcel that the gateway has acknowledged, and those that have left this device.
   */
  onProgress(acknowledged: number, left: number): void;
  /** True: the last piece is in transit. False: its answer did not complete the parcel. */
  onLastPiece(isUnderWay: boolean): void;
  onWaiting(because: WaitingBecause): void;
}

/** What the answers revealed about the connection. */
export interface Way {
  /** True if a proxy refuses a creation with a body. */
  isCreationPlain: boolean;
  /** The maximum size of a piece after the gateway was full. It grows again while pieces are accepted. */
  probeBytes: number | null;
  /** Consecutive refusals of a piece by something other than the gateway, which still answers other requests. */
  refusedPieces: number;
}

/** A connection about which nothing is known yet. */
export const newWay = (): Way => ({ isCreationPlain: false, probeBytes: null, refusedPieces: 0 });

/** A parcel that is being sent. */
export interface Shipment {
  readonly parcel: ParcelToSend;
  readonly uploadId: string;
  readonly tools: TusTools;
  readonly signal: AbortSignal;
  location: string | null;
  /**
   * True if a creation without an answer may have succeeded. The next creation then has no body, so that no byte is
   * sent twice.
   */
  isUnsure: boolean;
  /** Set when the last piece died. It is called with the number of kept bytes once the gateway reports it. */
  died: { readonly from: number; tell(kept: number | null): void } | null;
}

export type Answer =
  | { readonly kind: 'answer'; readonly offset: number; readonly location: string | null }
  | { readonly kind: 'step'; readonly step: Exclude<Step, 'done'>; readonly problem: ApiProblem | null };

const NOT_BELIEVED: Answer = { kind: 'step', step: 'not-believed', problem: null };
const CREATION = '/upload/files';
const TUS_VERSION = { 'tus-resumable': '1.0.0' } as const;
const PIECE_TYPE = { 'content-type': 'application/offset+octet-stream' } as const;
/**
 * The size of the first piece after a refusal that another size might avoid: the gateway was full, or something else
 * answered. It costs little even if it is refused for hours and for every parcel. Once it is accepted, pieces reach
 * their usual size after five steps.
 */
export const PROBE_BYTES = 1024;
const PROBE_GROWTH = 8;
/** The statuses with which a proxy ends a request that takes too long. */
const ENDED_BETWEEN = new Set([408, 502, 504]);

export async function createParcel(shipment: Shipment): Promise<Answer> {
  const { parcel, uploadId, tools } = shipment;
  const bytes = shipment.isUnsure || tools.way.isCreationPlain ? null : await pieceAt(shipment, 0);
  const headers = {
    ...TUS_VERSION,
    'upload-length': String(parcel.bytes),
    'upload-metadata': metadataOf(parcel, uploadId),
    ...(bytes === null ? {} : await headersOf(parcel, bytes)),
  };
  shipment.isUnsure = true;
  const piece = bytes === null ? null : { at: 0, bytes };
  const answer = await request(shipment, CREATION, { method: 'POST', headers }, piece);
  if (answer.kind === 'step') return answer;
  if (answer.location === null) return NOT_BELIEVED;
  shipment.location = answer.location;
  await tools.onCreated(answer.location);
  return answer;
}

export async function askOffset(shipment: Shipment): Promise<Answer> {
  const path = tusPath(shipment.location!);
  const answer = await request(shipment, path, { method: 'HEAD', headers: TUS_VERSION }, null);
  // Something that answers this request too answers every request, so the refusals do not depend on the method.
  if (isForeign(answer)) shipment.tools.way.refusedPieces = 0;
  return answer;
}

/** After this many refusals of a piece, the other method is used: PATCH, or POST with the method named in a header. */
const REFUSALS_OF_A_METHOD = 3;

export async function patchParcel(shipment: Shipment, offset: number): Promise<Answer> {
  const { way } = shipment.tools;
  const bytes = await pieceAt(shipment, offset);
  // tus 1.0, X-HTTP-Method-Override: for networks that do not let PATCH through.
  const isNamed = Math.floor(way.refusedPieces / REFUSALS_OF_A_METHOD) % 2 === 1;
  const headers = {
    ...TUS_VERSION,
    'upload-offset': String(offset),
    ...(isNamed && { 'x-http-method-override': 'PATCH' }),
    ...(await headersOf(shipment.parcel, bytes)),
  };
  const method = isNamed ? 'POST' : 'PATCH';
  const piece = { at: offset, bytes };
  const answer = await request(shipment, tusPath(shipment.location!), { method, headers }, piece);
  if (isForeign(answer)) {
    way.refusedPieces += 1;
    way.probeBytes = PROBE_BYTES;
  } else if (answer.kind === 'answer' && !isNamed) way.refusedPieces = 0;
  return answer;
}

/** Whether something other than the gateway refused the request, regardless of the piece. */
function isForeign(answer: Answer): boolean {
  if (answer.kind !== 'step') return false;
  const { step, problem } = answer;
  return step === 'not-believed' || (problem?.status === 501 && problem.anyCode === null);
}

/** Bytes of the parcel, starting at `at`. */
type Piece = { readonly at: number; readonly bytes: Uint8Array<ArrayBuffer> };

async function pieceAt({ parcel, tools }: Shipment, offset: number): Promise<Uint8Array<ArrayBuffer>> {
  const most = tools.way.probeBytes ?? Number.POSITIVE_INFINITY;
  return parcel.read(offset, Math.min(tools.pace.pieceBytes(parcel.bytes - offset), most));
}

async function request(
  shipment: Shipment,
  path: string,
  { method, headers }: { readonly method: string; readonly headers: Record<string, string> },
  piece: Piece | null,
): Promise<Answer> {
  const { parcel, tools, signal } = shipment;
  const ended = tools.pace.begin();
  let left: number | null = null;
  const onSent = (bytes: number): void => {
    if (piece === null) return;
    left = bytes;
    tools.onProgress(piece.at, piece.at + bytes);
  };
  const body = piece === null ? {} : { body: piece.bytes };
  const isLast = piece !== null && piece.at + piece.bytes.length === parcel.bytes;
  let answer: Answer | null = null;
  try {
    const asking = send(shipment, path, { method, headers, redirect: 'manual', signal, ...body }, onSent);
    // Called after the request has started, because the listener may request what this piece completes.
    if (isLast) tools.onLastPiece(true);
    answer = await asking;
    return answer;
  } finally {
    learn(shipment, { answer, piece, left, ended });
    if (isLast && !(answer?.kind === 'answer' && answer.offset === parcel.bytes)) tools.onLastPiece(false);
    if (piece !== null) release(piece.bytes);
  }
}

interface Exchange {
  /** null: the request failed without an answer. */
  readonly answer: Answer | null;
  readonly piece: Piece | null;
  /** Bytes that had left the device. */
  readonly left: number | null;
  readonly ended: Ended;
}

function learn(shipment: Shipment, exchange: Exchange): void {
  const { pace, way } = shipment.tools;
  const { answer, piece } = exchange;
  const before = shipment.died;
  shipment.died = null;
  if (answer?.kind === 'answer') {
    const taken = piece === null ? 0 : Math.max(0, answer.offset - piece.at);
    if (taken > 0) way.probeBytes = grown(way.probeBytes, pace);
    exchange.ended.answered(taken);
    // Only the answer to the very next request shows what became of a piece that died.
    before?.tell(Math.max(0, answer.offset - before.from));
    return;
  }
  const tell = endWithout(exchange);
  before?.tell(null);
  if (tell !== null && piece !== null) shipment.died = { from: piece.at, tell };
  if (piece !== null && answer?.step === 'smaller') pace.tooLarge(piece.bytes.length);
}

/**
 * Records a request that failed. If it died, returns the function to call once it is known how many bytes were kept.
 */
function endWithout({ answer, piece, left, ended }: Exchange): ((kept: number | null) => void) | null {
  const isDeath =
    answer?.kind === 'step' &&
    (answer.problem === null || (answer.problem.code === null && ENDED_BETWEEN.has(answer.problem.status)));
  if (isDeath) return ended.died({ bytes: piece?.bytes.length ?? 0, left });
  ended.answered(0);
  return null;
}

async function send(
  { parcel, tools }: Shipment,
  path: string,
  init: RequestInit,
  onSent: (bytes: number) => void,
): Promise<Answer> {
  let response: Response;
  try {
    response = await tools.api.send(path, init, onSent);
  } catch (error) {
    // A browser that loses the connection may report an abort (WebKit does), so only our own signal counts as one.
    if (error instanceof Unreachable) return { kind: 'step', step: 'wait', problem: null };
    throw error;
  }
  const answer = await readAnswer(response, parcel.bytes);
  tools.pace.foreign(answer.kind === 'step' && answer.step === 'not-believed');
  const hadBody = path === CREATION && init.body !== undefined;
  if (answer.kind === 'step' && hadBody) {
    const speaker = speakerOf(response.status, response.headers, answer.problem?.code ?? null);
    if (mayBeTheBody(response.status, speaker)) tools.way.isCreationPlain = true;
  }
  return answer;
}

/** Frees the piece's memory at once, because the engine would collect it only after several pieces of 16 MiB. */
function release(bytes: Uint8Array<ArrayBuffer>): void {
  if (!bytes.buffer.detached) structuredClone(null, { transfer: [bytes.buffer] });
}

/** The next limit after an accepted piece; null once a probe would be as large as any other piece. */
function grown(probeBytes: number | null, pace: Pace): number | null {
  const next = (probeBytes ?? Number.POSITIVE_INFINITY) * PROBE_GROWTH;
  return next >= pace.pieceBytes(Number.POSITIVE_INFINITY) ? null : next;
}

/** Checks that an answer follows tus: a success has an offset, a creation has a Location. */
async function readAnswer(response: Response, bytes: number): Promise<Answer> {
  if (response.ok) {
    if (response.body)
      await ignoreFailure(response.body.cancel(), 'the headers are valid even if the body breaks off');
    const location = response.headers.get('location');
    const said = response.headers.get('upload-offset') ?? (location === null ? '' : '0');
    const isTus =
      speakerOf(response.status, response.headers, null) === 'tus' &&
      /^[0-9]{1,15}$/.test(said) &&
      Number(said) <= bytes;
    return isTus ? { kind: 'answer', offset: Number(said), location } : NOT_BELIEVED;
  }
  const problem = await problemOf(response);
  const speaker = speakerOf(response.status, response.headers, problem.code);
  const step = stepFor(response.status, speaker, problem.code);
  return step === 'done' ? NOT_BELIEVED : { kind: 'step', step, problem };
}

/** `Upload-Metadata` (tus 1.0, Creation): keys with base64 values. The encapsulated key is already in base64. */
function metadataOf({ id, seal }: ParcelToSend, uploadId: string): string {
  const inBase64 = (text: string): string => toBase64(new TextEncoder().encode(text));
  const named = `upload ${inBase64(uploadId)},parcel ${inBase64(id)}`;
  return seal === null ? named : `${named},seal ${inBase64(seal.keyId)},enc ${seal.enc}`;
}

/**
 * The headers of a request with a piece. A sealed piece needs no checksum, because each of its records is
 * authenticated.
 */
async function headersOf(
  parcel: ParcelToSend,
  piece: Uint8Array<ArrayBuffer>,
): Promise<Record<string, string>> {
  if (parcel.seal !== null) return PIECE_TYPE;
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', piece));
  return { ...PIECE_TYPE, 'upload-checksum': `sha256 ${toBase64(sum)}` };
}

/** Makes Location relative to the API's root, even if a proxy removed a prefix. Only its last segment matters. */
function tusPath(location: string): string {
  const id = new URL(location, 'http://relay.invalid/upload/files/').pathname.split('/').at(-1) ?? '';
  return `/upload/files/${id}`;
}
