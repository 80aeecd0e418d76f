/** The job of an export: killed, cancelled, kept waiting, refused; and its file afterwards. */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import type { Session } from '#shared/protocol/api.ts';
import type { Export } from '#shared/protocol/exports.ts';
import { until } from '#testing/gateway-under-test.ts';
import { audited } from '../testing/audited.ts';
import {
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { openExportTools } from '../testing/open-export-tools.ts';
import { addTemplate, askForExport, exportIn, fileOf, newExport } from '../testing/open-exports.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { askExport } from './ask-export.ts';
import { expireExports } from './end-exports.ts';
import type { ExportTools } from './export-tools.ts';
import { readRows } from './read-rows.ts';
import { runExport } from './run-export.ts';

const CASES = 250;

const test = suite('making exports');
let gateway: PacsGateway;
/** Tools whose searches are answered at once, and counted. */
let tools: ExportTools;
let searches = 0;
let owner: Session;
let exported = '';
let caseId: string;
/** The gateway's own search of this number, and those after it, wait for it to be opened. */
let gate = { ...Promise.withResolvers<void>(), at: Infinity, asked: 0 };
function closeGate(at: number): void {
  gate = { ...Promise.withResolvers<void>(), at, asked: 0 };
}
const isHung = (): boolean => gate.asked >= gate.at;

test.before(async () => {
  const pacs = openTestPacs();
  gateway = { ...(await openPacsGateway(hanging(pacs))), pacs };
  const counting: ExportTools['pacs'] = {
    ...pacs,
    searchStudies(...asked) {
      searches += 1;
      return pacs.searchStudies(...asked);
    },
  };
  tools = await openExportTools(gateway, gateway.folder, counting);
  owner = await gateway.userWith(['radiologist']);
  const technician = (await gateway.userWith(['technician'])).accessToken;
  const patient = { birthDate: '19800224', studyDate: '20261120', patientId: 'PID-4711' };
  exported = await deliverStudy(gateway, { token: technician, seed: 995, ...patient });
  ({ id: caseId } = await openTestCase(gateway, owner.accessToken, { studies: [exported] }));
  await copyCase(CASES - 1);
  gateway.wait(1);
});
test.after(() => gateway.close());

const hanging = (pacs: TestPacs): TestPacs => ({
  ...pacs,
  async searchStudies(...question) {
    gate.asked += 1;
    if (isHung()) await gate.promise;
    return pacs.searchStudies(...question);
  },
});

/** Copies the case, with the same study and no words of their own. */
async function copyCase(times: number): Promise<void> {
  const { db } = gateway.database;
  await sql`with copied as (
      insert into case_record (id, site_id, status, priority, sealed, wrapped_key, created_by, created_at, changed_at)
      select gen_random_uuid(), site_id, status, priority, sealed, wrapped_key, created_by, created_at, changed_at
      from case_record, generate_series(1, ${times}::int) where id = ${caseId} returning id)
    insert into case_study (case_id, site_id, study_instance_uid, added_at)
    select copied.id, site_id, study_instance_uid, added_at from copied, case_study where case_id = ${caseId}`.execute(
    db,
  );
}

const filesThere = async (): Promise<readonly string[]> => tools.exportBlobs.ids();
const keysThere = (): readonly string[] => readdirSync(join(gateway.folder, 'keys', 'exports'));
const rowOf = (id: string) =>
  gateway.database.db.selectFrom('export_job').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const run = (id: string): Promise<void> => runExport(id, tools, new AbortController().signal);
/** Asked for, and not begun. */
async function asked(of: Parameters<typeof newExport>[0] = {}): Promise<string> {
  const one = newExport(of);
  await askExport(tools, { ...owner.user, roles: ['radiologist'] }, one);
  return one.id;
}
/** By each event that says that it is ready. */
async function studiesNamed(id: string): Promise<unknown[]> {
  const events = await audited(gateway.database.db, 'export-ready');
  return events.flatMap(({ fields }) => (fields['exportId'] === id ? [fields['studies']] : []));
}
/** No job of the gateway's own works on an export any more. */
const untilIdle = () =>
  until('no export to be made', async () => {
    const { rows } = await sql`select 1 from jobs.job where name = 'export' and state = 'active'`.execute(
      gateway.database.db,
    );
    return rows.length === 0;
  });

test('a run that was killed is begun again from the start, and one file is there at the end', async () => {
  closeGate(150);
  const { id } = await askForExport(gateway, owner.accessToken, {});
  await until('the first run to write', isHung);
  const begun = await rowOf(id);
  assert.equal([begun.state, begun.done, begun.attempt], ['running', 100, 1]);
  assert.equal(await filesThere(), [begun.blob!]);
  // The first is as good as dead: it says nothing any more, and its job is taken by another gateway.
  await run(id);
  const ready = await jsonOf<Export>(gateway, `GET /exports/${id}`, { token: owner.accessToken });
  assert.equal([ready.state, ready.rows, ready.done, ready.total], ['ready', CASES, CASES, CASES]);
  // The first run was only asleep.
  gate.resolve();
  await untilIdle();
  const after = await rowOf(id);
  assert.equal([after.state, after.sha256], ['ready', ready.sha256]);
  assert.not.equal(after.blob, begun.blob);
  assert.equal(await filesThere(), [after.blob!]);
  assert.is(keysThere().length, 1);
  const bytes = await fileOf(gateway, owner.accessToken, id);
  assert.is(createHash('sha256').update(bytes).digest('hex'), ready.sha256);
  assert.is(bytes.toString('utf8').split('caseNumber').length, 2, 'it begins once');
  assert.is(bytes.toString('utf8').trimEnd().split('\r\n').length, CASES + 1);
  assert.equal(await studiesNamed(id), [[exported]], 'once, and the trail of the study finds it');
  await run(id);
  assert.is((await rowOf(id)).blob, after.blob, 'an export that is ready is left as it is');
});

test('the event names the studies of a thousand cases, and those of more do not fit in one', async () => {
  for (const [total, named] of [
    [1_000, [exported]],
    [1_001, []],
  ] as const) {
    const id = await asked();
    await gateway.database.db.updateTable('export_job').set({ total }).where('id', '=', id).execute();
    await run(id);
    assert.equal(await studiesNamed(id), [named], `${total}`);
  }
});

test('an export that is cancelled while it is made ends, and leaves neither file nor key', async () => {
  const before = await filesThere();
  closeGate(120);
  const { id } = await askForExport(gateway, owner.accessToken, {});
  await until('the run to write', isHung);
  const token = owner.accessToken;
  const cancelled = await jsonOf<Export>(gateway, `POST /exports/${id}/cancel`, { token });
  assert.is(cancelled.state, 'cancelled');
  gate.resolve();
  await untilIdle();
  assert.equal([(await rowOf(id)).state, (await rowOf(id)).blob], ['cancelled', null]);
  assert.equal(await filesThere(), before);
  assert.is(keysThere().length, before.length);
  assert.is((await gateway.call('GET', `/exports/${id}/file`, { token })).status, 410);
  const again = await jsonOf<Export>(gateway, `POST /exports/${id}/cancel`, { token });
  assert.is(again.state, 'cancelled');
  assert.is((await audited(gateway.database.db, 'export-cancelled')).length, 1);
});

test('a PACS that is away is waited for, and not for longer than a day', async () => {
  const id = await asked();
  gateway.pacs.lie = 'down';
  await run(id);
  const waiting = await rowOf(id);
  assert.equal([waiting.state, waiting.trouble, waiting.attempt], ['queued', 'pacs-unreachable', 0]);
  assert.is(waiting.blob, null);
  gateway.pacs.lie = 'honest';
  await run(id);
  assert.equal([(await rowOf(id)).state, (await rowOf(id)).trouble], ['ready', null]);
  const late = await asked();
  gateway.pacs.lie = 'down';
  const { created_at } = await rowOf(late);
  const lateTools = { ...tools, now: () => new Date(created_at.getTime() + DAY_MS + 1) };
  await runExport(late, lateTools, new AbortController().signal);
  gateway.pacs.lie = 'honest';
  assert.equal([(await rowOf(late)).state, (await rowOf(late)).trouble], ['failed', 'pacs-unreachable']);
  const answer = await gateway.call('GET', `/exports/${late}/file`, { token: owner.accessToken });
  assert.is(answer.status, 410);
  assert.is(
    (await gateway.call('POST', `/exports/${late}/cancel`, { token: owner.accessToken })).status,
    409,
  );
});

test('a run that always breaks is given up after three attempts, and says nothing of why', async () => {
  const id = await asked();
  const searchStudies = () => Promise.reject(new Error('Yamada^Kitsune'));
  const pacs: ExportTools['pacs'] = { ...gateway.pacs, searchStudies };
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    assert.is((await rowOf(id)).state, 'queued');
    const broken = runExport(id, { ...tools, pacs }, new AbortController().signal);
    assert.match(await broken.then(String, String), 'Yamada^Kitsune', 'it is run again by its job');
  }
  const token = owner.accessToken;
  const shown = await jsonOf<Export>(gateway, `GET /exports/${id}`, { token });
  assert.equal([shown.state, shown.trouble], ['failed', 'unexpected']);
  assert.not.ok(JSON.stringify(shown).includes('Yamada'));
  await run(id);
  assert.is((await rowOf(id)).state, 'failed');
});

test('a gateway that stops puts the export back, and that is no attempt', async () => {
  const id = await asked();
  assert.match(await runExport(id, tools, AbortSignal.abort()).then(String, String), 'AbortError');
  assert.equal([(await rowOf(id)).state, (await rowOf(id)).attempt], ['queued', 0]);
  await run(id);
  assert.is((await rowOf(id)).state, 'ready');
});

test('nothing is made for an account that may no longer have it', async () => {
  const { user } = await gateway.userWith(['radiologist']);
  const one = newExport({});
  await askExport(tools, { ...user, roles: ['radiologist'] }, one);
  await sql`update account set disabled_at = now() where id = ${user.id}`.execute(gateway.database.db);
  await run(one.id);
  assert.equal([(await rowOf(one.id)).state, (await rowOf(one.id)).trouble], ['failed', 'not-allowed']);
});

test('cases are read as they are written, a page at a time, and each of thousands once', async () => {
  await copyCase(5000);
  gateway.wait(1);
  const reader = { ...owner.user, roles: ['radiologist'] as const };
  const shown = { reader: { ...reader, roles: [...reader.roles] }, withheld: [] };
  searches = 0;
  const nothing = { hasPictures: false, hasFiles: false };
  const rows = readRows(tools, { shown, question: {}, fields: ['caseNumber', 'ageBand'], ...nothing });
  await rows.next();
  assert.ok(searches < 10, `${searches} patients were asked for before the first row was written`);
  for (let taken = 1; taken < 150; taken += 1) await rows.next();
  assert.ok(searches < 160, `${searches} patients were asked for before row 150 was written`);
  await rows.return(undefined);
  const { accessToken: admin } = await gateway.userWith(['admin']);
  const template = await addTemplate(gateway, admin, 'numbers', { fields: ['caseNumber'] });
  const { id } = await askForExport(gateway, owner.accessToken, { template });
  const ready = await exportIn(gateway, owner.accessToken, { id });
  assert.equal([ready.rows, ready.total], [CASES + 5000, CASES + 5000]);
  const lines = (await fileOf(gateway, owner.accessToken, id)).toString('utf8').trimEnd().split('\r\n');
  assert.is(new Set(lines).size, CASES + 5001);
});

test('a file whose time is over is erased with its key, and so is one that nothing names', async () => {
  const id = await asked({ selection: { cases: [caseId] } });
  await run(id);
  const { expires_at, blob } = await rowOf(id);
  assert.ok((await filesThere()).includes(blob!));
  await tools.exportBlobs.create(randomUUID());
  const at = (now: Date): Promise<void> => expireExports({ ...tools, now: () => now });
  await at(new Date(expires_at!.getTime() - 1));
  const kept = await filesThere();
  assert.ok(kept.includes(blob!));
  assert.is(kept.length, keysThere().length, 'the file that nothing names is gone');
  assert.ok((await fileOf(gateway, owner.accessToken, id)).length > 0);
  await at(expires_at!);
  assert.equal([await filesThere(), keysThere()], [[], []]);
  assert.is((await rowOf(id)).state, 'expired');
  assert.is((await gateway.call('GET', `/exports/${id}/file`, { token: owner.accessToken })).status, 410);
  const events = await audited(gateway.database.db, 'export-expired');
  const said = events.find(({ fields }) => fields['exportId'] === id)?.fields;
  assert.equal([said?.['template'], said?.['redaction'], said?.['cases']], ['cases-limited', 'limited', 1]);
});

test.run();
