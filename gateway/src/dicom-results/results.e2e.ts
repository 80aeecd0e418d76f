/**
 * Sends a film to a real PACS, waits for its results, and confirms that they are there by QIDO-RS, by the receipt and
 * with other programs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { createOrthancPacs } from '../ports/pacs/orthanc-pacs.ts';
import { FETCHED_BYTES_LIMIT, type Pacs } from '../ports/pacs/pacs.ts';
import { askPacs, openUpload } from '../uploads/open-upload.ts';
import { openTestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { receiptOf } from '../testing/open-study.ts';
import { buildResultInstances, buildVerifiedReport } from './build-result-instances.ts';
import {
  askProgram,
  DEIDENTIFIED,
  testFilm,
  testMaps,
  testSubject,
  type FilmOptions,
} from '../testing/open-subject.ts';
import { sendResults, type ResultRoad } from './send-results.ts';

const test = suite('results in a PACS');
const { signal } = new AbortController();
let world: { readonly orthanc: RunningOrthanc; readonly folder: string } | null = null;

test.before(async () => {
  if ((await findOrthanc()) === null) skip('results in a real Orthanc', 'Orthanc is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-results-'));
  world = { folder, orthanc: await startOrthanc({ folder }) };
});
test.after(async () => {
  await world?.orthanc.stop();
  if (world) await rm(world.folder, { recursive: true, force: true });
});

/** The study's instances with their modality and series, as QIDO-RS lists them. */
async function search(
  { url, authorization }: RunningOrthanc,
  study: string,
): Promise<{ readonly uid: string; readonly modality: string; readonly series: string }[]> {
  const response = await fetch(`${url}/studies/${study}/instances?includefield=0008103E,00080060`, {
    headers: { accept: 'application/dicom+json', authorization },
  });
  const rows = (await response.json()) as Record<string, { Value?: unknown[] }>[];
  const said = (row: (typeof rows)[number], tag: string): string => String(row[tag]?.Value?.[0] ?? '');
  return rows.map((row) => ({
    uid: said(row, '00080018'),
    modality: said(row, '00080060'),
    series: said(row, '0008103E'),
  }));
}

async function fetched(pacs: Pacs, sopInstanceUID: string): Promise<Uint8Array> {
  const [where] = await pacs.findInstances([sopInstanceUID], signal, '');
  const instance = await pacs.fetchInstance(where!, FETCHED_BYTES_LIMIT, signal);
  if (instance?.kind !== 'fetched') throw assert.unreachable('the PACS has it');
  return instance.bytes;
}

async function assertHeld(
  pacs: Pacs,
  { identifiers, bytes, kind }: ReturnType<typeof buildResultInstances>[number],
): Promise<void> {
  const held = await fetched(pacs, identifiers.sopInstanceUID);
  assert.ok(Buffer.from(held).equals(bytes), `${kind} bit for bit`);
  const errors = askProgram('dciodvfy', [], held)
    ?.text.split('\n')
    .filter((line) => /\bError\b/.test(line));
  assert.equal(errors ?? [], []);
}

const FILMS: Readonly<Record<string, FilmOptions>> = {
  film: { seed: 501 },
  'film without a name': { seed: 502, more: DEIDENTIFIED },
  'capture of several frames': { seed: 503, frames: 3 },
};

for (const [name, options] of Object.entries(FILMS)) {
  test(`of a ${name} are found next to it, named in a receipt, valid as the PACS returns them, and added once`, async () => {
    if (world === null) return;
    const { orthanc } = world;
    const pacs = createOrthancPacs(orthanc);
    const pipeline = await openTestPipeline({ pacs });
    const film = testFilm(options);
    const { uploadId } = await pipeline.init(toManifest([film]));
    await pipeline.send(uploadId, [film]);
    await pipeline.until(uploadId, ({ state }) => state === 'closed');

    const subject = await testSubject(await fetched(pacs, film.identifiers.sopInstanceUID));
    const results = buildResultInstances(subject, testMaps());
    const road: ResultRoad = {
      openUpload: async (manifest, sender, until) =>
        openUpload(pipeline.tools, manifest, sender, {
          asked: await askPacs(pipeline.tools, manifest, sender, until),
        }),
      arrived: (parcelId) => pipeline.parcels.arrived(parcelId, null),
    };
    const send = (built: typeof results) =>
      sendResults({ ...pipeline.tools, road }, pipeline.siteId, built, signal);
    assert.equal(
      (await send(results)).map(({ outcome }) => outcome),
      ['sent', 'sent', 'sent'],
    );
    await pipeline.until(uploadId, ({ state, revision }) => state === 'closed' && revision === 2);

    const found = await search(orthanc, film.identifiers.studyInstanceUID);
    assert.equal(
      found
        .filter(({ series }) => series === 'AI pneumonia 1.0.0, not for diagnosis')
        .map(({ modality }) => modality)
        .sort(),
      ['OT', 'SEG', 'SR'],
    );
    const { receipt } = await receiptOf(pipeline, uploadId);
    assert.is(receipt.instances.length, 1, 'what the device sent');
    assert.ok(receipt.instances.every(({ state, proof }) => state === 'stored' && proof === 'digest'));
    for (const result of results) await assertHeld(pacs, result);

    assert.equal(
      (await send(buildResultInstances(subject, testMaps()))).map(({ outcome }) => outcome),
      ['there', 'there', 'there'],
    );
    assert.is((await pipeline.status(uploadId)).revision, 2);
    const verified = buildVerifiedReport(subject, ['SEG', 'SC'], {
      verdict: 'agree',
      finding: null,
      reason: null,
      by: 'x',
      at: new Date(),
      revision: 2,
    });
    await send([verified]);
    await pipeline.until(uploadId, ({ state, revision }) => state === 'closed' && revision === 3);
    assert.is((await search(orthanc, film.identifiers.studyInstanceUID)).length, 5);
    assert.equal(pipeline.failures, []);
    await pipeline.close();
  });
}

test.run();
