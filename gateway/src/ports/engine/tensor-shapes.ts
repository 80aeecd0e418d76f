/**
 * Compares tensors with a card. Dimensions are compared one by one; the first one is free where the model takes several
 * examples at once.
 */
import type { Tensor } from '#shared/models/model.ts';
import type { EngineModel } from './engine.ts';

/** A dimension of a graph: its size, or a name that stands for any size. */
type GraphDim = number | string;
/** An input or an output as the graph declares it. */
export type GraphValue = {
  readonly name: string;
  readonly type: string | null;
  readonly shape: readonly GraphDim[];
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1);
const isSame = (left: readonly number[], right: readonly number[]): boolean =>
  left.length === right.length && left.every((dim, at) => dim === right[at]);

/**
 * The number of examples in an input, as a multiple of the card's first dimension. Throws RangeError if the
 * input does not have the card's shape.
 */
export function batchOf({ input: { shape, batch } }: EngineModel, { dims, data }: Tensor): number {
  const [examples = 1, ...rest] = dims;
  const times = batch ? examples / (shape[0] ?? 1) : 1;
  const isAsked =
    Number.isInteger(times) &&
    times >= 1 &&
    isSame(dims, batch ? [examples, ...rest] : shape) &&
    isSame(rest, shape.slice(1));
  if (!isAsked || sizeOf(dims) !== data.length)
    throw new RangeError('the input does not have the shape that the model takes');
  return times;
}

/** The shape of one of the card's outputs, with the first dimension multiplied by `times`. */
export const shapeFor = ([first = 1, ...rest]: readonly number[], times: number): number[] => [
  first * times,
  ...rest,
];

/** True if a tensor has this shape and the matching number of values. */
export const hasShape = ({ dims, data }: Tensor, shape: readonly number[]): boolean =>
  isSame(dims, shape) && data.length === sizeOf(shape);

/**
 * True if the graph takes and gives exactly what the card says. A dimension that the graph leaves open may have the
 * card's size.
 */
export function fitsCard(
  { input, outputs: promised }: EngineModel,
  inputs: readonly GraphValue[],
  outputs: readonly GraphValue[],
): boolean {
  const fitsDim = (dim: GraphDim | undefined, asked: number, at: number): boolean =>
    typeof dim === 'string' || (dim === asked && !(at === 0 && input.batch));
  const fits = (value: GraphValue | undefined, shape: readonly number[]): boolean =>
    value?.type === 'float32' &&
    value.shape.length === shape.length &&
    shape.every((asked, at) => fitsDim(value.shape[at], asked, at));
  return (
    inputs.length === 1 &&
    inputs[0]?.name === input.name &&
    fits(inputs[0], input.shape) &&
    outputs.length === Object.keys(promised).length &&
    Object.entries(promised).every(([name, { shape }]) =>
      fits(
        outputs.find((one) => one.name === name),
        shape,
      ),
    )
  );
}
