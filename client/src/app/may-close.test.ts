/** The status line's table, cell by cell: of all sentences that are true, the most urgent one is said. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { appWords } from './app-words.ts';
import { sayOf } from './choice-outcome.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { namedUnderWay, standingOf, underWayOf, type Standing, type StandingFacts } from './may-close.ts';
import { discOf, withLost } from './disc-of.ts';
import { discWords } from './disc-words.ts';
import { NOTHING_HERE } from '../testing/standing-facts.ts';

/** Unless a test says otherwise, all that is safe here is sent. */
const of = (some: Partial<StandingFacts>) =>
  standingOf({ ...NOTHING_HERE, travelling: some.safe ?? 0, ...some });
const AT_EASE = {
  mayBeCleared: false,
  underWay: 0,
  leftOut: 0,
  choices: sayOf([]),
  isDoubted: false,
};
const found = { phase: 'found', chosen: 516, canSend: true } as const;

const TABLE: readonly (readonly [string, Partial<StandingFacts>, Standing, boolean | 'keep'])[] = [
  [
    'instances that are being written come before everything',
    { ...found, phase: 'queueing', unsafe: 1, undecided: 4, safe: 515 },
    { kind: 'keep-open', count: 1 },
    'keep',
  ],
  [
    'unsent instances come before undecided ones',
    { ...found, undecided: 4, safe: 128 },
    { kind: 'not-queued', count: 516, send: 'here' },
    'keep',
  ],
  [
    'Send is on another page',
    { ...found, isOnUpload: false },
    { kind: 'not-queued', count: 516, send: 'on-upload' },
    'keep',
  ],
  [
    'Send is disabled, or not allowed',
    { ...found, phase: 'reading', canSend: false },
    { kind: 'not-queued', count: 516, send: null },
    'keep',
  ],
  [
    'everything chosen is held back: there is nothing to send, but to decide',
    { phase: 'found', undecided: 3 },
    { kind: 'decide', count: 3, safe: 0, travelling: 0, goesOnAlone: true },
    'keep',
  ],
  [
    'four undecided beside a safe queue',
    { undecided: 4, safe: 128 },
    { kind: 'decide', count: 4, safe: 128, travelling: 128, goesOnAlone: true },
    'keep',
  ],
  [
    'four undecided in a browser that must stay open',
    { undecided: 4, safe: 128, goesOnAlone: false },
    { kind: 'decide', count: 4, safe: 128, travelling: 128, goesOnAlone: false },
    'keep',
  ],
  [
    'a choice that the lock cleared was never sent: the disc stays, and what is safe is said beside it',
    { notSent: 3, safe: 128, othersUndecided: 1 },
    { kind: 'not-sent', count: 3, beside: { kind: 'may-close', count: 128, travelling: 128 } },
    'keep',
  ],
  [
    'a choice that an earlier page did not send hides no decision of this one',
    { notSent: 3, undecided: 4, safe: 128 },
    {
      kind: 'not-sent',
      count: 3,
      beside: { kind: 'decide', count: 4, safe: 128, travelling: 128, goesOnAlone: true },
    },
    'keep',
  ],
  [
    'nothing waits but a choice that an earlier page did not send',
    { notSent: 3 },
    { kind: 'not-sent', count: 3, beside: { kind: 'empty' } },
    'keep',
  ],
  [
    'nothing waits but a decision',
    { undecided: 1 },
    { kind: 'decide', count: 1, safe: 0, travelling: 0, goesOnAlone: true },
    'keep',
  ],
  [
    'an undecided image comes before a verdict that was not sent',
    { undecided: 1, unsent: { verdicts: 2, refusedVerdicts: 0, waiting: ['a'], refused: ['b'] } },
    { kind: 'decide', count: 1, safe: 0, travelling: 0, goesOnAlone: true },
    'keep',
  ],
  [
    'a reading that was refused comes before verdicts that wait, and leads to its review',
    { unsent: { verdicts: 2, refusedVerdicts: 0, waiting: ['a'], refused: ['b', 'c'] }, safe: 128 },
    { kind: 'refused', count: 2, safe: 128, review: 'b' },
    true,
  ],
  [
    'a reading that was refused, and nothing else',
    { unsent: { verdicts: 0, refusedVerdicts: 0, waiting: [], refused: ['b'] } },
    { kind: 'refused', count: 1, safe: 0, review: 'b' },
    false,
  ],
  [
    'where only steps of reviews wait, their sentence leads to the first of these reviews',
    { unsent: { verdicts: 0, refusedVerdicts: 0, waiting: ['a', 'b'], refused: [] } },
    { kind: 'verdicts', count: 2, safe: 0, review: 'a' },
    false,
  ],
  [
    'a verdict that was not sent comes before instances that are safe, whose disc may go all the same',
    {
      unsent: { verdicts: 1, refusedVerdicts: 0, waiting: ['a'], refused: [] },
      safe: 128,
      goesOnAlone: false,
    },
    { kind: 'verdicts', count: 2, safe: 128, review: null },
    true,
  ],
  [
    'a verdict that was not sent, and nothing else',
    { unsent: { verdicts: 1, refusedVerdicts: 0, waiting: [], refused: [] } },
    { kind: 'verdicts', count: 1, safe: 0, review: null },
    false,
  ],
  [
    'a verdict that the gateway refused waits for a decision, not for the link',
    { unsent: { verdicts: 1, refusedVerdicts: 1, waiting: ['a'], refused: [] } },
    { kind: 'refused', count: 1, safe: 0, review: null },
    false,
  ],
  ['everything is safe', { safe: 128 }, { kind: 'may-close', count: 128, travelling: 128 }, true],
  [
    'everything is safe where sending needs the page',
    { safe: 128, goesOnAlone: false },
    { kind: 'goes-on-open', count: 128 },
    true,
  ],
  [
    'nothing of it is sent: the page says only that it is safe, wherever sending needs the page',
    { safe: 128, travelling: 0, goesOnAlone: false },
    { kind: 'may-close', count: 128, travelling: 0 },
    true,
  ],
  [
    'a decision of somebody else comes after instances that are safe',
    { safe: 128, othersUndecided: 1 },
    { kind: 'may-close', count: 128, travelling: 128 },
    true,
  ],
  [
    'nothing waits but a decision of somebody else',
    { othersUndecided: 1 },
    { kind: 'others-decide', count: 1 },
    false,
  ],
  [
    'nothing waits but a study whose cancelling the gateway has not confirmed: its copies are here',
    { phase: 'found', inPacs: 4, cancelling: 1 },
    { kind: 'cancelling', count: 1 },
    false,
  ],
  [
    'nothing waits but a verdict of somebody who is not here',
    { othersUnsent: 1, othersUndecided: 1 },
    { kind: 'others-verdicts', count: 1 },
    false,
  ],
  [
    'instances that the PACS has already are not among those that are not safe',
    { ...found, inPacs: 4, chosen: 1 },
    { kind: 'not-queued', count: 1, send: 'here' },
    'keep',
  ],
  [
    'all that was chosen is in the PACS already',
    { phase: 'found', inPacs: 4, canSend: true },
    { kind: 'in-pacs', count: 4 },
    false,
  ],
  [
    'all that was chosen is in the PACS already, beside instances that are safe',
    { phase: 'found', inPacs: 4, safe: 128 },
    { kind: 'may-close', count: 128, travelling: 128 },
    true,
  ],
  ['nothing at all', {}, { kind: 'empty' }, false],
  ['a device that has not been read is not empty', { isRead: false }, { kind: 'unknown' }, false],
  [
    'a choice that was lost is said before the device has been read, and nothing beside it',
    { isRead: false, notSent: 3 },
    { kind: 'not-sent', count: 3, beside: { kind: 'unknown' } },
    'keep',
  ],
  ['files that cannot be sent are no studies', { phase: 'found' }, { kind: 'empty' }, false],
];

for (const [title, facts, standing, disc] of TABLE)
  test(title, () => {
    assert.equal(of(facts), standing);
    const mayGo = disc === 'keep' ? 'keep' : disc ? 'may-go' : null;
    assert.is(discOf(of(facts), AT_EASE), mayGo);
    // A browser that may clear its storage is no place that the disc can be given up for.
    assert.is(discOf(of(facts), { ...AT_EASE, mayBeCleared: true }), disc ? 'keep' : null);
  });

test('an instance that is paused or waits for its sender is not said to be sent', () => {
  const safe = 'You can close this page: 10 images are safe here';
  for (const [travelling, said] of [
    [10, `${safe}, and the browser keeps sending`],
    [4, `${safe}, and the browser keeps sending 4 of them`],
    [0, safe],
  ] as const)
    assert.is(appWords.status.mayClose(10, travelling), said);
});

test('an old reminder hides neither that a later study is in the PACS nor that its page may be closed', () => {
  const inPacs = { standing: 'in-pacs', studies: 1, except: 0, isAtLeast: false } as const;
  const facts = { ...AT_EASE, choices: inPacs };
  const standing = of({ notSent: 2 });
  assert.is(discOf(standing, facts), 'in-pacs');
  assert.is(
    discWords.mayGo(withLost(inPacs, standing), true),
    'Your study is in the PACS. 2 files chosen on this device were not sent. Keep their disc or files if you need any.',
  );
  assert.is(discOf(of({ notSent: 2, safe: 5 }), facts), 'keep', 'one of them may be on this disc');
});

test('the disc may go only if nothing is unsafe, unsent or undecided', () => {
  for (const unsafe of [0, 1])
    for (const chosen of [0, 2])
      for (const undecided of [0, 3])
        for (const safe of [0, 5])
          for (const goesOnAlone of [true, false]) {
            const standing = of({ phase: 'found', unsafe, chosen, undecided, safe, goesOnAlone });
            for (const underWay of [0, 1])
              if (discOf(standing, { ...AT_EASE, underWay }) === 'may-go')
                assert.equal([unsafe, chosen, undecided], [0, 0, 0]);
          }
});

test('from Send until the PACS has the study the same is said of the disc', () => {
  const stages = [
    { standing: of({ safe: 35 }), state: 'uploading' },
    { standing: of({}), state: 'at-gateway' },
    { standing: of({}), state: 'in-pacs' },
  ] as const;
  for (const mayBeCleared of [false, true])
    for (const { standing, state } of stages) {
      const underWay = underWayOf([queuedStudy({ state })]).length;
      const disc = discOf(standing, { ...AT_EASE, mayBeCleared, underWay });
      assert.is(disc, mayBeCleared ? 'keep' : 'may-go', state);
    }
  const arrived = underWayOf([queuedStudy({ state: 'done' }), queuedStudy({ state: 'taken-back' })]).length;
  assert.is(discOf(of({}), { ...AT_EASE, underWay: arrived }), null, 'the receipt says it then');
  const others = { ...AT_EASE, underWay: 1 };
  assert.is(discOf(of({ undecided: 1 }), others), 'keep', 'a person may want to look at the disc');
  assert.is(discOf(of({ safe: 35 }), { ...others, leftOut: 1 }), 'keep', 'one is damaged on this disc');
});

test('the policy in force is not said of a study under way that was sent with names', () => {
  const removed = { name: 'removed', version: 1, deidentify: true };
  const named = [{}, { state: 'done' }, { state: 'taken-back' }] as const;
  const studies = [...named, { policy: removed }].map(queuedStudy);
  assert.is(namedUnderWay(studies), 1);
  assert.is(namedUnderWay(studies.slice(1)), 0, 'arrived, cancelled, or without names');
});

test.run();
