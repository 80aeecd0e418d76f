/**
 * ONNX files for tests, written by hand (onnx.proto, IR version 8): small ones whose answer is known
 * beforehand, and ones that go wrong on purpose.
 */
import { sha256 } from '#testing/sha256.ts';

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 0x80))];
const bytesOf = (text: string): number[] => [...Buffer.from(text)];
const number = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const part = (field: number, content: readonly number[]): number[] => [
  ...varint(field * 8 + 2),
  ...varint(content.length),
  ...content,
];
const text = (field: number, value: string): number[] => part(field, bytesOf(value));

type Node = { readonly op: string; readonly inputs: readonly string[]; readonly output: string };
const node = ({ op, inputs, output }: Node): number[] =>
  part(1, [...inputs.flatMap((name) => text(1, name)), ...text(2, output), ...text(4, op)]);
const dims = (shape: readonly number[]): number[] => shape.flatMap((length) => part(1, number(1, length)));
const value = (field: number, name: string, shape: readonly number[]): number[] =>
  part(field, [...text(1, name), ...part(2, part(1, [...number(1, 1), ...part(2, dims(shape))]))]);
const constant = (name: string, scalar: number): number[] =>
  part(5, [
    ...number(1, 1),
    ...number(2, 1),
    ...part(4, [...new Uint8Array(new Float32Array([scalar]).buffer)]),
    ...text(8, name),
  ]);

const SIDE = 32;
export type TestModel = { readonly file: Uint8Array<ArrayBuffer>; readonly card: Record<string, unknown> };

function build(id: string, nodes: readonly Node[]): TestModel {
  const input = [1, 1, SIDE, SIDE];
  const output = [1, 1];
  const graph = [
    ...nodes.flatMap(node),
    ...text(2, 'test'),
    ...constant('threshold', 0.4),
    ...value(11, 'image', input),
    ...value(12, 'probabilities', output),
  ];
  const opset = part(8, [...text(1, ''), ...number(2, 13)]);
  const file = new Uint8Array([...number(1, 8), ...part(7, graph), ...opset]);
  const card = {
    id,
    version: '1.0.0',
    title: 'For a test',
    task: 'classification',
    intendedUse: 'A test. NOT FOR DIAGNOSTIC USE.',
    limits: ['It knows nothing.'],
    input: { name: 'image', shape: input, type: 'float32', batch: false },
    outputs: { probabilities: { shape: output } },
    classes: ['bright'],
    file: 'test.onnx',
    bytes: file.length,
    sha256: sha256(file),
  };
  return { file, card };
}

const MEAN: readonly Node[] = [
  { op: 'GlobalAveragePool', inputs: ['image'], output: 'pooled' },
  { op: 'Flatten', inputs: ['pooled'], output: 'mean' },
];

/** A model of one class, whose probability is the mean grey of the image. */
export const meanModel = (id = 'mean-grey'): TestModel =>
  build(id, [...MEAN, { op: 'Identity', inputs: ['mean'], output: 'probabilities' }]);

/** Twice the mean grey and 0.4 together: 1.8 on middle grey. */
export const aboveOneModel = (id = 'above-one'): TestModel =>
  build(id, [
    ...MEAN,
    { op: 'Add', inputs: ['mean', 'threshold'], output: 'more' },
    { op: 'Add', inputs: ['more', 'more'], output: 'probabilities' },
  ]);

/**
 * A finite value on a picture of middle grey, with which a new model is tried; no number on one that is
 * darker.
 */
export const darkNanModel = (id = 'nan-in-the-dark'): TestModel =>
  build(id, [
    ...MEAN,
    { op: 'Sub', inputs: ['mean', 'threshold'], output: 'above' },
    { op: 'Log', inputs: ['above'], output: 'log' },
    { op: 'Exp', inputs: ['log'], output: 'probabilities' },
  ]);
