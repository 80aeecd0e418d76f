import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { insertFile, setOpened, setReceived, toFileId } from '../../pipeline/stores/sent-file.store.ts';
import { fileOf } from '../../testing/foreign-clients.ts';
import { sentStudy } from '../../testing/open-copies.ts';
import { openTestGround } from '../../testing/open-pipeline.ts';
import { awaitStored } from './await-stored.ts';
import { toAnswer } from './stow-answer.ts';

const test = suite('the wait for what a request stores');

test('is not over while a destination that must have it lacks it', async () => {
  const ground = await openTestGround();
  const { pipeline, other, instances, uploadId } = await sentStudy(ground, 'required');
  const { db } = pipeline.tools;
  const { rows } = await sql<{ sop_instance_uid: string; digest: string }>`select sop_instance_uid, digest
    from instance i join upload_instance l on l.instance_id = i.id where l.upload_id = ${uploadId}`.execute(
    db,
  );
  assert.is(rows.length, instances.length);
  const id = toFileId(randomUUID());
  await insertFile(db, { ...fileOf(pipeline), id, bytes: 1, wrapped_key: null });
  const entries = rows.map(({ sop_instance_uid: sopInstanceUID, digest }, at) => ({
    ...{ entry: at + 1, state: 'sent' as const, upload: uploadId, sopInstanceUID, digest },
  }));
  await db.transaction().execute((trx) => setReceived(trx, { id, bytes: 1, now: new Date() }));
  await setOpened(db, id, { entries, problem: null, keepsBytes: false });
  const look = async () => {
    const tools = { db, changes: pipeline.tools.changes, patienceMs: 0 };
    const { file, stored, isOver } = await awaitStored(tools, id, new AbortController().signal);
    return { isOver, status: toAnswer(file.entries, { stored, isOver, address: '' }).status };
  };
  other.lie = 'down';
  await pipeline.runAll();
  assert.equal(await look(), { isOver: false, status: 202 });
  other.lie = 'honest';
  await pipeline.runAll();
  assert.equal(await look(), { isOver: true, status: 200 });
  await pipeline.close();
  await ground.close();
});

test.run();
