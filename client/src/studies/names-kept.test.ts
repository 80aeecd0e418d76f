/** A row says whether its study was sent with names, on every device of the person who sent it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../testing/queued-study.ts';
import { keepsNames } from './day-entry.ts';
import { listedNow, toldStudy, type ToldUpload } from '../testing/told-study.ts';

const test = suite('a study that was sent with names');
const NOW = new Date(2026, 10, 25, 18);
const POLICY = { name: 'of the site', version: 1 };

const toldBy = (some: Partial<ToldUpload>) => ({ sent: [toldStudy([{ policy: 'of the site', ...some }])] });
const kept = (facts: Parameters<typeof listedNow>[0]) => listedNow(facts, NOW).map(keepsNames);

test('is known on the device that sent it by its policy', () => {
  const of = (deidentify: boolean) => kept({ studies: [queuedStudy({ policy: { ...POLICY, deidentify } })] });
  assert.equal([of(false), of(true)], [[true], [false]]);
});

test('is known on another device of its sender, and on that of a person who watches, as the gateway tells', () => {
  assert.equal([kept(toldBy({ keptNames: true })), kept(toldBy({}))], [[true], [false]]);
  assert.equal(kept(toldBy({ sender: { username: 'tess', keptNames: true } })), [true]);
});

test.run();
