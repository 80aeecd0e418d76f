/** A rule by device at a whole gateway: two enrolled devices of one account send, and folders hold what arrived. */
import { mkdtemp, mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { Destination } from '#shared/protocol/destination.ts';
import type { ForwardingRule } from '#shared/protocol/rule.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { createTestDevice } from '../testing/open-device.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

const test = suite('a rule by device');
let root = '';
let gateway: TestGateway;
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'relay-folders-'));
  gateway = await openTestGateway({ env: { RELAY_FOLDER_ROOT: root } });
});
test.after(async () => {
  await gateway.close();
  await rm(root, { recursive: true });
});

async function addFolder(token: string, name: string): Promise<Destination> {
  await mkdir(join(root, name));
  const body = { kind: 'folder', name, url: name, ca: null, certificate: null };
  return jsonOf<Destination>(gateway, 'POST /admin/destinations', {
    ...{ token, status: 201, body: { ...body, authentication: { kind: 'none' } } },
  });
}

/** How many images lie in the folder of a destination. */
const imagesIn = async (name: string): Promise<number> =>
  (await readdir(join(root, name), { recursive: true })).filter((path) => path.endsWith('.dcm')).length;

test('sends the studies of that device to its destination, and those of another one not', async () => {
  const { accessToken: admin } = await gateway.signIn();
  const { accessToken: technician } = await gateway.userWith(['technician']);
  const { id: primary } = await addFolder(admin, 'pacs');
  await jsonOf(gateway, `POST /admin/destinations/${primary}/primary`, { token: admin });
  const { id: destination } = await addFolder(admin, 'van');
  const van = await createTestDevice(gateway);
  const ward = await createTestDevice(gateway);
  for (const device of [van, ward]) assert.is(await device.enrol(technician), 200);
  const to: ForwardingRule['to'] = [{ destination, need: 'required' }];
  const rule: ForwardingRule = { name: 'the van', enabled: true, when: { device: [van.id] }, to };
  await jsonOf(gateway, 'PUT /admin/rules/forwarding', { token: admin, body: { rules: [rule] } });
  const send = async (device: typeof van, seed: number) => {
    const { instances } = syntheticStudy({ seed, instancesPerSeries: 2, rows: 8, columns: 8 });
    const token = await device.token();
    const uploadId = await sendStudy(askOf(gateway), token, instances);
    const status = await until('the study to arrive', async () => {
      const now = await jsonOf<UploadStatus>(gateway, `GET /upload/${uploadId}/status`, { token });
      return now.state === 'closed' && now;
    });
    return [instances.length, (status.destinations ?? []).map(({ name, inPacs }) => `${name} ${inPacs}`)];
  };
  assert.equal(await send(ward, 21), [2, []]);
  assert.equal([await imagesIn('pacs'), await imagesIn('van')], [2, 0]);
  assert.equal(await send(van, 22), [2, ['van 2']]);
  assert.equal([await imagesIn('pacs'), await imagesIn('van')], [4, 2]);
});

test.run();
