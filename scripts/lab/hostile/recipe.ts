/** The form of a recipe, and tools of all of them: the doors' answers in words, and mutations by a seed. */
import fc from 'fast-check';
import { askAt, type Answer, type Door } from './door.ts';
import { sendInstances, type Instance } from './send-instance.ts';
import type { Victim } from './victim.ts';

/** How large: `factor` 1 is what stopped a gateway, a short run takes less. `seed`: of the mutation. */
export type Size = { readonly factor: number; readonly seed: number };

export type Recipe = {
  readonly name: string;
  /** Everything that the gateway said: statuses, codes, or the ends of instances. */
  readonly run: (door: Door, size: Size, victim: Victim) => Promise<readonly string[]>;
  /** The right answers. */
  readonly right: RegExp;
  /** The right answers to a stranger; `not-authenticated` by default. */
  readonly strangers?: RegExp;
};

/** A policy that cleans text (open-doors.ts makes it). */
export const CLEANING = { name: 'cleaning', version: 1 } as const;
export const DEIDENTIFIED = { name: 'deidentified', version: 1 } as const;
export const IDENTIFIED = { name: 'identified', version: 1 } as const;

export const oneOf = <T>(arbitrary: fc.Arbitrary<T>, seed: number): T =>
  fc.sample(arbitrary, { seed, numRuns: 1 })[0]!;
export const someOf = <T>(arbitrary: fc.Arbitrary<T>, seed: number, count: number): T[] =>
  fc.sample(arbitrary, { seed, numRuns: count });
export const times = (count: number, factor: number): number => Math.max(1, Math.round(count * factor));
export const said = ({ status, code }: Answer): string => code ?? String(status);
export const many = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

/** Sends an instance; a stranger learns at the announcement that there is nothing for it. */
export const sends =
  (make: (size: Size) => Instance, policy: { name: string; version: number }): Recipe['run'] =>
  (door, size) =>
    sendInstances(door, [make(size)], policy);

/** `atOnce`: so many of the same at the same time. */
export const posts =
  (
    path: string,
    bodyOf: (size: Size) => Uint8Array,
    headers: Readonly<Record<string, string>>,
    atOnce = 1,
  ): Recipe['run'] =>
  async (door, size) => {
    const body = new Blob([new Uint8Array(bodyOf(size))]);
    const one = async () => said(await askAt(door, path, { method: 'POST', headers, body }));
    return Promise.all(many(atOnce, one));
  };
