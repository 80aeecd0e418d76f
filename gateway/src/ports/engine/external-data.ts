/**
 * Finds out whether an ONNX file keeps values in other files. It reads the protobuf itself, before any runtime sees it,
 * because a path in a model could name any file.
 *
 * Only the fields that lead to a TensorProto are followed (onnx.proto, IR version 10): initializers, attributes,
 * sub-graphs of If, Loop and Scan, functions, training. The rest is not checked here; the runtime does that.
 */

/** The field numbers to follow in each message; null: this field itself marks external data. */
const MESSAGES = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  // external_data, data_location.
  tensor: { 13: null, 14: null },
} as const satisfies Readonly<Record<string, Readonly<Record<number, string | null>>>>;
type Message = keyof typeof MESSAGES;

/** protobuf's own limit, which the runtime enforces: files nested deeper cannot be loaded. */
const DEPTH_LIMIT = 100;

class NotProtobuf extends Error {}

/** `unreadable`: it is not a protobuf message, or is nested too deeply. */
export function findExternalData(bytes: Uint8Array): 'none' | 'found' | 'unreadable' {
  try {
    return holdsExternal(bytes, 'model', 0) ? 'found' : 'none';
  } catch (error) {
    if (error instanceof NotProtobuf) return 'unreadable';
    throw error;
  }
}

function holdsExternal(bytes: Uint8Array, message: Message, depth: number): boolean {
  if (depth > DEPTH_LIMIT) throw new NotProtobuf();
  const follow: Readonly<Record<number, Message | null>> = MESSAGES[message];
  for (const { field, value } of fieldsOf(bytes)) {
    const next = follow[field];
    if (next === undefined) continue;
    // DEFAULT is 0, EXTERNAL is 1: any location other than the default means that the data is not in the file.
    if (
      next === null
        ? typeof value !== 'number' || value !== 0
        : typeof value !== 'number' && holdsExternal(value, next, depth + 1)
    )
      return true;
  }
  return false;
}

/**
 * A number, or the bytes of a length-delimited field. Numbers are exact only while they are small, which is enough
 * here.
 */
type Field = { readonly field: number; readonly value: number | Uint8Array };

function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    for (let value = 0, shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new NotProtobuf();
  };
  const skip = (length: number): number => {
    at += length;
    if (at > bytes.length) throw new NotProtobuf();
    return 0;
  };
  while (at < bytes.length) {
    const key = varint();
    // Other readers keep 32 bits of a key, so they would take a longer key for another field.
    if (key >= 2 ** 32) throw new NotProtobuf();
    const field = Math.floor(key / 8);
    const type = key % 8;
    if (type === 0) yield { field, value: varint() };
    else if (type === 1) skip(8);
    else if (type === 5) skip(4);
    else if (type === 2) {
      const length = varint();
      const start = at;
      skip(length);
      yield { field, value: bytes.subarray(start, at) };
    } else throw new NotProtobuf(); // Groups: ONNX has none.
  }
}
