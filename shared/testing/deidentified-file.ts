/**
 * Files de-identified in memory, for tests that look at every byte of what comes out. Not for the road: there
 * nothing holds an instance.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { ByteSource, ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { deidentifyInstance } from '#shared/deid/deidentify-instance.ts';
import type { Beside, DeidentifyOutcome, Segment } from '#shared/deid/deidentify-instance.ts';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import type { DeidRules } from '#shared/deid/rules.ts';
import { segmentsSource } from '#shared/deid/segments.ts';
import { secretsUnder } from '#shared/transfer/patient-secrets.ts';
import { derivePolicyKey, type NamedKey } from '#shared/transfer/policy-key.ts';

export type DeidentifiedFile =
  | {
      readonly kind: 'ready';
      readonly bytes: Uint8Array;
      readonly outcome: Extract<DeidentifyOutcome, { kind: 'ready' }>;
      readonly original: ParsedInstance;
    }
  | Extract<DeidentifyOutcome, { readonly kind: 'quarantined' | 'refused' }>;

/** Pseudonyms of a policy at a gateway whose secret is made of one number: the same number, the same keys. */
export async function pseudonymsOf(
  seed: number,
  policy: NamedKey = { name: 'deidentified', key: 1 },
): Promise<Pseudonyms> {
  const key = await derivePolicyKey(new Uint8Array(32).fill(seed), policy);
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
