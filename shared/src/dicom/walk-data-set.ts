/**
 * Walks a Data Set of any size through a window: it reads where the steps of `walk-elements.ts` need bytes, in growing
 * pieces while elements follow each other, and in small ones between fragments. Nothing is read twice, and never more
 * than the header limit.
 */
import type { ReasonCode, WarningCode } from '../protocol/reasons.ts';
import type { ByteSource, DicomElement, Place } from './data-set.ts';
import {
  FIRST_READ_BYTES,
  FRAGMENT_HEADER_READ_BYTES,
  HEADER_BYTES_LIMIT,
  LARGEST_READ_BYTES,
  READ_AFTER_JUMP_BYTES,
  SMALL_FRAGMENT_BYTES,
  ZERO_PADDING_LIMIT,
} from './limits.ts';
import { advance } from './walk-elements.ts';
import { newWalk, refuse } from './walk-state.ts';
import type { CutPixelData, FragmentsFrame, Walk, WalkStart } from './walk-state.ts';

type WalkOutcome =
  | {
      readonly kind: 'walked';
      readonly elements: readonly DicomElement[];
      /** First byte after the last element. */
      readonly end: number;
      readonly warnings: ReadonlySet<WarningCode>;
    }
  | {
      readonly kind: 'refused';
      readonly because: ReasonCode;
      readonly where: Place;
      /** The top-level elements before that position. */
      readonly elements: readonly DicomElement[];
      /**
       * Pixel Data reaches beyond the end of the file. `examineCutPixelData` judges it by rows, columns and
       * frames.
       */
      readonly cutPixelData?: CutPixelData;
    };

/**
 * Walks `source` from `start` to its end or, for File Meta Information, to the end of group 0002. Rejects only if
 * reading does, or with the signal's reason.
 */
export async function walkDataSet(
  source: ByteSource,
  start: WalkStart,
  signal?: AbortSignal,
): Promise<WalkOutcome> {
  const walk = newWalk(source.size, start);
  let readBytes = FIRST_READ_BYTES;
  let headerBytes = 0;
  for (;;) {
    const step = advance(walk);
    if (step === 'done')
      return { kind: 'walked', elements: walk.root.elements, end: walk.position, warnings: walk.warnings };
    if (step === 'zeros?') return await endOfPadding(walk, source, signal);
    if (step === 'refused') return { kind: 'refused', elements: walk.root.elements, ...walk.refusal! };
    signal?.throwIfAborted();
    if (walk.position > walk.windowOffset + walk.window.length) readBytes = READ_AFTER_JUMP_BYTES;
    const inFragments = walk.stack[walk.stack.length - 1]!.kind === 'fragments';
    const length = Math.max(walk.wanted, inFragments ? fragmentReadBytes(walk) : readBytes);
    if (!inFragments) {
      readBytes = Math.min(readBytes * 2, LARGEST_READ_BYTES);
      headerBytes += length;
      if (headerBytes > HEADER_BYTES_LIMIT) return refusedHere(walk, 'header-too-large');
    }
    walk.window = await source.read(walk.position, length);
    walk.windowOffset = walk.position;
    // The file shrank while it was read.
    if (walk.window.length < Math.min(walk.wanted, source.size - walk.position))
      return refusedHere(walk, 'truncated');
  }
}

/** Some writers fill the last block of a medium with zero bytes. Nothing else may follow the Data Set. */
async function endOfPadding(walk: Walk, source: ByteSource, signal?: AbortSignal): Promise<WalkOutcome> {
  if (walk.size - walk.position > ZERO_PADDING_LIMIT) return refusedHere(walk, 'trailing-data');
  for (let offset = walk.position; offset < walk.size; offset += LARGEST_READ_BYTES) {
    signal?.throwIfAborted();
    const bytes = await source.read(offset, LARGEST_READ_BYTES);
    if (!bytes.every((byte) => byte === 0)) return refusedHere(walk, 'trailing-data');
  }
  walk.warnings.add('trailing-padding');
  return { kind: 'walked', elements: walk.root.elements, end: walk.position, warnings: walk.warnings };
}

function fragmentReadBytes(walk: Walk): number {
  const frame = walk.stack[walk.stack.length - 1] as FragmentsFrame;
  const last = frame.fragments[frame.fragments.length - 1];
  return !last || last.length > SMALL_FRAGMENT_BYTES ? FRAGMENT_HEADER_READ_BYTES : LARGEST_READ_BYTES / 8;
}

function refusedHere(walk: Walk, because: ReasonCode): WalkOutcome {
  refuse(walk, because);
  return { kind: 'refused', elements: walk.root.elements, ...walk.refusal! };
}
