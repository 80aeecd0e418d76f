/** The outcome of every choice on this page is counted by its receipts, the page, and what was left behind. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { DEIDENTIFIED, filesOf, IDENTIFIED, inFolder, openIngest } from '../testing/open-ingest.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { valuesOf } from '../testing/values-of.ts';
import { NOTHING_SENT, type LeftBehind, type SentFromHere } from '../pipeline/ingest/found/sent-from-here.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { sayOf, type ChoicesSaid } from './choice-outcome.ts';
import { EMPTY_PAGE, nextFor, outcomesOf, pageOf, type OnPage } from './choice-outcomes.ts';
import { discOf, leavesOut } from './disc-of.ts';

const NOWHERE = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 0, needsYou: 0, leftOut: 0 };
const done = (some: Partial<QueuedStudy> = {}): QueuedStudy =>
  queuedStudy({ state: 'done', receiptId: 'receipt', track: { ...NOWHERE, inPacs: 12 }, ...some });
/** Each by the number of the choice in which it was sent. */
const sentIn = (sent: Record<string, number>, choices: readonly number[]): SentFromHere => ({
  ...{ ...NOTHING_SENT, choices, sent: new Map(Object.entries(sent)) },
});
const sent = (...ids: string[]) => sentIn(Object.fromEntries(ids.map((id) => [id, 0])), [0]);
const said = (here: SentFromHere, studies: readonly QueuedStudy[], page: Partial<OnPage> = {}): ChoicesSaid =>
  sayOf(outcomesOf(here, studies, { ...EMPTY_PAGE, ...page }).choices);

test('every study that was sent from here is in the PACS, with its receipt', () => {
  const studies = [done(), done({ id: 'b' }), queuedStudy({ id: 'of another page' })];
  assert.equal(said(sent('a', 'b'), studies), {
    standing: 'in-pacs',
    studies: 2,
    except: 0,
    isAtLeast: false,
  });
  assert.is(said(NOTHING_SENT, studies).standing, null, 'nothing was chosen here');
  const found = [
    { studyInstanceUID: '1.2', patientName: 'Left^Out', instances: 4, why: 'not-pressed' as const },
  ];
  const here = sent('a', 'b');
  assert.equal(said(here, studies, { studies: found }), {
    standing: 'keep',
    studies: 2,
    except: 4,
    isAtLeast: false,
  });
  assert.equal(outcomesOf(here, studies, { ...EMPTY_PAGE, studies: found }).notSent.left, [
    { files: 4, why: 'not-pressed', path: '', patientName: 'Left^Out' },
  ]);
});

test('files that were left out unread are an exception, and nobody is asked about them', () => {
  const studies = [done()];
  const page = { leftUnread: [{ path: 'disc', files: 5, isAtLeast: false }] };
  assert.equal(said(sent('a'), studies, page), {
    standing: 'in-pacs',
    studies: 1,
    except: 5,
    isAtLeast: false,
  });
  assert.is(said(sent('a'), studies, { unread: 5 }).standing, 'keep', 'nobody has decided about these');
  const left = { files: 5, isAtLeast: false, why: 'left-unread', path: 'disc', patientName: null } as const;
  assert.equal(outcomesOf(sent('a'), studies, { ...EMPTY_PAGE, ...page }).notSent.left, [left]);
  const later = { ...sent('a'), leftBehind: new Map([['left-unread 0', { ...left, choice: 0 }]]) };
  assert.equal(said(later, studies), { standing: 'in-pacs', studies: 1, except: 5, isAtLeast: false });
});

test('a page that was opened later counts files that were left out unread, each choice of them once', () => {
  const leftUnread = { files: 222, isAtLeast: false, from: 'disc' };
  const uid = { studyInstanceUID: '1.2.3', instances: 12 };
  const lacking = done({ ...uid, leftUnread, track: { ...NOWHERE, inPacs: 9, leftOut: 3 } });
  const other = done({ id: 'b', leftUnread });
  assert.equal(said(NOTHING_SENT, [lacking, other]), {
    standing: 'keep',
    studies: 0,
    except: 225,
    isAtLeast: false,
  });
  const under = queuedStudy({ id: 'c', state: 'uploading', leftUnread });
  assert.is(leavesOut([under]), 222, 'its disc is kept until it arrives');
  assert.is(
    said(NOTHING_SENT, [done({ id: 'd', leftUnread: { ...leftUnread, from: 'other' } }), other]).except,
    444,
  );
  const { notSent } = outcomesOf(NOTHING_SENT, [lacking, other], EMPTY_PAGE);
  const seen = [lacking, other].map((study) => ({ ...study, noted: notSent.noted.get(study.id)! }));
  assert.is(said(NOTHING_SENT, seen).except, 0);
  const again = done({ ...uid, id: 'again', queuedAt: 2, instances: 234 });
  assert.is(said(NOTHING_SENT, [lacking, again]).except, 0, 'all of it was sent later');
  const onPage = outcomesOf(sent('b'), [other], EMPTY_PAGE).notSent;
  assert.equal([onPage.leftOut, onPage.noted], [[], new Map([['b', 222]])]);
});

test('the disc is kept while one of them is not proven, needs a person, or was cancelled', () => {
  const held = { cause: 'held', reason: 'burned-in-annotation', instances: 2 } as const;
  const others: readonly Partial<QueuedStudy>[] = [
    { receiptId: null },
    { state: 'taken-back', track: { ...NOWHERE, leftOut: 12 } },
    { track: { ...NOWHERE, leftOut: 12 } },
    { track: { ...NOWHERE, inPacs: 11 } },
    { needs: [held], track: { ...NOWHERE, inPacs: 10, needsYou: 2 } },
  ];
  for (const other of others)
    assert.is(said(sent('a', 'b'), [done(), done({ id: 'b', ...other })]).standing, 'keep');
  assert.is(said(sent('a', 'b'), [done(), done({ id: 'b', state: 'in-pacs' })]).standing, 'on-device');
  assert.is(said(sent('a', 'b'), [done()]).standing, 'off-list', 'one is no longer in the list');
});

test('a study that was cancelled while the gateway could not be told keeps its disc: its copy here is deleted then', () => {
  const safe = { ...NOWHERE, safe: 9, inPacs: 3 };
  const some = { id: 'b', state: 'uploading', instances: 12, track: safe, paused: true } as const;
  const discAfter = (here: SentFromHere, study: QueuedStudy) =>
    discOf(
      { kind: 'may-close', count: 9, travelling: 0 },
      {
        ...{
          mayBeCleared: false,
          underWay: 1,
          leftOut: leavesOut([study]),
          isDoubted: false,
        },
        choices: sayOf(outcomesOf(here, [done(), study], EMPTY_PAGE).choices),
      },
    );
  for (const here of [sent('a', 'b'), NOTHING_SENT]) {
    assert.is(discAfter(here, queuedStudy(some)), 'may-go');
    assert.is(discAfter(here, queuedStudy({ ...some, cancelling: true })), 'keep');
  }
});

test('a missing file that the queue counts with its study counts once, while the page still names it', () => {
  const here = { ...sent('a'), missing: new Map([['a', ['1.2.3']]]) };
  const studies = [done({ track: { ...NOWHERE, inPacs: 11, leftOut: 1 }, withheld: { damaged: 1 } })];
  const named = { missing: ['IM1'], names: new Set(['1.2.3']) };
  assert.equal(said(here, studies, named), { standing: 'keep', studies: 1, except: 1, isAtLeast: false });
  const arrived = { standing: 'in-pacs', studies: 1, except: 1, isAtLeast: false };
  assert.equal(said(here, studies), arrived, 'it was found, or forgotten');
});

test('a study that was sent before this page was opened keeps its disc until its missing files are off the list', () => {
  const lacking = done({ track: { ...NOWHERE, inPacs: 11, leftOut: 1 }, withheld: { damaged: 1 } });
  assert.equal(said(NOTHING_SENT, [lacking]), { standing: 'keep', studies: 0, except: 1, isAtLeast: false });
  assert.equal(outcomesOf(NOTHING_SENT, [lacking], EMPTY_PAGE).notSent.leftOut, [lacking]);
  assert.is(said(sent('b'), [lacking, done({ id: 'b' })]).standing, 'keep', 'another study arrived');
  const seen = { ...lacking, noted: 1 };
  assert.equal(said(NOTHING_SENT, [seen]), { standing: null, studies: 0, except: 0, isAtLeast: false });
  const removed = { ...lacking, removed: true };
  assert.is(said(NOTHING_SENT, [removed]).except, 1, 'the list of studies was tidied up');
});

test('a cancelled study is no longer among those not sent once it has arrived, or its files are on the page again', () => {
  const uid = { studyInstanceUID: '1.2.3', mark: 7 };
  const nothing = { ...NOWHERE, leftOut: 12 };
  const cancelled = queuedStudy({ ...uid, id: 'cancelled', state: 'taken-back', track: nothing });
  const again = done({ ...uid, queuedAt: 2, holds: ['cancelled'] });
  const here = sentIn({ cancelled: 0, a: 1 }, [0, 1]);
  for (const known of [here, NOTHING_SENT]) {
    const { choices, notSent } = outcomesOf(known, [cancelled, again], EMPTY_PAGE);
    assert.equal([sayOf(choices).except, notSent.leftOut], [0, []]);
    assert.is(said(known, [cancelled]).except, 12);
    const onPage = (files: number) => said(known, [cancelled], { again: new Map([[7, files]]) }).except;
    assert.equal([onPage(12), onPage(3)], [0, 12], 'a smaller part is another one');
  }
  assert.equal(said(here, [cancelled, again]), {
    standing: 'in-pacs',
    studies: 1,
    except: 0,
    isAtLeast: false,
  });
  const beside = { ...here, leftBehind: new Map([['cut.dcm', cleared('cut.dcm', 0)]]) };
  assert.equal(
    said(beside, [cancelled, again]),
    { standing: 'keep', studies: 1, except: 1, isAtLeast: false },
    'a file that left the page with the cancelled study',
  );
  const fewer = { ...again, instances: 3, track: { ...NOWHERE, inPacs: 3 } };
  assert.is(said(here, [cancelled, fewer]).except, 12, 'a smaller part does not stand for all');
  assert.is(said(here, [cancelled, { ...again, holds: [] }]).except, 12, 'nor does another part');
});

test('a study that was cancelled twice is not sent once, unless another part of it was chosen the second time', () => {
  const track = { ...NOWHERE, leftOut: 12 };
  const first = { studyInstanceUID: '1.2.3', state: 'taken-back', track } as const;
  const twice = (second: Partial<QueuedStudy>) => [
    queuedStudy(first),
    queuedStudy({ ...first, id: 'b', queuedAt: 2, holds: ['a'], ...second }),
  ];
  for (const known of [sent('a', 'b'), NOTHING_SENT]) {
    const { choices, notSent } = outcomesOf(known, twice({}), EMPTY_PAGE);
    assert.equal([sayOf(choices).except, notSent.leftOut.map(({ id }) => id)], [12, ['b']]);
    const fewer = { instances: 3, track: { ...NOWHERE, leftOut: 3 } };
    assert.is(said(known, twice(fewer)).except, 15, 'they may be others');
    assert.is(said(known, twice({ holds: [] })).except, 24, 'the second half of it, say');
    const whole = { instances: 500, track: { ...NOWHERE, leftOut: 500 } };
    assert.is(said(known, twice(whole)).except, 500);
    assert.is(said(known, twice({ ...whole, holds: [] })).except, 512, 'the first 12 are not among them');
    assert.is(said(known, twice({ studyInstanceUID: null })).except, 24, 'nobody knows that it is the same');
  }
});

test('a cancelled study that the PACS has all the same is not among those not sent, and keeps no disc', () => {
  const there = queuedStudy({ id: 'a', state: 'taken-back', track: { ...NOWHERE, inPacs: 12 } });
  const partly = { ...there, track: { ...NOWHERE, inPacs: 7, leftOut: 5 } };
  for (const known of [sent('a'), NOTHING_SENT]) {
    assert.equal(said(known, [there]), { standing: null, studies: 0, except: 0, isAtLeast: false });
    assert.equal(said(known, [partly]), { standing: 'keep', studies: 0, except: 5, isAtLeast: false });
    assert.is(said(known, [{ ...partly, noted: 5 }]).standing, null, 'a person has seen it');
  }
});

test('an image that a person left out is not among those not sent where the PACS has another version of it', () => {
  const study = done({ instances: 3, track: { ...NOWHERE, inPacs: 1, leftOut: 2 } });
  assert.equal(said(sent('a'), [study]), { standing: 'in-pacs', studies: 1, except: 2, isAtLeast: false });
  assert.is(said(NOTHING_SENT, [study]).except, 2);
  assert.is(said(NOTHING_SENT, [{ ...study, noted: 2 }]).except, 0, 'a person has seen it');
  const alone = { ...study, instances: 1, track: { ...NOWHERE, inPacs: 1 } };
  for (const known of [sent('a'), NOTHING_SENT])
    assert.equal(outcomesOf(known, [alone], EMPTY_PAGE).notSent.leftOut, []);
});

const cleared = (path: string, choice: number, files = 1): LeftBehind => ({
  ...{ files, why: 'not-sent', path, patientName: null, choice },
});

test('files that a person left out, that were cleared or could not be sent are the exceptions, each with its path', () => {
  const study = done({ track: { ...NOWHERE, inPacs: 9, leftOut: 3 } });
  const left = cleared('A/1.dcm', 0, 4);
  const here = { ...sent('a'), leftBehind: new Map([['1.2.3', left]]) };
  const page = { ...EMPTY_PAGE, refused: ['cut.dcm', 'B/cut.dcm'] };
  const { choices, notSent } = outcomesOf(here, [study], page);
  assert.equal(sayOf(choices), { standing: 'in-pacs', studies: 1, except: 9, isAtLeast: false });
  assert.equal(notSent.leftOut, [study]);
  assert.equal(valuesOf(notSent.left, 'path'), ['A/1.dcm', 'cut.dcm', 'B/cut.dcm']);
  const seen = { ...study, noted: 3 };
  assert.equal(said(sent('a'), [seen]), { standing: 'in-pacs', studies: 1, except: 0, isAtLeast: false });
  const more = { ...seen, track: { ...NOWHERE, inPacs: 8, leftOut: 4 } };
  assert.is(said(sent('a'), [more]).except, 4, 'another was left out since');
});

test('a study that was cleared and is chosen again counts once, and so does a damaged file', () => {
  const study = { ...cleared('A/1.dcm', 0, 31), patientName: 'Left^Out' };
  const leftBehind = new Map([
    ['1.2', study],
    ['cut.dcm', cleared('cut.dcm', 0)],
  ]);
  const here = { ...sent('a'), leftBehind };
  const page = {
    studies: [
      { studyInstanceUID: '1.2', patientName: 'Left^Out', instances: 31, why: 'not-pressed' as const },
    ],
    refused: ['cut.dcm'],
    names: new Set(['cut.dcm']),
  };
  assert.is(said(here, [done()]).except, 32);
  assert.is(said(here, [done()], page).except, 32);
  const outcomes = outcomesOf(here, [done()], { ...EMPTY_PAGE, ...page });
  assert.is(outcomes.notSent.left.length, 2);
});

test('the studies of a disc that was proven before the next was chosen are not counted with it; its damaged file is', () => {
  const lefts = [cleared('first/cut.dcm', 0), cleared('second/cut.dcm', 1)];
  const leftBehind = new Map(lefts.map((left) => [left.path, left]));
  const here = { ...sentIn({ a: 0, b: 1 }, [1000, 5000]), leftBehind };
  const ended = (firstAt: number) =>
    said(here, [done({ completedAt: firstAt }), done({ id: 'b', completedAt: 9000 })]);
  assert.equal(ended(4999), { standing: 'in-pacs', studies: 1, except: 2, isAtLeast: false });
  assert.equal(ended(5000), { standing: 'in-pacs', studies: 2, except: 2, isAtLeast: false });
});

test('a choice after it of which nothing was sent takes the sentence back until it leaves the page', () => {
  const here: SentFromHere = { ...sent('a'), choices: [1000, 5000] };
  const studies = [done({ completedAt: 2000 })];
  assert.equal(said(here, studies, { missing: ['A', 'B'] }), {
    standing: 'keep',
    studies: 1,
    except: 2,
    isAtLeast: false,
  });
  assert.equal(said(here, studies, { refused: ['cut.dcm'] }), {
    standing: 'keep',
    studies: 1,
    except: 1,
    isAtLeast: false,
  });
  assert.equal(said(here, studies), { standing: 'in-pacs', studies: 1, except: 0, isAtLeast: false });
});

test('a folder without an image takes the sentence back until it is cleared; files beside images do not', async () => {
  const { store } = await openIngest({ chosen: IDENTIFIED });
  const image = filesOf(syntheticStudy({ seed: 93, series: 1, instancesPerSeries: 1 }), 'cd');
  const others = ['a.txt', 'empty.tmp'].map((name) =>
    inFolder(new File(['x'.repeat(name.length % 5)], name), 'cd'),
  );
  await store.addFiles([...image, ...others]);
  await store.send();
  const said = () => {
    const studies = [...store.sentFromHere.value.sent.keys()].map((id) => done({ id, completedAt: 1 }));
    const { choices, notSent } = outcomesOf(store.sentFromHere.value, studies, pageOf(store));
    return { ...sayOf(choices), next: nextFor(notSent), paths: valuesOf(notSent.left, 'path') };
  };
  const nothing = { except: 0, isAtLeast: false, paths: [] };
  const arrived = { standing: 'in-pacs', studies: 1, next: 'choose-again', ...nothing };
  assert.equal(said(), arrived);
  store.clear();
  await store.addFiles(others);
  const paths = ['cd/a.txt', 'cd/empty.tmp'];
  assert.equal(said(), { ...arrived, standing: 'keep', except: 2, paths });
  store.clear();
  assert.equal(said(), arrived);
});

test('files that the page still has need not be chosen again: they wait for Send, or for a decision', async () => {
  const made = syntheticStudy({
    seed: 71,
    series: 1,
    instancesPerSeries: 2,
    burnedInSeries: 1,
    rows: 8,
    columns: 8,
  });
  const { store } = await openIngest({ chosen: DEIDENTIFIED });
  await store.addFiles(filesOf(made));
  const next = () => nextFor(outcomesOf(store.sentFromHere.value, [], pageOf(store)).notSent);
  assert.is(next(), 'undecided');
  store.toggle(made.studyInstanceUID);
  assert.is(next(), 'not-pressed');
  store.toggle(made.studyInstanceUID);
  await store.addFiles([new File([new Uint8Array(200)], 'cut.dcm')]);
  assert.is(next(), 'choose-again', 'the damaged one is copied again');
});

test.run();
