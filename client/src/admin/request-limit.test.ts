/** A destination whose requests have a limit, on its page. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import { isProposedAsPrimary } from './propose-primary.ts';
import { isUnusable, limitFound, tooSmallForSample } from './request-limit.ts';

const test = suite('a destination with a limit of its requests');
const MIB = 1024 * 1024;

function examined(bodyBytes: number, code = 'bodies-too-small', result: 'fail' | 'warn' = 'fail') {
  const findings: DestinationExamination['findings'] = [
    { title: 'Size of a request', code, result, says: 'Larger bodies are refused.', change: [] },
  ];
  const settings = { lagMinutes: null, proof: null, batchBytes: null, bodyBytes };
  return { verdict: findings[0]!, findings, settings, milliseconds: 1 };
}
const UNLIMITED = { limit: null, refused: null };

test('works for what fits, and does not where nothing does', () => {
  assert.is(isUnusable(examined(MIB)), false);
  assert.is(limitFound(examined(MIB)), MIB);
  assert.is(limitFound(examined(64 * MIB, 'bodies-limited', 'warn')), 64 * MIB);
  assert.is(isUnusable(examined(0)), true);
  assert.is(isUnusable(examined(8 * MIB, 'stores-all-fail')), true);
  assert.is(isUnusable(null), false);
});

test('keeps its place as the primary one: no other is proposed instead of it', () => {
  const all = [{ id: 'a', isPrimary: true, hasStudies: false }];
  assert.is(isProposedAsPrimary(all, new Map([['a', { found: examined(MIB) }]])), false);
  assert.is(isProposedAsPrimary(all, new Map([['a', { found: examined(0) }]])), true);
});

test('gets the sample study where its images fit, as far as anybody knows', () => {
  assert.is(tooSmallForSample(UNLIMITED, null), null);
  assert.is(tooSmallForSample(UNLIMITED, examined(MIB)), null);
  assert.is(tooSmallForSample(UNLIMITED, examined(MIB / 2)), MIB / 2);
  const limit = { bytes: MIB / 4, at: '2026-11-01T08:00:00Z' };
  assert.is(tooSmallForSample({ ...UNLIMITED, limit }, null), MIB / 4);
  const refused = { status: 413, code: null, bytes: MIB / 4, at: limit.at };
  assert.is(tooSmallForSample({ ...UNLIMITED, refused }, null), MIB / 4);
});

test.run();
