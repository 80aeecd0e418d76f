/**
 * The list of decisions over every state of a study and every cause: all numbers are one number, each need has an
 * answer, and each answer changes something in the queue or leads to a page.
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { REASON_CODES } from '#shared/protocol/reasons.ts';
import { canRetry } from '#shared/protocol/reason-kinds.ts';
import { nextUploadState, UPLOAD_STATES } from '#shared/protocol/upload-state.ts';
import { runSequences } from '#testing/run-sequences.ts';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { listNeeds, type NeedsFacts } from '../pipeline/queue/list-needs.ts';
import type { LostStudy, Need, QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { carryOut, type Stores } from './carry-out.ts';
import { listDecisions, meaningOf, type Answer, type Decision } from './list-decisions.ts';

const instances = fc.integer({ min: 1, max: 9 });
const reason = fc.constantFrom(...REASON_CODES);
const anyNeed: fc.Arbitrary<Need> = fc.oneof(
  fc.record({ cause: fc.constantFrom('held', 'quarantined', 'refused'), reason, instances }),
  fc.record({ cause: fc.constant('interrupted' as const), reason: fc.constant(null), instances }),
  fc.record({
    cause: fc.constant('failed' as const),
    reason: fc.constantFrom('policy-withdrawn', 'seal-key-unknown', 'of-a-newer-gateway'),
    instances,
  }),
  fc.record({
    cause: fc.constant('trouble' as const),
    reason: fc.constantFrom('receipt-faulty', 'copy-unreadable', 'unexpected'),
    instances,
  }),
);
const anyStudy = (id: string): fc.Arbitrary<QueuedStudy> =>
  fc
    .record({
      state: fc.constantFrom(...UPLOAD_STATES),
      needs: fc.uniqueArray(anyNeed, { maxLength: 3, selector: (need) => `${need.cause} ${need.reason}` }),
      canTakeBack: fc.boolean(),
      canCancel: fc.boolean(),
    })
    .map(({ state, needs, canTakeBack, canCancel }) => {
      const failed = needs.find(({ cause }) => cause === 'failed');
      return queuedStudy({
        id,
        state: failed ? 'failed' : state,
        needs,
        canTakeBack,
        canCancel,
        problem: (failed?.reason ?? null) as QueuedStudy['problem'],
      });
    });
const lostStudy = (rememberedBy: LostStudy['rememberedBy']): LostStudy => ({
  id: rememberedBy,
  studyInstanceUID: '1.2',
  modalities: ['CT'],
  instances: 7,
  queuedAt: 1,
  rememberedBy,
});
const facts: fc.Arbitrary<NeedsFacts> = fc.record({
  studies: fc.tuple(anyStudy('a'), anyStudy('b'), anyStudy('c')),
  lost: fc.subarray([lostStudy('device'), lostStudy('gateway')]),
  foreign: fc.nat(3),
  found: fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('f', 'g'),
      studyInstanceUID: fc.constant('1.3'),
      reasons: fc.uniqueArray(fc.record({ reason, instances }), { selector: ({ reason: code }) => code }),
    }),
    { selector: ({ id }) => id },
  ),
  noRoom: fc.nat(3),
});

/** Stores that only note what was asked of them. `reopenable`: the page has the files of study `a`. */
function storesThatNote(): { readonly stores: Stores; readonly done: string[] } {
  const done: string[] = [];
  const note =
    (what: string) =>
    (...given: unknown[]): Promise<undefined> => {
      done.push(`${what} ${String(given[0])}`);
      return Promise.resolve(undefined);
    };
  const stores: Stores = {
    ingest: { reopen: (id) => (id === 'a' ? 'found-a' : null), toggle: (uid) => void note('toggle')(uid) },
    queue: {
      retry: note('retry'),
      tryNow: note('try-now'),
      leaveOut: note('leave-out'),
      leaveOutHeld: note('leave-out-held'),
      instancesOf: () => Promise.resolve([]),
      takeBack: async (id) => {
        await note('take-back')(id);
        return true;
      },
      cancel: note('cancel'),
      dismiss: note('dismiss'),
      forgetLost: (id) => void note('forget')(id),
      deleteForeign: note('delete'),
    },
  };
  return { stores, done };
}

async function leadsSomewhere(decision: Decision, answer: Answer): Promise<void> {
  const { stores, done } = storesThatNote();
  const place = await carryOut(stores, decision, answer);
  assert.ok(place !== null || done.length === 1, `${answer} to ${decision.key}`);
  const { study } = decision;
  if (answer === 'retry')
    assert.ok(study && nextUploadState(study.state, 'retry') !== null, `${decision.key} cannot be retried`);
  if (answer === 'take-back') assert.ok(study?.canTakeBack, decision.key);
  if (answer === 'look') assert.is(place !== null && place !== 'too-late' && place.kind, 'before-after');
}

test('all numbers are one, each instance is in one group, and each answer leads somewhere', async () => {
  await runSequences({
    sequences: facts,
    floor: 300,
    async live(given) {
      const needs = listNeeds(given);
      const groups = listDecisions(needs, (id) => id === 'a');
      assert.is(sumOf(groups), sumOf(needs));
      for (const group of groups) assert.is(group.instances, sumOf(group.decisions));
      for (const study of given.studies)
        assert.is(
          sumOf(groups.flatMap(({ decisions }) => decisions.filter((one) => one.study === study))),
          sumOf(study.needs),
          'the row of the study says the same',
        );
      const decisions = groups.flatMap((group) => group.decisions);
      assert.is(new Set(decisions.map(({ key }) => key)).size, decisions.length);
      for (const decision of decisions) {
        assert.ok(decision.answers.length > 0, decision.key);
        for (const answer of decision.answers) await leadsSomewhere(decision, answer);
      }
    },
  });
});

const answersTo = (study: Partial<QueuedStudy>) =>
  listDecisions(
    listNeeds({ studies: [queuedStudy(study)], lost: [], foreign: 0, found: [], noRoom: 0 }),
    () => true,
  ).flatMap(({ decisions }) => decisions.flatMap(({ answers }) => answers));

test('sending again is offered only where it can change anything', () => {
  const need = (code: string): Need => ({ cause: 'quarantined', reason: code, instances: 4 });
  assert.not.ok(canRetry('conflicting-instance'));
  assert.equal(answersTo({ state: 'attention', needs: [need('conflicting-instance')] }), ['leave-out']);
  assert.equal(answersTo({ state: 'attention', needs: [need('pacs-refused')] }), ['retry', 'leave-out']);
  // The study travels again: another receipt comes first.
  assert.equal(answersTo({ state: 'at-gateway', needs: [need('pacs-refused')] }), ['leave-out']);
});

test('each code of the PACS is named once for all that it refused for one reason', () => {
  const refused = (...pacsCodes: number[]): Need => ({
    ...{ cause: 'refused', reason: 'pacs-refused', instances: 2, pacsCodes },
  });
  const studies = [[refused(0x0122, 0xa900)], [refused(0xa900)]].map((needs, at) =>
    queuedStudy({ id: `study-${at}`, needs }),
  );
  const needs = listNeeds({ studies, lost: [], foreign: 0, found: [], noRoom: 0 });
  assert.equal(
    listDecisions(needs, () => false).map(({ pacsCodes }) => pacsCodes),
    [[0x0122, 0xa900]],
  );
});

test('pictures are looked at where the page has them and a person can release them', () => {
  const held = (code: string): Need => ({ cause: 'held', reason: code, instances: 1 });
  assert.equal(answersTo({ needs: [held('burned-in-annotation')] }), ['look', 'leave-out']);
  assert.equal(answersTo({ needs: [held('cannot-be-deidentified')] }), ['choose-again', 'leave-out']);
});

test('a study that only the gateway remembers is not counted: it may wait on another device', () => {
  const lost = [lostStudy('device'), lostStudy('gateway')];
  assert.is(sumOf(listNeeds({ studies: [], lost, foreign: 0, found: [], noRoom: 0 })), 7);
});

test('that the rest is sent is said only where something was sent', () => {
  const reasons = [{ reason: 'burned-in-annotation', instances: 1 }];
  const found = [{ id: 'f', studyInstanceUID: '1.3', reasons }];
  const studies = [queuedStudy({ needs: [{ cause: 'held', ...reasons[0]! }] })];
  const nothing: NeedsFacts = { studies: [], lost: [], foreign: 0, found: [], noRoom: 0 };
  const meaning = (some: Partial<NeedsFacts>) =>
    listDecisions(listNeeds({ ...nothing, ...some }), () => true).map(meaningOf);
  assert.equal(meaning({ found }), ['found']);
  assert.equal(meaning({ studies }), ['held']);
  assert.equal(meaning({ studies, found }), ['held-and-found']);
  assert.equal(meaning({ noRoom: 2, foreign: 1 }), ['no-room', 'foreign']);
});

test.run();
