import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { auditPageSchema } from '#shared/protocol/audit-page.ts';
import { closeReadings } from '../../audit/record-reading.ts';
import { failsWith } from '../../testing/failing.ts';
import { createTestKey } from '../../testing/open-api-key.ts';
import { openTestGateway } from '../../testing/open-gateway.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { first, openWebWorld, type WebWorld } from '../../testing/open-web-world.ts';
import { ITEM_BYTES_LIMIT, readItems } from './read-items.ts';
import { STUDIES_LIMIT } from './search.routes.ts';

const test = suite('QIDO-RS');
let world: WebWorld;
test.before(async () => {
  world = await openWebWorld();
});
test.after(() => world.close());

const studiesIn = (rows: Awaited<ReturnType<WebWorld['rows']>>) => rows.map((row) => first(row, '0020000D'));

/** The PACS finds this study, whatever it is asked for. */
const answerStudies = (row: object): void =>
  world.pacs.say(/\/studies$/, (response) =>
    response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify([row])),
  );

test('senders find the studies that they sent and no others; whoever reads by role finds all', async () => {
  const one = await world.person('technician');
  const other = await world.person('technician');
  const own = [await world.send(one, 9301), await world.send(one, 9302)].map(
    (study) => study.studyInstanceUID,
  );
  const foreign = await world.send(other, 9303);
  assert.equal(studiesIn(await world.rows('/studies', one)), own.toReversed());
  assert.equal(studiesIn(await world.rows('/studies', other)), [foreign.studyInstanceUID]);
  const asked = `?StudyInstanceUID=${foreign.studyInstanceUID}`;
  assert.equal(await world.rows(`/studies${asked}`, one), []);
  assert.equal(await world.rows(`/instances${asked}`, one), []);
  const all = studiesIn(await world.rows('/studies', await world.person('radiologist')));
  for (const uid of [...own, foreign.studyInstanceUID]) assert.ok(all.includes(uid));
});

test('another’s study is not there, at whatever level it is asked for', async () => {
  const stranger = await world.person('technician');
  const { studyInstanceUID: study, instances } = await world.send(await world.person('technician'), 9304);
  const { seriesInstanceUID: series } = instances[0]!.identifiers;
  for (const path of ['/series', '/instances', `/series/${series}/instances`]) {
    const answers = [await world.get(`/studies/${study}${path}`, stranger)];
    answers.push(await world.get(`/studies/1.2.3.4${path.replace(series, '1.2')}`, stranger));
    const [held, absent] = await Promise.all(answers.map((answer) => answer.text()));
    const plain = (text = '') => text.replace(/"correlationId":"[^"]*"/, '');
    assert.is(answers[0]!.status, 404);
    assert.is(plain(held), plain(absent), 'the same as for a study that nobody has');
  }
});

test('an account that sends an instance under another’s study learns nothing of it', async () => {
  const owner = await world.person('technician');
  const intruder = await world.person('technician');
  const { studyInstanceUID } = await world.send(owner, 9305);
  const [victim] = syntheticStudy({ seed: 9305, instancesPerSeries: 1 }).instances;
  const theirs = oneWithUidLike(studyInstanceUID);
  const text = Buffer.from(theirs.bytes).toString('latin1');
  const renamed = text.replaceAll(theirs.identifiers.studyInstanceUID, studyInstanceUID);
  const bytes = new Uint8Array(Buffer.from(renamed, 'latin1'));
  await world.store(intruder, [{ ...theirs, bytes }]);
  assert.ok([...world.pacs.held.values()].filter(({ study }) => study === studyInstanceUID).length === 3);
  assert.equal(await world.rows('/studies', intruder), []);
  for (const path of ['', '/series', '/metadata', `/series/${victim!.identifiers.seriesInstanceUID}`])
    assert.is((await world.get(`/studies/${studyInstanceUID}${path}`, intruder)).status, 404, path);
});

test('a study of which the PACS does not say how many instances it has is shown to no sender', async () => {
  const token = await world.person('technician');
  const { studyInstanceUID: study } = await world.send(token, 9306);
  const row = { '0020000D': { vr: 'UI', Value: [study] }, '00100010': { vr: 'PN', Value: [] } };
  const saying = async (amount: object) => {
    answerStudies({ ...row, ...amount });
    return studiesIn(await world.rows('/studies', token));
  };
  world.pacs.asked.splice(0);
  assert.equal(await saying({ '00201208': { vr: 'IS', Value: [2] } }), [study]);
  assert.is(world.pacs.asked.at(-1)?.query.get('includefield'), '00201208');
  assert.equal(await saying({}), []);
  assert.equal(await saying({ '00201208': { vr: 'IS' } }), []);
  assert.equal(await saying({ '00201208': { vr: 'IS', Value: ['many'] } }), []);
  assert.equal(await saying({ '00201208': { vr: 'IS', Value: [3] } }), []);
  world.pacs.say(/\/studies$/, null);
});

/** An instance whose Study Instance UID is as long as `uid`, so that either can replace the other. */
function oneWithUidLike(uid: string): SyntheticInstance {
  for (let seed = 9400; ; seed += 1) {
    const { studyInstanceUID, instances } = syntheticStudy({
      seed,
      instancesPerSeries: 1,
      rows: 8,
      columns: 8,
    });
    if (studyInstanceUID.length === uid.length) return instances[0]!;
  }
}

test('series and instances of own studies are found, also below them', async () => {
  const token = await world.person('technician');
  const { studyInstanceUID: study, instances } = await world.send(token, 9307, { series: 2 });
  const series = [...new Set(instances.map(({ identifiers }) => identifiers.seriesInstanceUID))];
  for (const path of ['/series', `/studies/${study}/series`])
    assert.equal((await world.rows(path, token)).map((row) => first(row, '0020000E')).sort(), series.sort());
  assert.is((await world.rows('/instances', token)).length, 4);
  assert.is((await world.rows(`/studies/${study}/instances?limit=3`, token)).length, 3);
  assert.is((await world.rows(`/studies/${study}/series/${series[0]}/instances`, token)).length, 2);
});

test('rows come in XML too, a part for each, and none is an answer without a body', async () => {
  const token = await world.person('technician');
  const { studyInstanceUID } = await world.send(token, 9490);
  for (const accept of ['multipart/related; type="application/dicom+xml"', 'application/dicom+xml']) {
    const answer = await world.get('/studies', token, accept);
    assert.is(answer.status, 200);
    const type = answer.headers.get('content-type') ?? '';
    assert.match(type, /^multipart\/related; type="application\/dicom\+xml"; boundary=/);
    const text = await answer.text();
    assert.is(text.split('<NativeDicomModel').length - 1, 1);
    assert.match(text, `<Value number="1">${studyInstanceUID}</Value>`);
    assert.match(text, 'keyword="StudyInstanceUID"');
    assert.not.match(text, world.pacs.url);
  }
  const newcomer = await world.person('technician');
  assert.is((await world.get('/studies', newcomer, 'application/dicom+xml')).status, 204);
  assert.is((await world.get('/studies', token, 'text/html')).status, 406);
});

test('pages of own studies are whole and have no gaps', async () => {
  const token = await world.person('technician');
  const own: string[] = [];
  for (let seed = 9310; seed < 9315; seed += 1) {
    own.unshift((await world.send(token, seed, { instances: 1 })).studyInstanceUID);
    await world.send(await world.person('technician'), seed + 10, { instances: 1 });
  }
  const page = async (offset: number) =>
    studiesIn(await world.rows(`/studies?limit=2&offset=${offset}`, token));
  assert.equal([...(await page(0)), ...(await page(2)), ...(await page(4))], own);
  assert.equal(await page(5), []);
});

test('an answer names the gateway, and nothing of where the PACS is', async () => {
  const token = await world.person('radiologist');
  const { studyInstanceUID: study } = await world.send(token, 9320);
  const text = await (await world.get(`/studies?StudyInstanceUID=${study}`, token)).text();
  assert.not.match(text, /pacs\.internal|SECRETAE|127\.0\.0\.1/);
  const [row] = JSON.parse(text) as Parameters<typeof first>[0][];
  assert.is(first(row, '00081190'), `http://localhost/dicom-web/studies/${study}`);
  const web = await world.gateway.call('GET', `/api/dicom-web/studies/${study}/instances`, {
    token,
    door: 'web',
  });
  const [instance] = (await web.json()) as Parameters<typeof first>[0][];
  assert.match(
    String(first(instance, '00081190')),
    /^http:\/\/localhost\/api\/dicom-web\/studies\/[\d./a-z]+$/,
  );
});

test('only known parameters travel, each encoded again', async () => {
  const token = await world.person('radiologist');
  world.pacs.asked.splice(0);
  const query =
    'PatientName=DOE%26limit%3D9*&00080020=20260101-&includefield=00081030&includefield=all&limit=5';
  await world.rows(`/studies?${query}&offset=2&fuzzymatching=true`, token);
  assert.equal(Object.fromEntries(world.pacs.asked[0]!.query), {
    ...{ PatientName: 'DOE&limit=9*', StudyDate: '20260101-', includefield: '00081030,all' },
    ...{ fuzzymatching: 'true', limit: '5', offset: '2' },
  });
  await world.rows('/studies?limit=999999', token);
  assert.is(world.pacs.asked.at(-1)!.query.get('limit'), '1000');
  for (const bad of [
    ...['Modality=CT', 'x=1', '__proto__=1', 'limit=-1', 'limit=0', 'limit=a', 'offset=9999999'],
    ...[
      'limit=1&limit=2',
      'StudyInstanceUID=1.2%2F..%2F..',
      'PatientID=a%0Ab',
      'includefield=../x',
      'fuzzymatching=maybe',
    ],
    `StudyInstanceUID=${Array.from({ length: 41 }, () => '1.2').join(',')}`,
  ])
    assert.is((await world.get(`/studies?${bad}`, token)).status, 400, bad);
  for (const path of ['/studies/..%2F..%2Fsystem/series', '/studies/1.2%3Fx/series', '/studies/x/instances'])
    assert.is((await world.get(path, token)).status, 404, path);
  assert.is((await world.get('/studies', token, 'text/xml')).status, 406);
  assert.is(world.pacs.asked.length, 2);
});

test('a failure of the PACS becomes a problem of the gateway', async () => {
  const token = await world.person('radiologist');
  const { studyInstanceUID: study } = await world.send(token, 9330);
  const codes = async (path: string): Promise<string> => {
    const answer = await world.get(path, token);
    const text = await answer.text();
    assert.not.match(text, 'secret');
    return `${answer.status} ${(JSON.parse(text) as { code: string }).code}`;
  };
  for (const [status, type, expected] of [
    [404, 'text/html', '501 pacs-without-dicomweb'],
    [501, 'text/html', '501 pacs-without-dicomweb'],
    [400, 'application/json', '502 pacs-declined'],
    [500, 'text/html', '502 pacs-declined'],
    [401, 'text/html', '502 pacs-unreachable'],
    [302, 'text/html', '502 pacs-unreachable'],
    [200, 'text/html', '502 pacs-unreachable'],
    [200, 'application/dicom+json', '502 pacs-unreachable'],
  ] as const) {
    world.pacs.say(/./, (response) =>
      response.writeHead(status, { 'content-type': type }).end('{"secret":1}'),
    );
    assert.is(await codes('/studies'), expected, `${status} ${type}`);
  }
  world.pacs.say(/./, (response) => response.writeHead(404).end());
  assert.is(await codes(`/studies/${study}/series`), '404 not-found');
  world.pacs.say(/./, (response) => response.writeHead(204).end());
  assert.equal(await world.rows('/studies', token), []);
  world.pacs.say(/./, null);
});

test('a key reads what its account may, with the scope for it, until it ends', async () => {
  const { gateway } = world;
  const { user, accessToken } = await gateway.userWith(['technician']);
  const { studyInstanceUID } = await world.send(accessToken, 9340);
  await world.send(await world.person('technician'), 9341);
  const sending = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
  assert.is((await world.get('/studies', sending)).status, 403);
  assert.is((await world.get(`/studies/${studyInstanceUID}/series`, sending)).status, 403);
  const reading = await createTestKey(gateway, { accountId: user.id, scopes: ['read'], expiresInDays: 1 });
  assert.equal(studiesIn(await world.rows('/studies', reading)), [studyInstanceUID]);
});

test('each study that an answer names was found by the caller, who has read no image of it', async () => {
  const { user, accessToken } = await world.gateway.userWith(['technician']);
  const { studyInstanceUID } = await world.send(accessToken, 9350);
  await world.rows('/studies', accessToken);
  await world.rows(`/studies/${studyInstanceUID}/instances`, accessToken);
  const nameless = {
    '0020000D': { vr: 'UI', Value: [studyInstanceUID] },
    '00100010': { vr: 'PN', Value: [] },
  };
  answerStudies({ ...nameless, '00201208': { vr: 'IS', Value: [2] } });
  await world.rows('/studies', accessToken);
  world.pacs.say(/\/studies$/, null);
  const rows = world.gateway.database.db
    .selectFrom('reading')
    .select(['study_instance_uid', 'kind', 'count'])
    .orderBy('kind');
  assert.equal(await rows.where('account_id', '=', user.id).execute(), [
    { study_instance_uid: studyInstanceUID, kind: 'named-searches', count: 2 },
    { study_instance_uid: studyInstanceUID, kind: 'searches', count: 1 },
  ]);
  await closeReadings({ db: world.gateway.database.db, now: () => new Date(Date.now() + 3_600_000) });
  const auditor = await world.person('auditor');
  const trail = await world.gateway.call('GET', `/audit/events?study=${studyInstanceUID}&kind=reading`, {
    token: auditor,
  });
  const events = auditPageSchema.parse(await trail.json()).rows;
  assert.equal(
    events.map(({ event, fields: { searches, named } }) => [event, searches, named]),
    [['study-found', 3, true]],
  );
});

test('a PACS without DICOMweb is named as such', async () => {
  const gateway = await openTestGateway({ pacs: openTestPacs() });
  for (const role of ['radiologist', 'technician'] as const) {
    const { accessToken: token } = await gateway.userWith([role]);
    const answer = await gateway.call('GET', '/dicom-web/studies', { token });
    assert.is(answer.status, 501);
    assert.is(((await answer.json()) as { code: string }).code, 'pacs-without-dicomweb');
  }
  await gateway.close();
});

test('a search looks at so many of the sender’s studies, the newest, and says where there are more', async () => {
  const token = await world.person('technician');
  const { studyInstanceUID: oldest } = await world.send(token, 9380, { instances: 1 });
  const all = await world.get('/instances', token);
  assert.equal([all.headers.get('warning'), studiesIn((await all.json()) as never)], [null, [oldest]]);
  await addNewer(oldest, STUDIES_LIMIT);
  const cut = await world.get('/instances', token);
  assert.match(
    cut.headers.get('warning') ?? '',
    /^299 RelayPACS "Only the newest 200 studies were searched\."$/,
  );
  assert.equal(await cut.json(), []);
  const named = await world.get(`/instances?StudyInstanceUID=${oldest}`, token);
  assert.equal([named.headers.get('warning'), studiesIn((await named.json()) as never)], [null, [oldest]]);
});

/** Studies of the same upload, that the PACS no longer has. */
async function addNewer(studyInstanceUID: string, count: number): Promise<void> {
  const { db } = world.gateway.database;
  await sql`
    with old as (select * from study where study_instance_uid = ${studyInstanceUID}),
    made as (insert into study select (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(),
        'study_instance_uid', old.study_instance_uid || '.' || n, 'created_at', old.created_at + interval '1 hour'))).*
      from old join study s on s.id = old.id, generate_series(1, ${count}::int) n returning id),
    held as (insert into instance overriding system value
      select (jsonb_populate_record(i, jsonb_build_object('study_id', made.id, 'parcel_id', null,
        'id', nextval(pg_get_serial_sequence('instance', 'id'))))).*
      from old join instance i on i.study_id = old.id, made returning id)
    insert into upload_instance (upload_id, position, instance_id)
    select u.id, 10 + row_number() over (), held.id from old join upload u on u.study_id = old.id, held`.execute(
    db,
  );
}

async function itemsOf(
  text: string,
  pieceBytes: number,
  enterLarge = async () => {},
): Promise<readonly string[]> {
  const bytes = Buffer.from(text);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  return (await Array.fromAsync(readItems(pieces(), enterLarge))).map(String);
}

test('rows are read one by one, wherever a piece ends', async () => {
  const items = ['{"a":"}]\\"{é"}', '{"b":{"c":[{},{"d":"\\\\"}]}}', '{}'];
  for (let bytes = 1; bytes < 12; bytes += 1)
    assert.equal(await itemsOf(` [${items[0]},\n${items[1]} , ${items[2]}]\n`, bytes), items);
  assert.equal(await itemsOf('[]', 1), []);
  const large = `[{"a":"${'x'.repeat(ITEM_BYTES_LIMIT)}"}]`;
  for (const broken of ['', '{}', '[{}', '[{]', '[1]', '<html>', '[]]', large])
    await failsWith(itemsOf(broken, 65_536), Error, broken.slice(0, 9));
});

test('no turn of the event loop reads more than some hundred rows, however many have come', async () => {
  async function* body() {
    yield Buffer.from(`[${Array.from({ length: 20_000 }, () => '{}').join()}]`);
  }
  const counts = [0];
  let turn = setImmediate(function count() {
    counts.push(0);
    turn = setImmediate(count);
  });
  for await (const _ of readItems(body(), async () => undefined)) counts[counts.length - 1]! += 1;
  clearImmediate(turn);
  assert.is(
    counts.reduce((sum, rows) => sum + rows, 0),
    20_000,
  );
  assert.ok(Math.max(...counts) <= 512, String(Math.max(...counts)));
});

test('a place is taken before a large row is held, and none for small ones', async () => {
  const full = async () => Promise.reject(new Error('no place'));
  const row = (bytes: number) => `{"a":"${'x'.repeat(bytes)}"}`;
  const small = Array.from({ length: 8 }, () => row(500_000));
  assert.equal(await itemsOf(`[${small.join()}]`, 65_536, full), small);
  const refused = await itemsOf(`[${row(2_000_000)}]`, 65_536, full).catch(String);
  assert.is(refused, 'Error: no place');
});

test.run();
