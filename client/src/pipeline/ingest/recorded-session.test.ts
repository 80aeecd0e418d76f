/**
 * Everything that a device and the gateway recorded while a researcher prepared and sent a study. With all of it and a
 * list of all Patient IDs nobody finds the patient; with the gateway's key one does.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sql } from 'kysely';
import { policyAnswerSchema, pseudonymsAnswerSchema } from '#shared/protocol/api.ts';
import { parseBase64Url } from '#shared/transfer/base64url.ts';
import { deidentifyBytes, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { candidateId, foundWithKey, foundWithoutKey } from '#testing/recorded-session.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { DEIDENTIFIED, filesOf, openIngest } from '../../testing/open-ingest.ts';
import { openTestPacs } from '../../../../gateway/src/testing/open-pacs.ts';
import {
  openTestPipeline,
  policyKeyHere,
  PSEUDONYMS_SEED,
  type TestPipeline,
} from '../../../../gateway/src/testing/open-pipeline.ts';

/** A long run tries a million. */
const CANDIDATES = Number(process.env.RELAY_CANDIDATES ?? 10_000);
const MEANT = 4321;
/** With the key each costs an evaluation. */
const WITH_KEY = 50;

const test = suite('a recorded session');
let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, roles: ['researcher'] });
});
test.after(() => pipeline.close());

/** Rows with their bytes as Latin-1, so that what is in them can be found. */
const shown = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => {
    if (ArrayBuffer.isView(each))
      return Buffer.from(each.buffer, each.byteOffset, each.byteLength).toString('latin1');
    return typeof each === 'bigint' ? String(each) : each;
  });

/** All rows of the gateway's database. */
async function databaseRows(): Promise<string> {
  const { db } = pipeline.tools;
  const tables = await sql<{ name: string }>`
    select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`.execute(db);
  const rows = await Promise.all(
    tables.rows.map(({ name }) => sql`select * from ${sql.raw(name)}`.execute(db)),
  );
  return shown(rows.map((each) => each.rows));
}

/** The files on the gateway's disk before the PACS has the study: sealed, and none the less searched. */
async function spooled(): Promise<Buffer[]> {
  const entries = await readdir(pipeline.spool, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name))));
}

/** The study as any device with the key makes it: its bytes are those that the manifest promises. */
async function deidentified(instances: readonly SyntheticInstance[]): Promise<SyntheticInstance[]> {
  const pseudonyms = await pseudonymsOf(PSEUDONYMS_SEED);
  return Promise.all(
    instances.map(async (instance) => {
      const made = await deidentifyBytes(instance.bytes, rulesOf(), pseudonyms);
      if (made.kind !== 'ready') throw new Error(made.because);
      return { ...instance, bytes: new Uint8Array(made.bytes), identifiers: made.outcome.identifiers };
    }),
  );
}

test('tells nobody whose it was; with the key it does', async () => {
  const recorded: string[] = [];
  const policy = await pipeline.json('GET', '/upload/policy');
  const study = syntheticStudy({
    seed: 77,
    instancesPerSeries: 2,
    patient: { name: 'Nobody^Known', id: candidateId(MEANT) },
  });
  const device = await openIngest({
    chosen: DEIDENTIFIED,
    holdsKey: false,
    tools: {
      async askPseudonyms(asked) {
        const answer = await pipeline.json('POST', '/upload/pseudonyms', asked);
        recorded.push(shown([asked, answer]));
        return { kind: 'answered', ...pseudonymsAnswerSchema.parse(answer) };
      },
    },
  });
  await device.store.addFiles(filesOf(study));
  await device.store.send();
  const [pending] = await device.queue.pending();
  const manifest = await device.queue.manifestOf(pending!.id);
  const { uploadId } = await pipeline.init(manifest);
  const instances = await deidentified(study.instances);
  await pipeline.send(uploadId, instances);
  const files = await spooled();
  assert.ok(files.length > 0, 'something lies on the disk');
  for (const bytes of files) recorded.push(bytes.toString('latin1'));
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.is(status.state, 'closed', 'the gateway’s own check found nothing');

  const rows = await Promise.all(device.database.tables.map((table) => table.toArray()));
  recorded.push(shown([policy, manifest, status, rows, pipeline.lines]), await databaseRows());
  for (const { bytes } of instances) recorded.push(Buffer.from(bytes).toString('latin1'));
  const record = recorded.join('\n');
  assert.ok(record.includes('pseudonyms-made'), 'the audit trail is in it');

  const { pseudonymKeys } = policyAnswerSchema.parse(policy);
  const [{ publicKey, tagKey }] = pseudonymKeys as [(typeof pseudonymKeys)[number]];
  const known = { publicKey: parseBase64Url(publicKey), tagKey: parseBase64Url(tagKey) };
  const candidates = Array.from({ length: CANDIDATES }, (_, at) => candidateId(at));
  assert.equal(foundWithoutKey(record, candidates, known), []);
  const near = candidates.slice(MEANT - WITH_KEY / 2, MEANT + WITH_KEY / 2);
  const key = await policyKeyHere({ name: 'deidentified', key: 1 });
  assert.equal(await foundWithKey(record, near, key), [candidateId(MEANT)]);
  // The search without a key finds what is there to be found.
  const few = candidates.slice(0, MEANT);
  assert.equal(foundWithoutKey(`${record} ${candidateId(7)}`, few, known), [candidateId(7)]);
});

test.run();
