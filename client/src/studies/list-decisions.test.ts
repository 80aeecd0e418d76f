/**
 * The list of decisions over every state of a study and every cause: all numbers are one number, each need has an
 * answer, and each answer changes something in the queue or leads to a page.
 */
import { signal } from '@preact/signals';
import { NO_DISC } from '../pipeline/ingest/choose/disc-view.ts';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Policy } from '#shared/protocol/api.ts';
import { REASON_CODES } from '#shared/protocol/reasons.ts';
import { canRetry } from '#shared/protocol/reason-kinds.ts';
import { nextUploadState, UPLOAD_STATES } from '#shared/protocol/upload-state.ts';
import { runSequences } from '#testing/run-sequences.ts';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { listNeeds, type NeedsFacts, type PatientChoice } from '../pipeline/queue/list-needs.ts';
import type { FoundStudy } from '../pipeline/ingest/found/found-study.ts';
import type { LostStudy, Need, QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { valuesOf } from '../testing/values-of.ts';
import { carryOut, leaveOutPatient, type Stores } from './carry-out.ts';
import { listDecisions, meaningOf, type Answer, type Decision, type HeldFiles } from './list-decisions.ts';

const KEEP: Policy = {
  name: 'identified',
  version: 1,
  deidentify: false,
  options: [],
  roles: ['technician'],
};
const policiesFor: HeldFiles['policiesFor'] = () => [KEEP];
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
      isRestSent: fc.boolean(),
      reasons: fc.uniqueArray(fc.record({ reason, instances, isReleasable: fc.boolean() }), {
        selector: ({ reason: code }) => code,
      }),
      patients: fc.uniqueArray(fc.record({ keys: fc.tuple(fc.constantFrom('k', 'l', 'm')), instances }), {
        selector: ({ keys }) => keys[0],
      }),
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
    ingest: {
      reopen: async (id) => (id === 'a' ? 'found-a' : null),
      toggle: (uid) => void note('toggle')(uid),
      choosePolicy: (name) => void note('policy')(name),
      settlePatients: (uid, keys) => note('settle')([uid, ...keys]),
      leaveOutPatients: (uid, keys) => note('leave-out-patients')([uid, ...keys]),
      studies: signal([]),
      leaveOut: note('leave-out-found'),
      inspection: { seriesOf: () => [] } as unknown as Stores['ingest']['inspection'],
      policy: signal(KEEP),
      released: signal(new Map()),
      heldBack: signal([]),
      leftOut: signal(new Map()),
      mixed: signal(new Map()),
      disc: signal(NO_DISC),
    },
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
  if (answer === 'retry' || answer === 'ask-pacs')
    assert.ok(study && nextUploadState(study.state, 'retry') !== null, `${decision.key} cannot be retried`);
  if (answer === 'take-back') assert.ok(study?.canTakeBack, decision.key);
  if (answer === 'apart') {
    const keys = decision.patients.flatMap((patient) => patient.keys);
    assert.equal(done, [`settle ${[decision.found!.studyInstanceUID, ...keys].join()}`]);
  }
  if (answer === 'look') assert.is(place !== null && place !== 'too-late' && place.kind, 'before-after');
}

async function leavesOut(decision: Decision, patient: PatientChoice): Promise<void> {
  const { stores, done } = storesThatNote();
  const place = await leaveOutPatient(stores, decision, patient);
  assert.equal(done, [`leave-out-patients ${[decision.found!.studyInstanceUID, ...patient.keys].join()}`]);
  assert.is(place === null, decision.patients.length > 2, 'more than one is left, or Send is next');
}

test('all numbers are one, each instance is in one group, and each answer leads somewhere', async () => {
  await runSequences({
    sequences: facts,
    floor: 300,
    async live(given) {
      const needs = listNeeds(given);
      const groups = listDecisions(needs, { reopenable: (id) => id === 'a', policiesFor });
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
        const { found, answers } = decision;
        assert.not.ok(
          found && answers.includes('choose-again'),
          'the files that were chosen are on the page',
        );
        for (const answer of decision.answers) await leadsSomewhere(decision, answer);
        assert.is(decision.patients.length > 0, decision.cause === 'mixed');
        for (const patient of decision.patients) await leavesOut(decision, patient);
      }
    },
  });
});

const HERE: HeldFiles = { reopenable: () => true, policiesFor };
const answersTo = (study: Partial<QueuedStudy>) =>
  listDecisions(
    listNeeds({ studies: [queuedStudy(study)], lost: [], foreign: 0, found: [], noRoom: 0 }),
    HERE,
  ).flatMap(({ decisions }) => decisions.flatMap(({ answers }) => answers));

test('sending again is offered only where it can change anything', () => {
  const need = (code: string): Need => ({ cause: 'quarantined', reason: code, instances: 4 });
  assert.not.ok(canRetry('already-here-other-policy'));
  assert.equal(answersTo({ state: 'attention', needs: [need('already-here-other-policy')] }), ['leave-out']);
  assert.equal(answersTo({ state: 'attention', needs: [need('pacs-refused')] }), ['retry', 'leave-out']);
  // The study travels again: another receipt comes first.
  assert.equal(answersTo({ state: 'at-gateway', needs: [need('pacs-refused')] }), ['leave-out']);
});

test('an image in conflict is tried again once the other one is deleted in the PACS', () => {
  const need: Need = { cause: 'quarantined', reason: 'conflicting-instance', instances: 4 };
  assert.equal(answersTo({ state: 'attention', needs: [need] }), ['choose-export', 'ask-pacs', 'leave-out']);
  assert.equal(answersTo({ state: 'at-gateway', needs: [need] }), ['choose-export', 'leave-out']);
  // Where a further destination has the other one.
  const there: Need = { ...need, destination: 'archive' };
  assert.equal(answersTo({ state: 'attention', needs: [there] }), ['retry', 'leave-out']);
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
    valuesOf(listDecisions(needs, { reopenable: () => false, policiesFor: () => null }), 'pacsCodes'),
    [[0x0122, 0xa900]],
  );
});

test('pictures are looked at where the page has them and a person can release them', () => {
  const held = (code: string): Need => ({ cause: 'held', reason: code, instances: 1 });
  assert.equal(answersTo({ needs: [held('burned-in-annotation')] }), ['look', 'leave-out']);
  assert.equal(answersTo({ needs: [held('cannot-be-deidentified')] }), ['other-policy', 'leave-out']);
  const studies = [queuedStudy({ id: 'b', needs: [held('cannot-be-deidentified')] })];
  const listed = (files: Partial<HeldFiles>) => {
    const needs = listNeeds({ studies, lost: [], foreign: 0, found: [], noRoom: 0 });
    return listDecisions(needs, { ...HERE, ...files })[0]?.decisions[0];
  };
  assert.equal(listed({ policiesFor: () => [] })?.answers, ['leave-out'], 'no policy sends it');
  assert.is(listed({ policiesFor: () => [] })?.policy, 'none');
  const gone = listed({ reopenable: () => false, policiesFor: () => null });
  assert.equal([gone?.answers, gone?.policy], [['choose-again', 'leave-out'], null]);
});

test('another policy is chosen for this study alone: the others are no longer ticked', async () => {
  const { stores, done } = storesThatNote();
  const reasons = [{ reason: 'cannot-be-deidentified', instances: 1, isReleasable: false }];
  const found = [{ id: 'found-a', studyInstanceUID: '1.3', isRestSent: false, reasons }];
  const [group] = listDecisions(listNeeds({ studies: [], lost: [], foreign: 0, found, noRoom: 0 }), HERE);
  const [decision] = group!.decisions;
  assert.equal(decision!.answers, ['other-policy', 'set-aside']);
  const chosen = [
    { id: 'found-a', studyInstanceUID: '1.3', selected: signal(false) },
    { id: 'found-b', studyInstanceUID: '1.4', selected: signal(true) },
    { id: 'found-c', studyInstanceUID: '1.5', selected: signal(false) },
  ];
  const ingest = { ...stores.ingest, studies: signal(chosen as unknown as readonly FoundStudy[]) };
  assert.equal(await carryOut({ ...stores, ingest }, decision!, 'other-policy'), { kind: 'upload' });
  assert.equal(done, ['policy identified', 'toggle 1.3', 'toggle 1.4']);
});

test('a study that only the gateway remembers is not counted: it may wait on another device', () => {
  const lost = [lostStudy('device'), lostStudy('gateway')];
  assert.is(sumOf(listNeeds({ studies: [], lost, foreign: 0, found: [], noRoom: 0 })), 7);
});

test('that the rest is sent is said only where something was sent', () => {
  const reasons = [{ reason: 'burned-in-annotation', instances: 1, isReleasable: true }];
  const found = [{ id: 'f', studyInstanceUID: '1.3', isRestSent: false, reasons }];
  const studies = [queuedStudy({ needs: [{ cause: 'held', reason: 'burned-in-annotation', instances: 1 }] })];
  const nothing: NeedsFacts = { studies: [], lost: [], foreign: 0, found: [], noRoom: 0 };
  const meaning = (some: Partial<NeedsFacts>) =>
    listDecisions(listNeeds({ ...nothing, ...some }), HERE).map(meaningOf);
  assert.equal(meaning({ found }), ['found']);
  assert.equal(meaning({ studies }), ['held']);
  assert.equal(meaning({ studies, found }), ['held-and-found']);
  const inPart = found.map((each) => ({ ...each, isRestSent: true }));
  assert.equal(meaning({ studies, found: inPart }), ['held']);
  assert.equal(meaning({ noRoom: 2, foreign: 1 }), ['no-room', 'foreign']);
});

test.run();
