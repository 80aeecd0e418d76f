/**
 * Files de-identified in memory, for tests that look at every byte of what comes out. Not for the road: there
 * nothing holds an instance.
 */
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { ByteSource, ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { deidentifyInstance } from '#shared/deid/deidentify-instance.ts';
import type { Beside, DeidentifyOutcome, Segment } from '#shared/deid/deidentify-instance.ts';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import { checkResidue } from '#shared/deid/residue.ts';
import { createRules, type DeidRules } from '#shared/deid/rules.ts';
import { segmentsSource } from '#shared/deid/segments.ts';
import { secretsUnder } from '#shared/transfer/patient-secrets.ts';
import { derivePolicyKey, type NamedKey, type PolicyKey } from '#shared/transfer/policy-key.ts';

export type DeidentifiedFile =
  | {
      readonly kind: 'ready';
      readonly bytes: Uint8Array;
      readonly outcome: Extract<DeidentifyOutcome, { kind: 'ready' }>;
      readonly original: ParsedInstance;
    }
  | Extract<DeidentifyOutcome, { readonly kind: 'quarantined' | 'refused' }>;

/** Derived once: that takes milliseconds, and files are de-identified by the thousand. */
const keys = new Map<string, Promise<PolicyKey>>();

/** Pseudonyms of a policy at a gateway whose secret is made of one number: the same number, the same keys. */
export async function pseudonymsOf(
  seed: number,
  policy: NamedKey = { name: 'deidentified', key: 1 },
): Promise<Pseudonyms> {
  const named = JSON.stringify([seed, policy]);
  const deriving = keys.get(named) ?? derivePolicyKey(new Uint8Array(32).fill(seed), policy);
  keys.set(named, deriving);
  const key = await deriving;
  return createPseudonyms(await secretsUnder(key), key.tagKey);
}

/** Rules that must exist. Throws where an option is refused. */
export function rulesOf(...options: string[]): DeidRules {
  const outcome = createRules(options);
  if (outcome.kind === 'refused') throw new Error(`${outcome.option}: ${outcome.because}`);
  return outcome.rules;
}

/** The instance in these bytes. Throws where the reader refuses it. */
export async function parsed(bytes: Uint8Array): Promise<ParsedInstance> {
  const read = await readInstance(bytesSource(bytes), undefined, 'replaced');
  if (read.kind === 'refused') throw new Error(`refused: ${read.because} ${read.where?.tag ?? ''}`);
  return read.instance;
}

export async function bytesOf(segments: readonly Segment[], source: ByteSource): Promise<Uint8Array> {
  const { size, read } = segmentsSource(segments, source);
  return read(0, size);
}

/** Odd bytes are what most tests of de-identification bring: they count as released where nothing else is said. */
const ODD_IS_KNOWN: Beside = { looked: ['form'] };

export async function deidentifyBytes(
  bytes: Uint8Array,
  rules: DeidRules,
  pseudonyms: Pseudonyms,
  beside = ODD_IS_KNOWN,
): Promise<DeidentifiedFile> {
  const read = await readInstance(bytesSource(bytes), undefined, 'replaced');
  if (read.kind === 'refused') return read;
  const outcome = await deidentifyInstance(read.instance, rules, pseudonyms, beside);
  if (outcome.kind !== 'ready') return outcome;
  return {
    kind: 'ready',
    bytes: await bytesOf(outcome.segments, read.instance.dataSet),
    outcome,
    original: read.instance,
  };
}

/** The outcome in a word: ready, or why not. */
export const wordOf = (result: DeidentifiedFile): string =>
  result.kind === 'ready' ? 'ready' : result.because;

/** `instance`: in the bytes that come out. */
export type ReadyFile = Extract<DeidentifiedFile, { readonly kind: 'ready' }> & {
  readonly instance: ParsedInstance;
};

let first: Promise<Pseudonyms> | undefined;
/** Under one key for all: what others made before changes nothing (deid/memory.test.ts). */
const firstPseudonyms = (): Promise<Pseudonyms> => (first ??= pseudonymsOf(1));

/** A file that must be ready, de-identified under the first key. @throws Error that says why it is not. */
export async function readyFile(
  bytes: Uint8Array,
  rules = rulesOf(),
  beside = ODD_IS_KNOWN,
): Promise<ReadyFile> {
  const result = await deidentifyBytes(bytes, rules, await firstPseudonyms(), beside);
  if (result.kind !== 'ready') throw new Error(result.because);
  return { ...result, instance: await parsed(result.bytes) };
}

/** The same; and the gateway finds nothing left to remove in it, and a second run changes nothing. */
export async function settledFile(
  bytes: Uint8Array,
  rules = rulesOf(),
  beside = ODD_IS_KNOWN,
): Promise<ReadyFile> {
  const file = await readyFile(bytes, rules, beside);
  assert.equal(await residueOf(file.instance, rules), [], 'the gateway finds nothing left to do');
  const again = await deidentifyBytes(file.bytes, rules, await firstPseudonyms(), { looked: [] });
  assert.is(wordOf(again), 'ready');
  assert.ok(again.kind === 'ready' && Buffer.compare(again.bytes, file.bytes) === 0, 'a second run');
  return file;
}

/** The tags in which the gateway finds something left to remove, under the first key. */
export async function residueOf(instance: ParsedInstance, rules = rulesOf()): Promise<string[]> {
  return (await checkResidue(instance, rules, await firstPseudonyms())).map(({ tag }) => tag);
}
