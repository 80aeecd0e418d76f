/** Results of a study travel in it: whoever sent it, or watches it, sees what was sent and its receipt as before. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sentStudiesSchema } from '#shared/protocol/studies.ts';
import { buildResultInstances } from '../dicom-results/build-result-instances.ts';
import { sendResults } from '../dicom-results/send-results.ts';
import { addAccount } from '../testing/add-account.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../testing/open-pipeline.ts';
import { testFilm, testMaps, testSubject } from '../testing/open-subject.ts';
import { receiptOf, studyIdOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { askPacs, openUpload } from '../uploads/open-upload.ts';

const test = suite('a sent study beside its results');
const { signal } = new AbortController();
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

/** A film that is in the PACS, and what is told of it. */
async function openDelivered(seed: number, policy = 'identified') {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const film = testFilm({ seed });
  const { uploadId } = await pipeline.init(toManifest([film], policy));
  await pipeline.send(uploadId, [film]);
  await pipeline.runAll();
  await pipeline.json('POST', `/upload/${uploadId}/complete`);
  const uid = film.identifiers.studyInstanceUID;
  const told = async () => {
    const { studies } = sentStudiesSchema.parse(await pipeline.json('GET', `/studies?q=${uid}`));
    const [upload] = studies[0]?.uploads ?? [];
    return [studies[0]?.standing, upload?.receipt?.id ?? null, upload?.waiting];
  };
  const sendOwnResults = async () => {
    const built = buildResultInstances(await testSubject(film.bytes), testMaps());
    const road = {
      openUpload: async (
        ...[manifest, sender, until]: Parameters<Parameters<typeof sendResults>[0]['road']['openUpload']>
      ) =>
        openUpload(pipeline.tools, manifest, sender, {
          asked: await askPacs(pipeline.tools, manifest, sender, until),
        }),
      arrived: (parcelId: string) => pipeline.parcels.arrived(parcelId, null),
    };
    await sendResults({ ...pipeline.tools, road }, pipeline.siteId, built, signal);
  };
  const studyId = await studyIdOf(pipeline, uploadId);
  return { pacs, pipeline, film, uploadId, uid, studyId, told, sendOwnResults };
}

test('was confirmed when its images were, and not when its results were', async () => {
  const { pipeline, uploadId, studyId, sendOwnResults } = await openDelivered(7300);
  const hourAgo = new Date(Date.now() - 3_600_000);
  const earlier = pipeline.tools.db.updateTable('instance').set({ updated_at: hourAgo });
  await earlier.where('study_id', '=', studyId).execute();
  await sendOwnResults();
  await pipeline.runParcels();
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.is(receipt.confirmed, Math.floor(hourAgo.getTime() / 1000));
  assert.ok(receipt.revision === 2 && receipt.iat > receipt.confirmed!);
  await pipeline.close();
});

test('stays where it is, with its receipt, at every step of its results', async () => {
  const { pacs, pipeline, uid, uploadId, studyId, told, sendOwnResults } = await openDelivered(7301);
  const { id } = (await pipeline.status(uploadId)).receipt!;
  assert.equal(await told(), ['ended', id, null]);
  await sendOwnResults();
  assert.equal([await told(), (await pipeline.status(uploadId)).state], [['ended', id, null], 'receiving']);
  pipeline.actAs(await addAccount(pipeline), ['auditor']);
  const ended = async () =>
    sentStudiesSchema
      .parse(await pipeline.json('GET', '/studies?all=1&standing=ended'))
      .studies.map(({ studyInstanceUID }) => studyInstanceUID);
  assert.equal(await ended(), [uid], 'to the auditor too');
  assert.is((await pipeline.request('GET', `/studies/${uid}/receipt.pdf`)).status, 200);
  pipeline.actAs(pipeline.accountId, ['technician']);
  await pipeline.runParcels();
  pacs.lie = 'down';
  const seen = new Set<string | undefined>();
  for (const stage of ['assembly', 'forward', 'forward', 'reconcile', 'receipt'] as const) {
    const state = await pipeline.run(stage, studyId);
    seen.add(state);
    if (state === 'receipted') break;
    assert.equal(await told(), ['ended', id, null], state);
    pacs.lie = 'honest';
  }
  assert.equal([...seen], ['assembled', 'forwarded', 'reconciled', 'receipted']);
  await pipeline.runAll();
  const next = (await pipeline.status(uploadId)).receipt!.id;
  assert.is.not(next, id);
  assert.equal(await told(), ['ended', next, null]);
  await pipeline.close();
});

test('is under way again, without a receipt, when its sender adds to it or decides', async () => {
  const { pipeline, film, told } = await openDelivered(7302);
  const late = testFilm({ seed: 7303, ofStudy: 7302 });
  await pipeline.init(toManifest([film, late]));
  assert.equal((await told()).slice(0, 2), ['under-way', null]);
  await pipeline.close();

  const held = await openDelivered(7304, 'deidentified');
  const receipt = (await held.pipeline.status(held.uploadId)).receipt!.id;
  assert.equal(await held.told(), ['needs-you', receipt, null]);
  await held.pipeline.json('POST', `/upload/${held.uploadId}/decisions`, {
    decision: 'leave-out',
    instances: toManifest([held.film]).instances.map(({ sopInstanceUID, digest }) => ({
      sopInstanceUID,
      digest,
    })),
  });
  assert.equal((await held.told()).slice(0, 2), ['under-way', null]);
  await held.pipeline.runAll();
  assert.is((await held.told())[0], 'ended');
  await held.pipeline.close();
});

test.run();
