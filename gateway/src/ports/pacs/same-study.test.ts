/**
 * A study that is given to each kind of destination through its adapter, and what each of them then holds: an
 * Orthanc by its REST API, Debian's storescp without and with TLS by its files, and a folder. Over DIMSE the Data
 * Set alone travels, and it has to be the same byte for byte; a deflated one of odd length has its padding behind
 * it.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { concatBytes, encodeFileMeta } from '#shared/dicom/encode.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '#shared/dicom/registry.ts';
import type { TransferSyntaxUID } from '#shared/dicom/uid.ts';
import { allFiles } from '#testing/ask-orthanc.ts';
import { skip, skipped, testEnvironment } from '#testing/environment.ts';
import { sha256 } from '#testing/sha256.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc } from '../../../../scripts/system/orthanc.ts';
import { CERTIFICATE, CERTIFICATE_KEY } from '../../testing/certificate.ts';
import { LINK_LOCAL } from '../../refuse-link-local.ts';
import { dataSetOf } from '../../testing/data-set-of.ts';
import { readInstances } from '../../testing/read-instances.ts';
import { hasStorescp, startStorescp } from '../../testing/storescp.ts';
import { toStore } from '../../testing/to-store.ts';
import type { PacsConnection } from './connection.ts';
import { openPacsAt } from './open-pacs.ts';
import { PUBLIC_TLS, type PacsTls } from './pacs-agent.ts';

const test = suite('the same study');
const { signal } = new AbortController();
const { corpus } = testEnvironment();

type Place = {
  readonly connection: PacsConnection;
  /** All files that it holds, as it keeps them. */
  held(): Promise<readonly Uint8Array[]>;
  /** The part of a file that has to be the same. */
  readonly partOf: (file: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  stop(): Promise<void>;
};

const whole = (file: Uint8Array): Uint8Array => file;
/** PS3.5 §A.5: only a deflated one can be odd. */
async function evenDataSetOf(file: Uint8Array): Promise<Uint8Array> {
  const dataSet = await dataSetOf(file);
  return Buffer.concat([dataSet, new Uint8Array(dataSet.length % 2)]);
}

async function openOrthanc(folder: string): Promise<Place> {
  const orthanc = await startOrthanc({ folder: join(folder, 'orthanc') });
  const { url, authorization, stop } = orthanc;
  return {
    connection: { kind: 'orthanc', url, authentication: { kind: 'header', authorization }, tls: PUBLIC_TLS },
    held: () => Array.fromAsync(allFiles(orthanc)),
    ...{ partOf: whole, stop },
  };
}

/** `+xa`: it takes compressed transfer syntaxes, too. */
async function openStorescp(scheme: string, tls: PacsTls, options: readonly string[]): Promise<Place> {
  const { port, held, stop } = await startStorescp('+xa', ...options);
  const url = `${scheme}://RELAYPACS@127.0.0.1:${port}/STORESCP`;
  return {
    ...{ connection: { kind: 'dimse', url, tls, commitment: false } },
    ...{ held, partOf: evenDataSetOf, stop },
  };
}

/** Opens a storescp that wants a certificate of ours. */
async function openStorescpWithTls(folder: string): Promise<Place> {
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  await writeFile(cert, CERTIFICATE);
  await writeFile(key, CERTIFICATE_KEY);
  const tls = { ca: CERTIFICATE, own: { cert: CERTIFICATE, key: CERTIFICATE_KEY } };
  return openStorescp('dimse-tls', tls, ['+tls', key, cert, '+cf', cert, '-rc']);
}

async function openFolder(root: string): Promise<Place> {
  const folder = join(root, 'archive');
  await mkdir(folder);
  return {
    connection: { kind: 'folder', folder: 'archive' },
    held: async () => {
      const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.dcm'));
      return Promise.all(names.map((name) => readFile(join(folder, name))));
    },
    ...{ partOf: whole, stop: async () => undefined },
  };
}

const digestsOf = async (files: readonly Uint8Array[], partOf: Place['partOf']): Promise<readonly string[]> =>
  (await Promise.all(files.map(async (file) => sha256(await partOf(file))))).toSorted();

/** Gives it to the place, and compares what that holds. */
async function give(
  study: readonly SyntheticInstance[],
  { connection, held, partOf }: Place,
  folderRoot: string,
): Promise<void> {
  const { kind } = connection;
  const pacs = openPacsAt(connection, { proxy: null, clock: () => 0, folderRoot, blocked: LINK_LOCAL });
  const { studyInstanceUID } = study[0]!.identifiers;
  assert.equal(
    await pacs.storeInstances(studyInstanceUID, study.map(toStore), signal),
    study.map(({ identifiers: { sopInstanceUID } }) => ({
      ...{ sopInstanceUID, outcome: 'stored', pacsCode: null },
    })),
    kind,
  );
  const sent = study.map(({ bytes }) => bytes);
  assert.equal(await digestsOf(await held(), partOf), await digestsOf(sent, partOf), kind);
}

async function giveToAll(study: readonly SyntheticInstance[]): Promise<void> {
  if ((await findOrthanc()) === null) skip('the same study', 'Orthanc is not installed');
  if (!hasStorescp()) skip('the same study', 'dcmtk is not installed');
  const of = <T>(read: (one: SyntheticInstance) => T) => new Set(study.map(read)).size;
  assert.is(
    of(({ identifiers }) => identifiers.studyInstanceUID),
    1,
  );
  assert.is(
    of(({ identifiers }) => identifiers.sopInstanceUID),
    study.length,
  );
  assert.ok(of(({ transferSyntaxUID }) => transferSyntaxUID) >= 3, 'different transfer syntaxes');
  const folder = await mkdtemp(join(tmpdir(), 'relay-same-'));
  const places: Place[] = [];
  try {
    places.push(await openOrthanc(folder), await openFolder(folder));
    places.push(await openStorescp('dimse', PUBLIC_TLS, []), await openStorescpWithTls(folder));
    for (const place of places) await give(study, place, folder);
  } finally {
    for (const place of places) await place.stop();
    await rm(folder, { recursive: true });
  }
}

const PROMISE =
  'is byte for byte the same in an Orthanc and a folder, and so is each Data Set over DIMSE and DIMSE with TLS';

const NATIVE = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN];

/** Deflated, without the padding of an odd length. */
async function oddlyDeflated({
  identifiers,
  bytes,
  fileName,
}: SyntheticInstance): Promise<SyntheticInstance> {
  const transferSyntaxUID = DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
  const dataSet = await dataSetOf(bytes);
  const deflated = Array.from({ length: 9 }, (_, level) => deflateRawSync(dataSet, { level: level + 1 }));
  const odd = deflated.find(({ length }) => length % 2 === 1);
  if (odd === undefined) throw new Error('another seed deflates to an odd length');
  const file = concatBytes([encodeFileMeta(identifiers, transferSyntaxUID), odd]);
  return { identifiers, fileName, transferSyntaxUID, bytes: file as Uint8Array<ArrayBuffer> };
}

test(`${PROMISE}: a synthetic one in each native transfer syntax, and deflated to an odd length`, async () => {
  // The same seed gives the same UIDs: the nth instance is taken from the study in the nth transfer syntax.
  const instancesOf = (transferSyntaxUID: TransferSyntaxUID) =>
    syntheticStudy({ seed: 151, instancesPerSeries: NATIVE.length + 1, transferSyntaxUID }).instances;
  const native = NATIVE.map((transferSyntaxUID, nth) => instancesOf(transferSyntaxUID)[nth]!);
  await giveToAll([...native, await oddlyDeflated(instancesOf(EXPLICIT_VR_LITTLE_ENDIAN).at(-1)!)]);
});

/** Files of one study, and the transfer syntaxes in their names: those that differ in the SOP Instance UID, too. */
const REAL: readonly (readonly [folder: string, title: string, files: RegExp])[] = [
  [
    'ct-syntaxes',
    'a real CT, deflated and in four codings of JPEG',
    /_1\.2\.840\.10008\.1\.2\.(1\.99|4\.(50|51|81|91))\.dcm$/,
  ],
  ['sc-testpattern', 'a real capture in colour, native and in four codings of JPEG', /\.dcm$/],
];
if (corpus === null) skipped('the same real study', 'the corpus is not there');
else
  for (const [name, title, files] of REAL)
    test(`${PROMISE}: ${title}`, async () => {
      const folder = join(corpus, 'dev', name);
      const names = (await readdir(folder)).filter((one) => files.test(one)).toSorted();
      await giveToAll(await readInstances(folder, names));
    });

test.run();
