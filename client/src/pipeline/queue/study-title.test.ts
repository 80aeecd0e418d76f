import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nameOf, remainsOf } from './study-title.ts';

const erased = {
  title: null,
  label: null,
  about: { modalities: ['CT', 'SEG'], series: 3 },
  instances: 5,
  state: 'done' as const,
  track: { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 5, needsYou: 0, leftOut: 0 },
};

test('studies that arrived can be told apart although all patient data is erased', () => {
  const now = new Date(2026, 2, 12, 18);
  const at = (hour: number) => new Date(2026, 2, 12, hour, 30).getTime();
  assert.is(nameOf(erased), 'CT/SEG study');
  const remains = remainsOf({ ...erased, queuedAt: at(9), completedAt: at(10) }, now);
  assert.equal(remains.slice(0, 2), ['3 series', '5 images']);
  assert.match(remains[2]!, /^queued .*9.30/);
  assert.match(remains[3]!, /^in the PACS .*10.30/);
  const sent = remainsOf({ ...erased, queuedAt: at(9), completedAt: at(10) }, now, at(9) + 180_000);
  assert.match(sent.slice(2, 4).join(), /^queued .*9.30.*,sending began .*9.33/);
  const cut = { ...erased, state: 'reading' as const, queuedAt: at(9), completedAt: null };
  assert.not.match(
    remainsOf(cut, now, at(9)).join(),
    /\bsent\b/,
    'interrupted: nobody knows how much of it was',
  );
  const leftOut = { ...erased, track: { ...erased.track, inPacs: 0, leftOut: 5 } };
  assert.match(remainsOf({ ...leftOut, queuedAt: at(9), completedAt: at(10) }, now)[3]!, /^left out .*10.30/);
});

test('a study without a modality still has a name', () => {
  assert.is(nameOf({ title: null, label: null, about: { modalities: [], series: 1 } }), 'Study');
});

test.run();
