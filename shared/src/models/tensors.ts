/** Turns squares into a model's input, and its answer into the expected values. */
import type { RunModel, Tensor } from './model.ts';

/**
 * Squares of `side` × `side` values, one after another, as a tensor [n, 1, side, side]. Throws RangeError if the values
 * do not fill whole squares.
 */
export function squaresTensor(data: Float32Array, side: number): Tensor {
  const count = data.length / (side * side);
  if (!Number.isInteger(count) || count === 0) throw new RangeError('values that fill no squares');
  return { dims: [count, 1, side, side], data };
}

/**
 * Runs the model and returns the values of the requested outputs. Throws RangeError if an output is missing or has the
 * wrong length.
 */
export async function outputsOf<Name extends string>(
  run: RunModel,
  input: Tensor,
  lengths: Readonly<Record<Name, number>>,
  signal?: AbortSignal,
): Promise<Readonly<Record<Name, Float32Array>>> {
  const answer = await run(input, signal);
  const entries = (Object.entries(lengths) as [Name, number][]).map(([name, length]) => {
    const data = answer[name]?.data;
    if (data?.length !== length) throw new RangeError(`the model's output ${name} has not ${length} values`);
    return [name, data] as const;
  });
  return Object.fromEntries(entries) as Record<Name, Float32Array>;
}

/** The index of the largest value; of equal values, the first. */
export function indexOfMost(values: ArrayLike<number>): number {
  let most = 0;
  for (let index = 1; index < values.length; index += 1) if (values[index]! > values[most]!) most = index;
  return most;
}
