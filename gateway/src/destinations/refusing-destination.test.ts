/** A destination that refuses every store says so, with the status and since when, until it takes instances again. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { Destination } from '#shared/protocol/destination.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { startLyingPacs } from '../testing/lying-dicomweb.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { disprovedBy } from './apply-measured.ts';
import { HONEST, type Conduct } from '../testing/web-conduct.ts';

const test = suite('a destination that searches, and answers every store with');

let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway();
});
test.after(() => gateway.close());

const { instances } = syntheticStudy({ seed: 4115, instancesPerSeries: 2, rows: 8, columns: 8 });
const busy = (status: number): Conduct => ({
  ...HONEST,
  keeps: 'none',
  answers: { store: { status, body: 'busy' } },
});
const OUT_OF_RESOURCES = 0xa700;
const CONDUCTS: readonly (readonly [string, number | null, Conduct])[] = [
  [
    '400 in DICOM, naming nobody',
    400,
    { ...HONEST, declines: new Set(instances.map(({ identifiers }) => identifiers.sopInstanceUID)) },
  ],
  ['400 and a page', 400, { ...HONEST, keeps: 'none', answers: { store: { status: 400, body: 'html' } } }],
  ['500 and a page', 500, { ...HONEST, keeps: 'none', answers: { store: { status: 500, body: 'html' } } }],
  ['507: no room', 507, { ...HONEST, keeps: 'none', answers: { store: { status: 507, body: 'html' } } }],
  ['200, naming each out of resources', null, busy(200)],
  ['409, naming each out of resources', null, busy(409)],
  ['403', 403, { ...HONEST, keeps: 'none', answers: { store: { status: 403, body: 'html' } } }],
];

for (const [at, [name, status, conduct]] of CONDUCTS.entries())
  test(`${name}: says so until it takes instances again`, async () => {
    const pacs = await startLyingPacs({ instances: studyOf(at), now: Date.now });
    try {
      const { accessToken: admin } = await gateway.signIn();
      const { accessToken: token } = await gateway.userWith(['technician']);
      const web = { kind: 'dicomweb', name: `night-${at}`, url: pacs.url, ca: null, certificate: null };
      const body = { ...web, authentication: { kind: 'none' } };
      const made = { token: admin, status: 201, body };
      const { id } = await jsonOf<Destination>(gateway, 'POST /admin/destinations', made);
      await jsonOf(gateway, `POST /admin/destinations/${id}/primary`, { token: admin });
      const listed = () =>
        jsonOf<{ destinations: Destination[] }>(gateway, 'GET /admin/destinations', { token: admin });
      const refused = async () => (await listed()).destinations.find((one) => one.id === id)!.refused;
      pacs.conduct = conduct;
      const uploadId = await sendStudy(askOf(gateway), token, studyOf(at));
      await until('the destination to say what it answers', async () => (await refused()) !== null);
      const said = await refused();
      const code = status === null ? OUT_OF_RESOURCES : null;
      assert.equal([said!.status, said!.code, said!.bytes], [status, code, null]);
      assert.ok(Math.abs(Date.parse(said!.at) - gateway.now().getTime()) < 60_000);
      pacs.conduct = HONEST;
      await gateway.database.db.updateTable('instance').set({ offered_minute: -1000 }).execute();
      await jsonOf(gateway, `POST /admin/destinations/${id}/test`, { token: admin, body: { scope: 'all' } });
      const arrived = () => jsonOf<UploadStatus>(gateway, `GET /upload/${uploadId}/status`, { token });
      await until('the study to arrive', async () => (await arrived()).state === 'closed');
      assert.is(await refused(), null);
    } finally {
      await pacs.close();
    }
  });

/** One each: the gateway takes no study twice. */
const studyOf = (at: number) =>
  at === 0
    ? instances
    : syntheticStudy({ seed: 4115 + at, instancesPerSeries: 2, rows: 8, columns: 8 }).instances;

const LEARNED = { batch_bytes: 1_000_000, refused_bytes: 6_000_000, refused_at: new Date() };

test('a limit that was learned is dropped once a test measures that larger requests pass', async () => {
  const pacs = await startLyingPacs({ instances: [], now: Date.now });
  try {
    const { accessToken: admin } = await gateway.signIn();
    const web = { kind: 'dicomweb', name: 'raised', url: pacs.url, ca: null, certificate: null };
    const made = { token: admin, status: 201, body: { ...web, authentication: { kind: 'none' } } };
    const { id, version } = await jsonOf<Destination>(gateway, 'POST /admin/destinations', made);
    await gateway.database.db.updateTable('destination').set(LEARNED).where('id', '=', id).execute();
    const tested = async (scope: 'reach' | 'all') => {
      await jsonOf(gateway, `POST /admin/destinations/${id}/test`, { token: admin, body: { scope } });
      const { destinations } = await jsonOf<{ destinations: Destination[] }>(
        gateway,
        'GET /admin/destinations',
        { token: admin },
      );
      const { tuning, refused, version } = destinations.find((one) => one.id === id)!;
      return [tuning.batchBytes, refused?.bytes ?? null, version];
    };
    assert.equal(await tested('reach'), [1_000_000, 6_000_000, version], 'a short look measures nothing');
    assert.equal(await tested('all'), [null, null, version + 1]);
  } finally {
    await pacs.close();
  }
});

test('a measured limit disproves no refusal of a larger request', () => {
  const settings = { lagMinutes: null, proof: null, batchBytes: null, bodyBytes: 8_000_000 };
  const by = (refused_bytes: number | null, code = 'bodies-limited') => {
    const finding = { code, title: '', result: 'warn', says: '', change: [] as string[] } as const;
    return disprovedBy({ settings, findings: [finding] }, { refused_bytes });
  };
  assert.equal(by(9_000_000), { limit: false, refusal: false });
  assert.equal(by(8_000_000), { limit: true, refusal: false });
  assert.equal(by(null, 'stored'), { limit: false, refusal: true });
});

test.run();
