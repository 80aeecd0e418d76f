/** The two state machines, and that protocol/states.md draws what the code does. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  INSTANCE_STATES,
  nextStudyState,
  STUDY_EVENTS,
  STUDY_STATES,
  type StudyState,
} from './study-state.ts';
import {
  isEvictable,
  nextUploadState,
  UPLOAD_EVENTS,
  UPLOAD_STATES,
  type UploadState,
} from './upload-state.ts';

const test = suite('the protocol');
const document = readFileSync(new URL('../../protocol/states.md', import.meta.url), 'utf8');
const section = (title: string) => document.split(/^## /m).find((part) => part.startsWith(title)) ?? '';

test('protocol/states.md draws every state and every event of a study, of an instance and of an upload', () => {
  for (const name of [...STUDY_STATES, ...STUDY_EVENTS, ...INSTANCE_STATES])
    assert.ok(section('The study in the gateway').includes(name), name);
  for (const name of [...UPLOAD_STATES, ...UPLOAD_EVENTS.filter((event) => event !== 'retry')])
    assert.ok(section('The study on the device').includes(name), name);
});

test('protocol/states.md numbers its invariants without a gap and names the test that holds each', () => {
  const rows = [...section('Invariants').matchAll(/^\| I(\d+) \|.*\| (`[^|]+`) \|$/gm)];
  assert.equal(
    rows.map(([, number]) => Number(number)),
    rows.map((_, i) => i + 1),
  );
  assert.ok(rows.length > 10);
});

test('I10: from every state of a study events lead to closed', () => {
  for (const start of STUDY_STATES) {
    const reached = new Set<StudyState>([start]);
    for (const state of reached)
      for (const event of STUDY_EVENTS) reached.add(nextStudyState(state, event) ?? state);
    assert.ok(reached.has('closed'), start);
  }
});

/** Events of a study that is no copy: it has a receipt of its own. */
const OWN_EVENTS = STUDY_EVENTS.filter((event) => event !== 'given-up');

test('I10: whatever order events come in, a receipt comes after a look in the PACS and eviction after a receipt', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...OWN_EVENTS), { maxLength: 60 }), (events) => {
      let state: StudyState = 'receiving';
      const since = { reconciled: false, receipt: false };
      for (const event of events) {
        const next = nextStudyState(state, event);
        if (next === null) continue;
        if (event === 'receipt-issued') assert.ok(since.reconciled);
        if (event === 'evicted' || event === 'evicted-but-held') assert.ok(since.receipt);
        if (next === 'receiving') Object.assign(since, { reconciled: false, receipt: false });
        if (event === 'post-again') since.reconciled = false;
        if (event === 'reconciled') since.reconciled = true;
        if (event === 'receipt-issued') since.receipt = true;
        state = next;
      }
    }),
  );
});

test('I11: whatever order events come in, the device may delete only after a checked receipt or a taking back', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...UPLOAD_EVENTS), { maxLength: 60 }), (events) => {
      let state: UploadState = 'reading';
      let allowed = false;
      for (const event of events) {
        const next = nextUploadState(state, event);
        if (next === null) continue;
        if (event === 'receipt-checked' || event === 'receipt-names-refusals' || event === 'taken-back')
          allowed = true;
        if (event === 'evicted') assert.ok(allowed);
        state = next;
        if (isEvictable(state)) assert.ok(allowed);
      }
    }),
  );
});
test.run();
