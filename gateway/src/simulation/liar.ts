/**
 * A PACS that lies, whatever it speaks: what a world (lies.ts) needs of it, and what each kind may do. Its lies are
 * those that its protocol allows; each kind draws them from a seed.
 */
import { seededRandom, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { PROOFS, type WantedProof } from '#shared/protocol/destination.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { OrthancBehind } from '../testing/orthanc-behind.ts';

/** The adapters of the port (ports/pacs/pacs.ts). */
export const KINDS = ['orthanc', 'dicomweb', 'dimse', 'folder'] as const;
export type Kind = (typeof KINDS)[number];

/** A gateway's setting, and the PACS before which it stands. */
export type Variant = { readonly proof: WantedProof; readonly kind: Kind };
export const variantsOf = (kinds: readonly Kind[]): readonly Variant[] =>
  kinds.flatMap((kind) => PROOFS.map((proof) => ({ proof, kind })));

export type Random = () => number;
export const oneOf = <T>(all: readonly T[], random: Random): T => all[Math.floor(random() * all.length)]!;

/** The bytes that it holds under a UID, beside those that were promised, and not as it says. */
export type Found = 'same' | 'other' | 'none';

/** `told`: what it does now that is not as it should be. `restarts`: the gateway starts again. */
export type Turn = { readonly told: object; readonly restarts: boolean };

export type Liar = {
  openPacs(): Pacs;
  /** The PACS does as it should, from now on. */
  beHonest(): Promise<void>;
  /** From now on it lies as its seed says next: in one place alone, in turn, or in any of many ways. */
  lie(how: 'cell' | 'illness', sopInstanceUIDs: readonly string[], random: Random): Promise<Turn>;
  /** `digest`: SHA-256 (hexadecimal) of the promised file. */
  holds(sopInstanceUID: string, digest: string): Promise<Found>;
  /** A search was told to find nothing of it since it was said to be there. */
  isDenied(sopInstanceUID: string): boolean;
  /** Instances that it said it does not take. */
  readonly saidRefused: ReadonlySet<string>;
  /** Instances that it said it keeps, where it is asked (storage commitment); null: it is not. */
  readonly saidKept: ReadonlySet<string> | null;
  /** Instances that it was given once more although it has them and had said so. */
  readonly doubled: readonly string[];
  /** Whole instances that nobody has: the gateway gave other bytes. */
  readonly foreign: readonly string[];
  /** Lies that were told and illnesses that showed, and how often. */
  readonly faults: ReadonlyMap<string, number>;
  /** Faults that are cells. */
  cellsMet(): ReadonlyMap<string, number>;
  /** More that may be sent to it. */
  expect(instances: readonly SyntheticInstance[]): void;
  /** The PACS loses instances that it holds. */
  forget(sopInstanceUIDs: readonly string[]): Promise<void>;
  close(): Promise<void>;
};

export type LiarOptions = {
  readonly seed: number;
  /** Number of the world among the worlds of this variant. */
  readonly nth: number;
  readonly now: () => number;
  /** A search that knows nothing of an instance so long after its store takes back that it is there. */
  readonly patienceMs: number;
  /** A real Orthanc behind the one that lies. */
  readonly behind?: OrthancBehind | undefined;
};

/** Cells that a world takes in its turn; the other conducts are drawn. */
export const CELLS_A_WORLD = 4;

/** The cells in the order of the seed; the worlds share them out. */
export function inTurn<T>(cells: readonly T[], { seed, nth }: LiarOptions): () => T {
  const shuffle = seededRandom(seed);
  const order = cells
    .map((cell) => ({ cell, at: shuffle() }))
    .sort((a, b) => a.at - b.at)
    .map(({ cell }) => cell);
  let next = nth * CELLS_A_WORLD;
  return () => order[next++ % order.length]!;
}

export function addFault(faults: Map<string, number>, kind: string): void {
  faults.set(kind, (faults.get(kind) ?? 0) + 1);
}

/** Only what is not as it should be. */
export function oddIn<C extends object>(conduct: C, honest: C): object {
  return Object.fromEntries(
    Object.entries(conduct)
      .filter(([name, value]) => value !== honest[name as keyof C])
      .map(([name, value]) => [name, value instanceof Set ? `${value.size} instances` : value]),
  );
}
