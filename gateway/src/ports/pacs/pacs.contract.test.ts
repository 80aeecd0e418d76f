/**
 * The contract of a PACS, on which the gateway relies: against a real Orthanc through both of its adapters, a folder,
 * and answers that no Orthanc gives.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip, testEnvironment } from '#testing/environment.ts';
import { sha256 } from '#testing/sha256.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../../scripts/system/orthanc.ts';
import { freePort } from '../../../../scripts/system/ports.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { failsWith } from '../../testing/failing.ts';
import { dataSetOf } from '../../testing/data-set-of.ts';
import { createDimsePacs } from './dimse-pacs.ts';
import { createFolderPacs } from './folder-pacs.ts';
import { createOrthancPacs, isOrthanc } from './orthanc-pacs.ts';
import {
  DigestMismatch,
  FETCHED_BYTES_LIMIT,
  InstanceUnreadable,
  PacsUnreachable,
  type InstanceToStore,
  type Pacs,
  type StudyKey,
} from './pacs.ts';
import type { PacsSettings } from './pacs-http.ts';
import { createStowPacs } from './stow-pacs.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const signal = new AbortController().signal;

/** The corpus's description of each of its files. */
type Row = {
  path: string;
  sopInstanceUid: string;
  sopClassUid: string;
  transferSyntax: string;
  studyInstanceUid: string;
  seriesInstanceUid: string;
};

function toStore(
  row: Row,
  bytes: Buffer,
): InstanceToStore & { study: string; series: string; content: Buffer; row: Row } {
  const { sopInstanceUid: sopInstanceUID, sopClassUid: sopClassUID, seriesInstanceUid: series } = row;
  return {
    ...{ sopInstanceUID, sopClassUID, seriesInstanceUID: series, transferSyntaxUID: row.transferSyntax },
    ...{ study: row.studyInstanceUid, series, row },
    ...{ digest: sha256(bytes), bytes: bytes.length, content: bytes },
    async *open() {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    },
  };
}

type Context = {
  /** Null: the adapter needs none. */
  orthanc: RunningOrthanc | null;
  folder: string;
  mr: ReturnType<typeof toStore>[];
  irregular: ReturnType<typeof toStore>;
};

type Adapter = {
  readonly name: string;
  /** Undefined: a folder, which takes what anybody gives it. */
  readonly create?: (settings: PacsSettings) => Pacs;
  /** The Data Set alone travels. */
  readonly isDimse?: true;
};
const ADAPTERS: readonly Adapter[] = [
  { name: 'STOW-RS', create: createStowPacs },
  { name: 'Orthanc', create: createOrthancPacs },
  { name: 'DIMSE', create: ({ url }) => dimseOf(url), isDimse: true },
  { name: 'a folder' },
];

/** Orthanc takes DIMSE from anybody who calls it by its name. */
const DIMSE = {
  ...{ DicomServerEnabled: true, DicomAet: 'ORTHANC', DicomCheckCalledAet: true },
  ...{ DicomAlwaysAllowStore: true, DicomAlwaysAllowFind: true, DicomAlwaysAllowGet: true },
};
const dimsePorts = new Map<string, number>();
const dimseOf = (url: string, calledAE = 'ORTHANC'): Pacs => {
  const address = { isTls: false, host: '127.0.0.1', port: dimsePorts.get(url)!, calledAE };
  return createDimsePacs({
    address: { ...address, callingAE: 'RELAYPACS' },
    tls: { ca: null, own: null },
  });
};

/** The digest that has to be the same: over DIMSE, of the bytes after the File Meta Information. */
const proven = async (bytes: Uint8Array, isDimse = false): Promise<string> =>
  sha256(isDimse ? await dataSetOf(bytes) : bytes);

for (const { name, create = null, isDimse = false } of ADAPTERS) {
  const test = suite<Partial<Context>>(`a PACS through ${name}`);
  let pacs: Pacs;
  let context: Context | null = null;

  test.before(async () => {
    const { corpus } = testEnvironment();
    if (corpus === null) skip(`PACS contract (${name})`, 'the corpus is not there');
    if (create !== null && (await findOrthanc()) === null)
      skip(`PACS contract (${name})`, 'Orthanc is not installed');
    const folder = await mkdtemp(join(tmpdir(), 'relay-pacs-'));
    const DicomPort = await freePort();
    const settings = isDimse ? { ...DIMSE, DicomPort } : {};
    const orthanc = create === null ? null : await startOrthanc({ folder, settings });
    if (orthanc !== null) dimsePorts.set(orthanc.url, DicomPort);
    const rows = (JSON.parse(await readFile(join(corpus, 'manifest.json'), 'utf8')) as { files: Row[] })
      .files;
    const take = (rows: Row[]) =>
      Promise.all(rows.map(async (row) => toStore(row, await readFile(join(corpus, row.path)))));
    const mr = await take(rows.filter(({ path }) => path.startsWith('dev/mr-t1-siemens/')).slice(0, 6));
    const [irregular] = (await take(
      rows.filter(({ path }) => path === 'dev/ct-irregular/explicit_VR-UN.dcm'),
    )) as [ReturnType<typeof toStore>];
    context = { orthanc, folder, mr, irregular };
    if (create === null || orthanc === null) await mkdir(join(folder, 'pacs'));
    pacs =
      create === null || orthanc === null
        ? createFolderPacs({ root: folder, folder: 'pacs' })
        : create(orthanc);
  });
  test.after(async () => {
    await context?.orthanc?.stop();
    if (context) await rm(context.folder, { recursive: true, force: true });
  });

  const promise = (title: string, run: (context: Context) => Promise<void>) =>
    test(title, async () => void (context && (await run(context))));

  promise(
    'instances given in one request are found by study, found by UID, and read back bit for bit',
    async ({ mr }) => {
      const first = mr[0]!;
      const second = mr[1]!;
      const sent: string[] = [];
      const told = [first, second].map((one) => ({ ...one, sent: (md5: string) => sent.push(md5) }));
      const answers = await pacs.storeInstances(first.study, told, signal);
      assert.equal(
        sent,
        [first, second].map(({ content }) => createHash('md5').update(content).digest('hex')),
      );
      assert.equal(fieldsOf(answers, 'outcome'), ['stored', 'stored']);
      assert.equal(
        [...(await pacs.findStudy(first.study, signal))].sort(),
        [first.sopInstanceUID, second.sopInstanceUID].sort(),
      );
      const [found] = await pacs.findInstances([first.sopInstanceUID, '1.2.3.4'], signal, first.study);
      assert.equal(found, {
        studyInstanceUID: first.study,
        seriesInstanceUID: first.series,
        sopInstanceUID: first.sopInstanceUID,
      });
      assert.equal(await pacs.readBack(found!, first.bytes, signal, first), {
        digest: sha256(first.content),
        bytes: first.bytes,
      });
    },
  );

  promise(
    'an instance is fetched bit for bit, and one that is larger than asked for is not',
    async ({ mr }) => {
      const { study, series, sopInstanceUID, content, bytes } = mr[0]!;
      const where = { studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID };
      const fetched = await pacs.fetchInstance(where, FETCHED_BYTES_LIMIT, signal);
      if (fetched?.kind !== 'fetched') throw assert.unreachable('it is fetched');
      assert.is(await proven(fetched.bytes, isDimse), await proven(content, isDimse));
      const size = isDimse ? fetched.bytes.length : bytes;
      assert.is((await pacs.fetchInstance(where, size, signal))?.kind, 'fetched');
      assert.equal(await pacs.fetchInstance(where, size - 1, signal), { kind: 'too-large' });
      assert.is(
        await pacs.fetchInstance({ ...where, sopInstanceUID: '1.2.3' }, FETCHED_BYTES_LIMIT, signal),
        null,
      );
    },
  );

  promise('the instances of a study are described, and no more than asked for', async ({ mr }) => {
    const described = await pacs.describeStudy(mr[0]!.study, 100, signal);
    assert.equal(
      fieldsOf(described, 'sopInstanceUID').sort(),
      [mr[0]!, mr[1]!].map(({ sopInstanceUID }) => sopInstanceUID).sort(),
    );
    for (const { sopClassUID, modality, seriesNumber, frames } of described)
      assert.equal(
        [sopClassUID, modality, seriesNumber, frames],
        [mr[0]!.row.sopClassUid, ...(create === null ? [null, null] : ['MR', 3]), null],
      );
    assert.is((await pacs.describeStudy(mr[0]!.study, 1, signal)).length, 1);
    assert.equal(await pacs.describeStudy('1.2.3', 100, signal), []);
  });

  promise(
    'a study is found by its UID and by its patient, and by nothing that only resembles them',
    async ({ mr }) => {
      const { study } = mr[0]!;
      const [found] = await pacs.searchStudies({ studyInstanceUID: study }, 10, signal);
      if (create === null || isDimse) {
        assert.is(found, undefined, 'a folder has no index, and DIMSE is asked within a study');
        return;
      }
      assert.is(found?.studyInstanceUID, study);
      const patientId = found?.patientId ?? '';
      assert.ok(patientId.length > 2);
      const uids = async (key: StudyKey) =>
        (await pacs.searchStudies(key, 10, signal)).map(({ studyInstanceUID }) => studyInstanceUID);
      assert.equal(await uids({ patientId }), [study]);
      assert.equal(await uids({ patientId: `${patientId.slice(0, -1)}*` }), []);
      assert.equal(await uids({ patientId: patientId.slice(0, -1) }), []);
      const name = found?.patientName ?? '';
      assert.ok(name.length > 2);
      assert.equal(await uids({ patientName: name.slice(1).toLowerCase() }), [study]);
      assert.equal(await uids({ patientName: `${name} nobody` }), []);
      assert.equal(await uids({ studyInstanceUID: '1.2.3' }), []);
      assert.equal(await uids({ accessionNumber: 'nowhere' }), []);
    },
  );

  promise(
    'a study that is not there is an empty answer, an instance that is not there is null',
    async ({ mr }) => {
      assert.is((await pacs.findStudy('1.2.3', signal)).size, 0);
      assert.equal(await pacs.findInstances(['1.2.3'], signal, mr[0]!.study), []);
      assert.is(
        await pacs.readBack(
          { studyInstanceUID: mr[0]!.study, seriesInstanceUID: mr[0]!.series, sopInstanceUID: '1.2.3' },
          1,
          signal,
          mr[0]!,
        ),
        null,
      );
    },
  );

  promise(
    'one bad instance in a request costs the others nothing: those missing in the answer count as omitted',
    async ({ mr, irregular }) => {
      const sent = [mr[2]!, irregular, mr[3]!];
      const answers = await pacs.storeInstances(mr[2]!.study, sent, signal);
      if (create !== null && !isDimse) assert.is.not(answers[1]!.outcome, 'stored');
      const found = await pacs.findStudy(mr[2]!.study, signal);
      for (const [i, { outcome, sopInstanceUID }] of answers.entries())
        if (i !== 1) assert.is(outcome === 'stored', found.has(sopInstanceUID));
    },
  );

  if (create !== null && !isDimse)
    promise(
      'one that is declined alone may be refused, and Orthanc takes it the other way',
      async ({ irregular }) => {
        const [answer] = await pacs.storeInstances(irregular.study, [irregular], signal);
        assert.is(answer!.outcome, 'declined');
        if (pacs.storeAnotherWay === null) return assert.is(name, 'STOW-RS');
        assert.is((await pacs.storeAnotherWay(irregular, signal)).outcome, 'stored');
        const [found] = await pacs.findInstances([irregular.sopInstanceUID], signal, irregular.study);
        assert.equal(await pacs.readBack(found!, irregular.bytes, signal, irregular), {
          digest: sha256(irregular.content),
          bytes: irregular.bytes,
        });
      },
    );

  promise(
    'an instance that the spool spoiled is never stored, at whatever place of a request it is',
    async ({ mr }) => {
      const sent = () => assert.unreachable('the digest of other bytes is told');
      const spoiled = { ...mr[4]!, digest: sha256(Buffer.from('other')), sent };
      const ways = [
        () => pacs.storeInstances(spoiled.study, [spoiled], signal),
        () => pacs.storeInstances(spoiled.study, [mr[0]!, spoiled, mr[5]!], signal),
        () => pacs.storeAnotherWay?.(spoiled, signal),
      ];
      for (const offer of ways) {
        if (pacs.storeAnotherWay === null && offer === ways[2]) continue;
        const error = await Promise.resolve(offer()).catch((reason: unknown) => reason);
        assert.ok(error instanceof InstanceUnreadable && error.cause instanceof DigestMismatch);
        assert.is(error.sopInstanceUID, spoiled.sopInstanceUID);
        assert.equal(await pacs.findInstances([spoiled.sopInstanceUID], signal, spoiled.study), []);
      }
    },
  );

  promise(
    'other bytes under a known UID are noticed by reading back, because the PACS says 200',
    async ({ mr }) => {
      const other = Buffer.from(mr[0]!.content);
      other.writeUInt8(other.at(-1)! ^ 1, other.length - 1);
      await pacs.storeInstances(mr[0]!.study, [toStore(mr[0]!.row, other)], signal);
      const [found] = await pacs.findInstances([mr[0]!.sopInstanceUID], signal, mr[0]!.study);
      const read = await pacs.readBack(found!, mr[0]!.bytes, signal, mr[0]);
      assert.is(read?.digest, sha256(mr[0]!.content));
    },
  );

  promise('a search of many UIDs is split, and all are found', async ({ mr }) => {
    const absent = Array.from({ length: 200 }, (_, i) => `1.2.840.99999.${i}`);
    const found = await pacs.findInstances(
      [...absent, mr[0]!.sopInstanceUID, mr[1]!.sopInstanceUID],
      signal,
      mr[0]!.study,
    );
    assert.is(found.length, 2);
  });

  promise('a wrong password is told from a refusal', async ({ orthanc, mr }) => {
    if (create === null || orthanc === null) return assert.is(name, 'a folder');
    const locked = isDimse
      ? dimseOf(orthanc.url, 'STRANGER')
      : create({ url: orthanc.url, authorization: 'Basic eDp4' });
    await failsWith(locked.probe(signal), PacsUnreachable);
    await failsWith(locked.storeInstances(mr[0]!.study, [mr[0]!], signal), PacsUnreachable);
    if (isDimse) return assert.match(locked.describe(), /^dimse:\/\/127\.0\.0\.1:\d+\/STRANGER$/);
    const url = 'http://user:secret@127.0.0.1/dicom-web?key=1';
    assert.is(create({ url, authorization: null }).describe(), 'http://127.0.0.1/dicom-web');
    assert.is(await isOrthanc(orthanc, signal), true);
  });
  test.run();
}

/** A PACS with one answer. */
const liar = suite('a PACS that');
const servers: Server[] = [];

async function answering(status: number, body: string | null, seen: IncomingMessage[] = []): Promise<string> {
  const server = createServer((request, response) => {
    seen.push(request);
    const type = { 'content-type': 'application/dicom+json' };
    request.resume().on('end', () => void (body !== null && response.writeHead(status, type).end(body)));
  });
  servers.push(server);
  const port = await listenOnLoopback(server);
  return `http://127.0.0.1:${port}/dicom-web`;
}
const small = (sopInstanceUID: string): InstanceToStore => ({
  ...{ seriesInstanceUID: '1.2', sopInstanceUID, sopClassUID: '1.2', transferSyntaxUID: '1.2', bytes: 3 },
  digest: sha256(new Uint8Array(3)),
  async *open() {
    yield new Uint8Array(3);
  },
});
const failed = (uid: string, reason: number) =>
  `{"00081155":{"vr":"UI","Value":["${uid}"]},"00081197":{"vr":"US","Value":[${reason}]}}`;
const referenced = (uid: string, more = '') => `{"00081155":{"vr":"UI","Value":["${uid}"]}${more}}`;

liar.after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

liar(
  'answers 202 is believed instance by instance: stored, coerced, refused, out of resources, not a word',
  async () => {
    const warning = ',"00081196":{"vr":"US","Value":[45056]}';
    const body = `{"00081198":{"vr":"SQ","Value":[${failed('1.3', 272)},${failed('1.4', 0xa700)}]},"00081199":{"vr":"SQ","Value":[${referenced('1.1')},${referenced('1.2', warning)}]}}`;
    const pacs = createStowPacs({ url: await answering(202, body), authorization: null });
    const answers = await pacs.storeInstances('1', ['1.1', '1.2', '1.3', '1.4', '1.5'].map(small), signal);
    assert.equal(fieldsOf(answers, 'outcome'), ['stored', 'coerced', 'refused', 'busy', 'omitted']);
    assert.equal(fieldsOf(answers, 'pacsCode'), [null, 45056, 272, 0xa700, null]);
  },
);

liar('answers 400 without a word has said nothing, of several or of one', async () => {
  const pacs = createStowPacs({ url: await answering(400, 'Bad Request'), authorization: null });
  for (const several of [[small('1.1'), small('1.2')], [small('1.1')]])
    for (const { outcome } of await pacs.storeInstances('1', several, signal))
      assert.is(outcome, 'unanswered');
});

liar('is gone, restarts, or falls silent is unreachable, never a refusal', async () => {
  const closed = createStowPacs({ url: 'http://127.0.0.1:9/dicom-web', authorization: null });
  const restarting = createStowPacs({ url: await answering(503, ''), authorization: null });
  const silent = createStowPacs({ url: await answering(200, null), authorization: null, idleMs: 60 });
  for (const pacs of [closed, restarting, silent]) {
    await failsWith(pacs.storeInstances('1', [small('1.1')], signal), PacsUnreachable);
    await failsWith(pacs.findStudy('1', signal), PacsUnreachable);
  }
});

liar('is given the length of the body, so that no proxy has to hold it', async () => {
  const seen: IncomingMessage[] = [];
  const pacs = createStowPacs({ url: await answering(200, '{}', seen), authorization: null });
  await pacs.storeInstances('1', [small('1.1')], signal);
  assert.is(seen[0]!.headers['transfer-encoding'], undefined);
  assert.ok(Number(seen[0]!.headers['content-length']) > 3);
});

liar.run();
