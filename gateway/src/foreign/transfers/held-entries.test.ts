/** Entries of a file are held in memory once: what is read, inflated or rewritten is not beside its own copy. */
import { BlobWriter, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { DevicePolicy } from '#shared/ingest/ingest-file.ts';
import { receivedFile } from '../../testing/foreign-clients.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline } from '../../testing/open-pipeline.ts';
import { listEntries } from '../files/list-entries.ts';
import { openEntries } from '../files/open-file.ts';
import { ROOMLESS_BYTES, type OpenedInstance } from '../files/open-talk.ts';
import { createOpenFiles } from './run-open-file.ts';

const test = suite('entries in memory');
const { signal } = new AbortController();
const [instance] = syntheticStudy({ seed: 31, instancesPerSeries: 1, rows: 16, columns: 16 }).instances;

/** Opens one instance under this policy: tells each reading of it, and the outcome. */
async function open(policy: DevicePolicy) {
  const read: Uint8Array<ArrayBuffer>[] = [];
  let taken: OpenedInstance | null = null;
  let heldAtTake = 0;
  const entry = {
    ...({ kind: 'entry', entry: 1, bytes: 0 } as const),
    async open() {
      assert.ok(read.every(({ buffer }) => buffer.detached));
      read.push(new Uint8Array(instance!.bytes));
      return read.at(-1)!;
    },
  };
  await openEntries([entry], {
    ...{ form: { kind: 'instance' }, policy, fatal: new Set(), signal },
    begin: async () => true,
    async take(opened) {
      taken = opened;
      heldAtTake = read.filter(({ buffer }) => !buffer.detached).length;
      structuredClone(null, { transfer: [opened.bytes.buffer] });
    },
    leave: async ({ reason }) => assert.unreachable(`left: ${reason}`),
  });
  return { read, taken: taken as OpenedInstance | null, heldAtTake };
}

test('go on in the very memory that they were read into where nothing is changed', async () => {
  const { read, taken } = await open({ kind: 'identified' });
  assert.is(read.length, 1);
  assert.is(taken?.bytes, read[0]);
});

test('are given back before a rewritten copy is taken, and between two readings', async () => {
  const policy = { kind: 'deidentified', rules: rulesOf(), pseudonyms: await pseudonymsOf(1) } as const;
  const { read, taken, heldAtTake } = await open(policy);
  assert.is(read.length, 2, 'its names, then itself');
  assert.is(read.includes(taken!.bytes), false);
  assert.is(heldAtTake, 0);
});

test('of an archive are inflated into memory of their size, and nothing else', async () => {
  const zip = new ZipWriter(new BlobWriter(), { useWebWorkers: false });
  await zip.add('a.dcm', new Uint8ArrayReader(instance!.bytes));
  const file = bytesSource(new Uint8Array(await (await zip.close()).arrayBuffer()));
  const [entry] = await listEntries(file, { kind: 'archive' }, signal);
  if (entry?.kind !== 'entry') return assert.unreachable();
  assert.is(entry.bytes, instance!.bytes.length);
  const bytes = await entry.open(signal);
  assert.instance(bytes, Uint8Array);
  assert.is((bytes as Uint8Array).buffer.byteLength, instance!.bytes.length);
  assert.equal(bytes, new Uint8Array(instance!.bytes));
});

test('of all accounts have one room: a large one enters it before it is read, and leaves it', async () => {
  const ground = await openTestGround();
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
  const { tools } = pipeline;
  const large = new Uint8Array(ROOMLESS_BYTES + 1);
  const id = await receivedFile(
    pipeline,
    (async function* () {
      yield large;
    })(),
  );
  const seen: string[] = [];
  const room = {
    async enter(size: number) {
      seen.push(`${size} enters`);
      return () => void seen.push('leaves');
    },
  };
  const spool = {
    ...tools,
    blobs: Object.assign(Object.create(tools.blobs) as typeof tools.blobs, {
      async open(...of: Parameters<typeof tools.blobs.open>) {
        const blob = await tools.blobs.open(...of);
        return (
          blob && {
            size: blob.size,
            close: () => blob.close(),
            read(offset: number, length: number) {
              seen.push('read');
              return blob.read(offset, length);
            },
          }
        );
      },
    }),
  };
  const parcels = { arrived: async () => undefined };
  const opening = createOpenFiles({ pipeline: tools, spool, parcels }, undefined, room);
  await opening.run(id, signal);
  await opening.close();
  await pipeline.close();
  await ground.close();
  assert.equal(seen, [`${large.length} enters`, 'read', 'leaves']);
});

test('of an archive keep their room until they are on the disk', async () => {
  const ground = await openTestGround();
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
  const { tools } = pipeline;
  const { instances } = syntheticStudy({ seed: 32, instancesPerSeries: 3, rows: 2_100, columns: 2_100 });
  const zip = new ZipWriter(new BlobWriter(), { useWebWorkers: false, level: 0 });
  for (const { fileName, bytes } of instances) await zip.add(fileName, new Uint8ArrayReader(bytes));
  const archive = await zip.close();
  const id = await receivedFile(pipeline, archive.stream(), { form: { kind: 'archive' } });
  const seen: string[] = [];
  const blobs = Object.assign(Object.create(tools.blobs) as typeof tools.blobs, {
    async append(...of: Parameters<typeof tools.blobs.append>) {
      const written = await tools.blobs.append(...of);
      seen.push('written');
      return written;
    },
  });
  const room = {
    async enter() {
      seen.push('enters');
      return () => void seen.push('leaves');
    },
  };
  const parcels = { arrived: async () => undefined };
  const opening = createOpenFiles({ pipeline: { ...tools, blobs }, spool: tools, parcels }, undefined, room);
  await opening.run(id, signal);
  await opening.close();
  await pipeline.close();
  await ground.close();
  assert.equal(
    seen,
    instances.flatMap(() => ['enters', 'written', 'leaves']),
  );
});

test.run();
