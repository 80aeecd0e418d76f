/**
 * Annotations in a real PACS: drawn and signed through the routes, found by QIDO-RS, without a fault for dciodvfy, and
 * on the same pixels for pydicom. Of a de-identified study nobody’s name goes there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Annotation, ReviewAnnotations, StoredAnnotations } from '#shared/protocol/annotations.ts';
import type { Session } from '#shared/protocol/api.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { createOrthancPacs } from '../ports/pacs/orthanc-pacs.ts';
import { FETCHED_BYTES_LIMIT, type Pacs } from '../ports/pacs/pacs.ts';
import { jsonOf, openTestCase } from '../testing/open-cases.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { DEIDENTIFIED, testFilm } from '../testing/open-subject.ts';
import { faultsOf, readMarks } from '../testing/read-marks.ts';

const test = suite('annotations in a PACS');
const LABEL = 'Yamada, siehe Oberhuber';
type World = {
  readonly orthanc: RunningOrthanc;
  readonly pacs: Pacs;
  readonly folder: string;
  readonly gateway: TestGateway;
  readonly reader: Session;
};
let world: World | null = null;

test.before(async () => {
  if ((await findOrthanc()) === null) skip('annotations in a real Orthanc', 'Orthanc is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-annotations-'));
  const orthanc = await startOrthanc({ folder });
  const pacs = createOrthancPacs(orthanc);
  const gateway = await openTestGateway({ pacs });
  world = { folder, orthanc, pacs, gateway, reader: await gateway.userWith(['radiologist']) };
});
test.after(async () => {
  await world?.gateway.close();
  await world?.orthanc.stop();
  if (world) await rm(world.folder, { recursive: true, force: true });
});

/** `there`: the points of the report, where they are not those that were drawn. */
type Drawn = Pick<Annotation, 'kind' | 'points'> & { readonly there?: Annotation['points'] };
const DRAWN: readonly Drawn[] = [
  { kind: 'point', points: [[12.25, 33.5]] },
  {
    kind: 'box',
    points: [
      [10, 20],
      [30.5, 44],
    ],
  },
  {
    kind: 'length',
    points: [
      [10, 20],
      [40, 60],
    ],
  },
  { kind: 'text', points: [[79.5, 95.5]] },
  {
    kind: 'arrow',
    points: [
      [5, 6],
      [50.5, 70],
    ],
  },
  {
    kind: 'line',
    points: [
      [1, 2],
      [30.25, 8],
      [60, 90],
    ],
  },
  // From corner to corner; its axes end between them.
  {
    kind: 'ellipse',
    points: [
      [10, 20],
      [30, 80],
    ],
    there: [
      [20, 20],
      [20, 80],
      [10, 50],
      [30, 50],
    ],
  },
];

async function deliver({ gateway }: World, film: SyntheticInstance): Promise<void> {
  const technician = await gateway.userWith(['technician']);
  await sendStudy(askOf(gateway), technician.accessToken, [film]);
  await until('the study to be in the PACS', async () => {
    const closed = await gateway.database.db
      .selectFrom('study')
      .select('id')
      .where('study_instance_uid', '=', film.identifiers.studyInstanceUID)
      .where('state', '=', 'closed')
      .executeTakeFirst();
    return closed !== undefined;
  });
}

/** Draws on the film, signs, and waits for the PACS. */
async function annotate({ gateway, reader }: World, film: SyntheticInstance, frame: number) {
  const token = (await gateway.signIn()).accessToken;
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = film.identifiers;
  const { id: caseId } = await openTestCase(gateway, token, { studies: [studyInstanceUID] });
  const body = { id: randomUUID(), type: 'chest-film', readers: [reader.user.id] };
  const { id } = await jsonOf<Review>(gateway, `POST /cases/${caseId}/reviews`, { token, body, status: 201 });
  const own = { token: reader.accessToken };
  const annotations = DRAWN.map(({ kind, points }, at) => ({
    ...{
      kind,
      points,
      number: at + 1,
      id: randomUUID(),
      studyInstanceUID,
      seriesInstanceUID,
      sopInstanceUID,
    },
    ...{ frame, label: LABEL },
  }));
  const path = `/reviews/${id}/annotations`;
  const drawn = { id: randomUUID(), place: 1, version: 0, annotations };
  await jsonOf(gateway, `PUT ${path}`, { ...own, body: drawn });
  const decision = { decision: 'accept', answers: { finding: 'normal', certainty: 4 } };
  const step = (version: number) => ({ id: randomUUID(), place: 1, version });
  await jsonOf(gateway, `POST /reviews/${id}/decision`, { ...own, body: { ...step(1), ...decision } });
  await jsonOf(gateway, `POST /reviews/${id}/sign`, { ...own, body: step(2) });
  let shown: ReviewAnnotations['places'][number] | undefined;
  await until('the annotations to be in the PACS, with a receipt', async () => {
    [shown] = (await jsonOf<ReviewAnnotations>(gateway, `GET ${path}`, own)).places;
    assert.is.not(shown?.stored?.state, 'refused');
    return shown?.stored?.reports[0]?.receipt != null;
  });
  assert.equal(shown!.annotations, annotations, 'shown again as they were drawn');
  return shown!.stored!;
}

/** The reports of the study, as QIDO-RS lists them. */
async function reportsIn({ orthanc }: World, study: string): Promise<readonly string[]> {
  const { url, authorization } = orthanc;
  const answer = await fetch(`${url}/studies/${study}/instances?Modality=SR`, {
    headers: { accept: 'application/dicom+json', authorization },
  });
  const rows = (await answer.json()) as Record<string, { Value?: unknown[] }>[];
  return rows.map((row) => String(row['00080018']?.Value?.[0]));
}

async function heldBytes({ pacs }: World, { reports }: StoredAnnotations): Promise<Uint8Array> {
  const { signal } = new AbortController();
  const [where] = await pacs.findInstances([reports[0]!.sopInstanceUID!], signal, '');
  const instance = await pacs.fetchInstance(where!, FETCHED_BYTES_LIMIT, signal);
  if (instance?.kind !== 'fetched') throw assert.unreachable('the PACS has it');
  return instance.bytes;
}

function assertOnPixels(bytes: Uint8Array, film: SyntheticInstance, frame: number): void {
  const faults = faultsOf(bytes);
  if (faults === null) skip('annotations through dciodvfy', 'dicom3tools is not installed');
  assert.equal(faults, []);
  const marks = readMarks(bytes);
  if (marks === null) skip('annotations through pydicom', 'pydicom is not installed');
  assert.is(marks.length, DRAWN.length);
  for (const [at, { points, there = points }] of DRAWN.entries()) {
    const mark = marks[at]!;
    assert.equal([mark.image, mark.frame], [film.identifiers.sopInstanceUID, frame]);
    for (const [column, row] of there)
      assert.ok(
        mark.points.some(([x, y]) => Math.abs(x - column) <= 0.5 && Math.abs(y - row) <= 0.5),
        `${mark.tracking}: ${column}, ${row} in ${JSON.stringify(mark.points)}`,
      );
  }
  assert.equal([marks[2]!.length, marks[2]!.unit], [8.544, 'mm']);
}

const SPACING = [[0x00181164, 'DS', '0.2', '0.1']] as const;

test('are found next to their image, valid, and on the same pixels', async () => {
  if (world === null) return;
  const films = [testFilm({ seed: 5101, more: SPACING }), testFilm({ seed: 5102, frames: 3, more: SPACING })];
  for (const [at, film] of films.entries()) {
    await deliver(world, film);
    const stored = await annotate(world, film, at + 1);
    const found = await reportsIn(world, film.identifiers.studyInstanceUID);
    assert.equal(found, [stored.reports[0]!.sopInstanceUID]);
    const bytes = await heldBytes(world, stored);
    assertOnPixels(bytes, film, at === 0 ? 0 : at + 1);
    const text = Buffer.from(bytes).toString('latin1');
    for (const told of [LABEL, 'Film^Child', world.reader.user.username])
      assert.ok(text.includes(told), told);
  }
});

test('of a de-identified study are there without a name: of the patient, of the reader, in a label', async () => {
  if (world === null) return;
  const film = testFilm({ seed: 5103, more: [...DEIDENTIFIED, ...SPACING] });
  await deliver(world, film);
  const bytes = await heldBytes(world, await annotate(world, film, 1));
  assertOnPixels(bytes, film, 0);
  const text = Buffer.from(bytes).toString('latin1');
  const { username, id } = world.reader.user;
  for (const told of ['Yamada', 'Oberhuber', 'Film^Child', 'FILM-5103', '20210101', username, id])
    assert.not.ok(text.includes(told), told);
  assert.ok(text.includes('RP-0123456789ABCDEFGHJKMNPQRS'));
});

test.run();
