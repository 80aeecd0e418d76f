/** The search of the site's studies by their patient, and of one's own by a pseudonym: the PACS tells whose. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import { foundStudiesSchema, sentStudiesSchema, type FoundStudies } from '#shared/protocol/studies.ts';
import { closeReadings } from '../audit/record-reading.ts';
import { audited } from '../testing/audited.ts';
import { codeOf, deliverStudy, openPacsGateway, type PacsGateway } from '../testing/open-cases.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';

const test = suite('the search of the site’s studies');
let gateway: PacsGateway;
let reader: Session;
let sender: Session;
let studies: { anna: string; bert: string; carl: string };

const web = { get: () => Promise.reject(new Error('not asked')), takesLists: async () => false };
const PSEUDONYM = `RP-${'7'.repeat(25)}K`;

test.before(async () => {
  const pacs = Object.assign(openTestPacs(), { web });
  gateway = await openPacsGateway(pacs);
  reader = await gateway.userWith(['radiologist']);
  sender = await gateway.userWith(['technician']);
  const send = (seed: number, patientName: string, patientId: string) =>
    deliverStudy(gateway, { token: sender.accessToken, seed, patientName, patientId });
  studies = {
    anna: await send(501, 'Vexquil^Anna', 'P-4715'),
    bert: await send(502, 'Vexquil^Bert', 'P-4716'),
    carl: await send(503, 'Oberhuber^Carl', PSEUDONYM),
  };
  // Another system's, which did not come through the gateway.
  pacs.studies.push({ ...pacs.studies[0]!, studyInstanceUID: '1.2.826.77' });
});
test.after(() => gateway.close());

const ask = (body: object, token = reader.accessToken) =>
  gateway.call('POST', '/studies/search', { token, body });
const find = async (text: string, by = 'patient'): Promise<FoundStudies> =>
  foundStudiesSchema.parse(await (await ask({ by, text })).json());
const uids = ({ studies: found }: FoundStudies) =>
  found.map(({ studyInstanceUID }) => studyInstanceUID).sort();

test('finds by name, Patient ID and pseudonym, and says what the PACS says of each', async () => {
  assert.equal(uids(await find('Vexquil')), [studies.anna, studies.bert].sort());
  for (const text of [PSEUDONYM, PSEUDONYM.toLowerCase()])
    assert.equal(uids(await find(text)), [studies.carl]);
  assert.equal(uids(await find('Nobody')), []);
  const { studies: found, isCut } = await find('P-4715');
  assert.equal([uids({ studies: found, isCut }), isCut], [[studies.anna], false]);
  const [{ patient, uploads }] = found as [FoundStudies['studies'][number]];
  assert.equal([patient?.patientName, patient?.patientId], ['Vexquil^Anna', 'P-4715']);
  assert.is(uploads[0]?.sender?.username, sender.user.username);
});

test('finds by the sender and the UID without asking the PACS', async () => {
  gateway.pacs.lie = 'down';
  const bySender = await find(sender.user.username, 'sending');
  assert.equal([bySender.studies.length, bySender.studies[0]?.patient], [3, null]);
  assert.equal(uids(await find(studies.bert, 'sending')), [studies.bert]);
  gateway.pacs.lie = 'honest';
});

test('takes a text of one line, and of two letters at least', async () => {
  for (const text of ['', 'V', '**', 'Vex*', 'Vex\\quil', 'Vex\nquil', 'x'.repeat(65)])
    assert.is((await ask({ by: 'patient', text })).status, 422, JSON.stringify(text));
  assert.is((await ask({ by: 'sending', text: 'a%' })).status, 422);
});

/** The studies that this person finds in their own list. */
async function ownBy({ accessToken: token }: Session, query: string): Promise<readonly string[]> {
  const answer = await gateway.call('GET', `/studies?${query}`, { token });
  return sentStudiesSchema.parse(await answer.json()).studies.map((one) => one.studyInstanceUID);
}

test('by a pseudonym finds the studies of its patient that the caller sent, and nobody else’s', async () => {
  const colleague = await gateway.userWith(['technician']);
  const sent = { token: colleague.accessToken, seed: 504, patientId: PSEUDONYM };
  const theirs = await deliverStudy(gateway, sent);
  for (const text of [PSEUDONYM, PSEUDONYM.toLowerCase()])
    assert.equal(await ownBy(sender, `q=${text}`), [studies.carl], text);
  assert.equal(await ownBy(colleague, `q=${PSEUDONYM}`), [theirs]);
  assert.equal(await ownBy(sender, `q=RP-${'9'.repeat(26)}`), []);
  assert.equal(await ownBy(sender, `q=${PSEUDONYM.slice(0, -1)}`), [], 'a part of one');
  assert.equal(await ownBy(sender, `q=${PSEUDONYM}&standing=under-way`), [], 'with the filters');
  // The site's list does not tell whose studies are of one patient.
  const auditor = await gateway.userWith(['auditor']);
  assert.ok((await ownBy(auditor, 'all=1')).includes(studies.carl));
  assert.equal(await ownBy(auditor, `all=1&q=${PSEUDONYM}`), []);
});

test('says that the PACS is away, or knows no search, and never "none" instead', async () => {
  const refusals = async (): Promise<unknown> => {
    const body = { by: 'patient', text: 'Vexquil' };
    const own = { token: sender.accessToken };
    return [
      await codeOf(gateway, 'POST /studies/search', { token: reader.accessToken, body }),
      await codeOf(gateway, `GET /studies?q=${PSEUDONYM}`, own),
    ];
  };
  gateway.pacs.lie = 'down';
  assert.equal(await refusals(), ['pacs-unreachable', 'pacs-unreachable']);
  assert.equal(await ownBy(sender, `q=${studies.anna}`), [studies.anna], 'other searches do not ask it');
  gateway.pacs.lie = 'honest';
  Object.assign(gateway.pacs, { web: undefined });
  assert.equal(await refusals(), ['pacs-without-dicomweb', 'pacs-without-dicomweb']);
  Object.assign(gateway.pacs, { web });
});

test('says when there may be more than it shows', async () => {
  const { length } = gateway.pacs.studies;
  const [one] = gateway.pacs.studies as [TestPacs['studies'][number]];
  for (let nth = 0; nth < 500; nth += 1)
    gateway.pacs.studies.push({ ...one, patientId: 'OTHER', studyInstanceUID: `1.2.826.78.${nth}` });
  assert.is((await find('Vexquil')).isCut, true);
  gateway.pacs.studies.length = length;
});

test('stands in the audit trail for each study that it named, and without the name', async () => {
  const { db } = gateway.database;
  await closeReadings({ db, now: () => new Date(Date.now() + 3_600_000) });
  const { accessToken, user } = await gateway.userWith(['radiologist']);
  await ask({ by: 'patient', text: 'Vexquil' }, accessToken);
  await ask({ by: 'sending', text: sender.user.username }, accessToken);
  await closeReadings({ db, now: () => new Date(Date.now() + 3_600_000) });
  const events = await audited(db);
  const own = events.filter(({ fields }) => fields['accountId'] === user.id && 'searches' in fields);
  assert.equal(
    own
      .map(({ event, fields }) => [event, fields['studyInstanceUID'], fields['searches'], fields['named']])
      .sort(),
    [studies.anna, studies.bert].map((uid) => ['study-found', uid, 1, true]).sort(),
  );
  assert.not.match(JSON.stringify(events), /Vexquil/i);
});

test.run();
