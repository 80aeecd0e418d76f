/** `/audit/events`: looked for by auditors, saved, and itself recorded; never of another site. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AUDIT_EVENTS, AUDIT_KINDS, eventsOfKind, type OfStudy } from '#shared/protocol/audit-events.ts';
import { auditVerdictSchema } from '#shared/protocol/audit-head.ts';
import { auditPageSchema, auditPeopleSchema, type AuditPage } from '#shared/protocol/audit-page.ts';
import { openTestCase } from '../testing/open-cases.ts';
import { addDestination } from '../testing/open-copies.ts';
import { createTestDevice } from '../testing/open-device.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { testFilm } from '../testing/open-subject.ts';
import { userOfOtherSite } from '../testing/other-site.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { parseCsv } from '../http/parse-csv.ts';
import { recordAudits, type AuditEvent } from './audit.ts';
import { closeReadings, recordReading } from './record-reading.ts';

const test = suite('events of the audit trail');
let gateway: TestGateway;
let auditor = '';
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
});
test.before.each(async () => {
  auditor = (await gateway.userWith(['auditor'])).accessToken;
});
test.after(() => gateway.close());

async function found(query: string, token = auditor): Promise<AuditPage> {
  const answer = await gateway.call('GET', `/audit/events?${query}`, { token });
  assert.is(answer.status, 200, query);
  return auditPageSchema.parse(await answer.json());
}
const eventsIn = ({ rows }: AuditPage): string[] => rows.map(({ event }) => event);

/** A study that somebody has promised, and the person. */
async function promisedStudy(seed: number) {
  const { accessToken: token, user } = await gateway.userWith(['technician']);
  const film = testFilm({ seed });
  const answer = await gateway.call('POST', '/upload/init', { token, body: toManifest([film]) });
  const { uploadId } = (await answer.json()) as { uploadId: string };
  return { token, user, uploadId, uid: film.identifiers.studyInstanceUID };
}

test('tell who did what, from where and of which study, with names for the ids', async () => {
  const { user, uploadId, uid, token } = await promisedStudy(801);
  await gateway.call('DELETE', `/upload/${uploadId}`, { token });
  const again = await promisedStudy(802);
  const { rows, names } = await found(`person=${again.user.id}`);
  assert.equal(
    rows.map(({ event }) => event),
    ['upload-opened', 'login'],
  );
  assert.is(names.accounts[again.user.id], again.user.username);
  assert.equal([rows[0]?.fields['by'], rows[1]?.fields['address']], [again.user.id, 'local']);
  assert.equal(names.studies, { [again.uid]: again.uploadId });
  const takenBack = await found(`person=${user.id}`);
  assert.equal(eventsIn(takenBack), ['upload-taken-back', 'upload-opened', 'login']);
  assert.equal(takenBack.names.studies, {}, 'it is gone');
  assert.equal(eventsIn(await found(`study=${uid}`)), [], 'and nobody can say any more which UID it had');
  const id = String(takenBack.rows[0]?.fields['studyId']);
  assert.equal(
    eventsIn(await found(`study=${id}`)),
    ['upload-taken-back', 'upload-opened'],
    'its events stay',
  );
});

test('are narrowed by study, by case, by kind and by time, page by page', async () => {
  const { uid, uploadId } = await promisedStudy(803);
  const byUid = await found(`study=${uid}`);
  assert.equal(eventsIn(byUid), ['upload-opened']);
  assert.is(byUid.study?.studyInstanceUID, uid);
  assert.equal((await found(`study=${byUid.study?.id}`)).rows, byUid.rows, 'an address needs no UID');
  assert.equal(
    (await found(`study=${uploadId}`)).rows,
    byUid.rows,
    'the page of an upload knows no other id',
  );
  const { accessToken: radiologist } = await gateway.userWith(['radiologist']);
  const opened = await openTestCase(gateway, radiologist, { expected: { accessionNumber: 'A1' } });
  const number = (await found(`case=${opened.id}`)).names.cases[opened.id];
  assert.equal(eventsIn(await found(`case=${number}`)).at(-1), 'case-opened');
  assert.equal((await found('case=999999999')).rows, []);
  for (const kind of AUDIT_KINDS)
    for (const event of eventsIn(await found(`kind=${kind}`)))
      assert.ok(eventsOfKind(kind).includes(event), `${event} is of ${kind}`);
  const all = await found('limit=200');
  const paged: number[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const page: AuditPage = await found(`limit=3${next && `&before=${next}`}`);
    paged.push(...page.rows.map(({ seq }) => seq));
    next = page.next;
  }
  assert.equal(
    paged,
    all.rows.map(({ seq }) => seq),
  );
  assert.is(all.newest, Math.max(...paged));
  const future = new Date(gateway.now().getTime() + 60_000).toISOString();
  assert.equal((await found(`from=${future}`)).rows, []);
  assert.is((await found(`to=${future}`)).rows.length, Math.min(50, paged.length));
});

test('name the device that did them, in the page and beside its id in the file', async () => {
  const { accessToken: token, user } = await gateway.userWith(['technician']);
  const device = await createTestDevice(gateway);
  const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
  assert.is(await device.enrol(token, agent), 200);
  const { names } = await found(`device=${device.id}`);
  assert.equal(names.devices, { [device.id]: 'Firefox on Linux' });
  const csv = await gateway.call('GET', `/audit/events?format=csv&person=${user.id}`, { token: auditor });
  const bytes = new Uint8Array(await csv.arrayBuffer());
  const [head, ...lines] = await Array.fromAsync(
    parseCsv([bytes].values() as unknown as AsyncIterable<Uint8Array>),
  );
  const cellsOf = (name: string) =>
    lines.map(({ cells }) => cells[head!.cells.indexOf(name)]).filter(Boolean);
  assert.equal([cellsOf('device'), cellsOf('device id')], [['Firefox on Linux'], [device.id]]);
});

test('name the destination and the modality that were changed, but none of another site', async () => {
  const { db } = gateway.database;
  const { siteId, id: by } = (await gateway.signIn()).user;
  const stranger = await userOfOtherSite(gateway, ['auditor']);
  const destinationId = await addDestination({ tools: { db }, siteId }, 'archive', null, false);
  const peerId = randomUUID();
  await db
    .insertInto('dimse_peer')
    .values({
      ...{ id: peerId, site_id: siteId, name: 'CT in room 2', ae_title: 'CT2', addresses: ['10.0.0.9/32'] },
      ...{ account_id: by, policy_name: 'default', reason: null, changed_at: gateway.now() },
    })
    .execute();
  const gone = { destinationId: randomUUID(), peerId: randomUUID() };
  const studyId = randomUUID();
  const peer = { aeTitle: 'CT2', addresses: ['10.0.0.9/32'], accountId: by, policy: 'default', by };
  const changed = [
    { event: 'study-resumed', studyId, destinationId, instances: 1, by },
    { event: 'study-resumed', studyId, destinationId: gone.destinationId, instances: 1, by },
    { event: 'dimse-peer-made', peerId, ...peer },
    { event: 'dimse-peer-deleted', ...peer, peerId: gone.peerId },
  ] satisfies AuditEvent[];
  for (const site of [siteId, stranger.user.siteId])
    await db.transaction().execute((trx) => recordAudits(trx, site, changed, gateway.now()));
  const { names } = await found('');
  assert.is(names.destinations[destinationId], 'archive');
  assert.is(names.peers[peerId], 'CT in room 2');
  for (const id of Object.values(gone)) assert.not.ok(id in names.destinations || id in names.peers);
  const theirs = (await found('', stranger.accessToken)).names;
  assert.equal([theirs.destinations, theirs.peers], [{}, {}]);
});

test('are narrowed by the device that did them', async () => {
  const { user } = await gateway.userWith(['technician']);
  const { db } = gateway.database;
  const { site_id: siteId } = await db
    .selectFrom('account')
    .select('site_id')
    .where('id', '=', user.id)
    .executeTakeFirstOrThrow();
  const deviceId = randomUUID();
  const other = randomUUID();
  const ended = { accountId: user.id, because: 'unused' } as const;
  const events: AuditEvent[] = [
    { event: 'device-enrolled', accountId: user.id, deviceId },
    { event: 'device-enrolled', accountId: user.id, deviceId: other },
    { event: 'upload-opened', studyId: randomUUID(), studyInstanceUID: '1.2.9', by: user.id, deviceId },
    { event: 'device-ended', ...ended, devices: [other, deviceId] },
  ];
  await db.transaction().execute((trx) => recordAudits(trx, siteId, events, gateway.now()));
  assert.equal(eventsIn(await found(`device=${deviceId}`)), [
    'device-ended',
    'upload-opened',
    'device-enrolled',
  ]);
  assert.equal(eventsIn(await found(`device=${deviceId}&kind=studies`)), ['upload-opened']);
  assert.is((await gateway.call('GET', '/audit/events?device=1', { token: auditor })).status, 422);
});

test('are not told to others, and of another site nothing is found by any filter', async () => {
  const { uid, user } = await promisedStudy(804);
  const { accessToken: radiologist } = await gateway.userWith(['radiologist']);
  const { id: caseId } = await openTestCase(gateway, radiologist, { expected: { accessionNumber: 'A1' } });
  const number = (await found(`case=${caseId}`)).names.cases[caseId];
  const studyId = (await found(`study=${uid}`)).study?.id;
  for (const role of ['technician', 'radiologist', 'researcher'] as const) {
    const { accessToken: token } = await gateway.userWith([role]);
    for (const path of ['/audit/events', '/audit/events?format=csv', '/audit/people', '/audit/verify/events'])
      assert.is((await gateway.call('GET', path, { token })).status, 403, `${role} ${path}`);
  }
  const stranger = await userOfOtherSite(gateway, ['auditor']);
  const asked = [`person=${user.id}`, `study=${uid}`, `study=${studyId}`, `case=${number}`, `case=${caseId}`];
  for (const query of asked) {
    const { rows, names, study } = await found(query, stranger.accessToken);
    assert.equal(rows, [], query);
    assert.ok(
      Object.values(names).every((named) => Object.keys(named).length === 0),
      query,
    );
    assert.is(study?.id ?? null, null, query);
  }
  const own = await found('', stranger.accessToken);
  assert.ok(own.rows.every(({ fields }) => fields['accountId'] === stranger.user.id));
  const answer = await gateway.call('GET', '/audit/people', { token: stranger.accessToken });
  const { people } = auditPeopleSchema.parse(await answer.json());
  assert.equal(
    people.map(({ id }) => id),
    [stranger.user.id],
  );
  const csv = await gateway.call('GET', '/audit/events?format=csv', { token: stranger.accessToken });
  assert.not.match(await csv.text(), user.id);
});

test('are refused for filters that are none', async () => {
  const hostile = [
    ...['person=anna', "person=' or 1=1 --", 'kind=everything', 'kind=', 'study=1.2.3%27', 'study=a-b'],
    ...['study=%00', 'case=-1', 'case=0', 'case=1e99', 'case=1.5', 'case=99999999999', 'case='],
    ...[
      'from=yesterday',
      'from=0000-01-01',
      'to=275760-09-13',
      'before=1',
      'before=1~x',
      'before=99999999999999999~1',
    ],
    ...[
      'before=999999999999999~1',
      'before=1~9999999999999999',
      'limit=0',
      'limit=201',
      'limit=1e3',
      'format=html',
    ],
    `study=${'1.'.repeat(60)}1`,
  ];
  for (const query of hostile)
    assert.is((await gateway.call('GET', `/audit/events?${query}`, { token: auditor })).status, 422, query);
  for (const query of [
    'limit=200',
    'before=1790000000000~999999999999999',
    'case=999999999',
    'from=2026-01-01',
  ])
    assert.is((await gateway.call('GET', `/audit/events?${query}`, { token: auditor })).status, 200, query);
});

test('are saved as CSV without formulas, and saving is an event that is not in the file', async () => {
  const { user } = await promisedStudy(805);
  const { db } = gateway.database;
  await db
    .updateTable('account')
    .set({ username: '=HYPERLINK("http://x")' })
    .where('id', '=', user.id)
    .execute();
  const path = `/audit/events?format=csv&kind=studies&person=${user.id}`;
  const answer = await gateway.call('GET', path, { token: auditor });
  assert.equal(
    [answer.status, answer.headers.get('content-type'), answer.headers.get('content-disposition')],
    [200, 'text/csv; charset=utf-8; header=present', 'attachment; filename="audit.csv"'],
  );
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  assert.match(text, `"'=HYPERLINK(""http://x"")"`);
  const cells = await Array.fromAsync(parseCsv([bytes].values() as unknown as AsyncIterable<Uint8Array>));
  const column = (name: string) => cells[0]!.cells.indexOf(name);
  assert.equal(
    cells.slice(1).map(({ cells: row }) => row[column('event')]),
    ['upload-opened'],
  );
  const [, row] = cells;
  assert.equal(
    ['event id', 'action', 'outcome', 'account id'].map((name) => row!.cells[column(name)]),
    ['110102', 'E', '0', user.id],
  );
  const saved = (await found('kind=exports')).rows[0];
  const { by: _, ...fields } = saved!.fields;
  assert.equal(
    [saved!.event, fields],
    ['audit-saved', { kind: 'studies', from: null, until: null, narrowedBy: ['person'] }],
  );
  const whole = await gateway.call('GET', '/audit/events?format=csv', { token: auditor });
  const lines = (await whole.text()).trim().split('\r\n');
  assert.is(lines.length - 1, (await found('limit=200')).rows.length - 1, 'all of them but this saving');
});

test('that were read are an event: one for an account and a quarter of an hour, with its pages', async () => {
  const { accessToken: token, user } = await gateway.userWith(['auditor']);
  await found('', token);
  await found('kind=studies', token);
  await gateway.call('GET', '/audit', { token });
  await gateway.call('GET', '/audit/verify', { token });
  await closeReadings({ db: gateway.database.db, now: gateway.now });
  const { siteId } = await gateway.database.db
    .selectFrom('account')
    .select('site_id as siteId')
    .where('id', '=', user.id)
    .executeTakeFirstOrThrow();
  const tools = { db: gateway.database.db, now: gateway.now };
  assert.is(
    (await found('', token)).readingsPending,
    false,
    'of readings of the trail nobody has to be told',
  );
  await recordReading(tools, { id: user.id, siteId }, '1.2.3', 'images');
  assert.is((await found('', token)).readingsPending, true);
  gateway.wait(16 * 60_000);
  await closeReadings(tools);
  const later = (await gateway.userWith(['auditor'])).accessToken;
  const { rows, readingsPending } = await found(`person=${user.id}&kind=reading`, later);
  assert.is(readingsPending, false);
  assert.equal(
    rows.map(({ event, fields }) => [event, fields['pages'] ?? fields['images'], fields['accountId']]).sort(),
    [
      ['audit-read', 6, user.id],
      ['records-read', 1, user.id],
    ],
  );
});

type Sent = { readonly event: string; readonly data: unknown };
async function verifyEvents(token: string): Promise<Sent[]> {
  const answer = await gateway.call('GET', '/audit/verify/events', { token });
  assert.match(answer.headers.get('content-type') ?? '', 'text/event-stream');
  return (await answer.text())
    .split('\n\n')
    .filter(Boolean)
    .map((message) => {
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(message)?.[1] ?? '';
      return { event: field('event'), data: JSON.parse(field('data')) as unknown };
    });
}

test('are verified with progress, and the stream says what is wrong', async () => {
  const { db } = gateway.database;
  const whole = await verifyEvents(auditor);
  assert.equal(
    whole.map(({ event }) => event),
    ['verdict'],
    'so few are done before anybody sees it',
  );
  assert.is(auditVerdictSchema.parse(whole[0]!.data).kind, 'whole');
  const { siteId, id } = (await gateway.signIn()).user;
  const event = { event: 'logout', accountId: id } as const;
  for (let batch = 0; batch < 11; batch += 1)
    await db
      .transaction()
      .execute((trx) => recordAudits(trx, siteId, Array(1_000).fill(event), gateway.now()));
  const told = await verifyEvents(auditor);
  const progress = told.filter((each) => each.event === 'progress').map(({ data }) => data);
  const of = (progress[0] as { of: number }).of;
  assert.equal(
    progress,
    [5_000, 10_000].map((checked) => ({ checked, of })),
  );
  const verdict = auditVerdictSchema.parse(told.at(-1)!.data);
  assert.ok(verdict.kind === 'whole' && verdict.rows === of && of > 11_000);
  await db.updateTable('audit').set({ event: 'login' }).where('seq', '=', 7_000).execute();
  assert.equal((await verifyEvents(auditor)).at(-1), {
    event: 'verdict',
    data: { kind: 'broken', atSeq: 7_000, because: 'row' },
  });
});

test('have a kind each, and each kind has events', () => {
  assert.equal(new Set(Object.values(AUDIT_EVENTS).map(({ kind }) => kind)), new Set(AUDIT_KINDS));
});

/** Each event of the trail once, as it names a study: with the id of its row here, or with its UID. */
function eventsAbout(by: string, studyId: string, studyInstanceUID: string): AuditEvent[] {
  const caseId = randomUUID();
  const exportId = randomUUID();
  const isStep = (name: string): boolean => /^(study|upload|parcel|instances|receipt)-/.test(name);
  const named: Readonly<Record<OfStudy, (name: string) => object>> = {
    study: (name) => (isStep(name) ? { studyId } : { studyInstanceUID }),
    studies: () => ({ studies: ['1.2.826.7', studyInstanceUID] }),
    case: (name) => ({ caseId, ...(name === 'case-opened' && { studies: [studyInstanceUID] }) }),
    export: (name) => ({ exportId, ...(name === 'export-ready' && { studies: [studyInstanceUID] }) }),
    none: () => ({}),
  };
  return Object.entries(AUDIT_EVENTS).map(
    ([event, { of }]) => ({ event, by, ...named[of](event) }) as unknown as AuditEvent,
  );
}

test('that concern a study are all found by it, and none that concern another one', async () => {
  const { uid, user } = await promisedStudy(806);
  const { db } = gateway.database;
  const { siteId } = (await gateway.signIn()).user;
  const studyId = (await found(`study=${uid}`)).study!.id!;
  const events = [...eventsAbout(user.id, studyId, uid), ...eventsAbout(user.id, randomUUID(), '1.2.826.8')];
  await db.transaction().execute((trx) => recordAudits(trx, siteId, events, gateway.now()));
  const ofStudy = Object.entries(AUDIT_EVENTS).flatMap(([name, { of }]) => (of === 'none' ? [] : [name]));
  assert.ok(ofStudy.length > 50 && ofStudy.includes('result-verified'), `${ofStudy.length} events`);
  for (const asked of [uid, studyId]) {
    const { rows } = await found(`study=${asked}&limit=200`);
    const [opened, ...rest] = rows.map(({ event }) => event).toReversed();
    assert.is(opened, 'upload-opened', 'that of the promise');
    assert.equal(rest.sort(), ofStudy.toSorted());
  }
});

test.run();
