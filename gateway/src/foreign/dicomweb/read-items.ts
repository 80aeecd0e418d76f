/** Reads the objects of a JSON array one by one as they arrive, so that only one of them is in memory. */
import { setImmediate } from 'node:timers/promises';
import { PacsUnreachable } from '../../ports/pacs/pacs.ts';

/** The largest item, a Data Set without bulk data. Whole slides have some megabytes of functional groups. */
export const ITEM_BYTES_LIMIT = 32 * 1024 ** 2;
/**
 * The size of a small item, several hundred times a usual row. Each answer in transit may hold an item of this size
 * without asking.
 */
const SMALL_BYTES = 1024 ** 2;

/**
 * Each item counts at least this many bytes for its processing, so at most 256 of the smallest are handled in one turn
 * of the event loop.
 */
const ITEM_COSTS_BYTES = 1024;
const TURN_BYTES = 256 * ITEM_COSTS_BYTES;

const [QUOTE, ESCAPE, OPEN, CLOSE, BEGIN, END, COMMA] = Buffer.from('"\\{}[],');
const BLANKS: readonly number[] = [...Buffer.from(' \t\r\n')];

type Place = { depth: number; isText: boolean; isEscaped: boolean };

/**
 * Yields the bytes of each object. Throws PacsUnreachable if the body is anything else, or ends too early.
 * `enterLarge` is awaited before an item exceeds the small size.
 */
export async function* readItems(
  body: AsyncIterable<Uint8Array>,
  enterLarge: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  let state: 'before' | 'within' | 'after' = 'before';
  const place: Place = { depth: 0, isText: false, isEscaped: false };
  let leftOfTurn = TURN_BYTES;
  const spend = async (bytes: number): Promise<void> => {
    leftOfTurn -= bytes;
    if (leftOfTurn > 0) return;
    await setImmediate();
    leftOfTurn = TURN_BYTES;
  };
  for await (const piece of body) {
    await spend(piece.length);
    let start = place.depth > 0 ? 0 : -1;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at]!;
      if (place.depth === 0) {
        if (byte === OPEN && state === 'within') {
          place.depth = 1;
          start = at;
        } else if (byte === BEGIN && state === 'before') state = 'within';
        else if (byte === END && state === 'within') state = 'after';
        else if (!BLANKS.includes(byte) && !(byte === COMMA && state === 'within')) throw unreadable();
        continue;
      }
      step(place, byte);
      if (place.depth > 0) continue;
      if (heldBytes + at - start >= ITEM_BYTES_LIMIT) throw unreadable();
      yield Buffer.concat([...held.splice(0), piece.subarray(start, at + 1)]);
      heldBytes = 0;
      start = -1;
      await spend(ITEM_COSTS_BYTES);
    }
    if (start < 0) continue;
    held.push(piece.slice(start));
    heldBytes += piece.length - start;
    if (heldBytes > ITEM_BYTES_LIMIT) throw unreadable();
    if (heldBytes > SMALL_BYTES) await enterLarge();
  }
  if (state !== 'after') throw unreadable();
}

/** Advances by one byte inside an object. */
function step(place: Place, byte: number): void {
  if (place.isText) {
    if (place.isEscaped) place.isEscaped = false;
    else if (byte === ESCAPE) place.isEscaped = true;
    else if (byte === QUOTE) place.isText = false;
  } else if (byte === QUOTE) place.isText = true;
  else if (byte === OPEN) place.depth += 1;
  else if (byte === CLOSE) place.depth -= 1;
}

const unreadable = (): PacsUnreachable => new PacsUnreachable('the PACS answered with no list', null);
