/** A row says whether its study was sent with names, on every device of the person who sent it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../testing/queued-study.ts';
import { createEntries, keepsNames } from './day-entry.ts';
import type { ToldStudy } from './sent-studies.store.ts';

const test = suite('a study that was sent with names');
const NOW = new Date(2026, 10, 25, 18);
const AT = NOW.toISOString();
const POLICY = { name: 'of the site', version: 1 };

const toldBy = (some: Partial<ToldStudy['uploads'][number]>): ToldStudy => ({
  ...{ studyInstanceUID: '1.2.1', standing: 'ended', firstSentAt: AT, lastSentAt: AT, sopClassUIDs: [] },
  uploads: [
    {
      ...{ uploadId: '11111111-1111-4111-8111-111111111111', studyInstanceUID: '1.2.1', state: 'closed' },
      ...{ revision: 1, policy: 'of the site', bytes: { promised: 1, atGateway: 0, inPacs: 1 } },
      counts: { promised: 2, atGateway: 0, inPacs: 2, refused: 0, quarantined: 0, leftOut: 0 },
      ...{ waiting: null, receipt: null, device: null },
      ...some,
    },
  ],
});
const kept = (facts: Partial<Parameters<ReturnType<typeof createEntries>>[0]>) =>
  createEntries()({ studies: [], sent: [], link: 'online', device: null, ...facts }, NOW).map(keepsNames);

test('is known on the device that sent it by its policy', () => {
  const of = (deidentify: boolean) => kept({ studies: [queuedStudy({ policy: { ...POLICY, deidentify } })] });
  assert.equal([of(false), of(true)], [[true], [false]]);
});

test('is known on another device of its sender, and on that of a person who watches, as the gateway tells', () => {
  assert.equal(
    [kept({ sent: [toldBy({ keptNames: true })] }), kept({ sent: [toldBy({})] })],
    [[true], [false]],
  );
  assert.equal(kept({ sent: [toldBy({ sender: { username: 'tess', keptNames: true } })] }), [true]);
});

test.run();
