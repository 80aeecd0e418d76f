/**
 * Series that a person does not tick: nothing of them is sent, the queue counts them as left out, and each chosen
 * instance is in one place.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runSequences } from '#testing/run-sequences.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { chooseOn, DEIDENTIFIED, filesOf, openIngest } from '../../testing/open-ingest.ts';
import { pageOf } from '../../app/choice-outcomes.ts';
import { countStudy } from '../queue/count-study.ts';
import { withheldIn } from '../queue/rows/withheld-of.ts';
import { goingOfFound, sendableOf } from './found/sendable.ts';

const test = suite('series that are not ticked');

const SERIES = 3;
const EACH = 2;
const ALL = SERIES * EACH;

/** The second series is an ultrasound with a name burned in. */
const FILES = filesOf(
  syntheticStudy({
    seed: 91,
    series: SERIES,
    instancesPerSeries: EACH,
    rows: 16,
    columns: 16,
    burnedInSeries: 2,
  }),
);

type Opened = Awaited<ReturnType<typeof openIngest>>;

async function chosen(files: readonly File[] = FILES): Promise<Opened> {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  await device.store.addFiles([...files]);
  return device;
}

const studyOf = ({ store }: Opened) => store.studies.value[0]!;

/** Ticked and other series of the study, in the order of their numbers. */
function rowsOf(opened: Opened) {
  const { series, unticked } = studyOf(opened);
  return [
    ...series.map((each) => ({ ...each, isTicked: true })),
    ...unticked.map((each) => ({ ...each, isTicked: false })),
  ].sort((a, b) => a.number! - b.number!);
}

async function tick(opened: Opened, at: number, isTicked: boolean): Promise<void> {
  const { seriesInstanceUID } = rowsOf(opened)[at]!;
  await opened.store.tickSeries(studyOf(opened).studyInstanceUID, seriesInstanceUID, isTicked);
}

const ticks = (opened: Opened) => rowsOf(opened).map(({ isTicked }) => isTicked);

test('are not sent: the button, the queue and its record of what was left out agree', async () => {
  const opened = await chosen();
  await tick(opened, 1, false);
  assert.equal(ticks(opened), [true, false, true]);
  assert.equal(goingOfFound(studyOf(opened), opened.store), { going: 'sent', held: 0 });
  assert.is(sendableOf(opened.store).instances, ALL - EACH);
  assert.is(studyOf(opened).warnings.includes('burned-in'), false, 'nothing that is sent may show a name');
  await opened.store.send();
  const [row, ...others] = await opened.database.studies.toArray();
  assert.equal([others.length, row!.chosen, row!.instances], [0, ALL, ALL - EACH]);
  const { safe, leftOut } = countStudy(row!).track;
  assert.equal([safe, leftOut, withheldIn(row!.held)], [ALL - EACH, EACH, { 'left-out': EACH }]);
  assert.is(opened.store.sentFromHere.value.files.size, ALL, 'the page counts none of them as forgotten');
});

test('hold nothing back: a study whose other series is held goes once that series is not ticked', async () => {
  const opened = await chosen();
  await tick(opened, 0, false);
  await tick(opened, 2, false);
  assert.equal(goingOfFound(studyOf(opened), opened.store), { going: 'held', held: EACH });
  await tick(opened, 0, true);
  await tick(opened, 1, false);
  assert.equal(goingOfFound(studyOf(opened), opened.store), { going: 'sent', held: 0 });
  assert.is(studyOf(opened).warnings.includes('burned-in'), false);
  await tick(opened, 1, true);
  assert.is(studyOf(opened).warnings.includes('burned-in'), true);
  assert.equal(goingOfFound(studyOf(opened), opened.store), { going: 'sent', held: EACH });
});

test('are never all of a study: the last one stays ticked, and the study has its own tick', async () => {
  const opened = await chosen();
  for (const at of [0, 1, 2]) await tick(opened, at, false);
  assert.equal(ticks(opened), [false, false, true]);
});

test('stay out when more of their files are read', async () => {
  const opened = await chosen(FILES.filter((_, at) => at % EACH === 0));
  await tick(opened, 0, false);
  await opened.store.addFiles(FILES.filter((_, at) => at % EACH === 1));
  assert.equal(ticks(opened), [false, true, true]);
  assert.is(studyOf(opened).instances, ALL - EACH);
  await tick(opened, 0, true);
  assert.is(studyOf(opened).instances, ALL);
});

test('a file that was chosen twice counts once, also in a series that is not ticked', async () => {
  const opened = await chosen();
  await tick(opened, 0, false);
  await opened.store.addFiles([...FILES]);
  assert.equal([studyOf(opened).instances, studyOf(opened).copies], [ALL - EACH, ALL]);
  await tick(opened, 0, true);
  assert.is(studyOf(opened).instances, ALL);
});

test('keep the disc until the study was sent, as a study does that is not ticked', async () => {
  const opened = await chosen();
  await tick(opened, 0, false);
  assert.is(pageOf(opened.store).studies[0]?.instances, ALL);
});

test('chosen again they are ticked, and only the newest entry counts them', async () => {
  const first = await chosen();
  await tick(first, 1, false);
  await first.store.send();
  const again = await chooseOn(first, FILES);
  assert.equal(ticks(again), [true, true, true]);
  assert.equal(
    goingOfFound(studyOf(again), again.store),
    { going: 'sent', held: EACH },
    'nobody has looked yet',
  );
  await tick(again, 1, false);
  await again.store.send();
  const rows = await first.database.studies.toArray();
  const leftOut = rows.reduce((sum, row) => sum + countStudy(row).track.leftOut, 0);
  assert.is(leftOut, EACH);
});

type Step =
  | { readonly do: 'send' | 'toggle' | 'more' }
  | { readonly do: 'tick' | 'untick'; readonly at: number };
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('send' as const, 'toggle' as const, 'more' as const) }),
    fc.record({ do: fc.constantFrom('tick' as const, 'untick' as const), at: fc.nat(SERIES - 1) }),
  ),
  { maxLength: 8 },
);

async function take(opened: Opened, given: Step): Promise<void> {
  const { store } = opened;
  if (given.do === 'more') return store.addFiles([...FILES]);
  if (store.studies.value.length === 0) return;
  if (given.do === 'toggle') return store.toggle(studyOf(opened).studyInstanceUID);
  if (given.do === 'tick' || given.do === 'untick') {
    const at = given.at % rowsOf(opened).length;
    return tick(opened, at, given.do === 'tick');
  }
  const before = sendableOf(store).instances;
  const rows = await opened.database.studies.count();
  await store.send();
  const all = await opened.database.studies.toArray();
  assert.is(all.length - rows, before > 0 ? 1 : 0);
}

/** To be sent, waiting for a decision, in a series or a study that is not ticked, or in the queue. */
async function placesOf({ store, database }: Opened): Promise<number> {
  const tracks = (await database.studies.toArray()).map((row) => countStudy(row).track);
  const inQueue = tracks.reduce((sum, { safe, leftOut, needsYou }) => sum + safe + leftOut + needsYou, 0);
  const [study] = store.studies.value;
  if (study === undefined) return inQueue;
  const { instances } = sendableOf(store);
  const { going, held } = goingOfFound(study, store);
  const out = study.unticked.reduce((sum, each) => sum + each.instances, 0);
  return out + inQueue + (going === 'sent' ? instances + held : study.instances);
}

test('have each chosen instance in one place, whatever is pressed in whatever order', async () => {
  await runSequences<readonly Step[]>({
    sequences: steps,
    floor: 40,
    examples: [
      [{ do: 'untick', at: 0 }, { do: 'untick', at: 2 }, { do: 'send' }],
      [{ do: 'untick', at: 1 }, { do: 'more' }, { do: 'send' }],
    ],
    async live(given) {
      const opened = await chosen();
      for (const step of given) {
        await take(opened, step);
        assert.is(await placesOf(opened), ALL, step.do);
        // Files that are chosen again then make a second entry.
        if (opened.store.studies.value.length === 0) return;
      }
    },
  });
});

test.run();
