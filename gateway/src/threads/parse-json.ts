/**
 * Parses a sender's bytes into JSON values. Depth, values and different names are limited before any value is made.
 * Names matter because the engine keeps each of them for the whole process, outside of what limits a thread's memory.
 */
import { Problem } from '#shared/protocol/problem.ts';

/**
 * 20 000 instances have some 25 values each, and a manifest's reports at most 40 000 actions. A manifest is 7 levels
 * deep, because model answers are objects within an instance.
 */
export const LIMITS = { values: 1_000_000, depth: 16 };
/** A manifest has some 60 different names; a policy may name each attribute of PS3.15's table by its tag. */
export const NAMES_LIMIT = 4_000;

/**
 * Throws `invalid-request` where JSON is nested too deeply, or has more values or names than any valid request, and
 * `bad-request` where the bytes are not JSON.
 */
export function parseJson(bytes: Uint8Array, limits: Partial<typeof LIMITS> = {}): unknown {
  requireShape(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { ...LIMITS, ...limits });
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new Problem('bad-request');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
/** [ and {, ] and }. */
const OPENERS = [0x5b, 0x7b];
const CLOSERS = [0x5d, 0x7d];

function requireShape(bytes: Buffer, limits: typeof LIMITS): void {
  const names = new Set<string>();
  let depth = 0;
  let values = 0;
  let textFrom = -1;
  let text: { readonly from: number; readonly to: number } | null = null;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (textFrom >= 0) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) {
        text = { from: textFrom, to: at };
        textFrom = -1;
      }
    } else if (byte === QUOTE) textFrom = at + 1;
    else if (OPENERS.includes(byte)) {
      depth += 1;
      values += 1;
    } else if (CLOSERS.includes(byte)) depth -= 1;
    else if (byte === COMMA) values += 1;
    else if (byte === COLON) {
      // The text before a colon is a name, and belongs to that colon only, so a long name is read only once.
      if (text === null) throw new Problem('bad-request');
      names.add(bytes.toString('latin1', text.from, text.to));
      text = null;
    }
    if (depth > limits.depth) throw wrongShape('nested too deeply');
    if (values > limits.values) throw wrongShape('too many values');
    if (names.size > NAMES_LIMIT) throw wrongShape('too many different names');
  }
}

const wrongShape = (how: string): Problem => new Problem('invalid-request', `Invalid: json (${how}).`);
