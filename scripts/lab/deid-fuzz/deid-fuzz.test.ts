/**
 * A short run of the fuzzer, always the same; the long one is `npm run lab -- deid-fuzz`. Slow for its two
 * threads: some thousand inputs take ten seconds.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { testEnvironment } from '#testing/environment.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { plantedFiles } from './files.ts';
import { judgeInput } from './judge-input.ts';
import { findPlants, plant } from '#testing/planted-identities.ts';
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

test('the judge sees an identity that is let through, wherever it is', async () => {
  const rules = rulesOf();
  const pseudonyms = await pseudonymsOf(1);
  const [file] = await plantedFiles(null);
  const keep = { ...rules.decide(0x00280010, 'US'), how: 'keep' as const };
  assert.is((await judgeInput(file!.bytes, rules, pseudonyms)).fault, null);
  for (const tag of [0x00080050, 0x00080080, 0x00091002, 0x00104000, 0x0012aaaa, 0x00100030]) {
    const leaky = {
      ...rules,
      decide: (asked: number, vr: string) => (asked === tag ? keep : rules.decide(asked, vr)),
    };
    assert.match(
      (await judgeInput(file!.bytes, leaky, pseudonyms)).fault ?? '',
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
