/**
 * A study whose instances name several patients: nothing of it is sent before a person has decided, each part is sent
 * under its own patient, and each chosen instance is in one place.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Policy } from '#shared/protocol/api.ts';
import { runSequences } from '#testing/run-sequences.ts';
import { MIXTURES } from '#testing/several-patients.ts';
import { syntheticStudy, type SyntheticPatient } from '#testing/synthetic-study.ts';
import {
  DEIDENTIFIED,
  filesOf,
  IDENTIFIED,
  openIngest,
  chooseOn,
  receiptFor,
} from '../../testing/open-ingest.ts';
import { queueOver, storeOver } from '../../testing/open-queue.ts';
import { giveTurns, untilRead } from '../../testing/open-api.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { countStudy } from '../queue/count-study.ts';
import { compareWithSent } from './card/compare-with-sent.ts';
import { sentUnder, uidsAsSent } from './card/sent-before.ts';
import { listNeeds } from '../queue/list-needs.ts';
import { carryOut, leaveOutPatient, type Stores } from '../../studies/carry-out.ts';
import { listDecisions } from '../../studies/list-decisions.ts';
import { peopleOf, sendableOf } from './found/sendable.ts';
import { heldFoundOf } from './found/use-needs.ts';

const test = suite('a study of several patients');

const LENA = { name: 'Keller^Lena', id: '6120-777', birthDate: '19901005' };
const KARL = { name: 'Weber^Karl', id: '3300-001', birthDate: '19440229' };
const VERA = { name: 'Vogt^Vera', id: '9000-9', birthDate: '20010101' };
/** Lena again, by another spelling. */
const LENA_K = { name: 'Keller^L', id: LENA.id, birthDate: LENA.birthDate };
const PEOPLE = [LENA, KARL, VERA, LENA_K];

/** Instances of one study, each of the patient at its place. */
function filesOfPeople(
  people: readonly SyntheticPatient[],
  more: { burnedInSeries?: number; seed?: number } = {},
): File[] {
  const each = { seed: 71, instancesPerSeries: people.length, rows: 8, columns: 8, ...more };
  const studies = new Map(
    people.map((patient) => [patient, filesOf(syntheticStudy({ ...each, patient }))] as const),
  );
  return people.map((patient, nth) => studies.get(patient)![nth]!);
}

type Opened = Awaited<ReturnType<typeof openIngest>>;

async function chosen(people: readonly SyntheticPatient[], policy: Policy = DEIDENTIFIED): Promise<Opened> {
  const device = await openIngest({ chosen: policy });
  await device.store.addFiles(filesOfPeople(people));
  return device;
}

const MIXED_UP = [LENA, LENA, KARL, LENA];

const mixedOf = ({ store }: Opened) => [...store.mixed.value.values()][0];
const uidOf = ({ store }: Opened) => store.studies.value[0]!.studyInstanceUID;
const keysOf = (opened: Opened, ...people: readonly (typeof LENA)[]) =>
  mixedOf(opened)!
    .parts.filter(({ person }) => people.some(({ name, id }) => name === person.name && id === person.id))
    .flatMap(({ keys }) => keys);
const settleAll = (opened: Opened) => opened.store.settlePatients(uidOf(opened), keysOf(opened, ...PEOPLE));

/** Says whose each queued study is, and where its chosen instances are. */
async function queued(opened: Opened) {
  const queue = storeOver(opened);
  const rows = await opened.database.studies.toArray();
  assert.ok(await untilRead(() => queue.studies.value.length === rows.length));
  const shown = queue.studies.value.map(({ title, track, instances }) => ({
    who: [title?.patientName, title?.patientId, title?.patientBirthDate].join(' '),
    instances,
    safe: track.safe,
    leftOut: track.leftOut,
  }));
  queue.close();
  return shown.sort((a, b) => b.instances - a.instances);
}

const whoIs = ({ name, id, birthDate }: typeof LENA) => [name, id, birthDate].join(' ');

test('waits for a decision, with each patient and their files, whatever is pressed', async () => {
  const opened = await chosen(MIXED_UP);
  const { store, database } = opened;
  assert.ok(store.studies.value[0]!.warnings.includes('patients-differ'));
  assert.equal(
    mixedOf(opened)?.parts.map(({ person, files }) => [
      person.name,
      person.id,
      person.description.patientBirthDate,
      files.length,
    ]),
    [
      [LENA.name, LENA.id, '1990-10-05', 3],
      [KARL.name, KARL.id, '1944-02-29', 1],
    ],
  );
  assert.equal([sendableOf(store).instances, sendableOf(store).held.length], [0, 1]);
  await store.send();
  assert.is(await database.studies.count(), 0);
  assert.is(store.studies.value.length, 1);
});

test('names as many patients as it has, as the policy tells them apart, however they are written', async () => {
  for (const [what, [byId, byIssuer], ...people] of MIXTURES)
    for (const [policy, named] of [
      [IDENTIFIED, byId],
      [DEIDENTIFIED, byId],
      [{ ...DEIDENTIFIED, name: 'by-issuer', patientDomain: 'id-and-issuer' }, byIssuer],
    ] as const)
      assert.is(mixedOf(await chosen(people, policy))?.parts.length ?? 1, named, what);
});

test('is sent as a study for each patient, with their own name, ID and birth date', async () => {
  const opened = await chosen(MIXED_UP);
  await settleAll(opened);
  assert.equal([sendableOf(opened.store).sentAs, sendableOf(opened.store).instances], [2, 4]);
  await opened.store.send();
  assert.equal(await queued(opened), [
    { who: whoIs(LENA), instances: 3, safe: 3, leftOut: 0 },
    { who: whoIs(KARL), instances: 1, safe: 1, leftOut: 0 },
  ]);
});

test('counts as one patient once a person has said so of its names, and as two while nobody has', async () => {
  for (const [people, decided] of [
    [[LENA, LENA_K], 1],
    [[LENA, KARL], 2],
  ] as const) {
    const opened = await chosen(people);
    const count = () => peopleOf(opened.store, opened.store.studies.value).length;
    assert.is(count(), 2);
    await settleAll(opened);
    assert.is(count(), decided);
    await opened.store.askPatientsAgain(uidOf(opened));
    assert.is(count(), 2);
  }
});

test('leads to Send once no other study waits for a decision', async () => {
  const { store } = await chosen(MIXED_UP);
  await store.addFiles(filesOfPeople([LENA, VERA], { seed: 72 }));
  const ingest = { ingest: store } as unknown as Stores;
  const decisions = () =>
    listDecisions(listNeeds({ studies: [], lost: [], foreign: 0, found: heldFoundOf(store), noRoom: 0 }), {
      reopenable: () => false,
      policiesFor: store.policiesFor,
    }).flatMap((group) => group.decisions);
  const [first, second] = decisions();
  assert.is(await carryOut(ingest, first!, 'apart'), null, 'the other one is next');
  assert.equal(await carryOut(ingest, second!, 'apart'), { kind: 'upload' });
  await store.askPatientsAgain(first!.found!.studyInstanceUID);
  await store.askPatientsAgain(second!.found!.studyInstanceUID);
  assert.is(await leaveOutPatient(ingest, first!, first!.patients[0]!), null);
  assert.equal(await leaveOutPatient(ingest, second!, second!.patients[0]!), { kind: 'upload' });
});

test('keeps its birth date apart where the first instance is the other patient’s', async () => {
  const opened = await chosen([KARL, LENA, LENA]);
  await settleAll(opened);
  await opened.store.send();
  assert.equal(valuesOf(await queued(opened), 'who'), [whoIs(LENA), whoIs(KARL)]);
});

test('is sent without the patient whom a person left out, and says how many were', async () => {
  for (const [out, left, instances] of [
    [KARL, LENA, 3],
    [LENA, KARL, 1],
  ] as const) {
    const opened = await chosen(MIXED_UP);
    await opened.store.leaveOutPatients(uidOf(opened), keysOf(opened, out));
    assert.is(mixedOf(opened), undefined);
    const [study] = opened.store.studies.value;
    assert.equal([study!.patientName, study!.patientId, study!.instances], [left.name, left.id, instances]);
    assertEach(study!.leftOut, ({ person, files }) => [person.name, files.length], [
      [out.name, 4 - instances],
    ]);
    let whileRead: unknown;
    opened.hooks.beforeTask = async ({ kind }) => {
      const [row] = await opened.database.studies.toArray();
      if (kind === 'name') whileRead = { chosen: row?.chosen, leftOut: row?.held.leftOut };
    };
    await opened.store.send();
    assert.equal(
      whileRead,
      { chosen: 4, leftOut: 4 - instances },
      'counted from the first moment in the queue',
    );
    assert.equal(await queued(opened), [
      { who: whoIs(left), instances: 4, safe: instances, leftOut: 4 - instances },
    ]);
  }
});

test('tells the gateway how many a person left out, until they are sent after all', async () => {
  const opened = await chosen(MIXED_UP, IDENTIFIED);
  const withheld = async () => {
    const said = [];
    for (const { id } of await opened.database.studies.toArray())
      said.push((await queueOver(opened).manifestOf(id)).withheld);
    return said;
  };
  await opened.store.leaveOutPatients(uidOf(opened), keysOf(opened, KARL));
  await opened.store.send();
  assert.equal(await withheld(), [{ 'left-out-other-patient': 1 }]);
  await opened.store.addFiles(filesOfPeople(MIXED_UP));
  await settleAll(opened);
  await opened.store.send();
  assert.equal(await withheld(), [undefined, undefined]);
  assert.equal(valuesOf(await queued(opened), 'leftOut'), [0, 0]);
});

test('is not emptied by a list of all its patients: that is what its tick is for', async () => {
  const opened = await chosen(MIXED_UP);
  await opened.store.leaveOutPatients(uidOf(opened), keysOf(opened, ...PEOPLE));
  assert.equal([opened.store.studies.value[0]!.instances, mixedOf(opened)?.isSettled], [4, false]);
});

test('is asked about again once another patient is read, the policy changes, or a person wants to', async () => {
  const opened = await chosen(MIXED_UP);
  const { store } = opened;
  await settleAll(opened);
  await store.addFiles(filesOfPeople([LENA, LENA, KARL, LENA, VERA]).slice(4));
  assert.is(mixedOf(opened)?.isSettled, false);
  await settleAll(opened);
  assert.equal([mixedOf(opened)?.isSettled, mixedOf(opened)?.sentAs], [true, 3]);
  store.choosePolicy(IDENTIFIED.name);
  assert.equal([mixedOf(opened)?.isSettled, mixedOf(opened)?.sentAs], [false, 1]);
  await store.leaveOutPatients(uidOf(opened), keysOf(opened, KARL));
  await store.askPatientsAgain(uidOf(opened));
  assert.equal([mixedOf(opened)?.parts.length, store.studies.value[0]!.leftOut], [3, []]);
});

test('chosen again before Send is the study that it was: a file counts once, and what was decided stands', async () => {
  const opened = await chosen(MIXED_UP);
  const { store } = opened;
  await store.leaveOutPatients(uidOf(opened), keysOf(opened, KARL));
  for (const times of [1, 2]) {
    await store.addFiles(filesOfPeople(MIXED_UP));
    const [study] = store.studies.value;
    const left = study!.leftOut.map(({ files }) => files.length);
    assert.equal([mixedOf(opened), study!.instances, left, study!.copies], [undefined, 3, [1], 4 * times]);
  }
  await store.addFiles(filesOfPeople([LENA, LENA, KARL, LENA, KARL]).slice(4));
  assert.equal(
    [mixedOf(opened)?.isSettled, mixedOf(opened)?.parts.length],
    [false, 2],
    'another image of him',
  );
  await store.leaveOutPatients(uidOf(opened), keysOf(opened, KARL));
  await store.send();
  assert.equal(await queued(opened), [{ who: whoIs(LENA), instances: 5, safe: 3, leftOut: 2 }]);
});

test('of one Patient ID is one study, and its two names are pointed out all the same', async () => {
  const opened = await chosen([LENA, LENA_K]);
  assert.equal([mixedOf(opened)?.isSettled, mixedOf(opened)?.sentAs], [false, 1]);
  await settleAll(opened);
  await opened.store.send();
  assert.equal(await queued(opened), [{ who: whoIs(LENA), instances: 2, safe: 2, leftOut: 0 }]);
});

test('is recognised under the identifiers of all its patients when it is chosen again', async () => {
  const opened = await chosen(MIXED_UP);
  await settleAll(opened);
  await opened.store.send();
  const sent = (await opened.database.studies.toArray()).map(
    ({ studyInstanceUID, instances, id }) =>
      [studyInstanceUID!, { inPacs: instances, at: instances, page: { page: 'study', id } }] as const,
  );
  await opened.store.addFiles(filesOfPeople(MIXED_UP));
  const uids = await uidsAsSent(opened.store.inspection, uidOf(opened), new AbortController().signal);
  assert.equal([...uids].sort(), sent.map(([uid]) => uid).sort());
  const newest = sent.find(([, { at }]) => at === 3)![1];
  assert.equal(sentUnder(new Map(sent), uids), { ...newest, inPacs: 4 });
  assert.is(sentUnder(new Map(), uids), undefined);
});

/** Karl’s image was left out and Lena’s were sent; then `again` is chosen on a later page. */
async function chosenAgain(again: readonly File[]): Promise<Opened> {
  const first = await chosen(MIXED_UP);
  await first.store.leaveOutPatients(uidOf(first), keysOf(first, KARL));
  await first.store.send();
  const later = await chooseOn(first, again);
  return later;
}

const untilLeftOut = ({ store }: Opened) =>
  untilRead(() => store.studies.value.some(({ leftOut }) => leftOut.length > 0));

test('is without the left-out patient when it is chosen again, and asks nobody', async () => {
  const again = await chosenAgain(filesOfPeople([...MIXED_UP, LENA]));
  const { store, database } = again;
  assert.ok(await untilLeftOut(again));
  assert.equal([mixedOf(again), sendableOf(store).instances, sendableOf(store).held], [undefined, 4, []]);
  const { instances } = await receiptFor({ database });
  const receipt = { instances, withheld: { 'left-out-other-patient': 1 } };
  const { signal } = new AbortController();
  const part = await compareWithSent(
    store,
    store.studies.value[0]!,
    { receipt, inPacs: 3, now: async () => null },
    signal,
  );
  assert.equal(part, { there: 3, fresh: 1, differs: 0, staying: 0, leftOut: 0, gone: 0 });
  await store.send();
  assertEach(await queued(again), ({ instances: all, leftOut }) => [all, leftOut], [
    [5, 1],
    [3, 0],
  ]);
});

test('asks about a left-out patient again once a person wants to, and where there is another image of them', async () => {
  const again = await chosenAgain(filesOfPeople(MIXED_UP));
  const { store } = again;
  assert.ok(await untilLeftOut(again));
  await store.askPatientsAgain(uidOf(again));
  await giveTurns();
  assert.equal([mixedOf(again)?.parts.length, mixedOf(again)?.isSettled], [2, false]);
  const more = await chosenAgain(filesOfPeople([...MIXED_UP, KARL]));
  await giveTurns();
  assert.equal([mixedOf(more)?.parts.length, mixedOf(more)?.isSettled], [2, false]);
});

test('asks about a left-out image again once its patient was corrected to another one', async () => {
  const again = await chosenAgain(filesOfPeople([LENA, LENA, VERA, LENA]));
  await giveTurns();
  assert.equal([mixedOf(again)?.parts.length, mixedOf(again)?.isSettled], [2, false]);
  assert.equal(again.store.studies.value[0]!.leftOut, []);
});

/** Each patient’s images were sent as a study of their own; then `again` is chosen on a later page. */
async function chosenAfterApart(
  again: readonly File[],
  { policy = DEIDENTIFIED, version = DEIDENTIFIED.version } = {},
): Promise<Opened> {
  const first = await chosen(MIXED_UP);
  await settleAll(first);
  await first.store.send();
  for (const { id, policy: then } of await first.database.studies.toArray())
    await first.database.studies.update(id, { policy: { ...then, version } });
  const later = await openIngest({ chosen: policy, device: first });
  await later.store.addFiles(again);
  return later;
}

test('was sent apart, and asks nobody when the same files are chosen again', async () => {
  const again = await chosenAfterApart(filesOfPeople(MIXED_UP));
  const { store } = again;
  assert.ok(await untilRead(() => mixedOf(again)?.isSettled === true));
  assert.equal([sendableOf(store).sentAs, sendableOf(store).held], [2, []]);
  await store.askPatientsAgain(uidOf(again));
  await giveTurns();
  assert.is(mixedOf(again)?.isSettled, false, 'a person wants to decide');
});

test('was sent apart, and is asked about where a patient, an image or the policy is another', async () => {
  for (const [people, under] of [
    [[LENA, LENA, VERA, LENA], {}],
    [[LENA, KARL, LENA, LENA], {}],
    [[LENA, LENA, KARL, KARL], {}],
    [[...MIXED_UP, KARL], {}],
    [MIXED_UP, { version: 0 }],
    [MIXED_UP, { policy: IDENTIFIED }],
  ] as const) {
    const again = await chosenAfterApart(filesOfPeople(people), under);
    await giveTurns();
    assert.equal([mixedOf(again)?.parts.length, mixedOf(again)?.isSettled], [2, false]);
  }
});

test('keeps images that are held back with their own patients', async () => {
  const opened = await openIngest({ chosen: DEIDENTIFIED });
  const { store } = opened;
  const more = (burnedInSeries?: number) =>
    filesOfPeople(MIXED_UP, burnedInSeries === undefined ? {} : { burnedInSeries });
  // The last instance of each patient shows a name.
  const held = more(1);
  await store.addFiles([...more().slice(0, 2), held[2]!, held[3]!]);
  assert.is(sendableOf(store).held.length, 1);
  store.release(store.inspection.seriesOf(uidOf(opened)).flatMap(({ files }) => files.slice(2, 3)));
  await settleAll(opened);
  await store.send();
  const names = [...store.reopenable.value.values()].map(({ patientName, instances }) => [
    patientName,
    instances,
  ]);
  assert.equal(names, [[LENA.name, 1]]);
});

type Step =
  | { readonly do: 'settle' | 'again' | 'toggle' | 'send' | 'policy' }
  | { readonly do: 'leave-out'; readonly who: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('settle', 'again', 'toggle', 'send', 'policy') }),
  fc.record({ do: fc.constant('leave-out' as const), who: fc.nat(PEOPLE.length - 1) }),
);
interface Sequence {
  readonly people: readonly number[];
  readonly steps: readonly Step[];
}
const sequences: fc.Arbitrary<Sequence> = fc.record({
  people: fc.array(fc.nat(PEOPLE.length - 1), { minLength: 1, maxLength: 4 }),
  steps: fc.array(step, { maxLength: 6 }),
});

async function take(opened: Opened, given: Step): Promise<void> {
  const { store } = opened;
  const mixed = mixedOf(opened);
  if (store.studies.value.length === 0) return;
  const uid = uidOf(opened);
  if (given.do === 'settle' && mixed) await settleAll(opened);
  if (given.do === 'leave-out' && mixed)
    await store.leaveOutPatients(uid, keysOf(opened, PEOPLE[given.who]!));
  if (given.do === 'again') await store.askPatientsAgain(uid);
  if (given.do === 'toggle') store.toggle(uid);
  if (given.do === 'policy')
    store.choosePolicy(store.policy.value?.deidentify ? IDENTIFIED.name : DEIDENTIFIED.name);
  if (given.do !== 'send') return;
  const before = sendableOf(store);
  await store.send();
  const rows = await opened.database.studies.toArray();
  const isSent = before.studies.length > 0;
  assert.is(rows.length, before.sentAs, 'Send makes the studies that its button names');
  assert.is(
    rows.reduce((sum, row) => sum + row.instances, 0),
    before.instances,
    'and takes so many instances',
  );
  assert.is(store.studies.value.length, isSent ? 0 : 1);
}

/** Chosen and to be sent, waiting for a decision, not ticked, left out, or queued. */
async function placesOf(opened: Opened): Promise<number> {
  const { store, database } = opened;
  const rows = (await database.studies.toArray()).map((row) => countStudy(row).track);
  const inQueue = rows.reduce((sum, { safe, leftOut }) => sum + safe + leftOut, 0);
  const [study] = store.studies.value;
  if (study === undefined) return inQueue;
  const { instances, held } = sendableOf(store);
  const waiting = held.reduce((sum, one) => sum + one.instances, 0);
  const unticked = study.selected.value ? 0 : study.instances;
  return (
    instances + waiting + unticked + study.leftOut.reduce((sum, { files }) => sum + files.length, 0) + inQueue
  );
}

test('has each chosen instance in one place, whatever is decided in whatever order', async () => {
  await runSequences<Sequence>({
    sequences,
    floor: 60,
    examples: [
      { people: [0, 0, 1, 0], steps: [{ do: 'send' }, { do: 'settle' }, { do: 'policy' }, { do: 'send' }] },
      { people: [0, 1, 2], steps: [{ do: 'leave-out', who: 1 }, { do: 'settle' }, { do: 'send' }] },
    ],
    async live({ people, steps }) {
      const opened = await chosen(people.map((at) => PEOPLE[at]!));
      assert.is(await placesOf(opened), people.length);
      for (const given of steps) {
        await take(opened, given);
        assert.is(await placesOf(opened), people.length, given.do);
      }
      for (const { who } of await queued(opened))
        assert.ok(PEOPLE.map(whoIs).includes(who), `${who} is nobody’s name, ID and birth date`);
    },
  });
});

test.run();
