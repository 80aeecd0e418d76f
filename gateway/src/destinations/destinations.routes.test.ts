/** `/admin/destinations`, at a whole gateway: administrators set where studies go, and nobody reads a secret. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  DESTINATION_KINDS,
  destinationWishSchema,
  type Destination,
  type DestinationExamination,
  type DestinationKind,
} from '#shared/protocol/destination.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import { audited } from '../testing/audited.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { CERTIFICATE, CERTIFICATE_KEY, NEXT_CERTIFICATE_KEY } from '../testing/certificate.ts';
import { openDimsePeer, pdu } from '../testing/dimse-peer.ts';
import { testFilm } from '../testing/open-subject.ts';
import { openTestGateway, type CallOptions, type TestGateway } from '../testing/open-gateway.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const test = suite('a destination');
const ENV = { PACS_URL: 'http://127.0.0.1:9/dicom-web', PACS_AUTHORIZATION: 'Bearer planted-environment' };
let gateway: TestGateway;
let folders = '';
let token = '';
const servers: Server[] = [];
test.before(async () => {
  folders = await mkdtemp(join(tmpdir(), 'relay-folders-'));
  gateway = await openTestGateway({ env: { ...ENV, RELAY_FOLDER_ROOT: folders } });
  token = (await gateway.signIn()).accessToken;
});
test.after(async () => {
  await gateway.close();
  for (const server of servers) server.close();
  await rm(folders, { recursive: true });
});

async function call<T = Destination>(method: string, path: string, body?: unknown): Promise<[number, T]> {
  const options: CallOptions = body === undefined ? { token } : { token, body };
  const answer = await gateway.call(method, `/admin/destinations${path}`, options);
  const text = await answer.text();
  assert.not.match(text, /planted/);
  return [answer.status, (text === '' ? null : JSON.parse(text)) as T];
}
const list = async (): Promise<readonly Destination[]> =>
  (await call<{ destinations: Destination[] }>('GET', ''))[1].destinations;
const named = async (name: string): Promise<Destination | undefined> =>
  (await list()).find((one) => one.name === name);
const codeOf = async (answer: Promise<[number, unknown]>): Promise<unknown> =>
  ((await answer)[1] as { code?: string }).code;

const verdictOf = async (id: string): Promise<string> =>
  (await call<DestinationExamination>('POST', `/${id}/test`, { scope: 'reach' }))[1].verdict?.code ?? 'ok';

const BASIC = { kind: 'basic', username: 'relay' } as const;
const wish = (name: string, more: object = {}) => ({
  ...{ kind: 'dicomweb', name, url: 'http://127.0.0.1:9/other/' },
  ...{ authentication: { ...BASIC, password: 'planted-password' }, ca: null, certificate: null, ...more },
});
const make = async (name: string, more: object = {}): Promise<Destination> => {
  const [status, made] = await call('POST', '', wish(name, more));
  assert.is(status, 201, JSON.stringify(made));
  return made;
};

test('called default is set by the environment, and is nobody’s to change', async () => {
  const set = (await named('default'))!;
  assert.equal([set.url, set.fromEnvironment, set.isPrimary], [ENV.PACS_URL, true, true]);
  assert.equal(set.authentication, { kind: 'header' });
  const code = 'destination-set-by-environment';
  assert.is(await codeOf(call('PUT', `/${set.id}`, wish('default'))), code);
  assert.is(await codeOf(call('DELETE', `/${set.id}`)), code);
  assert.is(await codeOf(call('POST', '', wish('default'))), 'destination-exists');
});

test('may speak DIMSE: by host, port and AE titles, without a password, and is tested', async () => {
  const none = { authentication: { kind: 'none' } };
  const dimse = { kind: 'dimse', ...none };
  const url = 'dimse://RELAYPACS@127.0.0.1:9/PACS';
  const made = await make('by-dimse', { ...dimse, url });
  assert.equal([made.kind, made.url], ['dimse', url]);
  assert.is(await verdictOf(made.id), 'dimse-connection-refused');
  const stranger = await openDimsePeer({ associate: () => pdu(3, Buffer.of(0, 1, 1, 7)) });
  const there = { ...dimse, url: `dimse://RELAYPACS@127.0.0.1:${stranger.port}/PACS` };
  assert.is((await call('PUT', `/${made.id}`, wish('by-dimse', there)))[0], 200);
  assert.is(await verdictOf(made.id), 'called-ae-unknown');
  stranger.close();
  assert.is((await call('DELETE', `/${made.id}`))[0], 204);
  const secure = { ...dimse, url: 'dimse-tls://RELAYPACS@127.0.0.1:9/PACS' };
  const code = 'invalid-request';
  for (const more of [
    { ...dimse, url: 'dimse://127.0.0.1:9/PACS' },
    { ...dimse, url: 'http://127.0.0.1:9/dicom-web' },
    { ...dimse, url, ca: CERTIFICATE },
    { ...secure, authentication: { ...BASIC, password: 'planted-password' } },
  ])
    assert.is(await codeOf(call('POST', '', wish('by-dimse', more))), code, JSON.stringify(more));
  const trusting = await make('by-dimse', { ...secure, ca: CERTIFICATE });
  assert.is((await call('DELETE', `/${trusting.id}`))[0], 204);
});

test('is made, changed and deleted, in the audit trail, and its password is never shown', async () => {
  const made = await make('archive');
  assert.equal([made.url, made.isPrimary, made.authentication], ['http://127.0.0.1:9/other', false, BASIC]);
  const keeping = wish('archive-2', { authentication: BASIC });
  assert.is((await call('PUT', `/${made.id}`, keeping))[1].name, 'archive-2');
  assert.is((await call('DELETE', `/${made.id}`))[0], 204);
  assert.is(await codeOf(call('PUT', `/${made.id}`, keeping)), 'not-found');
  const rows = await audited(gateway.database.db, 'destination-%');
  const own = rows.filter(({ fields }) => fields['destinationId'] === made.id);
  assert.equal(fieldsOf(own, 'event'), ['destination-made', 'destination-changed', 'destination-deleted']);
  const said = ['name', 'address', 'authentication', 'kind'];
  const about = own.map(({ fields }) => said.map((of) => fields[of]));
  const after = ['archive-2', 'http://127.0.0.1:9/other', 'basic', 'dicomweb'];
  assert.equal(about, [['archive', ...after.slice(1)], after, after]);
  const set = rows.find(({ fields }) => fields['name'] === 'default')?.fields;
  assert.equal([set?.['address'], set?.['authentication'], set?.['by']], [ENV.PACS_URL, 'header', null]);
  assert.not.match(JSON.stringify(rows), /planted/);
});

test('is not overwritten by somebody who saw it before another administrator changed it', async () => {
  const { id, version } = await make('shared');
  const seen = { authentication: BASIC, version };
  const [status, changed] = await call('PUT', `/${id}`, wish('shared-2', seen));
  assert.is(status, 200);
  assert.is(await codeOf(call('PUT', `/${id}`, wish('shared-3', seen))), 'destination-changed');
  assert.is((await named('shared-2'))?.id, id);
  const again = { authentication: BASIC, version: changed.version };
  assert.is((await call('PUT', `/${id}`, wish('shared-3', again)))[0], 200);
  assert.is((await call('DELETE', `/${id}`))[0], 204);
});

test('is given up by name, takes new studies no longer, and is told from one that is unknown', async () => {
  const { id } = await make('gone');
  assert.is((await call('PUT', `/${id}/need`, { need: 'also' }))[1].need, 'also');
  const given = await call<{ givenUp: number }>('POST', `/${id}/give-up`, { need: 'also' });
  assert.equal(given, [200, { givenUp: 0 }]);
  assert.is((await named('gone'))?.need, null);
  await call('PUT', `/${id}/need`, { need: 'required' });
  await call('POST', `/${id}/give-up`, { need: 'also' });
  assert.is((await named('gone'))?.need, 'required', 'that is a question of its own');
  await call('DELETE', `/${id}`);
  const said = await audited(gateway.database.db, 'destination-given-up');
  assert.equal(
    said.map(({ fields }) => fields['name']),
    ['gone'],
  );
  const unknown = '/7c9e6679-7425-40de-944b-e07fc1f90ae7';
  assert.is((await call('POST', `${unknown}/give-up`, { need: 'also' }))[0], 404);
  assert.is((await call('GET', `${unknown}/dead-letters`))[0], 404);
  assert.is((await call('POST', `${unknown}/dead-letters`, { decision: 'retry' }))[0], 404);
  assert.is((await call('POST', `${unknown}/resend`))[0], 404);
});

test('lies in the database without a readable secret', async () => {
  await make('sealed', { certificate: CERTIFICATE, key: CERTIFICATE_KEY });
  const rows = await gateway.database.db.selectFrom('destination').selectAll().execute();
  const text =
    JSON.stringify(rows) + rows.map(({ sealed }) => Buffer.from(sealed ?? []).toString('latin1')).join();
  assert.match(text, 'CERTIFICATE');
  assert.not.match(text, /planted|PRIVATE KEY/);
});

test('keeps its secret for no other address, user, authority or way to sign in', async () => {
  const { id } = await make('moved');
  const put = (more: object) => call('PUT', `/${id}`, wish('moved', more));
  const others = [
    { url: 'http://127.0.0.1:10/other', authentication: BASIC },
    { authentication: { kind: 'basic', username: 'somebody' } },
    { authentication: { kind: 'bearer' } },
    { authentication: BASIC, ca: CERTIFICATE },
  ];
  for (const other of others)
    assert.is(await codeOf(put(other)), 'destination-secret-missing', JSON.stringify(other));
  const password = { ...BASIC, password: 'planted-password' };
  const allowed: readonly (readonly [object, because: string])[] = [
    [{ url: 'http://127.0.0.1:9/elsewhere', authentication: BASIC }, 'another path at the same server'],
    [{ authentication: password, ca: CERTIFICATE }, 'a private authority, with the password'],
    [{ authentication: BASIC, ca: CERTIFICATE }, 'the same authority'],
    [{ authentication: BASIC }, 'public authorities alone were trusted before'],
  ];
  for (const [more, because] of allowed) assert.is((await put(more))[0], 200, because);
});

test('is refused with certificates that cannot be used, or a password in its address', async () => {
  const wrong = [
    { ca: CERTIFICATE_KEY },
    // A certificate and its key in one file, as programs write them; certificates are shown.
    { ca: CERTIFICATE + CERTIFICATE_KEY },
    { certificate: CERTIFICATE + CERTIFICATE_KEY, key: CERTIFICATE_KEY },
    { certificate: CERTIFICATE_KEY + CERTIFICATE, key: CERTIFICATE_KEY },
    { certificate: CERTIFICATE, key: NEXT_CERTIFICATE_KEY },
    { url: 'http://me:planted@127.0.0.1/dicom-web' },
    { url: 'ftp://127.0.0.1/dicom-web' },
  ];
  for (const one of wrong) assert.is(await codeOf(call('POST', '', wish('wrong', one))), 'invalid-request');
  const keyless = wish('wrong', { certificate: CERTIFICATE });
  assert.is(await codeOf(call('POST', '', keyless)), 'destination-secret-missing');
});

/** Insists on the password of `wish`, and finds nothing. */
async function openPacs(): Promise<string> {
  const known = `Basic ${Buffer.from('relay:planted-password').toString('base64')}`;
  const server = createServer(({ headers }, response) => {
    const isKnown = headers.authorization === known;
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/dicom+json' });
    response.end(isKnown ? '[]' : '');
  });
  servers.push(server);
  const port = await listenOnLoopback(server);
  return `http://127.0.0.1:${port}/dicom-web`;
}

test('is tested, and the finding says what is wrong', async () => {
  const url = await openPacs();
  const finding = async (more: object): Promise<string> => {
    const { id } = await make('tested', more);
    const found = await verdictOf(id);
    await call('DELETE', `/${id}`);
    return found;
  };
  assert.is(await finding({ url }), 'ok');
  const { id } = await make('tested-whole', { url });
  const [status, { verdict, findings }] = await call<DestinationExamination>('POST', `/${id}/test`);
  assert.is(status, 200, 'nothing has to be asked for by name');
  assert.ok(verdict !== null && findings.length > 10, 'everything was looked at');
  assert.is(await codeOf(call('POST', `/${id}/test`, { scope: 'much' })), 'invalid-request');
  await call('DELETE', `/${id}`);
  const guessed = { ...BASIC, password: 'guessed' };
  assert.is(await finding({ url, authentication: guessed }), 'credentials-refused');
  assert.is(await finding({ url, kind: 'orthanc' }), 'rest-absent');
});

test('that is a folder lies beneath the one that the environment sets, and takes no secret', async () => {
  assert.is((await call<{ folderRoot: string }>('GET', ''))[1].folderRoot, folders);
  const folder = { kind: 'folder', url: 'night/new', authentication: { kind: 'none' } };
  const made = await make('folder', folder);
  assert.equal([made.kind, made.url], ['folder', 'night/new']);
  const finding = () => verdictOf(made.id);
  assert.is(await finding(), 'folder-missing');
  await mkdir(join(folders, 'night/new'), { recursive: true });
  assert.is(await finding(), 'ok');
  const wrong = [
    { ...folder, url: '/etc' },
    { ...folder, url: '../up' },
    { ...folder, authentication: { ...BASIC, password: 'planted' } },
    { ...folder, ca: CERTIFICATE },
    { kind: 'orthanc', url: 'http://127.0.0.1:9/rs' },
    { kind: 'dicomweb', url: 'night/new' },
  ];
  for (const one of wrong) assert.is(await codeOf(call('POST', '', wish('wrong', one))), 'invalid-request');
});

test('that has no address of its kind is told the form, with an example', async () => {
  const told = async (kind: DestinationKind, url: string): Promise<string> => {
    const more = { kind, url, authentication: { kind: 'none' } };
    return (await call<{ detail: string }>('POST', '', wish('wrong', more)))[1].detail;
  };
  const beneath =
    'Invalid: url (the part of its path after RELAY_FOLDER_ROOT, for example archive/night for /srv/dicom/archive/night).';
  for (const url of [join(folders, 'night'), `file://${folders}/night`, 'folder:night', '/night', 'night/'])
    assert.is(await told('folder', url), beneath, url);
  for (const kind of DESTINATION_KINDS) {
    const [, url] = /for example ([^\s,)]+)/.exec(await told(kind, 'planted words'))!;
    const example = wish('right', { kind, url, authentication: { kind: 'none' } });
    assert.ok(destinationWishSchema.safeParse(example).success, `${kind}: ${url}`);
  }
});

test('that is primary gets new studies; a study stays with the one that was primary before', async () => {
  const sender = (await gateway.userWith(['technician'])).accessToken;
  const again = (await gateway.userWith(['technician'])).accessToken;
  const promise = async (seed: number, by: string): Promise<string | null> => {
    const body = toManifest([testFilm({ seed })]);
    const answer = await gateway.call('POST', '/upload/init', { token: by, body });
    const { uploadId } = (await answer.json()) as ManifestAnswer;
    const { rows } = await sql<{ destination_id: string }>`select s.destination_id
      from upload u join study s on s.id = u.study_id where u.id = ${uploadId}`.execute(gateway.database.db);
    return rows[0]!.destination_id;
  };
  const first = (await named('default'))!;
  const { id } = await make('next');
  assert.is(await promise(811, sender), first.id);
  assert.is((await call('POST', `/${id}/primary`))[1].isPrimary, true);
  assert.is((await call('POST', `/${id}/primary`))[0], 200, 'repeatable');
  assert.equal(
    fieldsOf(
      (await list()).filter(({ isPrimary }) => isPrimary),
      'name',
    ),
    ['next'],
  );
  assert.is(await promise(812, sender), id);
  assert.is(await promise(811, again), first.id, 'by another account');
  const moved = { ...wish('next'), url: 'http://127.0.0.1:11/dicom-web' };
  assert.is((await call('PUT', `/${id}`, moved))[1].url, moved.url, 'with a study on its way');
  assert.equal([(await named('next'))!.underWay, (await named('next'))!.hasStudies], [1, true]);
  assert.is(await codeOf(call('DELETE', `/${id}`)), 'destination-in-use');
  await call('POST', `/${first.id}/primary`);
  assert.is(await codeOf(call('DELETE', `/${id}`)), 'destination-in-use', 'it has a study');
});

test('gets new studies besides the primary one, as is chosen, for good', async () => {
  const sender = (await gateway.userWith(['technician'])).accessToken;
  const again = (await gateway.userWith(['technician'])).accessToken;
  const { id } = await make('archive');
  const copiesOf = async (seed: number, by: string) => {
    const body = toManifest([testFilm({ seed })]);
    const answer = await gateway.call('POST', '/upload/init', { token: by, body });
    const { uploadId } = (await answer.json()) as ManifestAnswer;
    const { rows } = await sql`select s.destination_id, s.need
      from upload u join study s on s.copy_of = u.study_id where u.id = ${uploadId}`.execute(
      gateway.database.db,
    );
    return rows;
  };
  const required = [{ destination_id: id, need: 'required' }];
  assert.equal(await copiesOf(821, sender), []);
  assert.is((await call('PUT', `/${id}/need`, { need: 'required' }))[1].need, 'required');
  assert.equal(await copiesOf(822, sender), required);
  assert.equal(await copiesOf(821, again), [], 'where the study went before');
  assert.is((await call('PUT', `/${id}/need`, { need: null }))[1].need, null);
  assert.equal(await copiesOf(822, again), required, 'by another account');
  assert.equal(await copiesOf(823, sender), []);
  assert.is(await codeOf(call('PUT', `/${id}/need`, { need: 'perhaps' })), 'invalid-request');
  const none = { total: 0, deadLetters: [], totalStudies: 0, studies: [] };
  assert.equal(await call('GET', `/${id}/dead-letters`), [200, none]);
  assert.equal(await call('GET', `/${id}/dead-letters?limit=500`), [200, none]);
  for (const limit of ['0', '501', 'all'])
    assert.is((await call('GET', `/${id}/dead-letters?limit=${limit}`))[0], 422);
  assert.equal(await call('POST', `/${id}/resend`), [200, { resent: 0 }]);
  const kept = { decision: 'retry', because: 'not-needed' };
  assert.is((await call('POST', `/${id}/dead-letters`, kept))[0], 422, 'a reason to try again');
  const retried = await call('POST', `/${id}/dead-letters`, { decision: 'retry' });
  assert.equal(retried, [200, { changed: 0, notDecided: [] }]);
  assert.is(await codeOf(call('DELETE', `/${id}`)), 'destination-in-use');
  const own = (await audited(gateway.database.db, 'destination-%')).filter(
    ({ event, fields }) => fields['destinationId'] === id && /required|left/.test(event),
  );
  assert.equal(fieldsOf(own, 'event'), ['destination-required', 'destination-left']);
});

test('has viewers, also where the environment sets it', async () => {
  const { id } = (await named('default'))!;
  const viewers = [{ title: 'Stone', address: 'https://stone.test/?study={StudyInstanceUID}' }];
  const [status, changed] = await call('PUT', `/${id}/viewers`, { viewers });
  assert.equal([status, changed.viewers], [200, viewers]);
  const script = [{ title: 'Bad', address: 'javascript:alert({StudyInstanceUID})' }];
  assert.is(await codeOf(call('PUT', `/${id}/viewers`, { viewers: script })), 'invalid-request');
  assert.equal((await named('default'))!.viewers, viewers);
});

test('has settings of its own, which go with its address, also where the environment sets it', async () => {
  const tuned = { lagMinutes: 30, proof: 'read-back', batchBytes: 1024 ** 2 };
  const none = { lagMinutes: null, proof: null, batchBytes: null };
  const made = await make('tuned');
  assert.equal(made.tuning, none);
  const set = (id: string, tuning: object) => call('PUT', `/${id}/tuning`, tuning);
  assert.equal((await set(made.id, tuned))[1].tuning, tuned);
  assert.equal((await call('PUT', `/${made.id}`, wish('tuned-2')))[1].tuning, tuned, 'another name');
  const moved = wish('tuned-2', { url: 'http://127.0.0.1:9/elsewhere' });
  assert.equal((await call('PUT', `/${made.id}`, moved))[1].tuning, none, 'another place');
  const numbers = [{ lagMinutes: 1441 }, { lagMinutes: -1 }, { batchBytes: 65_535 }];
  for (const odd of [...numbers, { proof: 'trust' }, { more: 1 }])
    assert.is(await codeOf(set(made.id, { ...tuned, ...odd })), 'invalid-request', JSON.stringify(odd));
  const byEnvironment = (await named('default'))!;
  assert.equal((await set(byEnvironment.id, tuned))[1].tuning, tuned);
  assert.equal((await set(byEnvironment.id, none))[1].tuning, none);
  assert.is(await codeOf(set('11111111-1111-4111-8111-111111111111', tuned)), 'not-found');
  const events = await audited(gateway.database.db, 'destination-tuned');
  assert.equal(
    events.map(({ fields }) => fields['tuning']),
    [tuned, tuned, none],
  );
  assert.is((await call('DELETE', `/${made.id}`))[0], 204);
});

test('is set again by the environment at the next start, and what administrators made stays', async () => {
  const { id } = await make('stays');
  await call('POST', `/${id}/primary`);
  const other = { ...ENV, PACS_URL: 'http://127.0.0.1:10/dicom-web' };
  const { database } = gateway;
  const open = async () => ({ ...database, close: async () => undefined });
  const next = await openTestGateway({ env: other, open });
  assert.is((await named('default'))!.url, other.PACS_URL);
  assert.is((await named('stays'))!.id, id);
  assert.is((await named('default'))!.viewers.length, 1, 'the environment says nothing of viewers');
  // The keys of the next gateway lie in another folder: the secret is lost, and the finding says so.
  const found = await next.call('POST', `/admin/destinations/${id}/test`, {
    ...{ token: (await next.signIn()).accessToken, body: { scope: 'reach' } },
  });
  assert.is(((await found.json()) as DestinationExamination).verdict?.code, 'secrets-unreadable');
  await next.close();
});
test.run();
