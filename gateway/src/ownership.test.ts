/** Each route has a row: the thing's owner, every role, a device, keys, an ended account and nobody call it. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROLES, type Role, type Session } from '#shared/protocol/api.ts';
import type { CaseView } from '#shared/protocol/case-views.ts';
import type { CaseAttachments } from '#shared/protocol/cases.ts';
import type { Job, Result } from '#shared/protocol/inference.ts';
import type { ManifestAnswer, ManifestInstance } from '#shared/protocol/manifest.ts';
import { until } from '#testing/gateway-under-test.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { createTestKey } from './testing/open-api-key.ts';
import { openTestCase } from './testing/open-cases.ts';
import { createTestDevice } from './testing/open-device.ts';
import { askForExport } from './testing/open-exports.ts';
import { askOf, sendStudy } from './testing/open-film.ts';
import { openTestGateway, type CallOptions, type TestGateway } from './testing/open-gateway.ts';
import { lastOf } from './testing/open-job.ts';
import { testFilm } from './testing/open-subject.ts';
import { openTestVault } from './testing/open-vault.ts';
import { toManifest } from './testing/pack-parcel.ts';
import { ROWS } from './testing/route-owners.ts';
import { startWebPacs, type WebPacs } from './testing/web-pacs.ts';

type Operation = { readonly 'x-roles'?: readonly Role[]; readonly security?: readonly object[] };
type Contract = { readonly paths: Record<string, Record<string, Operation>> };

const test = suite('the gateway');
let gateway: TestGateway;
let web: WebPacs;
test.before(async () => {
  web = await startWebPacs();
  gateway = await openTestGateway({ pacs: web.pacs });
});
test.after(async () => {
  await gateway.close();
  await web.close();
});

const METHODS = ['get', 'head', 'put', 'post', 'patch', 'delete'];
async function operations(): Promise<ReadonlyMap<string, Operation>> {
  const { paths } = (await (await gateway.call('GET', '/openapi.json')).json()) as Contract;
  return new Map(
    Object.entries(paths).flatMap(([path, of]) =>
      METHODS.flatMap((method): [string, Operation][] =>
        of[method] ? [[`${method} ${path}`, of[method]]] : [],
      ),
    ),
  );
}

test('has a row for every route, and no row without one', async () => {
  assert.equal([...(await operations()).keys()].sort(), Object.keys(ROWS).sort());
});

type World = {
  readonly tokens: ReadonlyMap<string, string>;
  readonly paths: (template: string) => string;
  readonly bodies: Readonly<Record<string, CallOptions>>;
};

function webFilm(): SyntheticInstance {
  const film = testFilm({ seed: 701 });
  web.expect([film]);
  return film;
}

const FILTERS = {
  ...{ status: '', priority: '', assignee: 'me', due: '', opened: '', from: '', to: '' },
  ...{ modality: '', bodyPart: '', early: '', finding: '', sort: 'newest' },
};
const NAMED_PATCH = {
  headers: {
    ...{ 'tus-resumable': '1.0.0', 'x-http-method-override': 'PATCH', 'upload-offset': '0' },
    'content-type': 'application/offset+octet-stream',
  },
};
const SAVED_VIEW = { body: { name: 'Mine', filters: FILTERS } };
const BODIES = { 'put /case-views/{id}': SAVED_VIEW, 'post /upload/files/{id}': NAMED_PATCH };

/** A study that is delivered, with a result; another that is promised, with a parcel on its way. */
async function openWorld(): Promise<World> {
  const sessions = new Map<string, Session>();
  for (const name of ['owner', 'ended']) sessions.set(name, await gateway.userWith(['technician']));
  for (const role of ROLES) sessions.set(role, await gateway.userWith([role]));
  const token = (name: string): string => sessions.get(name)!.accessToken;
  const json = async <T>(method: string, path: string, options: CallOptions): Promise<T> =>
    (await (await gateway.call(method, path, { token: token('owner'), ...options })).json()) as T;
  const film = webFilm();
  const delivered = await sendStudy(askOf(gateway), token('owner'), [film]);
  const body = { model: 'pneumonia', studyInstanceUID: film.identifiers.studyInstanceUID };
  const job = await until('the study to be in the PACS', async () => {
    const asked = await json<Job>('POST', '/infer', { body });
    return 'id' in asked && asked;
  });
  const { results } = await lastOf(gateway, token('owner'), job.id);
  const result = await json<Result>('GET', `/results/${results[0]}`, {});
  const promised = toManifest([testFilm({ seed: 702 })]);
  const { uploadId } = await json<ManifestAnswer>('POST', '/upload/init', { body: promised });
  const parcel = await beginParcel(uploadId, token('owner'));
  const device = await openDeviceOf(token('owner'));
  const vault = await openVaultOf(sessions.get('owner')!);
  await json('POST', `/dicom-web/commitment-requests/${TRANSACTION}`, { body: commitmentOf(film) });
  const opened = await openCaseOf(film.identifiers.studyInstanceUID, token('radiologist'));
  const view = await json<CaseView>('POST', '/case-views', SAVED_VIEW);
  const tokens = new Map([...sessions].map(([name, { accessToken }]) => [name, accessToken]));
  tokens.set('device', device);
  for (const name of ['technician', 'ended'])
    tokens.set(`key of ${name}`, await createTestKey(gateway, { accountId: sessions.get(name)!.user.id }));
  await disableAccount(sessions.get('ended')!);
  const [{ sopInstanceUID, digest }] = promised.instances as [ManifestInstance];
  return {
    tokens,
    bodies: {
      ...vault.bodies,
      ...BODIES,
      'post /upload/{id}/decisions': { body: { decision: 'retry', instances: [{ sopInstanceUID, digest }] } },
    },
    paths: (template) =>
      template
        .replace('/admin/vault/requests/{id}', `/admin/vault/requests/${vault.requestId}`)
        .replace('/admin/vault/{id}', `/admin/vault/${vault.id}`)
        .replace('/upload/files/{id}', `/upload/${parcel}`)
        .replace(/\/upload\/\{id\}(?=\/status|\/receipt)/, `/upload/${delivered}`)
        .replace('/upload/{id}', `/upload/${uploadId}`)
        .replace('{attachmentId}', opened.attachment)
        .replace('/case-views/{id}', `/case-views/${view.id}`)
        .replace('/cases/{id}', `/cases/${opened.id}`)
        .replace('/reviews/{id}', `/reviews/${opened.review}`)
        .replace('/exports/{id}', `/exports/${opened.exported}`)
        .replace('/jobs/{id}', `/jobs/${job.id}`)
        .replace('/results/{id}', `/results/${result.id}`)
        .replace('{transactionUID}', TRANSACTION)
        .replace('{method}', 'image')
        .replace(/\{(frames|path)\}/, '1')
        .replace('{seriesInstanceUID}', film.identifiers.seriesInstanceUID)
        .replace(/(dicom-web.*)\{sopInstanceUID\}/, `$1${film.identifiers.sopInstanceUID}`)
        .replace('{studyInstanceUID}', film.identifiers.studyInstanceUID)
        .replace('{sopInstanceUID}', result.instances[0]!.sopInstanceUID),
  };
}

async function openDeviceOf(token: string): Promise<string> {
  const device = await createTestDevice(gateway);
  await device.enrol(token);
  return device.token();
}

const TRANSACTION = '2.25.77';
const commitmentOf = ({ identifiers: { sopClassUID, sopInstanceUID } }: SyntheticInstance) => ({
  '00081199': {
    vr: 'SQ',
    Value: [
      {
        '00081150': { vr: 'UI', Value: [sopClassUID] },
        '00081155': { vr: 'UI', Value: [sopInstanceUID] },
      },
    ],
  },
});

/** The place of a parcel of which nothing is sent yet. */
async function beginParcel(uploadId: string, token: string): Promise<string | null> {
  const metadata = `upload ${btoa(uploadId)},parcel ${btoa(randomUUID())}`;
  const created = await gateway.call('POST', '/upload/files', {
    token,
    headers: { 'tus-resumable': '1.0.0', 'upload-length': '500', 'upload-metadata': metadata },
  });
  return created.headers.get('location');
}

/** With an attachment, a review and an export. */
async function openCaseOf(study: string, token: string) {
  const { id } = await openTestCase(gateway, token, { studies: [study] });
  const form = new FormData();
  form.set('name', 'a.pdf');
  form.set('file', new Blob(['%PDF-1.7']));
  const answer = await gateway.call('POST', `/cases/${id}/attachments`, { token, form });
  const review = randomUUID();
  const body = { id: review, type: 'chest-film' };
  await gateway.call('POST', `/cases/${id}/reviews`, { token, body });
  const { id: exported } = await askForExport(gateway, token, {});
  return { id, review, exported, attachment: ((await answer.json()) as CaseAttachments).attachments[0]!.id };
}

async function disableAccount({ user }: Session): Promise<void> {
  await gateway.database.db
    .updateTable('account')
    .set({ disabled_at: new Date() })
    .where('id', '=', user.id)
    .execute();
}

/** A vault of which the owner holds a half, with an entry that the owner has asked to open. */
async function openVaultOf(owner: Session) {
  const { terms } = await openTestVault(gateway, [owner, await gateway.userWith(['auditor'])]);
  const vault = terms.id;
  const pseudonym = `RP-${'A'.repeat(26)}`;
  const entry = { vault, pseudonym, sealed: 'A'.repeat(2966) };
  const token = owner.accessToken;
  const manifest = { ...toManifest([testFilm({ seed: 703 })], 'deidentified'), vault: [entry] };
  await gateway.call('POST', '/upload/init', { token, body: manifest });
  const asking = { body: { vault, pseudonym, reason: 'legal-order' } };
  const asked = await gateway.call('POST', '/admin/vault/requests', { token, ...asking });
  const { id: requestId } = (await asked.json()) as { id: string };
  return {
    id: vault,
    requestId,
    bodies: {
      'post /admin/vault/requests': asking,
      'put /admin/vault/{id}/key': { body: { key: terms.keys[0] } },
      'post /admin/vault/requests/{id}/approve': { body: { shares: [{ entry: 1, share: 'A'.repeat(107) }] } },
    },
  };
}

/** `hidden`: as if it were not there. */
type Outcome = 'stranger' | 'refused' | 'hidden' | 'served';

async function outcomeOf(world: World, row: string, as: string | null): Promise<Outcome> {
  const [method = '', template = ''] = row.split(' ');
  const patch = { 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' };
  const answer = await gateway.call(method.toUpperCase(), world.paths(template), {
    ...(as === null ? {} : { token: world.tokens.get(as)! }),
    headers: { 'tus-resumable': '1.0.0', ...(method === 'patch' ? patch : {}) },
    ...world.bodies[row],
  });
  const text = answer.headers.get('content-type')?.includes('json') ? await answer.text() : '';
  await answer.body?.cancel().catch(() => null);
  if (answer.status === 401) return 'stranger';
  if (answer.status === 403) return 'refused';
  const isHidden = answer.status === 404 && (method === 'head' || /"code":"(upload-)?not-found"/.test(text));
  return isHidden ? 'hidden' : 'served';
}

/** Deletions come last, and the parcel before its upload. */
const IN_ORDER = Object.entries(ROWS).toSorted(
  ([a], [b]) => Number(a.startsWith('delete')) - Number(b.startsWith('delete')) || b.length - a.length,
);

/** The first caller who may delete it does, and nobody finds it after that. */
const DELETED_AT_ONCE = /^delete \/(upload|cases\/\{id\}\/attachments)\//;

let opened: Promise<World> | null = null;
const openOnce = (): Promise<World> => (opened ??= openWorld());

test('serves nothing to strangers, and what belongs to nobody to the roles of its row alone', async () => {
  const world = await openOnce();
  const served = await operations();
  for (const [row, rights] of IN_ORDER) {
    if (rights === 'public') continue;
    for (const as of [null, 'ended', 'key of ended'])
      assert.is(await outcomeOf(world, row, as), 'stranger', `${row} as ${as ?? 'nobody'}`);
    if ('others' in rights) continue;
    assert.equal([...served.get(row)!['x-roles']!].sort(), [...rights].sort(), `${row}: roles`);
    for (const role of ROLES.filter((one) => !rights.includes(one)))
      assert.is(await outcomeOf(world, row, role), 'refused', `${row} as ${role}`);
  }
});

test('serves something owned to its owner and to the roles that may, and hides it from all others', async () => {
  const world = await openOnce();
  const served = await operations();
  let checked = 0;
  for (const [row, rights] of IN_ORDER) {
    if (rights === 'public' || !('others' in rights)) continue;
    const { security = [], 'x-roles': roles = [] } = served.get(row)!;
    const isForDevices = security.some((scheme) => 'uploadRight' in scheme);
    const isForKeys = roles.includes('technician') && security.some((scheme) => 'apiKey' in scheme);
    let isGone = false;
    const expected = (role: Role, isOwner: boolean): Outcome => {
      if (!roles.includes(role)) return 'refused';
      if (isGone || !(isOwner || rights.others.includes(role))) return 'hidden';
      isGone = DELETED_AT_ONCE.test(row);
      return 'served';
    };
    for (const role of ROLES)
      assert.is(await outcomeOf(world, row, role), expected(role, false), `${row} as another ${role}`);
    const device = isForDevices ? 'hidden' : 'refused';
    const key = isForKeys ? 'hidden' : 'refused';
    assert.is(await outcomeOf(world, row, 'key of technician'), key, `${row} as a key of another`);
    assert.is(await outcomeOf(world, row, 'device'), device, `${row} as a device that did not make it`);
    assert.is(await outcomeOf(world, row, 'owner'), expected('technician', true), `${row} as its owner`);
    checked += 1;
  }
  assert.ok(checked > 15, `${checked} routes of owned things`);
});

test.run();
