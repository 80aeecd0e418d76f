/**
 * Role × route for the pixels of images that may hold a name: researchers, who never see one, get them by no address
 * of a de-identified study, nor what models drew over them. Everybody else who reaches the study does.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { findElement } from '#shared/dicom/values.ts';
import { asciiOf } from '#shared/deid/element-text.ts';
import type { Role } from '#shared/protocol/api.ts';
import type { Result, ResultPreview } from '#shared/protocol/inference.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { lookAtFilm } from '../testing/look-at-film.ts';
import { askOf, evaluationFilm, sendStudy } from '../testing/open-film.ts';
import { testFilm } from '../testing/open-subject.ts';
import { openWebWorld, type WebWorld } from '../testing/open-web-world.ts';

const test = suite('pictures that may hold a name');
const BURNED_IN = 0x00280301;
const film = (seed: number, burnedIn: 'YES' | 'NO', ofStudy = seed) =>
  testFilm({ seed, ofStudy, more: [[BURNED_IN, 'CS', burnedIn]] });
const NAMED = film(641, 'YES');
const PLAIN = film(642, 'NO');
/** Over these a model draws; null: the evaluation set is not there. */
const DRAWN_OVER = await Promise.all(
  (['YES', 'NO'] as const).map((burnedIn, at) =>
    evaluationFilm('cxr/bacteria-05472.png', 645 + at, [[BURNED_IN, 'CS', burnedIn]]),
  ),
);
/** Two images of one study. */
const MIXED = [film(643, 'YES'), film(644, 'NO', 643)] as const;
const LOOKED_AT = [NAMED, PLAIN, ...DRAWN_OVER.filter((one) => one !== null)];
const ALL = [...LOOKED_AT, ...MIXED];

let world: WebWorld;
const results = new Map<SyntheticInstance, Result>();
test.before(async () => {
  world = await openWebWorld();
  const { gateway, pacs } = world;
  pacs.expect(ALL);
  for (const one of ALL) await tellHeader(one);
  pacs.say(/\/rendered$/, (response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg' });
    response.end('a picture');
  });
  const technician = await world.person('technician');
  for (const study of [...LOOKED_AT.map((one) => [one]), MIXED]) {
    await sendStudy(askOf(gateway), technician, study);
    await until('it to be in the PACS', () =>
      study.every(({ identifiers }) => pacs.held.has(identifiers.sopInstanceUID)),
    );
  }
  const client = { gateway, pacs: { held: pacs.held } as never, token: await world.person('radiologist') };
  for (const one of LOOKED_AT) results.set(one, (await lookAtFilm(client, one)).result);
  // Other tests prove what a device sends under that policy; here it is enough that the study came under it.
  await gateway.database.db
    .updateTable('instance')
    .set({ policy_name: 'deidentified' })
    .where('policy_name', '=', 'identified')
    .execute();
});
test.after(() => world.close());

/** The header as a PACS gives it, before its own of the whole study. */
async function tellHeader({ bytes, identifiers: of }: SyntheticInstance): Promise<void> {
  const read = await readInstance(bytesSource(bytes));
  if (read.kind !== 'ready') throw new Error('unreadable');
  const tags = [0x00080016, 0x00080018, 0x00080060, 0x0020000d, 0x0020000e, BURNED_IN];
  const header = tags.map((tag) => {
    const text = asciiOf(findElement(read.instance.elements, tag)!).replaceAll('\0', '');
    return [tag.toString(16).toUpperCase().padStart(8, '0'), { vr: 'UI', Value: [text] }];
  });
  headers.set(of.sopInstanceUID, Object.fromEntries([...header, ['00280010', { vr: 'US', Value: [96] }]]));
  world.pacs.say(/\/metadata$/, (response, { path }) => {
    const [, , study, , , , instance] = path.replace('/metadata', '').split('/');
    const named = ALL.filter(
      ({ identifiers }) =>
        identifiers.studyInstanceUID === study &&
        (instance === undefined || identifiers.sopInstanceUID === instance),
    );
    response.writeHead(200, { 'content-type': 'application/dicom+json' });
    response.end(JSON.stringify(named.map(({ identifiers }) => headers.get(identifiers.sopInstanceUID))));
  });
}
const headers = new Map<string, object>();

const seriesOf = ({ identifiers: of }: SyntheticInstance): string =>
  `/studies/${of.studyInstanceUID}/series/${of.seriesInstanceUID}`;
const instanceOf = (one: SyntheticInstance): string =>
  `${seriesOf(one)}/instances/${one.identifiers.sopInstanceUID}`;
const webRoutes = (one: SyntheticInstance): readonly string[] => [
  `/dicom-web/studies/${one.identifiers.studyInstanceUID}`,
  `/dicom-web${seriesOf(one)}`,
  ...['', '/frames/1', '/rendered', '/frames/1/rendered', '/bulkdata/bulk~7fe00010'].map(
    (under) => `/dicom-web${instanceOf(one)}${under}`,
  ),
];
const pathsOf = (one: SyntheticInstance): readonly string[] => [
  ...webRoutes(one),
  `/results/${results.get(one)!.id}/explanations/image`,
];

async function answersOf(
  one: SyntheticInstance,
  roles: readonly Role[],
  paths = pathsOf(one),
): Promise<readonly string[]> {
  const { accessToken: token } = await world.gateway.userWith([...roles]);
  const said: string[] = [];
  for (const path of paths) {
    const answer = await world.gateway.call('GET', path, { token });
    const body = await answer.text();
    said.push(answer.status === 200 ? 'shown' : (JSON.parse(body) as { code: string }).code);
  }
  return said;
}

test('reach researchers by no route, also with another role beside, and radiologists and administrators by each', async () => {
  const all = <T>(of: SyntheticInstance, said: T): readonly T[] => pathsOf(of).map(() => said);
  for (const roles of [['researcher'], ['researcher', 'technician']] as const) {
    assert.equal(await answersOf(NAMED, roles), all(NAMED, 'picture-may-hold-name'), roles.join());
    assert.equal(await answersOf(PLAIN, roles), all(PLAIN, 'shown'), roles.join());
  }
  for (const roles of [['radiologist'], ['admin'], ['researcher', 'admin']] as const)
    assert.equal(await answersOf(NAMED, roles), all(NAMED, 'shown'), roles.join());
});

test('are left out of a list and of a study, which says so', async () => {
  const { accessToken: token } = await world.gateway.userWith(['researcher']);
  const preview = async (one: SyntheticInstance): Promise<ResultPreview> =>
    (await (
      await world.gateway.call('GET', `/results/${results.get(one)!.id}/preview`, { token })
    ).json()) as ResultPreview;
  const { thumbnail, mayHoldName } = await preview(NAMED);
  assert.equal([thumbnail, mayHoldName], [null, true]);
  assert.ok((await preview(PLAIN)).thumbnail);
  const study = await world.get(`/studies/${MIXED[0].identifiers.studyInstanceUID}`, token);
  const [named, plain] = MIXED.map(({ bytes }) => Buffer.from(bytes));
  const got = Buffer.from(await study.arrayBuffer());
  assert.equal([got.includes(plain!), got.includes(named!)], [true, false]);
  assert.match(study.headers.get('warning') ?? '', 'Left out because their pictures may show a name: 1.');
});

test('are left out of a study that the PACS does not find as a whole, too', async () => {
  const { accessToken: token } = await world.gateway.userWith(['researcher']);
  const { studyInstanceUID } = MIXED[0].identifiers;
  const wholes = [`/studies/${studyInstanceUID}`, ...MIXED.map(seriesOf)];
  const missing = new RegExp(`^(${wholes.join('|')})(/metadata)?$`);
  world.pacs.say(missing, (response) => response.writeHead(404).end());
  const bytes = MIXED.map((one) => Buffer.from(one.bytes));
  const got = await Promise.all(
    wholes.map(async (path) => {
      const answer = await world.get(path, token);
      const body = Buffer.from(await answer.arrayBuffer());
      return [answer.status, ...bytes.map((one) => body.includes(one))];
    }),
  );
  world.pacs.say(missing, null);
  assert.equal(got, [
    [200, false, true],
    [403, false, false],
    [200, false, true],
  ]);
});

test('reach researchers neither beneath what a model drew', async () => {
  const [named, plain] = DRAWN_OVER;
  if (!named || !plain) skip('results of a chest film', 'the evaluation set is not there');
  for (const [one, said] of [
    [named, 'picture-may-hold-name'],
    [plain, 'shown'],
  ] as const) {
    const { id, instances } = results.get(one)!;
    const captures = instances.filter(({ kind }) => kind === 'SC');
    assert.is(captures.length, 1);
    const paths = captures.map(({ sopInstanceUID }) => `/results/${id}/instances/${sopInstanceUID}`);
    assert.equal(await answersOf(one, ['researcher'], paths), [said]);
    assert.equal(await answersOf(one, ['radiologist'], paths), ['shown']);
  }
});

test.run();
