/**
 * A study of an order that a real Orthanc's worklist plug-in has planned: found there, chosen, sent with names, and
 * held by the PACS under the identifiers of the order, with those that the modality wrote in the record beside them.
 */
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import { toNewElements } from '#shared/dicom/build-instance.ts';
import { concatBytes, encodeElements, encodeFileMeta } from '#shared/dicom/encode.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, encodingOf } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { ingestFile } from '#shared/ingest/ingest-file.ts';
import type { Destination } from '#shared/protocol/destination.ts';
import type { Order, Worklist } from '#shared/protocol/worklist.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

const test = suite('orders of a modality worklist');
const PLUGIN = '/usr/share/orthanc/plugins/libModalityWorklists.so';
const DAY = '2026-11-23';
const ORDER: Order = {
  patientName: 'Müller^Ärne',
  patientId: 'ORDER-4711',
  issuer: 'CLINIC',
  birthDate: '1961-05-04',
  sex: 'M',
  accessionNumber: 'ACC-4711',
  procedureId: 'RP-4711',
  stepId: 'SPS-4711',
  description: 'Chest, as ordered',
  modality: 'CT',
  scheduledOn: DAY,
  scheduledAt: '09:30',
};

type World = {
  readonly folder: string;
  readonly orthanc: RunningOrthanc;
  readonly gateway: TestGateway;
  readonly token: string;
};
let world: World | null = null;

test.before(async () => {
  const program = await findOrthanc();
  const hasPlugin = await access(PLUGIN).then(
    () => true,
    () => false,
  );
  if (program === null || !hasPlugin)
    skip('orders of a modality worklist', 'Orthanc’s plug-in is not installed');
  if (program === null || !hasPlugin) return;
  const folder = await mkdtemp(join(tmpdir(), 'relay-worklist-'));
  const planned = join(folder, 'planned');
  await mkdir(planned);
  await writeFile(join(planned, 'one.wl'), plannedFile(ORDER));
  const other = {
    ...ORDER,
    patientId: 'OTHER-1',
    patientName: 'Other^Person',
    stepId: 'SPS-1',
    scheduledAt: null,
  };
  await writeFile(join(planned, 'two.wl'), plannedFile(other));
  await writeFile(
    join(planned, 'three.wl'),
    plannedFile({ ...ORDER, scheduledOn: '2026-11-25', stepId: 'SPS-2' }),
  );
  const port = await freePort();
  const orthanc = await startOrthanc({
    folder: join(folder, 'pacs'),
    plugins: [program.plugin, PLUGIN],
    settings: {
      DicomServerEnabled: true,
      DicomPort: port,
      DicomAet: 'ORTHANC',
      DicomAlwaysAllowFindWorklist: true,
      DicomModalities: { relay: ['RELAYPACS', '127.0.0.1', 104] },
      Worklists: { Enable: true, Database: planned },
    },
  });
  const env = { PACS_URL: orthanc.url, PACS_AUTHORIZATION: orthanc.authorization };
  const gateway = await openTestGateway({ env, folder: join(folder, 'data') });
  const token = (await gateway.userWith(['technician'])).accessToken;
  world = { folder, orthanc, gateway, token };
  await setWorklist(gateway, `dimse://RELAYPACS@127.0.0.1:${port}/ORTHANC`);
});
test.after(async () => {
  await world?.gateway.close();
  await world?.orthanc.stop();
  if (world) await rm(world.folder, { recursive: true, force: true });
});

async function setWorklist(gateway: TestGateway, address: string | null): Promise<void> {
  const { accessToken: token } = await gateway.signIn();
  const { destinations } = await jsonOf<{ destinations: readonly Destination[] }>(
    gateway,
    'GET /admin/destinations',
    { token },
  );
  const { id } = destinations[0]!;
  const set = await jsonOf<{ worklist: string | null }>(gateway, `PUT /admin/destinations/${id}/worklist`, {
    token,
    body: { address },
  });
  assert.is(set.worklist, address);
}

/** Writes the order as a worklist broker does, in Latin-1. */
function plannedFile(order: Order): Uint8Array {
  const latin = (text: string | null): Uint8Array => Buffer.from(text ?? '', 'latin1');
  const compact = (text: string | null): string => (text ?? '').replace(/[-:]/g, '');
  const step: readonly SimpleElement[] = [
    [0x00080060, 'CS', order.modality ?? ''],
    [0x00400001, 'AE', 'MODALITY'],
    [0x00400002, 'DA', compact(order.scheduledOn)],
    [0x00400003, 'TM', compact(order.scheduledAt)],
    [0x00400009, 'SH', order.stepId ?? ''],
  ];
  const elements: readonly SimpleElement[] = [
    [0x00080005, 'CS', 'ISO_IR 100'],
    [0x00080050, 'SH', order.accessionNumber ?? ''],
    [0x00100010, 'PN', latin(order.patientName)],
    [0x00100020, 'LO', order.patientId],
    [0x00100021, 'LO', order.issuer ?? ''],
    [0x00100030, 'DA', compact(order.birthDate)],
    [0x00100040, 'CS', order.sex ?? ''],
    [0x0020000d, 'UI', '1.2.826.0.1.3680043.99'],
    [0x00321060, 'LO', order.description ?? ''],
    [0x00400100, 'SQ', step],
    [0x00401001, 'SH', order.procedureId ?? ''],
  ];
  const encoding = encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)!;
  const meta = encodeFileMeta(
    {
      sopClassUID: parseUid('SOPClassUID', '1.2.840.10008.5.1.4.31'),
      sopInstanceUID: parseUid('SOPInstanceUID', '1.2.826.0.1.3680043.99.1'),
    },
    EXPLICIT_VR_LITTLE_ENDIAN,
  );
  return concatBytes([meta, encodeElements(toNewElements(elements, encoding), encoding)]);
}

const worklistOf = ({ gateway, token }: World, query: string): Promise<Worklist> =>
  jsonOf<Worklist>(gateway, `GET /worklist?${query}`, { token });

test('are found by day and by patient, with the letters of their names', async () => {
  if (world === null) return;
  const { orders, ...about } = await worklistOf(world, `from=${DAY}&to=${DAY}`);
  assert.equal(about, { isSetUp: true, silent: [], isCut: false });
  assert.equal(
    orders.map(({ stepId }) => stepId),
    ['SPS-4711', 'SPS-1'],
  );
  assert.equal(orders[0], ORDER);
  const days = 'from=2026-11-20&to=2026-11-30';
  assert.is((await worklistOf(world, days)).orders.length, 3);
  assert.equal(
    (await worklistOf(world, `${days}&patientId=OTHER-1`)).orders.map(({ stepId }) => stepId),
    ['SPS-1'],
  );
});

async function withOrder(
  instance: SyntheticInstance,
  order: Order,
  chosenAt: string,
): Promise<SyntheticInstance> {
  const outcome = await ingestFile(new Blob([instance.bytes]), {
    policy: { kind: 'identified', order: { order, chosenAt } },
    inFolder: false,
  });
  if (outcome.kind !== 'ready') throw new Error(outcome.because);
  const { bytes } = outcome.instance;
  const content = bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes;
  return { ...instance, bytes: content as Uint8Array<ArrayBuffer> };
}

test('stand in the PACS as ordered, with the originals in the record, and sending again adds nothing', async () => {
  if (world === null) return;
  const { gateway, token, orthanc } = world;
  const { instances, studyInstanceUID, planted } = syntheticStudy({ seed: 815, rows: 16, columns: 16 });
  const [order] = (await worklistOf(world, `from=${DAY}&to=${DAY}`)).orders;
  const choose = (): Promise<{ chosenAt: string }> =>
    jsonOf(gateway, 'POST /worklist/choices', { token, body: { studyInstanceUID, order } });
  const { chosenAt } = await choose();
  const sent = await Promise.all(instances.map((instance) => withOrder(instance, order!, chosenAt)));
  await sendStudy(askOf(gateway), token, sent);
  const [held] = await until('the study in the PACS', async () => {
    const found = await search(orthanc, studyInstanceUID);
    return found.length === instances.length && found;
  });
  assert.equal(held, {
    PatientName: 'Müller^Ärne',
    PatientID: 'ORDER-4711',
    AccessionNumber: 'ACC-4711',
  });
  const file = await readFromOrthanc(orthanc, instances[0]!.identifiers.sopInstanceUID);
  assert.ok(Buffer.from(sent[0]!.bytes).equals(file), 'bit for bit what was promised');
  const read = await readInstance(bytesSource(file));
  if (read.kind !== 'ready') throw new Error(read.because);
  const [record] = findElement(read.instance.elements, 0x04000561)!.items!;
  const originals = findElement(record!.elements, 0x04000550)!.items![0]!.elements;
  assert.ok(planted.includes(textOf(findElement(originals, 0x00100020), read.instance) ?? ''));
  gateway.wait(3_600_000);
  const { chosenAt: again } = await jsonOf<{ chosenAt: string }>(gateway, 'POST /worklist/choices', {
    token: (await gateway.userWith(['technician'])).accessToken,
    body: { studyInstanceUID, order },
  });
  assert.equal((await withOrder(instances[0]!, order!, again)).bytes, sent[0]!.bytes);
});

test('of a worklist that does not answer are not there, and its destination is named', async () => {
  if (world === null) return;
  await setWorklist(world.gateway, `dimse://RELAYPACS@127.0.0.1:${await freePort()}/ORTHANC`);
  const { accessToken: token } = await world.gateway.userWith(['technician']);
  const { orders, silent, isSetUp } = await worklistOf({ ...world, token }, `from=${DAY}&to=${DAY}`);
  assert.equal([orders, silent, isSetUp], [[], ['default'], true]);
});

async function search({ url, authorization }: RunningOrthanc, study: string) {
  const response = await fetch(`${url}/studies/${study}/instances?includefield=00100010,00100020,00080050`, {
    headers: { accept: 'application/dicom+json', authorization },
  });
  if (!response.ok) return [];
  const rows = (await response.json()) as Record<string, { Value?: (string | { Alphabetic: string })[] }>[];
  return rows.map((row) => {
    const said = (tag: string): string => {
      const value = row[tag]?.Value?.[0] ?? '';
      return typeof value === 'string' ? value : value.Alphabetic;
    };
    return { PatientName: said('00100010'), PatientID: said('00100020'), AccessionNumber: said('00080050') };
  });
}

async function readFromOrthanc({ restUrl, authorization }: RunningOrthanc, uid: string): Promise<Uint8Array> {
  const headers = { authorization };
  const lookup = await fetch(`${restUrl}/tools/lookup`, { method: 'POST', body: uid, headers });
  const [found] = (await lookup.json()) as { ID: string }[];
  return (await fetch(`${restUrl}/instances/${found!.ID}/file`, { headers })).bytes();
}

test.run();
