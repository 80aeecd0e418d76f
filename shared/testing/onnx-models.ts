/**
 * Small ONNX models for tests of what runs models: honest ones, and ones that hang, eat memory, crash, lie or
 * reach for other files.
 *
 * A protobuf writer of the few messages that they need (onnx.proto, IR version 8, opset 13). Each takes `x`
 * and gives `y`, float32 of 1 × 4, and its card says so, unless stated otherwise.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from './sha256.ts';

const FLOAT = 1;
const INT64 = 7;
const BOOL = 9;
export const DOUBLE = 11;

/** A value of a message, with its field number. */
type Part = Uint8Array;

function varint(value: bigint): Part {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 0x80n) return Uint8Array.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}
const message = (parts: readonly Part[]): Uint8Array => Buffer.concat(parts);
const int = (field: number, value: bigint | number): Part =>
  message([varint(BigInt(field * 8)), varint(BigInt(value))]);
const bytes = (field: number, content: Uint8Array): Part =>
  message([varint(BigInt(field * 8 + 2)), varint(BigInt(content.length)), content]);
const text = (field: number, content: string): Part => bytes(field, Buffer.from(content));
const part = (field: number, parts: readonly Part[]): Part => bytes(field, message(parts));

const tensor = (name: string, type: number, dims: readonly number[], raw: ArrayBufferView): Part[] => [
  ...dims.map((dim) => int(1, dim)),
  int(2, type),
  text(8, name),
  bytes(9, new Uint8Array(raw.buffer)),
];
const floats = (name: string, dims: readonly number[], ...values: number[]): Part[] =>
  tensor(name, FLOAT, dims, Float32Array.from(values));
const ints = (name: string, dims: readonly number[], ...values: bigint[]): Part[] =>
  tensor(name, INT64, dims, BigInt64Array.from(values));
/** A tensor whose values lie in another file. */
const external = (name: string): Part[] => [
  int(1, 1),
  int(2, FLOAT),
  text(8, name),
  part(13, [text(1, 'location'), text(2, '../secret')]),
  int(14, 1),
];

type Dims = readonly (number | string)[];
const value = (name: string, type: number, dims: Dims): Part[] => [
  text(1, name),
  part(2, [
    part(1, [
      int(1, type),
      part(
        2,
        dims.map((dim) => part(1, [typeof dim === 'number' ? int(1, dim) : text(2, dim)])),
      ),
    ]),
  ]),
];

const graphAttribute = (name: string, graph: readonly Part[]): Part =>
  part(5, [text(1, name), part(6, graph), int(20, 5)]);
const tensorAttribute = (name: string, content: readonly Part[]): Part =>
  part(5, [text(1, name), part(5, content), int(20, 4)]);
const intAttribute = (name: string, content: number): Part =>
  part(5, [text(1, name), int(3, content), int(20, 2)]);
const node = (
  operator: string,
  from: readonly string[],
  to: readonly string[],
  attributes: readonly Part[] = [],
): Part =>
  part(1, [
    ...from.map((name) => text(1, name)),
    ...to.map((name) => text(2, name)),
    text(4, operator),
    ...attributes,
    text(7, ''),
  ]);
/** A node of another domain than ONNX's own. */
const foreignNode = (domain: string, operator: string, from: string, to: string): Part =>
  part(1, [text(1, from), text(2, to), text(4, operator), text(7, domain)]);
const initializer = (content: readonly Part[]): Part => part(5, content);

type Ends = { readonly input?: readonly Part[]; readonly output?: readonly Part[] };
const graphOf = (
  parts: readonly Part[],
  { input = value('x', FLOAT, [1, 4]), output = value('y', FLOAT, [1, 4]) }: Ends = {},
): Part[] => [...parts, text(2, 'g'), part(11, input), part(12, output)];
const model = (graph: readonly Part[], more: readonly Part[] = [], opset = 13): Uint8Array =>
  message([int(1, 8), part(7, graph), part(8, [int(2, opset)]), ...more]);

const ONE = initializer(floats('one', [1], 1));
/** Body of a Loop: v → `parts` → w, without end. */
const body = (dims: Dims, ...parts: Part[]): Part[] => [
  node('Identity', ['go'], ['on']),
  ...parts,
  text(2, 'b'),
  part(11, value('i', INT64, [])),
  part(11, value('go', BOOL, [])),
  part(11, value('v', FLOAT, dims)),
  part(12, value('on', BOOL, [])),
  part(12, value('w', FLOAT, dims)),
];
const ALWAYS = initializer(ints('trips', [], 2n ** 62n));
const loop = (graph: readonly Part[], trips: readonly Part[] = [ALWAYS]): Part[] => [
  ...trips,
  initializer(tensor('true', BOOL, [], Uint8Array.of(1))),
  node('Loop', ['trips', 'true', 'x'], ['z'], [graphAttribute('body', graph)]),
];
const ADDING_ONE = body([1, 4], ONE, node('Add', ['v', 'one'], ['w']));
const SUM_OF_Z = node('ReduceSum', ['z'], ['y'], [intAttribute('keepdims', 1)]);
const ADD_ONE = node('Add', ['x', 'one'], ['y']);
const constant = (to: string, content: readonly Part[]): Part =>
  node('Constant', [], [to], [tensorAttribute('value', content)]);

/** By what they do. */
export const ONNX_MODELS = {
  'adds-one': model(graphOf([ONE, ADD_ONE])),
  'adds-one-to-any-number': model(
    graphOf([ONE, ADD_ONE], { input: value('x', FLOAT, ['n', 4]), output: value('y', FLOAT, ['n', 4]) }),
  ),
  loops: model(graphOf([...loop(ADDING_ONE), node('Identity', ['z'], ['y'])])),
  // Repeats as often as the largest value of x.
  'loops-as-asked': model(
    graphOf([
      ...loop(ADDING_ONE, [
        node('ReduceMax', ['x'], ['most'], [intAttribute('keepdims', 0)]),
        node('Cast', ['most'], ['trips'], [intAttribute('to', INT64)]),
      ]),
      node('Identity', ['z'], ['y']),
    ]),
  ),
  grows: model(
    graphOf(
      [...loop(body(['m', 4], node('Concat', ['v', 'v'], ['w'], [intAttribute('axis', 0)]))), SUM_OF_Z],
      { output: value('y', FLOAT, [1, 1]) },
    ),
  ),
  expands: model(
    graphOf(
      [
        initializer(ints('size', [3], 10_000_000_000n, 1n, 4n)),
        node('Expand', ['x', 'size'], ['z']),
        SUM_OF_Z,
      ],
      { output: value('y', FLOAT, [1, 1, 1]) },
    ),
  ),
  // −2⁶³ ÷ −1 does not fit: the processor traps.
  crashes: model(
    graphOf([
      initializer(ints('least', [1], -(2n ** 63n))),
      initializer(floats('minus', [1], -1)),
      node('Mul', ['x', 'minus'], ['negative']),
      node('Cast', ['negative'], ['a'], [intAttribute('to', INT64)]),
      node('Div', ['least', 'a'], ['b']),
      node('Cast', ['b'], ['y'], [intAttribute('to', FLOAT)]),
    ]),
  ),
  'gives-nan': model(graphOf([node('Sub', ['x', 'x'], ['zero']), node('Div', ['zero', 'zero'], ['y'])])),
  'gives-infinity': model(
    graphOf([
      node('Sub', ['x', 'x'], ['zero']),
      node('Exp', ['zero'], ['e']),
      node('Div', ['e', 'zero'], ['y']),
    ]),
  ),
  // Integers by zero: the runtime refuses in the midst of the graph.
  'stops-within': model(
    graphOf([
      node('Cast', ['x'], ['a'], [intAttribute('to', INT64)]),
      node('Sub', ['a', 'a'], ['zero']),
      node('Div', ['a', 'zero'], ['b']),
      node('Cast', ['b'], ['y'], [intAttribute('to', FLOAT)]),
    ]),
  ),
  'gives-five': model(
    graphOf(
      [
        initializer(floats('more', [1, 1], 1)),
        node('Concat', ['x', 'more'], ['y'], [intAttribute('axis', 1)]),
      ],
      { output: value('y', FLOAT, [1, 5]) },
    ),
  ),
  // Two rows, and as many columns as x has values that are not zero.
  'gives-as-many': model(
    graphOf([node('NonZero', ['x'], ['at']), node('Cast', ['at'], ['y'], [intAttribute('to', FLOAT)])], {
      output: value('y', FLOAT, [2, 'm']),
    }),
  ),
  'gives-double': model(
    graphOf([node('Cast', ['x'], ['y'], [intAttribute('to', DOUBLE)])], {
      output: value('y', DOUBLE, [1, 4]),
    }),
  ),
  'gives-z': model(graphOf([ONE, node('Add', ['x', 'one'], ['z'])], { output: value('z', FLOAT, [1, 4]) })),
  'future-opset': model(graphOf([ONE, ADD_ONE]), [], 9999),
  'unknown-operator': model(graphOf([foreignNode('org.example', 'Foo', 'x', 'y')]), [
    part(8, [text(1, 'org.example'), int(2, 1)]),
  ]),
  'unknown-graph': Buffer.from('no model at all'),
  empty: new Uint8Array(),
} as const satisfies Readonly<Record<string, Uint8Array>>;

/** Models that read another file when they are loaded, by where they say so. */
export const EXTERNAL_ONNX_MODELS = {
  'an initializer': model(graphOf([initializer(external('one')), ADD_ONE])),
  'a sparse initializer': model(
    graphOf([part(15, [part(1, external('one')), part(2, ints('', [1], 0n)), int(3, 1)]), ADD_ONE]),
  ),
  'the indices of a sparse initializer': model(
    graphOf([part(15, [part(1, floats('one', [1], 1)), part(2, external('')), int(3, 1)]), ADD_ONE]),
  ),
  'an attribute': model(graphOf([constant('one', external('')), ADD_ONE])),
  'a list of tensors in an attribute': model(
    graphOf([
      node('Constant', [], ['one'], [part(5, [text(1, 'value'), part(10, external('')), int(20, 9)])]),
      ADD_ONE,
    ]),
  ),
  'a sparse attribute': model(
    graphOf([
      node(
        'Constant',
        [],
        ['one'],
        [part(5, [text(1, 'sparse_value'), part(22, [part(1, external(''))]), int(20, 11)])],
      ),
      ADD_ONE,
    ]),
  ),
  'the body of a Loop': model(
    graphOf([
      ...loop(body([1, 4], constant('one', external('')), node('Add', ['v', 'one'], ['w']))),
      node('Identity', ['z'], ['y']),
    ]),
  ),
  'a Loop in a Loop': model(
    graphOf([
      ...loop(body([1, 4], ...loop(body([1, 4], initializer(external('one')))))),
      node('Identity', ['z'], ['y']),
    ]),
  ),
  'a function': model(graphOf([foreignNode('f', 'F', 'x', 'y')]), [
    part(8, [text(1, 'f'), int(2, 1)]),
    part(25, [
      text(1, 'F'),
      text(4, 'x'),
      text(5, 'y'),
      part(7, [text(2, 'one'), text(4, 'Constant'), tensorAttribute('value', external(''))]),
      text(10, 'f'),
    ]),
  ]),
  training: model(graphOf([ONE, ADD_ONE]), [part(20, [part(2, [initializer(external('one'))])])]),
} as const satisfies Readonly<Record<string, Uint8Array>>;

const X = { name: 'x', shape: [1, 4] } as const;
const CARD = { input: X, outputs: { y: { shape: [1, 4] } } } as const;

/** Writes the file; the card says what the models of this file do if nothing else is given. */
export async function saveOnnxModel<Card = typeof CARD>(
  folder: string,
  name: string,
  content: Uint8Array,
  card: Card = CARD as Card,
): Promise<Card & { readonly digest: string; readonly path: string }> {
  const path = join(folder, `${name.replaceAll(' ', '-')}.onnx`);
  await writeFile(path, content);
  return { digest: sha256(content), path, ...card };
}
