/** Anonymous exports over the real routes, of cases whose patients the PACS names. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Export } from '#shared/protocol/exports.ts';
import { insertTestResult } from '../../testing/insert-result.ts';
import { audited } from '../../testing/audited.ts';
import {
  giveStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../../testing/open-cases.ts';
import { askForExport, exported, exportIn } from '../../testing/open-exports.ts';

const test = suite('anonymous exports of a gateway');
let gateway: PacsGateway;
let admin: string;
const template = 'cases-anonymous';
const CASES = 12;
const cases: string[] = [];

test.before(async () => {
  gateway = await openPacsGateway();
  admin = (await gateway.userWith(['admin'])).accessToken;
  for (let at = 0; at < CASES; at += 1) cases.push(await openCaseOf(at));
  gateway.wait(1);
});
test.after(() => gateway.close());

/** A patient and a study of their own, and a model's result. */
async function openCaseOf(at: number): Promise<string> {
  const { db } = gateway.database;
  const study = `2.25.98765432100${at + 10}`;
  const { id } = await openTestCase(gateway, admin, { expected: { accessionNumber: `X${at}` } });
  await giveStudy(gateway, id, study);
  gateway.pacs.studies.push({
    ...{ studyInstanceUID: study, patientName: `${nameOf(at)}^Kitsune`, patientId: `PID-${4700 + at}` },
    ...{ issuer: null, birthDate: `19800${1 + (at % 9)}24`, sex: 'F', studyDate: '20261120' },
    accessionNumber: `ACC-${4700 + at}`,
    description: `Chest of ${nameOf(at)}, lungs normal`,
  });
  await insertTestResult(db, { study, positive: true });
  return id;
}
const nameOf = (at: number): string => `Oberhub${'abcdefghijkl'[at]}r`;

const rowsOf = (csv: string): string[] => csv.trimEnd().split('\r\n').slice(1);

test('have the groups of their cases, and nothing of whose they are', async () => {
  const csv = await exported(gateway, admin, { template });
  const rows = rowsOf(csv);
  assert.is(rows.length, CASES);
  for (const row of rows) assert.match(row, /^45 to 49,F,[^,]*,CHEST,2026-11,[^,]*,positive,pneumonia,/);
  assert.match(csv, /lungs normal/);
  assert.not.match(csv, /oberhub|kitsune|pid|acc-|1980|0024|20261120|9876543/i);
  const full = await exported(gateway, admin, { template: 'cases-full' });
  assert.match(full, /Oberhubar\^Kitsune.*PID-4700/);
});

test('are all that a researcher may have, of cases that researchers see', async () => {
  const researcher = (await gateway.userWith(['researcher'])).accessToken;
  const csv = await exported(gateway, researcher, { template });
  assert.equal(rowsOf(csv), [], 'none of these studies is de-identified');
});

test('are held back where a name of one of several patients of a study has come into a closed field', async () => {
  const { db } = gateway.database;
  const { pacs } = gateway;
  const study = pacs.studies[2]!;
  pacs.studies.push({ ...study, patientName: 'Zwetajewa^Mara', patientId: 'PID-9' });
  await db.updateTable('inference_result').set({ version: 'of Zwetajewa' }).execute();
  const { id } = await askForExport(gateway, admin, { template });
  const { trouble, found } = await exportIn(gateway, admin, { id, becomes: 'failed' });
  assert.equal([trouble, found?.field], ['identity-found', 'modelVersions']);
  pacs.studies.pop();
});

test('are held back where a name has come into a closed field, and say where', async () => {
  const { db } = gateway.database;
  const marked = `of ${nameOf(3).toUpperCase()}`;
  await db.updateTable('inference_result').set({ version: marked }).execute();
  const { id } = await askForExport(gateway, admin, { template });
  const failed = await exportIn(gateway, admin, { id, becomes: 'failed' });
  assert.equal(
    [failed.trouble, failed.found, failed.rows],
    ['identity-found', { field: 'modelVersions', row: 2 }, null],
  );
  assert.is((await gateway.call('GET', `/exports/${id}/file`, { token: admin })).status, 410);
  const events = await audited(db, 'export-held-back');
  const said = events.find(({ fields }) => fields['exportId'] === id)?.fields;
  assert.equal([said?.['field'], said?.['row'], said?.['redaction']], ['modelVersions', 2, 'anonymous']);
  const told = JSON.stringify([failed, events, gateway.lines]);
  assert.not.match(told, /oberhub/i);
  const shown = await jsonOf<Export>(gateway, `GET /exports/${id}`, { token: admin });
  assert.equal([shown.sha256, shown.bytes], [null, null]);
  const another = { id: randomUUID(), template, selection: { cases: cases.slice(6) } };
  await askForExport(gateway, admin, another);
  // For other patients the same word names nobody.
  assert.is((await exportIn(gateway, admin, { id: another.id })).rows, CASES - 6);
});

test.run();
