/** The day's list: every study once, found again by what a person remembers, two of one name told apart. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { QueuedStudy, StudyTitle } from '../pipeline/queue/queued-study.ts';
import { formatMoment } from '../kit/format.ts';
import { hideNames } from '../kit/identities.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { valuesOf } from '../testing/values-of.ts';
import { assertEach } from '../testing/assert-each.ts';
import { chooseEntries, isFoundByLabel, removedAmong } from './choose-entries.ts';
import { EVERYTHING, isNarrowed, type Choice } from './list-choice.ts';
import { createEntries, type DayEntry } from './day-entry.ts';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import { whereOf, withheldOf } from './where-of.ts';
import { countsOf, listedNow, toldStudy, type ToldUpload } from '../testing/told-study.ts';
import type { ToldStudy } from './sent-studies.store.ts';

const test = suite('the day’s list');
const NOW = new Date(2026, 10, 22, 15, 0);
const at = (day: number, hour = 9) => new Date(2026, 10, day, hour).getTime();

const title = (patientName: string, patientId: string, more: Partial<StudyTitle> = {}): StudyTitle => ({
  ...{ patientName, patientId, patientBirthDate: '19700131', studyDate: '20261121' },
  ...{ description: 'Thorax nativ', accessionNumber: 'ACC77', modalities: ['CT'], bodyParts: ['CHEST'] },
  ...more,
});

const sent = (uid: string, upload: Partial<ToldUpload> = {}) =>
  toldStudy(
    [
      {
        ...{ counts: countsOf({ promised: 5, inPacs: 5 }), device: '33333333-3333-4333-8333-333333333333' },
        ...{ receipt: { id: '22222222-2222-4222-8222-222222222222', href: '' }, ...upload },
      },
    ],
    {
      ...{ studyInstanceUID: uid, sopClassUIDs: ['1.2.840.10008.5.1.4.1.1.4'] },
      ...{ firstSentAt: new Date(at(21)).toISOString(), lastSentAt: new Date(at(21)).toISOString() },
    },
  );

const entriesOf = (
  studies: readonly QueuedStudy[],
  told: readonly ToldStudy[] = [],
  device: string | null = null,
) => listedNow({ studies, sent: told, device }, NOW);
const chosen = (entries: readonly DayEntry[], choice: Partial<Choice>) =>
  chooseEntries(entries, { ...EVERYTHING, ...choice }, NOW);
const keys = (entries: readonly DayEntry[], choice: Partial<Choice>) =>
  chosen(entries, choice).flatMap((section) => section.entries.map(({ key }) => key));

const inPacs = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 12, needsYou: 0, leftOut: 0 };
const done = (id: string, more: Partial<QueuedStudy> = {}) =>
  queuedStudy({
    ...{ id, state: 'done', track: inPacs, isWaiting: false },
    ...{ receiptId: `receipt-${id}`, studyInstanceUID: `1.2.${id}` },
    ...more,
  });

test('a study that was queued here says when it was sent once the gateway says so, as other devices do', () => {
  const uid = '1.2.sent';
  const study = queuedStudy({ id: 'a', studyInstanceUID: uid, queuedAt: at(21, 9) - 180_000 });
  const [queued] = entriesOf([study]);
  assert.equal([queued!.at, queued!.sentAt], [at(21, 9) - 180_000, null]);
  const told = { ...sent(uid), sopClassUIDs: [] };
  const [here] = entriesOf([study], [told]);
  const [elsewhere] = entriesOf([], [told]);
  assert.equal([here!.at, here!.sentAt], [at(21, 9), at(21, 9)]);
  assert.is(here!.at, elsewhere!.at);
  const [again] = entriesOf([{ ...study, queuedAt: at(22) }], [told]);
  assert.equal([again!.at, again!.sentAt], [at(22), null], 'an upload from before is another one');
});

test('a study of which a byte has left is not called queued again while nobody asks the gateway', () => {
  const study = queuedStudy({
    id: 'a',
    studyInstanceUID: '1.2.sent',
    queuedAt: at(21, 9),
    sentAt: at(21, 10),
  });
  assert.is(entriesOf([study])[0]!.sentAt, at(21, 10));
});

test('two patients of one name are told apart by ID and birth date', () => {
  const entries = entriesOf([
    queuedStudy({ id: 'a', title: title('Meier^Anna', '100') }),
    queuedStudy({ id: 'b', title: title('Meier^Anna', '200', { patientBirthDate: '19520101' }) }),
  ]);
  const [a, b] = entries;
  assert.is(a!.name, b!.name);
  assert.is.not(a!.person.join(), b!.person.join());
  assert.match(a!.person.join(), 'ID 100');
  assert.match(a!.person.join(), /born .*1970/);
  assert.is(chosen(entries, { byPatient: true }).length, 2, 'nor are they one patient when grouped');
});

test('finished studies are told apart by their local label', () => {
  const entries = entriesOf([done('a', { label: 'A. M. …100' }), done('b', { label: 'B. K. …200' })]);
  assert.equal(valuesOf(entries, 'name'), ['A. M. …100', 'B. K. …200']);
  assert.equal(keys(entries, { text: '…200' }), ['b']);
});

test('studies are found by the words that say where they are', () => {
  const entries = entriesOf([done('a', { label: 'A. M. …100' }), queuedStudy({ id: 'b' })]);
  assert.equal(keys(entries, { text: 'In the PACS' }), ['a']);
});

test('initials are found as people type them', () => {
  const entries = entriesOf([done('a', { label: 'U. B. …100' }), done('b', { label: 'K. M. …200' })]);
  for (const text of ['UB', 'ub', 'U.B.', 'u.b', 'U B', 'U. B.', 'B. U.', 'U.B. 100', 'UB …100'])
    assert.equal(keys(entries, { text }), ['a'], text);
  for (const text of ['BU', 'B.U.', 'UB 200']) assert.not(keys(entries, { text }).includes('b'), text);
});

test('a study on this device and at the gateway is one row; others say where they were sent from', () => {
  const own = '33333333-3333-4333-8333-333333333333';
  const told = [sent('1.2.a'), sent('1.2.9'), sent('1.2.8', { device: null })];
  const moment = (hour: number) => formatMoment(new Date(at(22, hour)), NOW);
  const entries = entriesOf([done('a', { queuedAt: at(22, 9) })], told, own);
  assert.equal(valuesOf(entries, 'key', 'place', 'name', 'hasReceipt'), [
    ['a', 'here', `CT study, ${moment(9)}`, true],
    ['1.2.9', 'gone', `MR study, ${formatMoment(new Date(at(21)), NOW)}`, true],
    ['1.2.8', 'elsewhere', `MR study, ${formatMoment(new Date(at(21)), NOW)}`, true],
  ]);
  const [early, late] = entriesOf([done('a', { queuedAt: at(22, 9) }), done('b', { queuedAt: at(22, 10) })]);
  assert.equal([early!.name, late!.name], [`CT study, ${moment(9)}`, `CT study, ${moment(10)}`]);
});

test('a study of which nothing changed keeps its entry, and one that changed gets a new one', () => {
  const entriesAt = createEntries();
  const waiting = queuedStudy({ id: 'a', title: title('Meier^Anna', '100') });
  const facts = {
    studies: [waiting, done('b')],
    sent: [sent('1.2.9')],
    link: 'online',
    device: null,
  } as const;
  const before = entriesAt(facts, NOW);
  // The database and the gateway give new objects each time.
  assert.is(entriesAt(structuredClone(facts), NOW), before);
  const [a, b, other] = entriesAt({ ...facts, studies: [{ ...waiting, paused: true }, done('b')] }, NOW);
  assert.is.not(a, before[0]);
  assert.is(a!.study!.paused, true);
  assert.is(b, before[1]);
  assert.is(other, before[2]);
  const told = entriesAt({ ...facts, sent: [sent('1.2.9', { receipt: null })] }, NOW);
  assert.is(told[2]!.hasReceipt, false);
  const offline = entriesAt({ ...facts, link: 'offline' }, NOW);
  assert.is(offline[0]!.track.waitingFor, 'offline');
  const tomorrow = entriesAt({ ...facts, link: 'offline' }, new Date(2026, 10, 23, 0, 1));
  assert.ok(
    tomorrow.every((entry, nth) => entry !== offline[nth]),
    'their moments get a date',
  );
});

test('every entry is made again once names are hidden, and again once they are shown', () => {
  const entriesAt = createEntries();
  const waiting = queuedStudy({ id: 'a', title: title('Meier^Anna', '100') });
  const said = () => {
    const [entry] = listedNow({ studies: [waiting] }, NOW, entriesAt);
    return JSON.stringify([entry!.name, entry!.person]);
  };
  const shown = said();
  hideNames(true);
  const hidden = said();
  hideNames(false);
  assert.match(shown, /Meier.*100/);
  assert.not.match(hidden, /Meier|100|1970/);
  assert.is(said(), shown);
});

test('a study whose title was erased is no longer found by it', () => {
  const entriesAt = createEntries();
  const waiting = queuedStudy({ id: 'a', title: title('Meier^Anna', '100') });
  const found = (study: QueuedStudy) =>
    keys(listedNow({ studies: [study] }, NOW, entriesAt), { text: 'meier' });
  assert.equal(found(waiting), ['a']);
  assert.equal(found(done('a')), []);
});

test('a search finds by name, ID, date, description, receipt and upload, without accents and in any order', () => {
  const entries = entriesOf(
    [
      queuedStudy({ id: 'a', title: title('Müller^Jörg', '0012345') }),
      queuedStudy({ id: 'b', title: title('Schmidt^Ute', '777', { description: 'Knie' }) }),
      done('c'),
    ],
    [sent('1.2.9')],
  );
  for (const [text, wanted] of [
    ['muller', ['a']],
    ['jorg MÜLLER', ['a']],
    ['12345', ['a']],
    ['knie', ['b']],
    ['thorax 2026', ['a']],
    ['receipt-c', ['c']],
    ['1111-4111', ['1.2.9']],
    ['22222222', ['1.2.9']],
    ['Meier', []],
    [' ', ['a', 'b', 'c', '1.2.9']],
  ] as const)
    assert.equal(keys(entries, { text }).toSorted(), wanted.toSorted(), text);
});

test('a typed name or ID finds a study that arrived by what is left of it: initials and the end of the ID', () => {
  const entries = entriesOf([
    done('doe', { label: 'P. D. …234' }),
    done('other', { label: 'A. K. …777' }),
    done('nobody'),
    queuedStudy({ id: 'waits', title: title('Doe^Peter', '98890234') }),
  ]);
  for (const text of ['Doe', 'Doe, Peter', 'Peter Doe', 'peter^doe', '98890234', 'Doe 98890234'])
    assert.equal(keys(entries, { text }).toSorted(), ['doe', 'waits'], text);
  for (const text of ['Dora Doe', 'Doe 98890777', '12345', 'PX-555778', 'DP-98890', 'CT Doe Peter Paul'])
    assert.equal(keys(entries, { text }), [], text);
  assert.equal(keys(entries, { text: 'Kim' }), ['other']);
});

test('initials may be those of another patient; a receipt or a UID is that of one study', () => {
  const uid = '2.25.158629328507651871208088333384014042771';
  const receiptId = '4b5c6d7e-1111-4111-8111-111111111111';
  const entries = entriesOf([
    done('doe', { label: 'P. D. …234', receiptId, studyInstanceUID: uid }),
    queuedStudy({ id: 'waits', title: title('Doe^Peter', '98890234') }),
  ]);
  const isByLabel = (text: string) => {
    const choice = { ...EVERYTHING, text };
    const sections = chooseEntries(entries, choice, NOW);
    assert.ok(sections.length > 0, text);
    return isFoundByLabel(sections, choice);
  };
  for (const text of [uid, uid.slice(-12), receiptId, receiptId.slice(0, 8).toUpperCase()])
    assert.is(isByLabel(text), false, text);
  for (const text of ['Doe', '98890234', 'Doe 98890234']) assert.is(isByLabel(text), true, text);
  assert.is(isByLabel(''), false);
});

test('a day finds its studies in every form in which a person writes one', () => {
  const entries = entriesOf(
    [
      done('a', { queuedAt: at(22) }),
      done('b', { queuedAt: at(10), about: { modalities: ['US'], series: 1 } }),
    ],
    [sent('1.2.9')],
  );
  for (const text of ['Nov 22, 2026', 'nov 22', '2026-11-22', '22.11.2026', '11/22/2026', 'today'])
    assert.equal(keys(entries, { text }), ['a'], text);
  assert.equal(keys(entries, { text: 'yesterday' }), ['1.2.9']);
  for (const text of ['10/11/2026', '11.10.2026', 'US 10 November'])
    assert.equal(keys(entries, { text }), ['b'], text);
  for (const text of ['CT Nov 10', 'Nov 9, 2026']) assert.equal(keys(entries, { text }), [], text);
});

test('a study that the gateway found by a pseudonym is found by it here as well, and only while it is typed', () => {
  const pseudonym = `RP-${'7'.repeat(25)}K`;
  const told = [{ ...sent('1.2.a'), pseudonym }, { ...sent('1.2.9'), pseudonym }, sent('1.2.8')];
  const entries = entriesOf([done('a'), done('b')], told);
  for (const text of [pseudonym, ` ${pseudonym.toLowerCase()} `])
    assert.equal(keys(entries, { text }).toSorted(), ['1.2.9', 'a']);
  assert.equal(keys(entries, { text: `RP-${'8'.repeat(26)}` }), []);
});

test('a study that a person left out entirely is under no heading of the PACS, and offers no receipt', () => {
  const leftOut = { ...inPacs, inPacs: 0, leftOut: 12 };
  const [here] = entriesOf([done('a', { track: leftOut })]);
  assert.equal(
    [here!.part, here!.hasReceipt, whereOf(here!).said],
    ['left-out', false, 'Left out by a person'],
  );
  const counts = countsOf({ promised: 2, leftOut: 2 });
  const [there] = entriesOf([], [sent('1.2.9', { counts })]);
  assert.equal([there!.part, there!.hasReceipt], ['left-out', false]);
});

test('a study of the site is found by its sender, and names each sender once', () => {
  const [first] = sent('1.2.9').uploads;
  const by = (username: string, keptNames: boolean) => ({ ...first!, sender: { username, keptNames } });
  const told = {
    ...sent('1.2.9'),
    uploads: [by('tess', false), by('noor', false), by('tess', true)],
  };
  const entries = entriesOf([], [told, sent('1.2.8')]);
  assert.equal(keys(entries, { text: 'TESS' }), ['1.2.9']);
  assert.equal(valuesOf(entries, 'senders'), [
    [
      { username: 'tess', keptNames: true },
      { username: 'noor', keptNames: false },
    ],
    [],
  ]);
});

test('filters by place and day, and removed studies are shown only when asked for', () => {
  const entries = entriesOf([
    queuedStudy({ id: 'now', queuedAt: at(22) }),
    queuedStudy({ id: 'late', queuedAt: at(21, 23) }),
    done('old', { queuedAt: at(10), completedAt: at(10) }),
    done('gone', { queuedAt: at(22), removed: true }),
  ]);
  assert.equal(keys(entries, {}), ['now', 'late', 'old']);
  assert.equal(keys(entries, { shown: 'arrived' }), ['old']);
  assert.equal(keys(entries, { shown: 'removed' }), ['gone']);
  assert.equal(keys(entries, { period: 'today' }), ['now']);
  assert.equal(keys(entries, { period: 'yesterday' }), ['late']);
  assert.equal(keys(entries, { period: 'week' }), ['now', 'late']);
  assert.ok(isNarrowed({ ...EVERYTHING, period: 'today' }) && !isNarrowed({ ...EVERYTHING, sort: 'name' }));
});

test('studies that need a person come first, then those under way in sending order, then those that arrived, newest first', () => {
  const entries = entriesOf([
    queuedStudy({ id: 'first', queuedAt: 1 }),
    done('old', { completedAt: 5 }),
    queuedStudy({ id: 'second', queuedAt: 2 }),
    done('new', { completedAt: 9 }),
    queuedStudy({ id: 'cut', needs: [{ cause: 'interrupted', reason: null, instances: 12 }] }),
    queuedStudy({ id: 'red', needs: [{ cause: 'held', reason: 'burned-in-annotation', instances: 1 }] }),
  ]);
  const sections = chosen(entries, {}).map(({ heading, entries: own }) => {
    return `${heading.by === 'part' && heading.part}: ${valuesOf(own, 'key')}`;
  });
  assert.equal(sections, ['needs-you: cut,red', 'under-way: first,second', 'arrived: new,old']);
  assert.is(keys(entries, { sort: 'newest' })[0], 'second');
});

test('studies are grouped by patient, and those of nobody known come last', () => {
  const entries = entriesOf(
    [
      queuedStudy({ id: 'a1', title: title('Meier^Anna', '100') }),
      queuedStudy({ id: 'b', title: title('Kurz^Bo', '200') }),
      queuedStudy({ id: 'a2', title: title('Meier^Anna', '100') }),
      done('c', { label: 'C. D. …300' }),
    ],
    [sent('1.2.9')],
  );
  assertEach(chosen(entries, { byPatient: true }), ({ entries: own }) => own.map(({ key }) => key), [
    ['a1', 'a2'],
    ['b'],
    ['c'],
    ['1.2.9'],
  ]);
});

test('a removed study is in no other view, and a search says that it is among the removed', () => {
  const mine = entriesOf([
    done('1', { label: 'P. D. …234', removed: true }),
    done('2', { label: 'A. M. …777', removed: true }),
    done('3', { label: 'P. D. …999' }),
  ]);
  const removed = (choice: Partial<Choice>) =>
    removedAmong(mine, { ...EVERYTHING, ...choice }, NOW).map(({ key }) => key);
  assert.equal(keys(mine, {}), ['3']);
  assert.equal(removed({}).toSorted(), ['1', '2']);
  assert.equal(keys(mine, { text: '98890234' }), []);
  assert.equal(removed({ text: '98890234' }), ['1']);
  assert.equal(removed({ shown: 'arrived', text: 'Doe' }), ['1']);
});

test('says where each study is, the most urgent first', () => {
  const of = (some: Partial<QueuedStudy>) => whereOf(entriesOf([queuedStudy(some)])[0]!).said;
  assert.is(of({ track: { ...inPacs, inPacs: 9, needsYou: 3 } }), '3 to decide');
  assert.is(of({ state: 'done', track: inPacs }), 'In the PACS');
  assert.is(of({ state: 'done', track: { ...inPacs, inPacs: 11, leftOut: 1 } }), '11 of 12 in the PACS');
  assert.is(of({ paused: true }), 'Paused');
  assert.is(of({ waiting: 'offline' }), 'Waiting');
  assert.is(of({}), 'On this device');
  const none = { ...inPacs, inPacs: 0, leftOut: 12 };
  assert.is(of({ state: 'taken-back', track: none }), 'Cancelled before sending');
  assert.is(of({ state: 'taken-back', track: none, savedToStickAt: 1 }), 'Cancelled');
  const interrupted = [{ cause: 'interrupted' as const, reason: null, instances: 150 }];
  const track = { ...inPacs, inPacs: 0, needsYou: 150 };
  const cut = of({ state: 'reading', waiting: 'interrupted', needs: interrupted, track });
  assert.is(cut, '150 to decide', 'an interrupted study counts what was chosen');
  const waits = sent('1.2.9', { counts: countsOf({ promised: 5, atGateway: 2, inPacs: 3 }) });
  assert.is(whereOf(entriesOf([], [waits])[0]!).said, '3 of 5 in the PACS');
});

test('a study whose sending was cancelled says so to everybody, and how much of it is in the PACS', () => {
  const entryOf = (inPacs: number, leftOut: number, more: object = {}) => {
    const counts = countsOf({ promised: 5, inPacs, leftOut });
    return entriesOf([], [sent('1.2.9', { counts, cancelled: true, ...more })])[0]!;
  };
  const told = (entry: DayEntry) => [entry.part, whereOf(entry).said, entry.hasReceipt];
  assert.equal(told(entryOf(0, 5)), ['taken-back', 'Cancelled: none in the PACS', false]);
  const partly = entryOf(3, 2, { withheld: { held: 1 } });
  assert.equal(told(partly), ['taken-back', 'Cancelled: 3 of 6 in the PACS', true]);
  assert.equal(withheldOf(partly), ['1 held back']);
  assert.equal(told(entryOf(5, 0)), ['arrived', 'In the PACS', true], 'all of it was there before');
});

test('results that are stored in a sent study take nothing from where it is', () => {
  const beside = { state: 'receiving', revision: 2 } as const;
  const [there] = entriesOf([], [sent('1.2.9', beside)]);
  assert.equal([there!.part, whereOf(there!).said, there!.hasReceipt], ['arrived', 'In the PACS', true]);
  const counts = countsOf({ promised: 5, inPacs: 3, refused: 1, quarantined: 1 });
  const [held] = entriesOf([], [{ ...sent('1.2.9', { ...beside, counts }), standing: 'needs-you' }]);
  assert.equal([held!.part, held!.track.needsYou, held!.track.leftOut], ['needs-you', 2, 0]);
  const besideHeld = { state: 'held', counts: { ...counts, inPacs: 4, quarantined: 0 } } as const;
  const [refused] = entriesOf([], [sent('1.2.9', besideHeld)]);
  assert.equal([refused!.part, refused!.track.needsYou, refused!.track.leftOut], ['arrived', 0, 1]);
});

test('a study sent elsewhere is named after the modalities of its classes', () => {
  const root = '1.2.840.10008.5.1.4.1.1.';
  const classes = ['2', '1.1', '1.2', '88.11', '6.1'].map((end) => root + end);
  assert.equal(modalitiesOf([...classes, '1.2.3']), ['CT', 'DX', 'MG', 'SR', 'US']);
});

test('a study of which something was never sent is not whole, wherever it was sent from, and is found as left out', () => {
  const whole = sent('1.2.1');
  const elsewhere = sent('1.2.2', { withheld: { 'left-out': 1 } });
  const here = queuedStudy({
    ...{ id: 'here', state: 'done', instances: 12, studyInstanceUID: '1.2.3', withheld: { damaged: 1 } },
    track: { ...inPacs, inPacs: 11, leftOut: 1 },
  });
  const entries = entriesOf([here], [whole, elsewhere]);
  assert.equal(
    new Map(entries.map((entry) => [entry.key, whereOf(entry).said])),
    new Map([
      ['here', '11 of 12 in the PACS'],
      ['1.2.1', 'In the PACS'],
      ['1.2.2', '5 of 6 in the PACS'],
    ]),
  );
  assert.equal(new Set(keys(entries, { shown: 'left-out' })), new Set(['here', '1.2.2']));
  assert.equal(new Set(keys(entries, { shown: 'incomplete' })), new Set(['here', '1.2.2']));
  assert.is(keys(entries, { shown: 'arrived' }).length, 3);
});

test('people who watch a site find studies by whether names were kept, and by the device', () => {
  const by = (username: string, keptNames: boolean) => ({ sender: { username, keptNames } });
  const device = '44444444-4444-4444-8444-444444444444';
  const entries = entriesOf(
    [],
    [sent('1.2.1', by('tina', true)), sent('1.2.2', { ...by('tom', false), device })],
  );
  assert.equal(keys(entries, { names: 'kept' }), ['1.2.1']);
  assert.equal(keys(entries, { names: 'removed' }), ['1.2.2']);
  assert.equal(keys(entries, { text: device.slice(0, 8) }), ['1.2.2']);
  assert.equal([isNarrowed({ ...EVERYTHING, names: 'kept' }), keys(entries, {}).length], [true, 2]);
  assert.is(
    keys(entriesOf([queuedStudy({})]), { names: 'kept' }).length,
    1,
    'one’s own studies have no such filter',
  );
});

test('a few digits find no study by its UID, a UID or the end of one does', () => {
  const uid = '1.2.826.202.4711';
  const entries = entriesOf([queuedStudy({ id: 'a', label: 'J. D. …381', studyInstanceUID: uid })]);
  for (const text of ['202', '4711', '826']) assert.equal(keys(entries, { text }), [], text);
  for (const text of [uid, '202.4711', '.4711']) assert.equal(keys(entries, { text }), ['a'], text);
});

test.run();
