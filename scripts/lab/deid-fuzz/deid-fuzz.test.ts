// test:all: thousands of inputs; malformed-values.test.ts holds what they found by day
/**
 * A short run of the fuzzer, always the same; the long one is `npm run lab -- deid-fuzz`. Slow for its two
 * threads: some thousand inputs take ten seconds.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { testEnvironment } from '#testing/environment.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { judgeInput } from './judge-input.ts';
import { BIRTH_DATE, findPlants, plant } from '#testing/planted-identities.ts';
import { runFuzz } from './run-fuzz.ts';

const INPUTS = 4000;

test('of some thousand malformed instances none crashes, hangs or lets an identity out', async () => {
  const { run, faults, hangs, crashes, outcomes } = await runFuzz({
    inputs: INPUTS,
    seed: 1,
    threads: 2,
    corpus: testEnvironment().corpus,
  });
  assert.equal(faults, []);
  assert.equal([run, hangs, crashes], [INPUTS, 0, 0]);
  // Most inputs must reach the de-identifier, otherwise only the reader is tested.
  assert.ok((outcomes.ready ?? 0) > INPUTS / 4, `${outcomes.ready} ready`);
});

/** Descriptions, comments, a private and an unknown element, a birthday. */
const LEAKS = [
  [0x00081030, 'LO'],
  [0x00181030, 'LO'],
  [0x00091002, 'LO'],
  [0x00104000, 'LT'],
  [0x0012aaaa, 'LO'],
  [0x00100030, 'DA'],
] as const;

test('the judge sees an identity that is let through, wherever it is', async () => {
  const rules = rulesOf();
  const pseudonyms = await pseudonymsOf(1);
  const keep = { ...rules.decide(0x00280010, 'US'), how: 'keep' as const };
  for (const [tag, vr] of LEAKS) {
    // In the one place alone: a value that the header names elsewhere would be replaced here too.
    const planted: SimpleElement[] = [
      [0x00090010, 'LO', 'MAKER'],
      [tag, vr, vr === 'DA' ? BIRTH_DATE : plant(7)],
    ];
    const file = concatBytes(
      buildInstance({
        identifiers: syntheticStudy({ seed: 1 }).instances[0]!.identifiers,
        transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
        elements: [[0x00280301, 'CS', 'NO'], ...planted],
        image: { rows: 4, columns: 4, bitsAllocated: 8, pixels: new Uint8Array(16) },
      }),
    );
    assert.is((await judgeInput(file, rules, pseudonyms)).fault, null);
    const leaky = {
      ...rules,
      decide: (asked: number, vr: string) => (asked === tag ? keep : rules.decide(asked, vr)),
    };
    assert.match(
      (await judgeInput(file, leaky, pseudonyms)).fault ?? '',
      /an identity .* in/,
      tag.toString(16),
    );
  }
});

test('an input that throws is a fault, and is reported without the identity', async () => {
  const rules = rulesOf();
  const pseudonyms = await pseudonymsOf(1);
  const throwing = {
    ...rules,
    decide: () => {
      throw new Error(`cannot do ${plant(1)}`);
    },
  };
  const { fault, outcome } = await judgeInput(
    syntheticStudy({ seed: 1 }).instances[0]!.bytes,
    throwing,
    pseudonyms,
  );
  assert.is(outcome, 'crash');
  assert.match(fault ?? '', /tells an identity/);
  assert.equal(findPlants(Buffer.from(fault ?? '')), []);
});

test.run();
