/** A PACS that does not answer costs nobody but the study that it was asked about, and that one a few seconds. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const study = (seed: number) =>
  syntheticStudy({ seed, instancesPerSeries: 1, rows: 8, columns: 8 }).instances;

const test = suite('a manifest, while the PACS is silent');

test('waits only if the PACS is asked about it, and is answered without the PACS in the end', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false });
  const known = study(9600);
  const other = study(9601);
  const { uploadId } = await pipeline.init(toManifest(known));
  await pipeline.send(uploadId, known);
  await pipeline.runAll();
  const asked = Promise.withResolvers<void>();
  const giveUp: ((error: Error) => void)[] = [];
  Object.assign(pacs, {
    findStudy(_study: string, signal: AbortSignal) {
      asked.resolve();
      return new Promise((_resolve, reject) => {
        giveUp.push(reject);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    },
  });
  const ended: string[] = [];
  const first = pipeline.init(toManifest(known)).finally(() => ended.push('known'));
  await asked.promise;
  await pipeline.init(toManifest(other)).finally(() => ended.push('other'));
  assert.equal(ended, ['other'], 'another tablet of the account does not wait');
  Object.assign(pipeline.tools, { pacsAnswerMs: 1 });
  const { have } = await pipeline.init(toManifest(known));
  assert.is(have.length, known.length, 'what was confirmed before is believed');
  giveUp[0]!(new PacsUnreachable('closed', null));
  await first;
  await pipeline.close();
});

test('says "in the PACS" of those alone that the PACS named: for one whose search it turns away, a copy is kept', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false });
  const { instances } = syntheticStudy({ seed: 9602, instancesPerSeries: 2, rows: 8, columns: 8 });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const silent = instances[1]!.identifiers.sopInstanceUID;
  pacs.listsAtMost = 1;
  pacs.held.delete(silent);
  const { findInstances } = pacs;
  pacs.findInstances = async (uids, ...rest) => {
    if (uids.includes(silent)) throw new PacsUnreachable('turned away', 403);
    return findInstances(uids, ...rest);
  };
  const { have } = await pipeline.init(toManifest(instances));
  assert.equal(
    have.map(({ sopInstanceUID, inPacs = false }) => [sopInstanceUID, inPacs]),
    instances.map(({ identifiers: { sopInstanceUID } }) => [sopInstanceUID, sopInstanceUID !== silent]),
  );
  await pipeline.close();
});

test.run();
