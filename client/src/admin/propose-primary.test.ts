/** The form of a new destination proposes it as the primary one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import { isProposedAsPrimary } from './propose-primary.ts';

const test = suite('a new destination as the primary one');
const PRIMARY = { id: 'a', isPrimary: true, hasStudies: false };
const OTHER = { id: 'b', isPrimary: false, hasStudies: false };

/** Tests of the destination with this id. */
function found(id: string, result: 'fail' | 'warn' | null) {
  const verdict = result && { title: '', code: '', result, says: '', change: [] };
  const findings = verdict ? [verdict] : [];
  const one: DestinationExamination = { verdict, findings, settings: null, milliseconds: 1 };
  return new Map([[id, { found: one }]]);
}

test('is proposed before the first study, while the present one fails its test', () => {
  assert.is(isProposedAsPrimary([PRIMARY, OTHER], found('a', 'fail')), true);
});

test('is not proposed in the place of one that works, or that was not looked at yet', () => {
  assert.is(isProposedAsPrimary([PRIMARY, OTHER], found('a', null)), false);
  assert.is(isProposedAsPrimary([PRIMARY, OTHER], found('a', 'warn')), false);
  assert.is(isProposedAsPrimary([PRIMARY], new Map([['a', { found: null }]])), false);
  assert.is(isProposedAsPrimary([PRIMARY, OTHER], found('b', 'fail')), false);
});

test('is not proposed in the place of one that takes small requests alone, but of one that takes none', () => {
  const limited = (bodyBytes: number) => {
    const verdict = { title: '', code: 'bodies-too-small', result: 'fail' as const, says: '', change: [] };
    const settings = { lagMinutes: null, proof: null, batchBytes: null, bodyBytes };
    return new Map([['a', { found: { verdict, findings: [verdict], settings, milliseconds: 1 } }]]);
  };
  assert.is(isProposedAsPrimary([PRIMARY, OTHER], limited(1_000_000)), false);
  assert.is(isProposedAsPrimary([PRIMARY, OTHER], limited(0)), true);
});

test('is not proposed after the first study, nor where there is none: the gateway takes the first', () => {
  assert.is(isProposedAsPrimary([PRIMARY, { ...OTHER, hasStudies: true }], found('a', 'fail')), false);
  assert.is(isProposedAsPrimary([], new Map()), false);
});

test.run();
