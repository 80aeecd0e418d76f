/** Studies in the PACS by the contract alone: searched and read over DICOMweb, and shown by the built-in viewer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BuiltInViewer } from '#shared/protocol/viewer.ts';
import { until } from '#testing/gateway-under-test.ts';
import { openContract, type Contract } from '../testing/call-by-contract.ts';
import { openWebWorld, type WebWorld } from '../testing/open-web-world.ts';
import { packageOf, SMALL_VIEWER, startRegistry, tarball, type Registry } from '../testing/viewer-tarball.ts';

const test = suite('the contract of the PACS');
let opened: { world: WebWorld; registry: Registry; folder: string } | null = null;
let contract: Contract;
let as: { readonly token: string };
let params: Record<'studyInstanceUID' | 'seriesInstanceUID' | 'sopInstanceUID', string>;
test.before(async () => {
  const archive = tarball(SMALL_VIEWER);
  const registry = await startRegistry(archive);
  const folder = await mkdtemp(join(tmpdir(), 'relay-viewer-'));
  const viewerPackage = packageOf(archive, registry.address);
  const world = await openWebWorld({ folder, env: { RELAY_VIEWER_PORT: '3001' }, viewerPackage });
  opened = { world, registry, folder };
  contract = await openContract(world.gateway);
  as = { token: (await world.gateway.userWith(['radiologist', 'admin'])).accessToken };
  params = (await world.send(await world.person('technician'), 7301)).instances[0]!.identifiers;
});
test.after(async () => {
  await opened?.world.close();
  await opened?.registry.close();
  if (opened) await rm(opened.folder, { recursive: true });
});

const STUDY = '/dicom-web/studies/{studyInstanceUID}';
const SERIES = `${STUDY}/series/{seriesInstanceUID}`;
const INSTANCE = `${SERIES}/instances/{sopInstanceUID}`;

test('real answers of QIDO-RS are as /openapi.json says', async () => {
  for (const level of ['studies', 'series', 'instances'])
    await contract.callByContract('get', `/dicom-web/${level}`, 200, as);
  for (const path of [`${STUDY}/series`, `${STUDY}/instances`, `${SERIES}/instances`])
    await contract.callByContract('get', path, 200, { ...as, params });
});

test('real answers of WADO-RS are as /openapi.json says', async () => {
  const { callByContract } = contract;
  for (const path of [STUDY, SERIES, INSTANCE]) {
    await callByContract('get', path, 200, { ...as, params });
    await callByContract('get', `${path}/metadata`, 200, { ...as, params });
    await callByContract('get', `${path}/rendered`, 200, { ...as, params });
  }
  const frame = { ...as, params: { ...params, frames: '1' } };
  await callByContract('get', `${INSTANCE}/frames/{frames}`, 200, frame);
  await callByContract('get', `${INSTANCE}/frames/{frames}/rendered`, 200, frame);
  const bulk = { ...as, params: { ...params, path: 'bulk~7fe00010' } };
  await callByContract('get', `${INSTANCE}/bulkdata/{path}`, 200, bulk);
  await callByContract('get', `${STUDY}/metadata`, 404, { ...as, params: { studyInstanceUID: '1.2.3' } });
});

test('real answers about the built-in viewer are as /openapi.json says', async () => {
  const { callByContract } = contract;
  await callByContract('put', '/admin/viewer', 200, { ...as, body: { on: true } });
  await until('it to be fetched', async () => {
    const now = (await callByContract('get', '/admin/viewer', 200, as)) as BuiltInViewer;
    return now.state === 'on';
  });
  await callByContract('post', '/studies/{studyInstanceUID}/viewer-link', 200, { ...as, params });
  await callByContract('delete', '/admin/viewer', 200, as);
});

test('the contract has an example of each operation that was called', () => {
  assert.equal(contract.lacking(), []);
});

test.run();
