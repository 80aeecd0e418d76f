/** A person whose device may not hold the key of a policy prepares studies with the gateway's help. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import {
  DEIDENTIFIED,
  evaluateAsGateway,
  filesOf,
  openIngest,
  type TestIngestOptions,
} from '../../../testing/open-ingest.ts';
import { assertEach } from '../../../testing/assert-each.ts';
import type { FoundPart } from '../found/found-study.ts';
import type { Mixed } from '../found/patients-of-study.ts';
import type { PseudonymsAnswer, PseudonymsAsked } from './prepare-policy.ts';

const study = syntheticStudy({ seed: 31, instancesPerSeries: 2 });
const other = syntheticStudy({ seed: 32, instancesPerSeries: 2 });

type Opened = Awaited<ReturnType<typeof openIngest>>;

/** The promise of each study that is in the queue. */
async function promised({ queue }: Pick<Opened, 'queue'>) {
  const pending = await queue.pending();
  const manifests = await Promise.all(pending.map(({ id }) => queue.manifestOf(id)));
  return manifests.map(({ studyInstanceUID, instances }) => ({
    studyInstanceUID,
    instances: instances.map(({ sopInstanceUID, digest, originalDigest }) =>
      [sopInstanceUID, digest, originalDigest].join(' '),
    ),
  }));
}

/** A gateway that answers as `answer` says, and notes its questions. */
function gateway(answer: () => PseudonymsAnswer['kind'] | 'too-many-patients' = () => 'answered') {
  const asked: PseudonymsAsked[] = [];
  const askPseudonyms = async (question: PseudonymsAsked): Promise<PseudonymsAnswer> => {
    asked.push(question);
    const how = answer();
    if (how === 'answered') return evaluateAsGateway(question.blinded);
    return { kind: 'refused', because: how === 'refused' ? 'not-prepared' : how };
  };
  return { asked, askPseudonyms };
}

const open = (options: TestIngestOptions) => openIngest({ chosen: DEIDENTIFIED, ...options });

async function sent(options: TestIngestOptions, ...files: readonly File[][]): Promise<Opened> {
  const opened = await open(options);
  await opened.store.addFiles(files.flat());
  await opened.store.send();
  return opened;
}

test('a device that asks the gateway promises the same, to the byte, as one that holds the key', async () => {
  const { asked, askPseudonyms } = gateway();
  const asking = await sent({ holdsKey: false, tools: { askPseudonyms } }, filesOf(study));
  const holding = await sent({}, filesOf(study));
  assert.is(asking.store.problem.value, null);
  assert.equal(await promised(asking), await promised(holding));
  assert.equal(
    asked.map(({ policy, version, blinded }) => [policy, version, blinded.length]),
    [['deidentified', 1, 1]],
    'one patient, one evaluation',
  );
  for (const planted of study.planted) assert.not.ok(JSON.stringify(asked).includes(planted), planted);
});

test('a person who holds the key asks nothing', async () => {
  const { asked, askPseudonyms } = gateway();
  await sent({ tools: { askPseudonyms } }, filesOf(study));
  assert.equal(asked, []);
});

test('without the gateway the study is not taken and its card says so; with it, it is sent', async () => {
  let isOnline = false;
  const { askPseudonyms } = gateway(() => (isOnline ? 'answered' : 'refused'));
  const opened = await sent({ holdsKey: false, tools: { askPseudonyms } }, filesOf(study), filesOf(other));
  const { store } = opened;
  assert.equal(await promised(opened), []);
  assert.is(store.problem.value, 'not-prepared');
  assertEach(store.studies.value, ({ warnings }) => warnings.includes('connect-to-prepare'), [true, true]);
  isOnline = true;
  await store.send();
  assert.is(store.problem.value, null);
  assert.is((await promised(opened)).length, 2);
  assert.equal(store.studies.value, []);
});

test('more patients than the account may ask about stay here, and the others are queued', async () => {
  let left = 1;
  const { askPseudonyms } = gateway(() => {
    left -= 1;
    return left >= 0 ? 'answered' : 'too-many-patients';
  });
  const opened = await sent({ holdsKey: false, tools: { askPseudonyms } }, filesOf(study), filesOf(other));
  assert.is(opened.store.problem.value, 'too-many-patients');
  assert.is((await promised(opened)).length, 1);
  assert.is(opened.store.studies.value.length, 1);
});

test('an answer that was not made with the published key prepares nothing', async () => {
  const askPseudonyms = async ({ blinded }: PseudonymsAsked): Promise<PseudonymsAnswer> => ({
    kind: 'answered',
    evaluated: blinded,
    proof: 'A'.repeat(86),
  });
  const opened = await sent({ holdsKey: false, tools: { askPseudonyms } }, filesOf(study));
  assert.is(opened.store.problem.value, 'not-prepared');
  assert.equal(await promised(opened), []);
});

test('a patient is asked about once, for the look before Send and for Send', async () => {
  const { asked, askPseudonyms } = gateway();
  const { store } = await open({ holdsKey: false, tools: { askPseudonyms } });
  await store.addFiles(filesOf(study));
  const { studyInstanceUID } = study;
  const [series] = store.inspection.seriesOf(studyInstanceUID);
  const shown = { studyInstanceUID, found: series!.files[0]! };
  const compared = await store.inspection.compare(shown, new AbortController().signal);
  assert.is(compared?.kind, 'compared');
  await store.send();
  assert.is(asked.length, 1);
  assert.is(store.problem.value, null);
  store.clear();
});

test('instances of one study that name two patients become a study of each', async () => {
  const [one, two] = filesOf(study) as [File, File];
  const bytes = Buffer.from(await two.arrayBuffer());
  // Patient ID, an LO: the first byte of its value.
  const id = bytes.indexOf(Buffer.from([0x10, 0, 0x20, 0, 0x4c, 0x4f]));
  bytes[id + 8]! ^= 1;
  const changed = new File([bytes], two.name);
  for (const holdsKey of [true, false]) {
    const { askPseudonyms } = gateway();
    const opened = await sent({ holdsKey, tools: { askPseudonyms } }, [one, changed]);
    assert.equal(await promised(opened), [], 'not before a person has decided');
    const { store } = opened;
    const [[uid, mixed]] = [...store.mixed.value] as [[string, Mixed<FoundPart>]];
    await store.settlePatients(
      uid,
      mixed.parts.flatMap(({ keys }) => keys),
    );
    await store.send();
    const studies = await promised(opened);
    assertEach(studies, ({ instances }) => instances.length, [1, 1]);
    assert.is(new Set(studies.map(({ studyInstanceUID }) => studyInstanceUID)).size, 2);
    assert.equal(opened.store.rejected.value, []);
    assert.equal(opened.store.studies.value, []);
  }
});

test.run();
