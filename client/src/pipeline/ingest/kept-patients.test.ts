/** Decisions about the patients of a study outlast the page before Send, as those about images do. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { untilRead } from '../../testing/open-api.ts';
import { keptOn, untilKept } from '../../testing/kept-decisions.ts';
import { DEIDENTIFIED, filesOf, openIngest, chooseOn } from '../../testing/open-ingest.ts';
import { openDevice, type TestDevice } from '../../testing/open-queue.ts';

const test = suite('decisions about patients before Send');
const PEOPLE = [
  { name: 'Keller^Lena', id: '6120-777', birthDate: '19901005' },
  { name: 'Weber^Karl', id: '3300-001', birthDate: '19440229' },
  { name: 'Vogt^Vera', id: '9000-9', birthDate: '20010101' },
] as const;
const ofPatient = (nth: number, seed = 73) =>
  filesOf(syntheticStudy({ seed, instancesPerSeries: 4, rows: 8, columns: 8, patient: PEOPLE[nth]! }));
const FILES = [...ofPatient(0).slice(0, 2), ofPatient(1)[2]!, ofPatient(2)[3]!];
const SECOND = [ofPatient(0, 74)[0]!, ofPatient(1, 74)[1]!];

type Opened = Awaited<ReturnType<typeof openIngest>>;
const studyOf = ({ store }: Opened) => store.studies.value[0]!;
const mixedOf = (page: Opened) => page.store.mixed.value.get(studyOf(page).studyInstanceUID);
const keysOf = (page: Opened, ...places: readonly number[]) =>
  mixedOf(page)!
    .parts.filter(({ person }) => places.some((nth) => PEOPLE[nth]!.name === person.name))
    .flatMap(({ keys }) => keys);
/** Vera’s image is left out, and the others are sent apart. */
async function decided(): Promise<TestDevice> {
  const device = await openDevice();
  const page = await chooseOn(device, FILES);
  const { studyInstanceUID: uid } = studyOf(page);
  const apart = keysOf(page, 0, 1);
  await page.store.leaveOutPatients(uid, keysOf(page, 2));
  await page.store.settlePatients(uid, apart);
  await untilKept(device, 3);
  return device;
}

const isDecided = (page: Opened): boolean =>
  mixedOf(page)?.isSettled === true && studyOf(page).leftOut.length === 1;

test('stand on the next page once the same files are chosen, and are sent so', async () => {
  const device = await decided();
  const page = await chooseOn(device, FILES);
  assert.ok(await untilRead(() => isDecided(page)));
  await page.store.send();
  const rows = await device.database.studies.toArray();
  assert.equal(
    rows.map(({ instances, held }) => [instances, held.leftOut]).sort(([a], [b]) => Number(b) - Number(a)),
    [
      [2, 1],
      [1, 0],
    ],
  );
});

test('are asked again where those that were left out are all that is chosen', async () => {
  const device = await openDevice();
  const before = await openIngest({ chosen: DEIDENTIFIED, device });
  // Decisions are taken again study by study: the second one tells that the first was looked at.
  await before.store.addFiles([...FILES, ...SECOND]);
  const [first, second] = before.store.studies.value.map((study) => study.studyInstanceUID);
  const partsOf = (page: Opened, uid: string | undefined) => page.store.mixed.value.get(uid!)?.parts ?? [];
  await before.store.leaveOutPatients(first!, keysOf(before, 1, 2));
  await before.store.settlePatients(
    second!,
    partsOf(before, second).flatMap(({ keys }) => keys),
  );
  await untilKept(device, 4);
  const page = await chooseOn(device, [...FILES.slice(2), ...SECOND]);
  assert.ok(await untilRead(() => page.store.mixed.value.get(second!)?.isSettled === true));
  assert.equal([partsOf(page, first).length, page.store.mixed.value.get(first!)?.isSettled], [2, false]);
  assert.is((await keptOn(device)).length, 4, 'what was decided stands for the day it is whole again');
});

test('end when they are taken back', async () => {
  const device = await decided();
  const page = await chooseOn(device, FILES);
  assert.ok(await untilRead(() => isDecided(page)));
  await page.store.askPatientsAgain(studyOf(page).studyInstanceUID);
  await untilKept(device, 0);
  assert.is(mixedOf(page)?.isSettled, false);
});

test('are nobody else’s, under no other policy, of no other day, and of no other images', async () => {
  for (const [why, options, files, kept] of [
    ['another person', { tools: { account: () => 'b' } }, FILES, 0],
    ['another policy', { chosen: { ...DEIDENTIFIED, name: 'another' } }, FILES, 3],
    ['the next day', { tools: { now: () => 86_400_001 } }, FILES, 0],
    ['other images of each', {}, PEOPLE.map((_, nth) => ofPatient(nth)[nth]!), 3],
  ] as const) {
    const device = await decided();
    const old = new Set((await keptOn(device)).map(({ name }) => name));
    const page = await chooseOn(device, files, { ...options });
    const { studyInstanceUID: uid } = studyOf(page);
    const [first] = mixedOf(page)!.parts;
    // A decision of this page is kept after all others were looked at.
    await page.store.settlePatients(uid, first!.keys);
    await (why === 'another policy' ? untilKept(device, kept) : untilKept(device, kept + 1, old));
    assert.equal([mixedOf(page)?.isSettled, studyOf(page).leftOut], [false, []], why);
  }
});

test.run();
