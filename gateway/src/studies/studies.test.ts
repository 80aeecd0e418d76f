/** The list, the timeline and the receipt on paper of the studies that a person sent. */
import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  sentStudiesSchema,
  timelineSchema,
  UPLOADS_SHOWN,
  type SentStudy,
} from '#shared/protocol/studies.ts';
import { ROLES } from '#shared/protocol/api.ts';
import { splitSheet } from '#shared/protocol/receipt-sheet.ts';
import { readSheetCode } from '#testing/read-sheet-code.ts';
import { deidentifyBytes, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { addAccount, addDevice } from '../testing/add-account.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { studyIdOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { insertInstances } from '../pipeline/stores/instance.store.ts';
import { findReceipt } from '../pipeline/stores/receipt.store.ts';
import { isTooLarge, PAGE_BYTES, SHEET_BYTES_LIMIT } from './make-sheet.ts';
import { createSheetServer } from './serve-sheet.ts';
import type { AssembleSheet } from './sheet-thread.ts';

const test = suite('the studies of a person');
const pacs = openTestPacs();
let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs, start: false });
});
test.after(() => pipeline.close());
test.before.each(() => pipeline.actAs(pipeline.accountId, ['technician']));

const soft = (seed: number) => syntheticStudy({ seed, instancesPerSeries: 2, rows: 8, columns: 8 }).instances;
const uidOf = ([first]: ReturnType<typeof soft>) => first!.identifiers.studyInstanceUID;
const list = async (query = '') => sentStudiesSchema.parse(await pipeline.json('GET', `/studies${query}`));
const uids = (studies: readonly SentStudy[]) => studies.map(({ studyInstanceUID }) => studyInstanceUID);

async function deliver(seed: number): Promise<{ uid: string; uploadId: string }> {
  const instances = soft(seed);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  return { uid: uidOf(instances), uploadId };
}
const timelineOf = async (uid: string) =>
  timelineSchema.parse(await pipeline.json('GET', `/studies/${uid}/timeline`)).events;

const ownName = async (): Promise<string> => {
  const accounts = pipeline.tools.db.selectFrom('account').select('username');
  return (await accounts.where('id', '=', pipeline.accountId).executeTakeFirstOrThrow()).username;
};
/** The status, and the code of the refusal. */
const refusalOf = async (path: string): Promise<unknown> => {
  const answer = await pipeline.request('GET', path);
  return [answer.status, ((await answer.json()) as { code: string }).code];
};

test('are listed newest first, page by page, with what stands where', async () => {
  const first = await deliver(7101);
  const second = await deliver(7102);
  const waiting = soft(7103);
  await pipeline.init(toManifest(waiting));
  const { studies, next } = await list();
  assert.equal([uids(studies), next], [[uidOf(waiting), second.uid, first.uid], null]);
  assert.equal(fieldsOf(studies, 'standing'), ['under-way', 'ended', 'ended']);
  const { uploads, sopClassUIDs } = studies[2]!;
  assert.equal([uploads.length, uploads[0]!.uploadId, uploads[0]!.counts.inPacs], [1, first.uploadId, 2]);
  assert.equal(sopClassUIDs, [soft(7101)[0]!.identifiers.sopClassUID]);
  const pages: string[][] = [];
  for (let cursor = ''; pages.length < 4; ) {
    const page = await list(`?limit=1${cursor}`);
    pages.push(uids(page.studies));
    if (page.next === null) break;
    cursor = `&cursor=${page.next}`;
  }
  assert.equal(pages, [[uidOf(waiting)], [second.uid], [first.uid]]);
});

/** The gateway keeps an instance of the upload for a person. */
async function hold(uploadId: string): Promise<void> {
  const { db, now } = pipeline.tools;
  await db.transaction().execute(async (trx) => {
    const studyId = await studyIdOf(pipeline, uploadId);
    const holding = trx.updateTable('study').set({ state: 'held' }).where('id', '=', studyId);
    const study = await holding.returningAll().executeTakeFirstOrThrow();
    const held = {
      ...{ sop_instance_uid: '1.2.3', sop_class_uid: '1.2', series_instance_uid: '1.2.4' },
      ...{ transfer_syntax_uid: '1.2', digest: 'd', original_digest: null, original_key: null },
      ...({ report_digest: null, bytes: 1, state: 'quarantined', reason: 'identity-remains' } as const),
    };
    const [instance_id] = (await insertInstances(trx, study, [held], now())).values();
    const link = { upload_id: uploadId, position: 99, instance_id: instance_id! };
    await trx.insertInto('upload_instance').values(link).execute();
  });
}

/** Adds so many uploads by the sender of a study that is under way, the oldest one held. */
async function addUploads(uid: string, count: number): Promise<void> {
  const { accountId: account_id, siteId: site_id, tools } = pipeline;
  const { db, newId } = tools;
  const study = () => ({
    ...{ id: newId(), site_id, account_id, study_instance_uid: uid, state: 'receiving' as const },
    ...{ revision: 1, policy_name: 'identified', policy_version: 1, updated_at: new Date() },
  });
  const studies = Array.from({ length: count }, study);
  await db.insertInto('study').values(studies).execute();
  const uploads = studies.map(({ id: study_id }, at) => ({
    ...{ id: newId(), site_id, account_id, study_id, device_id: null, completed_at: null },
    created_at: new Date(Date.now() - 10_000 + at),
  }));
  await db.insertInto('upload').values(uploads).execute();
  await hold(uploads[0]!.id);
}

test('one of more uploads than are shown has the newest, and its standing is of all', async () => {
  for (const [uid, count] of [
    ['1.2.826.20', UPLOADS_SHOWN],
    ['1.2.826.21', UPLOADS_SHOWN + 1],
  ] as const) {
    await addUploads(uid, count);
    const [study] = (await list(`?q=${uid}`)).studies;
    const showsHeld = study?.uploads.some(({ state }) => state === 'held');
    assert.equal([study?.uploads.length, study?.standing], [UPLOADS_SHOWN, 'needs-you']);
    assert.is(showsHeld, count === UPLOADS_SHOWN);
  }
  const { db } = pipeline.tools;
  const added = db.selectFrom('study').select('id').where('study_instance_uid', 'like', '1.2.826.%');
  const held = db.selectFrom('instance').select('id').where('study_id', 'in', added);
  await db.deleteFrom('upload_instance').where('instance_id', 'in', held).execute();
  await db.deleteFrom('instance').where('study_id', 'in', added).execute();
  await db.deleteFrom('upload').where('study_id', 'in', added).execute();
  await db.deleteFrom('study').where('study_instance_uid', 'like', '1.2.826.%').execute();
});

test('are found by a part of the UID, an upload, a receipt, their standing and their day', async () => {
  const { uid, uploadId } = await deliver(7104);
  const { receipt } = await pipeline.status(uploadId);
  for (const q of [uid, uid.slice(4, -2), uploadId.slice(0, 9), receipt!.id.slice(0, 9)])
    assert.equal(uids((await list(`?q=${q}`)).studies), [uid], q);
  assert.equal(uids((await list('?q=9.9.9.9')).studies), []);
  assert.ok(uids((await list('?standing=ended')).studies).includes(uid));
  assert.not.ok(uids((await list('?standing=under-way')).studies).includes(uid));
  assert.equal(uids((await list('?standing=needs-you')).studies), []);
  const day = new Date().toISOString().slice(0, 10);
  assert.ok(uids((await list(`?from=${day}`)).studies).includes(uid));
  assert.equal(uids((await list(`?to=${day}`)).studies), []);
  const cursors = ['cursor=1', 'cursor=999999999999999~1.2'];
  const days = ['from=0000-01-01', 'to=1899-12-31'];
  for (const bad of ['q=%25', 'limit=0', 'limit=201', 'standing=all', ...cursors, ...days])
    assert.is((await pipeline.request('GET', `/studies?${bad}`)).status, 422, bad);
});

test('one sent in two uploads is one study, and needs a person while one of them does', async () => {
  const instances = soft(7105);
  const devices = [await addDevice(pipeline), await addDevice(pipeline)];
  for (const device of devices) {
    pipeline.actAs(pipeline.accountId, ['technician'], device);
    const { uploadId } = await pipeline.init(toManifest(instances));
    await pipeline.send(uploadId, instances);
    await pipeline.runAll();
  }
  pipeline.actAs(pipeline.accountId, ['technician']);
  const [study] = (await list(`?q=${uidOf(instances)}`)).studies;
  assert.equal(fieldsOf(study!.uploads, 'device'), devices.reverse());
  await hold(study!.uploads[0]!.uploadId);
  const [held] = (await list('?standing=needs-you')).studies;
  assert.equal([held?.studyInstanceUID, held?.standing], [uidOf(instances), 'needs-you']);
});

test('of another account are in no list but that of an auditor and of those who read all of the PACS', async () => {
  const { uid } = await deliver(7106);
  const stranger = await addAccount(pipeline);
  for (const role of ROLES) {
    pipeline.actAs(stranger, [role]);
    const watches = ['auditor', 'radiologist', 'admin'].includes(role);
    assert.equal(uids((await list()).studies), [], role);
    assert.is(uids((await list('?all=1')).studies).includes(uid), watches, role);
  }
});

test('name their sender and whether names were kept to those who watch the site, and to nobody else', async () => {
  const { uid } = await deliver(7116);
  const removed = soft(7117);
  await pipeline.init(toManifest(removed, 'deidentified'));
  const username = await ownName();
  const sendersIn = ({ studies }: Awaited<ReturnType<typeof list>>, of: string) =>
    studies.flatMap(({ studyInstanceUID, uploads }) =>
      studyInstanceUID === of ? uploads.map(({ sender }) => sender) : [],
    );
  const part = username.slice(0, 4).toUpperCase();
  const device = await addDevice(pipeline);
  pipeline.actAs(pipeline.accountId, ['technician'], device);
  const byDevice = soft(7191);
  await pipeline.init(toManifest(byDevice));
  pipeline.actAs(pipeline.accountId, ['technician']);
  assert.equal(uids((await list(`?q=${device}`)).studies), [], 'nobody looks for devices in their own list');
  assert.equal(sendersIn(await list('?all=1'), uid), [undefined], 'not to the technician');
  const kept = (await list()).studies.filter(({ uploads }) => uploads.some(({ keptNames }) => keptNames));
  const isKept = [uid, uidOf(removed)].map((of) => uids(kept).includes(of));
  assert.equal(isKept, [true, false], 'but the names');
  assert.equal(sendersIn(await list(`?q=${part}`), uid), []);
  const stranger = await addAccount(pipeline);
  for (const role of ['auditor', 'radiologist', 'admin'] as const) {
    pipeline.actAs(stranger, [role]);
    const all = await list('?all=1');
    assert.equal(sendersIn(all, uid), [{ username, keptNames: true }], role);
    assert.equal(sendersIn(all, uidOf(removed)), [{ username, keptNames: false }], role);
    assert.equal(sendersIn(await list(`?all=1&q=${part}`), uid).length, 1, 'found by the name');
    assert.equal(sendersIn(await list('?all=1&q=nobody-of-this-name'), uid), []);
    assert.equal(uids((await list(`?all=1&q=${device.slice(0, 13)}`)).studies), [uidOf(byDevice)]);
    assert.equal(uids((await list(`?q=${part}`)).studies), [], 'their own list stays their own');
  }
});

test('have a timeline that names the account behind each step to those who watch the site alone', async () => {
  const { uid } = await deliver(7118);
  const username = await ownName();
  const named = async () => {
    const events = await timelineOf(uid);
    return new Map(events.map(({ event, account }) => [event, account]));
  };
  assert.equal([...(await named()).values()].filter(Boolean), [], 'not to the technician');
  pipeline.actAs(await addAccount(pipeline), ['auditor']);
  const told = await named();
  assert.is(told.get('upload-opened'), username);
  assert.equal([told.has('receipt-issued'), told.get('receipt-issued')], [true, undefined]);
});

test('have a timeline: the steps of the audit trail, the oldest first', async () => {
  const { uid, uploadId } = await deliver(7107);
  const events = await timelineOf(uid);
  assert.ok(events.length >= 3 && events.every((event) => event.uploadId === uploadId));
  assert.equal(fieldsOf(events, 'at'), events.map(({ at }) => at).sort());
  const issued = events.find(({ event }) => event === 'receipt-issued');
  assert.equal(issued?.fields['receiptId'], (await pipeline.status(uploadId)).receipt?.id);
  assert.not.ok('studyId' in issued!.fields, 'an id that no route takes');
});

test('have a timeline that says how many images a person covered or released, once', async () => {
  const instances = syntheticStudy({ seed: 7119, instancesPerSeries: 4, rows: 8, columns: 8 }).instances;
  const promised = toManifest(instances, 'deidentified');
  const reports = [
    ['0028,0301 D covered', '7fe0,0010 C covered'],
    ['0028,0301 D released'],
    ['0010,0010 Z profile'],
  ];
  const manifest = {
    ...promised,
    instances: promised.instances.map((instance, at) => ({ ...instance, report: [0, 0, 1, 2][at]! })),
    deidentification: { edition: 'DICOM 2024e', options: [], reports },
  };
  const { uploadId } = await pipeline.init(manifest);
  await pipeline.init(manifest);
  const told = async () => {
    const events = await timelineOf(uidOf(instances));
    const decided = events.filter(({ event }) => /^instances-(covered|released)$/.test(event));
    assert.equal(fieldsOf(decided, 'uploadId'), [uploadId, uploadId]);
    return decided.map(({ event, fields, account }) => [event, fields['instances'], account].join(' '));
  };
  assert.equal(await told(), ['instances-covered 2 ', 'instances-released 1 '], 'not by whom');
  const username = await ownName();
  pipeline.actAs(await addAccount(pipeline), ['auditor']);
  const named = [`instances-covered 2 ${username}`, `instances-released 1 ${username}`];
  assert.equal(await told(), named);
});

test('have their receipt on paper: its code is read from the drawn page, and the file ends with its seal', async () => {
  const { uid, uploadId } = await deliver(7108);
  assert.is((await pipeline.request('GET', '/studies/1.2.3/receipt.pdf')).status, 404);
  const response = await pipeline.request('GET', `/studies/${uid}/receipt.pdf`);
  assert.is(response.headers.get('content-type'), 'application/pdf');
  const bytes = Buffer.from(await response.arrayBuffer());
  const code = await readSheetCode(bytes);
  const { receipt } = await pipeline.status(uploadId);
  const said = JSON.parse(Buffer.from(code.split('.')[1]!, 'base64url').toString()) as object;
  const { jti, studyInstanceUID, counts } = said as Record<string, unknown>;
  assert.equal([jti, studyInstanceUID, counts], [receipt?.id, uid, { stored: 2 }]);
  assert.ok(code.length <= 1024);
  assert.is.not(splitSheet(bytes.toString('latin1')), null);
});

/** The words of a study's sheet. */
async function sheetOf(uid: string): Promise<string> {
  const response = await pipeline.request('GET', `/studies/${uid}/receipt.pdf`);
  const input = Buffer.from(await response.arrayBuffer());
  return execFileSync('pdftotext', ['-layout', '-', '-'], { input }).toString();
}

test('have the pseudonym on their receipt where names were removed, as the PACS holds it unchanged', async () => {
  const instances = [];
  for (const instance of soft(7110)) {
    const made = await deidentifyBytes(instance.bytes, rulesOf(), await pseudonymsOf(7));
    if (made.kind !== 'ready') throw new Error(made.because);
    instances.push({ ...instance, identifiers: made.outcome.identifiers, bytes: new Uint8Array(made.bytes) });
  }
  const { uploadId } = await pipeline.init(toManifest(instances, 'deidentified'));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const uid = uidOf(instances);
  const [, pseudonym = ''] = /Pseudonym\s+(\S+)/.exec(await sheetOf(uid)) ?? [];
  assert.ok(Buffer.from(instances[0]!.bytes).includes(pseudonym) && pseudonym.length > 3, pseudonym);
  pacs.lie = 'down';
  assert.not.match(await sheetOf(uid), 'Pseudonym', 'a receipt does not wait for the PACS');
  pacs.lie = 'honest';
  for (const { identifiers } of instances) {
    const held = pacs.held.get(identifiers.sopInstanceUID)!;
    const changed = held.bytes.toString('latin1').replace(pseudonym, 'X'.repeat(pseudonym.length));
    held.bytes = Buffer.from(changed, 'latin1');
  }
  assert.not.match(await sheetOf(uid), 'Pseudonym', 'what the PACS changed is not printed');
  const { uid: identified } = await deliver(7111);
  assert.not.match(await sheetOf(identified), 'Pseudonym');
});

test('have no sheet where their receipts are too large for one, and the answer says what to do', async () => {
  const { uid, uploadId } = await deliver(7112);
  const { db } = pipeline.tools;
  const jws = `${await findReceipt(db, uploadId)}.${'a'.repeat(SHEET_BYTES_LIMIT)}`;
  await db.updateTable('receipt').set({ jws }).where('upload_id', '=', uploadId).execute();
  assert.equal(await refusalOf(`/studies/${uid}/receipt.pdf`), [413, 'sheet-too-large']);
});

test('a sheet has two megabytes: as many bytes fit, and not one more', () => {
  const bytes = SHEET_BYTES_LIMIT - 3 * PAGE_BYTES;
  assert.not.ok(isTooLarge({ receipts: 3, bytes }));
  assert.ok(isTooLarge({ receipts: 3, bytes: bytes + 1 }));
});

/** Sheets that are not drawn before the test ends them; `begun`: whose, in their order. */
function heldSheets(sheetMs?: number) {
  const begun: string[] = [];
  const turns = new Map<string, PromiseWithResolvers<void>>();
  const assembleSheet: AssembleSheet = async ({ uploads: [upload] }, _answer, signal) => {
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const account = upload!.sender.accountId;
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    begun.push(account);
    turns.get(account)?.resolve();
    return promise;
  };
  const { tools, signSheet } = pipeline;
  const serve = createSheetServer(
    { ...tools, signSheet, assembleSheet, readPatientId: async () => null },
    sheetMs,
  );
  const ask = async (accountId: string, studyInstanceUID: string, signal: AbortSignal) =>
    serve({ siteId: pipeline.siteId, accountId, watches: false, studyInstanceUID }, signal).then(
      () => 'drawn',
      (error: { code: string }) => error.code,
    );
  const hasBegun = (account: string): Promise<void> => {
    turns.set(account, Promise.withResolvers<void>());
    return turns.get(account)!.promise;
  };
  return { begun, ask, hasBegun };
}

test('an account has one sheet drawn at a time and does not hold up another; a caller who leaves frees the place', async () => {
  const own = await deliver(7113);
  const other = await addAccount(pipeline);
  pipeline.actAs(other, ['technician']);
  const theirs = await deliver(7114);
  const { begun, ask, hasBegun } = heldSheets();
  const first = new AbortController();
  const second = new AbortController();
  const third = new AbortController();
  const begins = hasBegun(pipeline.accountId);
  const answers = [ask(pipeline.accountId, own.uid, first.signal)];
  await begins;
  const next = hasBegun(pipeline.accountId);
  answers.push(ask(pipeline.accountId, own.uid, second.signal));
  const otherBegins = hasBegun(other);
  answers.push(ask(other, theirs.uid, third.signal));
  await otherBegins;
  assert.equal(begun, [pipeline.accountId, other]);
  first.abort();
  await next;
  second.abort();
  third.abort();
  assert.equal(await Promise.all(answers), ['called-off', 'called-off', 'called-off']);
});

test('a sheet that takes too long is given up, and the caller is told to come again', async () => {
  const { uid } = await deliver(7115);
  const { ask } = heldSheets(1);
  assert.is(await ask(pipeline.accountId, uid, new AbortController().signal), 'rate-limited');
});

test('opens in the viewers of its PACS, for whoever may see its images, and that is a reading', async () => {
  const { uid } = await deliver(7120);
  const ask = async (of = uid) => {
    const answer = await pipeline.request('POST', `/studies/${of}/viewer-link`);
    return [answer.status, await answer.json()] as const;
  };
  const offered = () => pipeline.request('GET', `/studies/${uid}/viewers`);
  assert.equal(await (await offered()).json(), { titles: ['Stone'] });
  const link = { title: 'Stone', url: `https://stone.test/${uid}` };
  assert.equal(await ask(), [200, { links: [link] }]);
  const read = pipeline.tools.db.selectFrom('reading').select(['account_id', 'kind', 'count']);
  const readings = await read.where('study_instance_uid', '=', uid).execute();
  assert.equal(readings, [{ account_id: pipeline.accountId, kind: 'site-viewer', count: 1 }]);
  const promised = soft(7121);
  await pipeline.init(toManifest(promised));
  assert.is((await ask(uidOf(promised)))[0], 404, 'not in the PACS');
  const other = await addAccount(pipeline);
  for (const [role, status] of [
    ['technician', 404],
    ['researcher', 404],
    ['radiologist', 200],
  ] as const) {
    pipeline.actAs(other, [role]);
    assert.equal([(await ask())[0], (await offered()).status], [status, status], role);
  }
});

test('a study without a receipt says so', async () => {
  const instances = soft(7109);
  await pipeline.init(toManifest(instances));
  assert.equal(await refusalOf(`/studies/${uidOf(instances)}/receipt.pdf`), [404, 'no-receipt-yet']);
});

test.run();
