/**
 * Odd instances that endanger nobody, through the real doors: a gateway with a real Orthanc behind it, by the command
 * line and by a client that checks nothing. Under a policy that keeps names it ends in the PACS bit for bit, and a
 * person is told; where names are removed, or the policy is strict, it is held for a person and the PACS has nothing.
 * No hostile file gets past a policy. Real odd instances are among those of scripts/relay.e2e.ts.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { irregularitiesIn, type Irregularity } from '#shared/protocol/irregularities.ts';
import { WARNINGS } from '#shared/protocol/reasons.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { ADMIN, ask, PASSWORD } from '#testing/accounts.ts';
import { CORPUS_ANSWERS } from '#testing/corpus-answers.ts';
import { PATIENCE_MS, skip, testEnvironment } from '#testing/environment.ts';
import { openGatewayAndPacs } from '#testing/gateway-and-pacs.ts';
import { isHeldWithoutNames, ODD_FILES, oddFiles, type OddFile } from '#testing/odd-files.ts';
import { sha256 } from '#testing/sha256.ts';
import { relay } from '../../../../scripts/relay.ts';
import { sendUnchecked } from '../../testing/lying-client.ts';

interface Sent {
  readonly path: string;
  readonly state: string;
  readonly reason: string | null;
  readonly warnings: readonly string[];
}

const STRICT = {
  name: 'strict',
  title: 'Unchanged, and nothing odd',
  deidentify: false,
  strict: true,
  options: [],
  roles: ['admin'],
};

async function openWorld() {
  const own = await openGatewayAndPacs('odd');
  const { folder, gateway } = own;
  const made = await ask(gateway, ADMIN, { method: 'POST', path: '/admin/policies', body: STRICT });
  if (!made.ok) throw new Error(await made.text());
  const login = { username: ADMIN, password: PASSWORD };
  const { accessToken } = (await (
    await fetch(`${gateway.api}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(login),
    })
  ).json()) as { accessToken: string };
  const odd = join(folder, 'odd');
  await mkdir(odd);
  for (const { name, bytes } of ODD_FILES) await writeFile(join(odd, `${name}.dcm`), bytes);
  return {
    ...own,
    odd,
    door: { api: gateway.api, token: accessToken },
  };
}

const { corpus } = testEnvironment();
const test = suite('odd input');
let world: Awaited<ReturnType<typeof openWorld>>;
test.before(async () => {
  world = await openWorld();
});
test.after(async () => world?.close());

/** By the command line; waits for the end of all. */
async function upload(policy: string, paths: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const { api, token } = world.door;
  const code = await relay(
    ['upload', '--gateway', api, '--token', token, '--policy', policy, '--wait', '--json', '--', ...paths],
    {
      env: {},
      signal: AbortSignal.timeout(PATIENCE_MS),
      print: (line) => void out.push(line),
      say: (line) => void err.push(line),
    },
  );
  const { files } = JSON.parse(out.join('\n')) as { readonly files: readonly Sent[] };
  return { code, files: new Map(files.map((file) => [file.path, file])), err };
}

const pathOf = (name: string): string => join(world.odd, `${name}.dcm`);

/** The odd rows of `corpus/bad`, and of what kind each is. */
function oddRows(): ReadonlyMap<string, Irregularity> {
  if (corpus === null) return new Map();
  const rows = Object.entries(CORPUS_ANSWERS).flatMap(([name, answer]) =>
    typeof answer === 'string' ? [] : irregularitiesIn(answer).map((odd) => [name, odd] as const),
  );
  return new Map(rows.map(([name, odd]) => [join(corpus, 'bad', name), odd]));
}

for (const [at, policy] of ['strict', 'deidentified'].entries()) {
  const isHeld = (odd: OddFile): boolean => policy === 'strict' || isHeldWithoutNames(odd);

  test(`under ${policy} the device holds each, and names why`, async () => {
    const rows = new Map([
      ...ODD_FILES.filter(isHeld).map(({ name, because }) => [pathOf(name), because] as const),
      ...oddRows(),
    ]);
    const { code, files, err } = await upload(policy, [...rows.keys()]);
    assert.is(code, 1);
    for (const [path, because] of rows) {
      const { state, reason } = files.get(path)!;
      assert.equal([state, reason], ['quarantined', because], path);
      assert.ok(err.some((line) => line.includes(basename(path)) && line.includes(`(${because})`)));
    }
    assert.is((await world.heldByPacs()).length, 0);
  });

  test(`under ${policy} the gateway holds each that comes nevertheless`, async () => {
    for (const { name, because, bytes } of oddFiles(at + 2).filter(isHeld)) {
      const outcome = await sendUnchecked(world.door, bytes, { policy });
      if (outcome.kind === 'problem') throw new Error(`${name}: ${outcome.code}`);
      const { instance } = outcome;
      assert.equal([instance?.state, instance?.reason], ['quarantined', because], name);
    }
    assert.is((await world.heldByPacs()).length, 0);
  });

  test(`under ${policy} no hostile file passes`, async () => {
    if (corpus === null) skip('hostile files under other policies', 'the corpus is not there');
    // Programs before the Data Set, and a wrong length there, are not sent where a new beginning is written.
    const refused = Object.entries(CORPUS_ANSWERS).filter(
      ([name, answer]) => typeof answer === 'string' && !/^polyglot|^meta-group-length/.test(name),
    );
    const paths = refused.map(([name]) => join(corpus, 'bad', name));
    const { files } = await upload(policy, paths);
    for (const [at, [name, answer]] of refused.entries()) {
      const { state, reason } = files.get(paths[at]!)!;
      assert.ok(state === 'refused' || state === 'skipped', `${name}: ${state}`);
      assert.is(reason, answer, name);
    }
    assert.is((await world.heldByPacs()).length, 0);
  });
}

test('under a policy that keeps names each is in the PACS bit for bit, and a person is told', async () => {
  const { code, files, err } = await upload(
    'identified',
    ODD_FILES.map(({ name }) => pathOf(name)),
  );
  const held = await world.heldByPacs();
  for (const { name, because, bytes } of ODD_FILES) {
    const { state, reason, warnings } = files.get(pathOf(name))!;
    assert.ok(isInPacs(state as InstanceState), `${name}: ${state} ${reason}`);
    assert.equal(warnings, [because], name);
    assert.ok(held.includes(sha256(bytes)), name);
    const line = `${WARNINGS[because]} (${because})`;
    assert.ok(
      err.some((said) => said.includes(`${name}.dcm`) && said.endsWith(line)),
      name,
    );
  }
  assert.is(code, 0);
});

test.run();
