/** Parsers that say where they run, refuse, never end, or take all memory. */
import { isMainThread } from 'node:worker_threads';
import { Problem } from '#shared/protocol/problem.ts';

/** Where it runs, on how many bytes, and what it was given besides. */
export const sayWhere = (bytes: Uint8Array, ...rest: unknown[]): unknown[] => [
  isMainThread,
  bytes.length,
  ...rest,
];

export const refuse = (): never => {
  throw new Problem('invalid-request', 'Invalid: json (nested too deeply).');
};

export const hang = (): never => {
  for (;;);
};

export const fill = (): never => {
  for (const filled: unknown[] = []; ; ) filled.push(new Array(10_000).fill(filled.length));
};
