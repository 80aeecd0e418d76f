import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import type { SyntheticInstance, SyntheticStudy } from '#testing/synthetic-study.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { LOOK_MS } from '../../http/paced-places.ts';
import { createRouter } from '../../http/route.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { openWebWorld, type DataSet, type WebWorld } from '../../testing/open-web-world.ts';
import { PacsUnreachable } from '../../ports/pacs/pacs.ts';
import { acceptedInstances } from './accepted.ts';
import { bulkPath, withOwnAddresses } from './own-addresses.ts';
import { readParts } from './web-parts.ts';
import { bodyOf, Reader } from './web-visit.ts';

const test = suite('WADO-RS');
let world: WebWorld;
let token: string;
let study: SyntheticStudy;
test.before(async () => {
  world = await openWebWorld();
  token = await world.person('technician');
  study = await world.send(token, 9501, { series: 2 });
});
test.after(() => world.close());

const placeOf = ({ identifiers: of }: SyntheticInstance): string =>
  `/studies/${of.studyInstanceUID}/series/${of.seriesInstanceUID}/instances/${of.sopInstanceUID}`;

type Part = { readonly type: string; readonly bytes: Buffer };

async function partsOf(answer: Response): Promise<readonly Part[]> {
  const parts: { type: string; pieces: Uint8Array[] }[] = [];
  if (answer.status !== 200) throw new Error(await answer.text());
  for await (const piece of readParts(answer.headers.get('content-type') ?? '', answer.body!))
    if (piece instanceof Uint8Array) parts.at(-1)!.pieces.push(piece.slice());
    else parts.push({ type: piece.type, pieces: [] });
  return parts.map(({ type, pieces }) => ({ type, bytes: Buffer.concat(pieces) }));
}

test('an instance comes back byte for byte, alone and with the others of its series and study', async () => {
  const [one, other] = study.instances;
  const [, seriesPath = ''] = /^(.*)\/instances/.exec(placeOf(one!)) ?? [];
  assert.equal(await partsOf(await world.get(placeOf(one!), token)), [
    { type: 'application/dicom', bytes: Buffer.from(one!.bytes) },
  ]);
  const series = await partsOf(await world.get(seriesPath, token));
  assert.equal(
    fieldsOf(series, 'bytes'),
    [one!, other!].map(({ bytes }) => Buffer.from(bytes)),
  );
  for (const who of [token, await world.person('admin')])
    assert.is((await partsOf(await world.get(`/studies/${study.studyInstanceUID}`, who))).length, 4);
  const single = await world.get(placeOf(one!), token, 'application/dicom');
  assert.is(single.headers.get('content-type'), 'application/dicom');
  assert.equal(Buffer.from(await single.arrayBuffer()), Buffer.from(one!.bytes));
});

test('of another’s study nothing comes, and the PACS is not asked; of one’s own nothing that came to it since', async () => {
  const stranger = await world.person('technician');
  const place = placeOf(study.instances[0]!);
  world.pacs.asked.splice(0);
  for (const path of [place, `${place}/frames/1`, `/studies/${study.studyInstanceUID}/metadata`])
    assert.is((await world.get(path, stranger)).status, 404, path);
  assert.equal(world.pacs.asked, [], 'the PACS is not asked');
  const own = await world.send(stranger, 9502);
  await partsOf(await world.get(`/studies/${own.studyInstanceUID}`, stranger));
  const late = `${place.split('/').at(-1)}.1`;
  world.pacs.held.set(late, { study: own.studyInstanceUID, bytes: Buffer.from('another’s') });
  assert.is((await partsOf(await world.get(`/studies/${own.studyInstanceUID}`, stranger))).length, 2);
  const metadata = await world.rows(`/studies/${own.studyInstanceUID}/metadata`, stranger);
  assert.is(metadata.length, 2);
  world.gateway.wait(10_000);
  const again = await world.get(`/studies/${own.studyInstanceUID}`, stranger);
  assert.is(again.status, 404, 'it is not theirs alone');
  world.pacs.held.delete(late);
});

test('metadata leads to bulk data at the gateway, and never to the PACS', async () => {
  const place = placeOf(study.instances[0]!);
  const answer = await world.get(`${place}/metadata`, token);
  const text = await answer.text();
  assert.not.match(text, world.pacs.url);
  const [dataSet] = JSON.parse(text) as (DataSet & Record<string, { BulkDataURI?: string }>)[];
  const uri = dataSet!['7FE00010']!.BulkDataURI!;
  assert.is(uri, `http://localhost/dicom-web${place}/bulkdata/bulk~7fe00010`);
  assert.is(dataSet!['00420011']!.BulkDataURI, undefined, 'it lies elsewhere');
  assert.match(JSON.stringify(dataSet!['00081115']), 'bulkdata/bulk~00081115~1~00420011');
  const [part] = await partsOf(await world.get(uri.replace(/^.*dicom-web/, ''), token));
  assert.is(part!.type, 'application/octet-stream');
  assert.match(String(part!.bytes), 'bulk/7fe00010 of');
});

test('frames and pictures are asked for by number, with checked parameters', async () => {
  const place = placeOf(study.instances[0]!);
  world.pacs.asked.splice(0);
  const accept = 'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.90, text/html';
  const [part] = await partsOf(await world.get(`${place}/frames/1,3`, token, accept));
  assert.match(String(part!.bytes), 'frames/1,3');
  assert.is(world.pacs.asked[0]!.accept, accept.replace(', text/html', ''));
  const asked = 'viewport=64,64&window=40,400,linear&quality=90';
  const picture = await world.get(`${place}/rendered?${asked}`, token, 'image/*');
  assert.is(picture.headers.get('content-type'), 'image/jpeg');
  assert.is(await picture.text(), 'a picture');
  assert.is(world.pacs.asked[1]!.query.get('window'), '40,400,linear');
  await (await world.get(`${place}/frames/2/rendered`, token)).text();
  assert.match(world.pacs.asked[2]!.path, /\/frames\/2\/rendered$/);
  const many = Array.from({ length: 257 }, (_, at) => at + 1).join(',');
  for (const bad of ['0', '1,', 'a', '1%2F..', '-1', many, '1,2/rendered'])
    assert.is((await world.get(`${place}/frames/${bad}`, token)).status, 400, bad);
  for (const bad of ['viewport=a', 'x=1', 'quality=101', 'window=1', 'quality=1&quality=2'])
    assert.is((await world.get(`${place}/rendered?${bad}`, token)).status, 400, bad);
  for (const bad of ['..', '..~..', '.', 'a~~b', 'a%2Fb', '%2e%2e', 'a?'.repeat(30)])
    assert.is((await world.get(`${place}/bulkdata/${encodeURIComponent(bad)}`, token)).status, 404, bad);
  assert.is(world.pacs.asked.length, 3);
});

test('a series and a study come as pictures of what the caller sees, without what is no picture', async () => {
  const radiologist = await world.person('radiologist');
  const [one, ...others] = study.instances;
  const ofSeries = study.instances.filter(
    ({ identifiers }) => identifiers.seriesInstanceUID === one!.identifiers.seriesInstanceUID,
  );
  const place = `/studies/${one!.identifiers.studyInstanceUID}`;
  const type = 'multipart/related; type="image/png"';
  const renders = ({ identifiers }: SyntheticInstance) =>
    new RegExp(`${identifiers.sopInstanceUID}/rendered`);
  world.pacs.say(renders(one!), (response) => response.writeHead(400).end());
  for (const other of others)
    world.pacs.say(renders(other), (response) =>
      response.writeHead(200, { 'content-type': 'image/png' }).end('a picture'),
    );
  for (const who of [token, radiologist]) {
    const parts = await partsOf(await world.get(`${place}/rendered?quality=80`, who, type));
    assert.equal(new Set(parts.map((part) => part.type)), new Set(['image/png']));
    assert.is(parts.length, others.length);
    const series = `${place}/series/${one!.identifiers.seriesInstanceUID}/rendered`;
    assert.is((await partsOf(await world.get(series, who, type))).length, ofSeries.length - 1);
  }
  const stranger = await world.person('technician');
  assert.is((await world.get(`${place}/rendered`, stranger, type)).status, 404);
  assert.is((await world.get(`${place}/rendered`, token, 'image/png')).status, 406);
  assert.is((await world.get(`${place}/rendered?x=1`, token, type)).status, 400);
  world.pacs.say(/rendered$/, (response) => response.writeHead(406).end());
  const none = await world.get(`${place}/rendered`, radiologist, type);
  assert.is(none.status, 406, 'none of them is a picture');
  for (const path of [/rendered$/, ...study.instances.map(renders)]) world.pacs.say(path, null);
});

test('metadata comes in XML too, a part for each instance', async () => {
  const [{ identifiers }] = study.instances as [SyntheticInstance];
  const type = 'multipart/related; type="application/dicom+xml"';
  const answer = await world.get(`/studies/${identifiers.studyInstanceUID}/metadata`, token, type);
  assert.match(
    answer.headers.get('content-type') ?? '',
    /^multipart\/related; type="application\/dicom\+xml"/,
  );
  const text = await answer.text();
  assert.is(text.split('Content-Type: application/dicom+xml').length - 1, study.instances.length);
  assert.match(text, `<Value number="1">${identifiers.sopInstanceUID}</Value>`);
  assert.not.match(text, world.pacs.url);
});

/** Longer than the test takes. */
const STALLED_MS = 3_600_000;

test('a caller who reads nothing for long is cut off, and their place is free; a slow PACS is waited for', async () => {
  const begin = globalThis.setTimeout;
  const end = globalThis.clearTimeout;
  const stalled = new Map<unknown, () => void>();
  globalThis.setTimeout = ((what: () => void, ms?: number) => {
    const timer = begin(what, ms);
    if (ms === STALLED_MS) stalled.set(timer, what);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = ((timer?: NodeJS.Timeout) => {
    stalled.delete(timer);
    end(timer);
  }) as typeof clearTimeout;
  const ended = Promise.withResolvers<void>();
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('of ');
    assert.is(stalled.size, 0, 'the PACS has as long as it needs');
    yield Buffer.from('many ');
    yield Buffer.from('pieces');
  }
  const router = createRouter();
  router.get('/', async (c) => {
    const all = pieces();
    const first = await all.next();
    return c.body(
      bodyOf(c, {
        ...{ first, pieces: all, end: ended.resolve, log: () => undefined, stalledMs: STALLED_MS },
        reader: new Reader('reader', c.req.raw.signal),
      }),
    );
  });
  const { body } = await router.request('/');
  const reader = body!.getReader();
  const read = async () => String(Buffer.from((await reader.read()).value ?? new Uint8Array()));
  assert.is(await read(), 'of ');
  assert.is(await read(), 'many ');
  await until('the caller to be waited for', () => stalled.size === 1);
  for (const cutOff of stalled.values()) cutOff();
  stalled.clear();
  await ended.promise;
  const cut = await read().then(
    () => null,
    (error: unknown) => error,
  );
  assert.instance(cut, Problem);
  assert.is(await (await router.request('/')).text(), 'of many pieces');
  globalThis.setTimeout = begin;
  globalThis.clearTimeout = end;
});

test('slow readers of several accounts do not keep another one from an answer, a large one neither', async () => {
  const place = `/studies/${study.studyInstanceUID}`;
  const large = [1, 2].map((at) => ({ '00081190': { vr: 'UR', Value: [`${at}`.repeat(2 * 1024 ** 2)] } }));
  world.pacs.say(/metadata$/, (response) =>
    response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify(large)),
  );
  for (const [accounts, ofOne, path] of [
    [4, 16, place],
    [2, 2, `${place}/metadata`],
  ] as const) {
    const slow: Response[] = [];
    for (let account = 0; account < accounts; account += 1) {
      const who = await world.person('admin');
      slow.push(...(await Promise.all(Array.from({ length: ofOne }, () => world.get(path, who)))));
    }
    const other = await world.person('admin');
    world.gateway.wait(LOOK_MS);
    const answer = await world.get(path, other);
    assert.is(answer.status, 200, path);
    await answer.arrayBuffer();
    const read = await Promise.allSettled(slow.map((one) => one.arrayBuffer()));
    assert.is(read.filter(({ status }) => status === 'rejected').length, 1, 'one is cut off, no more');
  }
  world.pacs.say(/metadata$/, null);
});

test('a form that nobody gives is refused, and one that runs in a browser is never passed on', async () => {
  const place = placeOf(study.instances[0]!);
  for (const [path, accept] of [
    [place, 'text/html'],
    [place, 'multipart/related; type="application/dicom"; transfer-syntax=1.2;x'.replace(';x', '.x')],
    [`${place}/metadata`, 'text/xml'],
    [`${place}/rendered`, 'text/html'],
    [`${place}/frames/1`, 'application/dicom'],
  ] as const)
    assert.is((await world.get(path, token, accept)).status, 406, accept);
  const page = '<script>alert(1)</script>';
  world.pacs.say(/./, (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page));
  for (const path of ['', '/metadata', '/frames/1', '/rendered', '/bulkdata/x'])
    assert.is((await world.get(place + path, token)).status, 502, path);
  const inPart = `--b\r\nContent-Type: text/html\r\n\r\n${page}\r\n--b--`;
  world.pacs.say(/./, (response) =>
    response.writeHead(200, { 'content-type': 'multipart/related; boundary=b' }).end(inPart),
  );
  assert.is((await world.get(place, token)).status, 502);
  for (const [status, expected] of [
    [404, 404],
    [406, 406],
    [400, 502],
    [503, 502],
  ] as const) {
    world.pacs.say(/./, (response) => response.writeHead(status).end());
    assert.is((await world.get(place, token)).status, expected, String(status));
  }
  world.pacs.say(/./, null);
});

test('an answer that breaks off does not end as if it were whole', async () => {
  const head = '--b\r\nContent-Type: application/dicom\r\n\r\nhalf';
  world.pacs.say(/./, (response) => {
    response.writeHead(200, { 'content-type': 'multipart/related; boundary=b' });
    response.write(head, () => response.destroy());
  });
  const answer = await world.get(placeOf(study.instances[0]!), token);
  const text = answer.status === 200 ? await answer.text().catch(() => 'broken') : 'refused';
  assert.not.match(text, 'half');
  world.pacs.say(/./, null);
});

test('a study that the PACS does not find as a whole, of several patients, comes instance by instance', async () => {
  const own = await world.send(token, 9507, { series: 2 });
  const whole = `/studies/${own.studyInstanceUID}`;
  for (const missing of [
    new RegExp(`^${whole}(/metadata)?$`),
    new RegExp(`^${whole}/series/[^/]+(/metadata)?$`),
  ])
    world.pacs.say(missing, (response) => response.writeHead(404).end());
  const admin = await world.person('admin');
  const parts = await partsOf(await world.get(whole, admin));
  assert.equal(
    fieldsOf(parts, 'bytes'),
    own.instances.map(({ bytes }) => Buffer.from(bytes)),
  );
  const [, seriesPath = ''] = /^(.*)\/instances/.exec(placeOf(own.instances[0]!)) ?? [];
  assert.is((await partsOf(await world.get(seriesPath, admin))).length, 2);
  for (const who of [admin, token])
    assert.is((await world.rows(`${whole}/metadata`, who)).length, own.instances.length);
  for (const path of ['/studies/1.2.3', '/studies/1.2.3/metadata'])
    assert.is((await world.get(path, admin)).status, 404, path);
  world.pacs.say(new RegExp(`^${whole}(/metadata)?$`), null);
  world.pacs.say(new RegExp(`^${whole}/series/[^/]+(/metadata)?$`), null);
});

test('a caller who leaves ends the request to the PACS, and their place is free again', async () => {
  const left = Promise.withResolvers<void>();
  world.pacs.say(/./, (response) => {
    response.writeHead(200, { 'content-type': 'multipart/related; boundary=b' });
    response.write(`--b\r\nContent-Type: application/dicom\r\n\r\n${'x'.repeat(100_000)}`);
    void once(response, 'close').then(() => left.resolve());
  });
  const answers: Response[] = [];
  for (let i = 0; i < 16; i += 1) answers.push(await world.get(placeOf(study.instances[0]!), token));
  for (const { status, body } of answers) {
    assert.is(status, 200);
    await body!.cancel();
  }
  await left.promise;
  assert.is(answers.length, 16, 'all the places of an account');
  world.pacs.say(/./, null);
  await until('a place', async () => (await world.get(placeOf(study.instances[0]!), token)).ok);
});

test('a HEAD request, which no body answers, keeps no place', async () => {
  const place = placeOf(study.instances[0]!);
  const head = () => world.gateway.call('HEAD', `/dicom-web${place}`, { token });
  for (let i = 0; i < 17; i += 1) assert.is((await head()).status, 200);
  assert.ok((await world.get(place, token)).ok);
});

test('a reading is counted before it is answered, and not where nothing was read', async () => {
  const { user, accessToken } = await world.gateway.userWith(['radiologist']);
  await partsOf(await world.get(placeOf(study.instances[0]!), accessToken));
  assert.is((await world.get('/studies/1.2.3/series/1.2/instances/1.2', accessToken)).status, 404);
  const rows = world.gateway.database.db
    .selectFrom('reading')
    .select(['study_instance_uid', 'kind', 'count']);
  assert.equal(await rows.where('account_id', '=', user.id).execute(), [
    { study_instance_uid: study.studyInstanceUID, kind: 'images', count: 1 },
  ]);
});

test('the answer to a store says where each instance can be retrieved', async () => {
  const said = await world.store(token, study.instances);
  const references = said['00081199']!.Value as DataSet[];
  const urls = references.map((one) => String(one['00081190']!.Value![0]));
  assert.equal(
    urls.toSorted(),
    study.instances.map((one) => `http://localhost/dicom-web${placeOf(one)}`).toSorted(),
  );
  assert.equal(said['00081190']!.Value, [`http://localhost/dicom-web/studies/${study.studyInstanceUID}`]);
  assert.is((await world.get(urls[0]!.replace(/^.*dicom-web/, ''), token)).status, 200);
});

test('parts are read wherever a piece ends', async () => {
  const text =
    'before\r\n--b  \r\nContent-Type: image/jpeg\r\nX: y\r\n\r\none\r\n--\r\n--b\r\n\r\n\r\n--b--after';
  const bytes = Buffer.from(text);
  for (let size = 1; size < 20; size += 1) {
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    }
    let read = '';
    for await (const piece of readParts('multipart/related; boundary="b"', pieces()))
      read += piece instanceof Uint8Array ? Buffer.from(piece).toString() : `[${piece.type}]`;
    assert.is(read, '[image/jpeg]one\r\n--[application/octet-stream]', `${size} bytes`);
  }
});

test('an answer whose parts have no end, text behind a boundary or too long a head is refused', async () => {
  const readAll = (text: string) =>
    Array.fromAsync(readParts('multipart/related; boundary=b', new Blob([text]).stream()));
  const long = (bytes: number) =>
    `--b\r\nX: ${'x'.repeat(bytes)}\r\nContent-Type: image/jpeg\r\n\r\none\r\n--b--`;
  assert.is((await readAll(long(8_000))).length, 2);
  for (const text of [
    long(9_000),
    `${'x'.repeat(9_000)}${long(1)}`,
    long(1).replace('--b', '--bc'),
    long(1).slice(0, -3),
    '',
  ])
    assert.instance(await readAll(text).catch((error: unknown) => error), PacsUnreachable, text.slice(0, 20));
});

test('the order of an Accept header is the caller’s wish', () => {
  const both = 'application/dicom; q=0.9, multipart/related; type="application/dicom"; transfer-syntax=*';
  assert.ok(acceptedInstances(both, true).isSingle);
  const { accept } = acceptedInstances(both, false);
  assert.is(accept, 'multipart/related; type="application/dicom"; transfer-syntax=*');
  assert.is(acceptedInstances(undefined, true).isSingle, false);
});

test('an address that leads out of its instance is none', () => {
  const of = { study: '1.1', series: '1.2', instance: '1.3' };
  const own = 'http://pacs/studies/1.1/series/1.2/instances/1.3';
  const bulk = (uri: string) => {
    const item = { '7FE00010': { vr: 'OW', BulkDataURI: uri } };
    return (withOwnAddresses(item, of, 'http://us')['7FE00010'] as { BulkDataURI?: string }).BulkDataURI;
  };
  assert.match(bulk(`${own}/bulk/1`) ?? '', /^http:\/\/us\/studies\/1\.1\/.*\/bulkdata\/bulk~1$/);
  for (const uri of [
    `${own}/../../x`,
    `${own}/a?b`,
    `${own.replace('1.3', '1.4')}/a`,
    'file:///etc/passwd',
    `${own}/`,
  ])
    assert.is(bulk(uri), undefined, uri);
  assert.is(bulkPath('bulk~1~2'), 'bulk/1/2');
});

test('no address of the PACS is left in the items of a sequence', () => {
  const lies = {
    '00081190': { vr: 'UR', Value: ['http://pacs/studies/1.1'] },
    '00080054': { vr: 'AE', Value: ['PACS'] },
    '0040e010': { vr: 'UR', Value: ['http://pacs/wado'] },
  };
  const item = { ...lies, '00081155': { vr: 'UI', Value: ['1.3'] } };
  const nested = { '00081199': { vr: 'SQ', Value: [{ ...item, '00081115': { vr: 'SQ', Value: [item] } }] } };
  const own = withOwnAddresses(
    { ...nested, ...lies },
    { study: '1.1', series: undefined, instance: undefined },
    'http://us',
  );
  assert.equal(own['00081190'], { vr: 'UR', Value: ['http://us/studies/1.1'] });
  assert.not.match(JSON.stringify(own), /pacs/i);
  assert.is(JSON.stringify(own).split('00081155').length - 1, 2, 'the rest stays');
});

test('an account holds two large Data Sets at once, and the next waits until one of them is gone', async () => {
  const [large, small] = study.instances;
  const paths = [large!, small!].map((instance) => `${placeOf(instance)}/metadata`);
  const own = new RegExp(`^${paths[0]}$`);
  const row = { '00420011': { vr: 'UT', Value: ['x'.repeat(3_000_000)] } };
  world.pacs.say(own, (response) => {
    response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify([row]));
  });
  await (await world.gateway.call('HEAD', `/dicom-web${paths[0]}`, { token })).body?.cancel();
  const unread = await Promise.all([world.get(paths[0]!, token), world.get(paths[0]!, token)]);
  let isAnswered = false;
  const third = world.get(paths[0]!, token).then((answer) => {
    isAnswered = true;
    return answer;
  });
  for (let others = 0; others < 20; others += 1) await world.rows(paths[1]!, token);
  assert.is(isAnswered, false);
  await unread[0].body?.cancel();
  assert.is((await (await third).text()).length > 3_000_000, true);
  await unread[1].text();
  world.pacs.say(own, null);
});

test.run();
