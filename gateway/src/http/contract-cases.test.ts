/** Cases, reviews and exports by the contract alone. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case, CaseAttachments } from '#shared/protocol/cases.ts';
import type { CaseView } from '#shared/protocol/case-views.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { openContract, type CallByContract, type Contract } from '../testing/call-by-contract.ts';
import { deliverStudy, openPacsGateway, type PacsGateway } from '../testing/open-cases.ts';
import { exportIn, newExport } from '../testing/open-exports.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { definitionOf, placeOf, stepOf } from '../testing/open-reviews.ts';

const test = suite('the contract of cases');
const SEED = 7201;
let gateway: PacsGateway;
let contract: Contract;
let callByContract: CallByContract;
let as: { readonly token: string };
let studyInstanceUID: string;
test.before(async () => {
  const web = { get: () => Promise.reject(new Error('not asked')), takesLists: async () => false };
  gateway = await openPacsGateway(Object.assign(openTestPacs(), { web }));
  contract = await openContract(gateway);
  ({ callByContract } = contract);
  as = { token: (await gateway.userWith(['radiologist', 'admin'])).accessToken };
  const { accessToken: token } = await gateway.userWith(['technician']);
  // The database has a clock of its own: a study that arrives before it was announced would be no good example.
  gateway.wait(60_000);
  const patient = { patientName: 'Vexquil^Anna', patientId: `PID-${SEED}` };
  studyInstanceUID = await deliverStudy(gateway, { token, seed: SEED, ...patient });
});
test.after(() => gateway.close());

const openCase = async (title: string): Promise<Case> =>
  (await callByContract('post', '/cases', 201, {
    ...{ ...as, body: { title, studies: [studyInstanceUID] } },
  })) as Case;

test('real answers about a case are as /openapi.json says', async () => {
  const { id, version } = await openCase('Fever for three days');
  const at = { ...as, params: { id } };
  await callByContract('get', '/cases', 200, as);
  await callByContract('get', '/cases/not-shown', 200, as);
  await callByContract('get', '/cases/{id}', 200, at);
  await callByContract('patch', '/cases/{id}', 200, { ...at, body: { version, priority: 'urgent' } });
  await callByContract('patch', '/cases/{id}', 409, { ...at, body: { version, priority: 'routine' } });
  await callByContract('post', '/cases/{id}/notes', 201, { ...at, body: { text: 'Seen on the ward.' } });
  await callByContract('get', '/cases/{id}/notes', 200, at);
  await callByContract('get', '/cases/{id}/patients', 200, at);
  const asked = { cases: [id], studies: [studyInstanceUID] };
  await callByContract('post', '/cases/patients', 200, { ...as, body: asked });
  await callByContract('post', '/cases/of-patient', 200, { ...as, body: { patient: 'Vexquil' } });
  await callByContract('post', '/studies/search', 200, { ...as, body: { by: 'patient', text: 'Vexquil' } });
  await callByContract('post', '/cases/{id}/close', 200, { ...at, body: { version: version + 1 } });
  await callByContract('post', '/cases/{id}/reopen', 200, {
    ...{ ...at, body: { version: version + 2, reason: 'A second look' } },
  });
  await callByContract('get', '/cases/{id}/timeline', 200, at);
  const changes = [{ id, version: version + 3, set: { tags: ['round'] } }];
  await callByContract('post', '/cases/bulk', 200, { ...as, body: { changes } });
  await callByContract('get', '/case-assignees', 200, as);
  await callByContract('delete', '/cases/{id}', 204, { ...at, query: { version: `${version + 4}` } });
  await callByContract('get', '/cases/{id}', 404, at);
});

test('real answers about cases as a table are as /openapi.json says', async () => {
  await callByContract('post', '/cases/import', 200, {
    ...as,
    query: { id: randomUUID() },
    headers: { 'content-type': 'text/csv' },
    form: new TextEncoder().encode(`title,priority,studies\r\nFrom a table,urgent,${studyInstanceUID}\r\n`),
  });
  await callByContract('get', '/cases', 200, { ...as, query: { format: 'csv' } });
});

test('real answers about attachments and saved views are as /openapi.json says', async () => {
  const { id } = await openCase('With a letter');
  const form = new FormData();
  form.set('name', 'letter.pdf');
  form.set('file', new Blob(['%PDF-1.7']));
  const path = '/cases/{id}/attachments';
  const { attachments } = (await callByContract('post', path, 201, {
    ...as,
    params: { id },
    form,
  })) as CaseAttachments;
  const params = { id, attachmentId: attachments[0]!.id };
  await callByContract('get', path, 200, { ...as, params });
  await callByContract('get', `${path}/{attachmentId}`, 200, { ...as, params });
  await callByContract('delete', `${path}/{attachmentId}`, 204, { ...as, params });
  const filters = {
    ...{ status: '', priority: '', assignee: 'me', due: '', opened: '', from: '', to: '' },
    ...{ modality: '', bodyPart: '', early: '', finding: '', sort: 'newest' },
  };
  const view = { name: 'Mine', filters };
  const saved = (await callByContract('post', '/case-views', 201, { ...as, body: view })) as CaseView;
  await callByContract('get', '/case-views', 200, as);
  await callByContract('put', '/case-views/{id}', 200, { ...as, params: { id: saved.id }, body: view });
  await callByContract('delete', '/case-views/{id}', 204, { ...as, params: { id: saved.id } });
});

test('real answers about a review are as /openapi.json says', async () => {
  const { id: caseId } = await openCase('To be read');
  const first = await gateway.userWith(['radiologist']);
  const second = await gateway.userWith(['radiologist']);
  const reader = { token: second.accessToken };
  await callByContract('get', '/cases/unread-studies', 200, as);
  for (const method of ['put', 'delete'])
    await callByContract(method, '/cases/unread-studies/{studyInstanceUID}/waiver', 204, {
      ...{ ...as, params: { studyInstanceUID } },
    });
  await callByContract('get', '/review-types', 200, as);
  const definition = await definitionOf(gateway, as, 'chest-film');
  await callByContract('post', '/review-types', 201, { ...as, body: { name: 'own-type', definition } });
  await callByContract('put', '/review-types/{name}', 200, {
    ...as,
    params: { name: 'own-type' },
    body: { version: 1, definition: { ...definition, title: 'Our own' } },
  });
  await callByContract('get', '/cases/{id}/readers', 200, {
    ...as,
    params: { id: caseId },
    query: { type: 'chest-film' },
  });
  const open = async (): Promise<string> => {
    const body = { id: randomUUID(), type: 'chest-film', readers: [first.user.id] };
    const of = { ...as, params: { id: caseId }, body };
    return ((await callByContract('post', '/cases/{id}/reviews', 201, of)) as Review).id;
  };
  const id = await open();
  const at = { ...reader, params: { id } };
  await callByContract('get', '/reviews', 200, as);
  await callByContract('get', '/cases/{id}/reviews', 200, { ...as, params: { id: caseId } });
  await callByContract('get', '/reviews/{id}', 200, { ...at, token: first.accessToken });
  const { place, version } = await placeOf(gateway, { token: first.accessToken }, id);
  const given = { id: randomUUID(), place, version, accountId: second.user.id };
  await callByContract('post', '/reviews/{id}/assign', 200, { ...at, token: as.token, body: given });
  await callByContract('get', '/reviews/{id}/annotations', 200, at);
  const drawn = { id: randomUUID(), place, version: 0, annotations: [] };
  await callByContract('put', '/reviews/{id}/annotations', 200, { ...at, body: drawn });
  const said = { decision: 'accept', answers: { finding: 'normal', certainty: 4 } };
  await callByContract('post', '/reviews/{id}/decision', 200, {
    ...at,
    body: await stepOf(gateway, reader, id, said),
  });
  await callByContract('post', '/reviews/{id}/sign', 200, {
    ...at,
    body: await stepOf(gateway, reader, id, { isMeant: true }),
  });
  assert.is((await placeOf(gateway, reader, id)).state, 'signed');
  const gone = { ...as, params: { id: await open() }, body: { id: randomUUID() } };
  await callByContract('post', '/reviews/{id}/withdraw', 200, gone);
});

test('real answers about exports are as /openapi.json says', async () => {
  const definition = { title: 'Numbers', redaction: 'limited', format: 'csv', fields: ['caseNumber'] };
  const template = { name: 'own-template', definition };
  await callByContract('post', '/export-templates', 201, { ...as, body: template });
  const next = { version: 1, definition: { ...definition, fields: ['status', 'caseNumber'] } };
  await callByContract('put', '/export-templates/{name}', 200, {
    ...as,
    params: { name: template.name },
    body: next,
  });
  await callByContract('get', '/export-templates', 200, as);
  const { id } = (await callByContract('post', '/exports', 201, { ...as, body: newExport({}) })) as {
    id: string;
  };
  await exportIn(gateway, as.token, { id });
  await callByContract('get', '/exports', 200, as);
  await callByContract('get', '/exports/{id}', 200, { ...as, params: { id } });
  await callByContract('get', '/exports/{id}/file', 200, { ...as, params: { id } });
  await callByContract('post', '/exports/{id}/cancel', 200, { ...as, params: { id } });
  await callByContract('get', '/exports/{id}/file', 410, { ...as, params: { id } });
});

test('real answers about figures are as /openapi.json says', async () => {
  for (const about of ['operations', 'models', 'reviews'])
    await callByContract('get', `/analytics/${about}`, 200, as);
  const researcher = { token: (await gateway.userWith(['researcher'])).accessToken };
  await callByContract('get', '/evaluation', 200, researcher);
});

test('the contract has an example of each operation that was called', () => {
  assert.equal(contract.lacking(), []);
});

test.run();
